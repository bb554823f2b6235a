/** A run takes back what it has kept itself: the old containers are there, and only have to serve again. */
import { Failure } from '../../errors.ts';
import type { HostSummary, Report } from '../../rollout/events.ts';
import { keptSets, type KeptSet } from '../../rollout/kept.ts';
import type { InstancePlan } from '../../rollout/plan.ts';
import { outcomeOf, switchBack } from '../hosts/switch-back.ts';
import { beforeActing } from '../instance/before-acting.ts';
import type { RecordEntry } from '../ports/ports.ts';
import type { PlayEnd } from './batches.ts';
import { withLateServers } from './late-kept.ts';
import type { RollContext } from './roll.ts';

export interface OwnKept {
  readonly host: string;
  readonly set: KeptSet<RecordEntry>;
  readonly instances: readonly InstancePlan[];
}

/** The sets that this run keeps of these instances, the last host first. */
export function ownKept(
  instances: readonly InstancePlan[],
  { held, identity: { run } }: Pick<RollContext, 'held' | 'identity'>,
): readonly OwnKept[] {
  const hosts = [...new Set(instances.map(({ instance }) => instance.host))].toReversed();
  return hosts.flatMap((host) =>
    keptSets(held(host).undo.entries)
      .filter((set) => set.run === run)
      .map((set) => ({
        ...{ host, set },
        instances: instances.filter(
          ({ instance }) => instance.host === host && set.containers.includes(instance.container),
        ),
      }))
      .filter((own) => own.instances.length > 0),
  );
}

/** Host by host; once one does not go back, no further one begins. */
export async function switchBackOwn(kept: readonly OwnKept[], context: Omit<RollContext, 'pace'>): Promise<PlayEnd> {
  const hosts: HostSummary[] = [];
  let then: PlayEnd['then'] = 'goOn';
  for (const one of kept) {
    if (then !== 'goOn' || context.stop.beforeNext.aborted) {
      hosts.push(summary(one.host, { end: 'notReached', notReached: one.set.containers.length }));
      then = then === 'goOn' ? 'stop' : then;
      continue;
    }
    const began = context.clock.now();
    const unwritten = await unwrittenIn(context);
    if (unwritten) {
      const unchanged = one.set.containers.length;
      hosts.push(summary(one.host, { end: 'failed', reason: unwritten.message, unchanged }));
      then = 'stop';
      continue;
    }
    const begun = (): void => {
      for (const plan of one.instances) tellBegun(plan, context);
    };
    const switching = { ...context, report: asRevert(context.report), begun };
    const there = context.held(one.host);
    const ends = await switchBack(await withLateServers(one.set, there, context), there, switching);
    const bug = ends.flatMap(({ failure }) => (failure && !(failure instanceof Failure) ? [failure] : []))[0];
    if (bug) throw bug;
    const { end, reason, counts } = outcomeOf(ends);
    context.report({ type: 'host-ended', host: one.host, end, reason });
    hosts.push(summary(one.host, { end, reason, ...counts, ms: context.clock.now() - began }));
    if (end !== 'updated') then = end === 'outOfService' ? 'outOfService' : 'stop';
  }
  return { hosts, then };
}

/** Why nothing is begun any more: it could not be written down. */
async function unwrittenIn({ journal }: Pick<RollContext, 'journal'>): Promise<Failure | undefined> {
  try {
    await beforeActing(journal, false);
    return undefined;
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
}

function tellBegun({ instance, from, to }: InstancePlan, { report }: Pick<RollContext, 'report'>): void {
  const subject = { host: instance.host, name: instance.container };
  const back = { from: to.reference, to: from?.reference ?? 'nothing', isRevert: true };
  report({ type: 'instance-started', subject, ...back });
}

/** What serves again is then what the run had found. */
function asRevert(report: Report): Report {
  return (event) => {
    if (event.type !== 'instance-ended' || event.state === 'outOfService') report(event);
    else report({ ...event, isRevert: true, state: event.state === 'unchanged' ? 'updated' : 'unchanged' });
  };
}

function summary(host: string, over: Partial<HostSummary> & Pick<HostSummary, 'end'>): HostSummary {
  return { host, reason: '', ms: 0, updated: 0, left: 0, unchanged: 0, outOfService: 0, notReached: 0, ...over };
}
