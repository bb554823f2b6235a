import type { Container } from '../../rollout/observed.ts';
import { serverPath } from '../../rollout/model.ts';
import { entryFor, remember } from '../found.ts';
import type { RecordEntry } from '../ports.ts';
import { DrainClock } from '../quiesce.ts';
import { isReady } from '../readiness.ts';
import { isUntouched, recordedContainers, recordedOf } from '../recorded.ts';
import { takeOut, takeOutAgain, untilSpare } from '../take-out.ts';
import { stateOf } from '../traffic.ts';
import type { Found, StepAction, Work } from '../work.ts';

/**
 * Remembers how everything stands, here and in the host's undo record; then no request reaches the servers of the
 * instance any more, and none is in hand.
 *
 * What this run has recorded already, before the step broke off or the run died, is how everything stood: what is seen
 * now may be its own doing, or a reload's.
 */
export const drain: StepAction = async (work, watch) => {
  const { instance, host, undo } = work;
  const clock = new DrainClock(watch.clock, instance.drain.timeoutMs);
  if (work.before.length === 0) {
    work.isTouched = recordedOf(work).length > 0;
    work.before = await Promise.all(work.servers.map(({ balancer, server }) => balancer.look(server)));
  } else if (!work.isTouched) {
    // Of a record whose writing broke off it is not known whether it is there.
    await undo.refresh();
  }
  const recorded = recordedOf(work);
  const [first] = recorded;
  if (!first) await untilSpare(work, clock, watch, async () => true);
  // Both only look, and neither needs the other.
  const [old, around] = await Promise.all([
    first ? recordedOld(first, work) : host.containers.inspect(instance.container),
    lookAround(work, recorded),
  ]);
  // HAProxy takes every server for UP when it begins, also one that has nothing behind it.
  const found = old ? around : around.map((one) => ({ ...one, wasUp: false }));
  work.container = old;
  work.wasReady =
    first?.old && first.old.id === old?.id
      ? first.old.wasReady
      : old !== undefined && (await isReady(old, instance, host));
  await remember(work, { found, recorded }, watch);

  if (first) await takeOutAgain(work, await isUntouched(work), watch);
  else await takeOut(work, clock, watch);
  return `${work.found.map(({ access, weight }) => `${serverPath(access.server)} weight ${weight} → 0`).join(', ')}, drained`;
};

/** The predecessor, or, when that is gone, whatever bears the name now. */
async function recordedOld(entry: RecordEntry, { host }: Work): Promise<Container | undefined> {
  const { old, successor } = await recordedContainers(entry, host.containers);
  return old ?? (entry.old ? successor : undefined);
}

async function lookAround({ servers }: Work, recorded: readonly RecordEntry[]): Promise<readonly Found[]> {
  return Promise.all(
    servers.map(async (access): Promise<Found> => {
      const { weight, admin, isUp, hasAgent } = await stateOf(access);
      const entry = entryFor(access, recorded);
      if (!entry) return { access, weight, admin, wasUp: isUp, agent: hasAgent };
      return { access, ...entry.standing, wasUp: entry.wasUp, agent: entry.agent ?? false };
    }),
  );
}
