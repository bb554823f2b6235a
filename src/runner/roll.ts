import pLimit from 'p-limit';
import { Failure, reasonOf } from '../errors.ts';
import type { HostSummary } from '../rollout/events.ts';
import type { EndState } from '../rollout/lifecycle.ts';
import type { HostPlan, InstancePlan, PlayPlan } from '../rollout/plan.ts';
import type { AfterBatch, HostEnd } from '../rollout/verdict.ts';
import type { AdvanceContext, InstanceEnd } from './advance.ts';
import { withinDeadline } from './deadline.ts';
import { goOn } from './go-on.ts';
import type { HeldHost } from './held-hosts.ts';
import type { Pace } from './pace.ts';
import type { ServerAccess } from './traffic.ts';
import { Turns } from './turns.ts';
import type { RunIdentity, Work } from './work.ts';

export interface RollContext extends AdvanceContext {
  readonly identity: RunIdentity;
  readonly forks: number;
  readonly held: (host: string) => HeldHost;
  readonly pace: Pace;
}

interface HostContext extends RollContext {
  readonly turns: Turns;
}

/** What a play came to: its hosts, and whether a next play may start. */
export interface PlayEnd {
  readonly hosts: readonly HostSummary[];
  readonly then: AfterBatch;
}

/**
 * Rolls one play out: the batches one after the other, the hosts of a batch at the same time, the instances of a host
 * one at a time.
 *
 * A batch that has started always ends: neither a failed host nor a stop leaves an instance half-way. They only keep
 * the next instance, and the next batch, from starting.
 */
export async function roll(plan: PlayPlan, context: RollContext): Promise<PlayEnd> {
  const { report, pace } = context;
  const limit = pLimit(context.forks);
  const inTurn = { ...context, turns: new Turns() };
  const hosts: HostSummary[] = [];
  let then: AfterBatch = 'goOn';
  for (const batch of plan.batches) {
    if (then !== 'goOn' || !(await pace.mayBegin(plan, batch))) {
      hosts.push(...batch.hosts.map(notReached));
      continue;
    }
    const names = batch.hosts.map(({ host }) => host);
    const numbers = { number: batch.number, of: plan.batches.length };
    report({ type: 'batch-started', play: plan.name, ...numbers, hosts: names });
    const settled = await Promise.allSettled(batch.hosts.map((host) => limit(() => updateHost(host, plan, inTurn))));
    const bug = settled.find((result) => result.status === 'rejected');
    if (bug) throw bug.reason;
    const ended = settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    hosts.push(...ended);
    const decision = await pace.after(plan, ended);
    then = decision.then;
    report({ type: 'batch-ended', ...numbers, ...decision });
  }
  return { hosts, then };
}

async function updateHost(plan: HostPlan, play: PlayPlan, context: HostContext): Promise<HostSummary> {
  const { clock, report, pace, held } = context;
  const { unreachable, instanceDeadlineMs } = play.policy;
  const started = clock.now();
  const lost = unreachable === 'skip' ? await outOfReach(held(plan.host)) : undefined;
  if (lost) {
    report({ type: 'host-skipped', host: plan.host, reason: lost.message });
    return { ...notReached(plan), end: 'unreachable', reason: lost.message };
  }
  const ends = new Map<InstancePlan, InstanceEnd | 'left'>();
  for (const instance of plan.instances) {
    const subject = { host: plan.host, name: instance.instance.container };
    if (instance.action === 'leave') {
      report({ type: 'instance-left', subject, why: 'nothing to change' });
      ends.set(instance, 'left');
      continue;
    }
    if (!pace.goesOn(play)) break;
    const from = instance.from?.reference ?? 'nothing';
    report({ type: 'instance-started', subject, from, to: instance.to.reference });
    const lost = await lockLost(held(plan.host));
    const work = workOf(instance, context);
    const end = lost ? notTouched(lost) : await withinDeadline(instanceDeadlineMs, context, (it) => goOn(work, it));
    ends.set(instance, end);
    if (end.failure !== undefined && !(end.failure instanceof Failure)) throw end.failure;
    if (end.state !== 'updated') break;
  }
  const summary = summaryOf(plan, ends, clock.now() - started);
  report({ type: 'host-ended', host: plan.host, end: summary.end, reason: summary.reason });
  return summary;
}

/** Why the host is not ours any more, or undefined. */
async function lockLost(host: HeldHost): Promise<Failure | undefined> {
  try {
    await host.keep();
    return undefined;
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
}

/** Why the host cannot be had before anything on it is touched, or undefined. */
async function outOfReach(host: HeldHost): Promise<Failure | undefined> {
  try {
    await host.keep();
    await host.access.containers.version();
    return undefined;
  } catch (error) {
    if (error instanceof Failure && error.code === 'unreachable') return error;
    if (error instanceof Failure) return undefined;
    throw error;
  }
}

function notTouched(failure: Failure): InstanceEnd {
  return { state: 'unchanged', failure };
}

function workOf({ instance }: InstancePlan, { held, identity, turns }: HostContext): Work {
  const { access: host, undo } = held(instance.host);
  const servers = instance.servers.map((server): ServerAccess => {
    const { access } = held(server.balancer.host);
    return { server, host: access, balancer: access.balancer(server.balancer.socket, server.balancer.masterSocket) };
  });
  return {
    instance,
    host,
    servers,
    undo,
    identity,
    turns,
    found: [],
    ...{ container: undefined, wasReady: false, barriers: [], started: undefined, upAfterMs: 0 },
  };
}

export function notReached({ host, instances }: HostPlan): HostSummary {
  return { ...{ host, end: 'notReached' as const, reason: '' }, ...counts([]), notReached: instances.length, ms: 0 };
}

function summaryOf(
  { host, instances }: HostPlan,
  ends: ReadonlyMap<InstancePlan, InstanceEnd | 'left'>,
  ms: number,
): HostSummary {
  const all = [...ends.values()];
  const missing = instances.length - all.length;
  const failure = all.find((end) => end !== 'left' && end.failure !== undefined);
  const cause = failure && failure !== 'left' ? failure.failure : undefined;
  const reason = cause === undefined ? '' : reasonOf(cause);
  const isStopped = cause instanceof Failure && cause.code === 'interrupted';
  return { host, end: hostEndOf(all, isStopped, missing > 0), reason, ...counts(all), notReached: missing, ms };
}

/** `isStopped`: somebody asked us to stop, and what was put back was put back for that. */
function hostEndOf(ends: readonly (InstanceEnd | 'left')[], isStopped: boolean, isPartial: boolean): HostEnd {
  const states = ends.map((end) => (end === 'left' ? end : end.state));
  if (states.includes('outOfService')) return 'outOfService';
  if (states.includes('unchanged')) return isStopped ? 'interrupted' : 'failed';
  if (isPartial) return 'interrupted';
  return states.includes('updated') ? 'updated' : 'nothingToDo';
}

function counts(
  ends: readonly (InstanceEnd | 'left')[],
): Pick<HostSummary, 'updated' | 'unchanged' | 'outOfService' | 'left'> {
  const count = (state: EndState): number => ends.filter((end) => end !== 'left' && end.state === state).length;
  return {
    updated: count('updated'),
    unchanged: count('unchanged'),
    outOfService: count('outOfService'),
    left: ends.filter((end) => end === 'left').length,
  };
}
