/** A history in which something about one host, or one instance, is otherwise. */
import type { Subject } from './events.ts';
import type { HostHistory, InstanceHistory, RunHistory } from './run-history.ts';

export function withInstance(
  history: RunHistory,
  subject: Subject,
  change: (before: InstanceHistory) => InstanceHistory,
): RunHistory {
  return withHost(history, subject.host, (host) => {
    const isKnown = host.instances.some((one) => one.subject.name === subject.name);
    const all = isKnown ? host.instances : [...host.instances, untouched(subject)];
    return { ...host, instances: all.map((one) => (one.subject.name === subject.name ? change(one) : one)) };
  });
}

export function withHost(history: RunHistory, name: string, change: (before: HostHistory) => HostHistory): RunHistory {
  const isKnown = history.hosts.some(({ host }) => host === name);
  const all = isKnown ? history.hosts : [...history.hosts, { host: name, end: undefined, reason: '', instances: [] }];
  return { ...history, hosts: all.map((one) => (one.host === name ? change(one) : one)) };
}

function untouched(subject: Subject): InstanceHistory {
  return {
    ...{ subject, state: 'notReached', steps: [], remarks: [], startedAt: undefined, endedAt: undefined },
    ...{ from: undefined, to: undefined, play: undefined, batch: undefined, plan: undefined, found: undefined },
  };
}
