import type { RunEvent } from '../../src/rollout/events.ts';
import type { CommandHook, GateHook, Hook } from '../../src/rollout/hooks.ts';
import type { Play } from '../../src/rollout/play.ts';
import type { Policy } from '../../src/rollout/policy.ts';
import type { FakeFleet } from './fake-fleet.ts';

type HookOver = Partial<Omit<CommandHook, 'spec' | 'gate'>> & Partial<CommandHook['spec']>;

/** On the controller; `command` is its name unless said. */
export function aHook({ name = 'smoke', command = [name], env = {}, ...over }: HookOver = {}): CommandHook {
  return {
    ...{ name, where: 'controller', timeoutMs: 60_000, onFailure: 'fail', noLog: false, spec: { command, env } },
    ...over,
  };
}

/** From the controller; `url` answers with the number. */
export function aGate({
  name = 'gate',
  ...over
}: Partial<Omit<GateHook, 'gate' | 'spec'>> & Partial<GateHook['gate']>): GateHook {
  const { where = 'controller', timeoutMs = 60_000, onFailure = 'fail', ...metric } = over;
  const defaults = {
    url: 'http://metrics/errors',
    limits: { below: 1 },
    forMs: 0,
    everyMs: 5_000,
    spec: { headers: {} },
  };
  return { name, where, timeoutMs, onFailure, gate: { ...defaults, ...metric } };
}

/** What is told of hooks: `before_run migrate ok`. */
export function hooksTold(events: readonly RunEvent[]): readonly string[] {
  return events.flatMap((event) => {
    if (event.type !== 'hook-ended' && event.type !== 'hook-skipped') return [];
    const { point, name, host, container } = event.hook;
    const about = [host, container].filter((part) => part !== undefined).map((part) => ` ${part}`);
    const end = event.type === 'hook-skipped' ? `skipped: ${event.why}` : event.result;
    return [`${point} ${name}${about.join('')} ${end}`];
  });
}

type At = Partial<Record<keyof NonNullable<Play['hooks']> | 'before_host' | 'after_host', readonly Hook[]>>;

export interface AskedHooks {
  readonly hooks?: At;
  readonly instance?: NonNullable<Play['hosts'][number]['instances'][number]['hooks']>;
  readonly policy?: Partial<Policy>;
  readonly tag?: string;
}

/** One host after the other; its first container alone. */
export function playWithHooks(fleet: FakeFleet, { hooks = {}, instance, policy = {}, tag = 'v2' }: AskedHooks): Play {
  const play = fleet.play(tag, { serial: [{ hosts: 1 }], policy, ...(instance && { each: { hooks: instance } }) });
  const { before_host, after_host, ...own } = hooks;
  const ofHost = { ...(before_host && { before_host }), ...(after_host && { after_host }) };
  const hosts = play.hosts.map((host) => ({ ...host, instances: host.instances.slice(0, 1), hooks: ofHost }));
  return { ...play, hosts, hooks: own };
}
