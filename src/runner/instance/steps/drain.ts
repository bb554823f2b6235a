import { Failure } from '../../../errors.ts';
import type { Container } from '../../../rollout/observed.ts';
import { serverSeenFrom } from '../../../rollout/model.ts';
import { advice, explain } from '../entry-words.ts';
import { entryFor, foundOf, remember, swapped } from '../found.ts';
import type { RecordEntry } from '../../ports/ports.ts';
import { DrainClock } from '../quiesce.ts';
import { noteKeptOut } from '../let-in.ts';
import { isReady } from '../readiness.ts';
import { isUntouched, recordedContainers, recordedOf } from '../recorded.ts';
import { takeOut, takeOutAgain, untilSpare } from '../take-out.ts';
import { stateOf } from '../traffic.ts';
import { bothSlots, looksAt, type Found, type StepAction, type StepWatch, type Work } from '../work.ts';

/**
 * Remembers how everything stands, here and in the host's undo record; then no request reaches the servers of the
 * instance any more, and none is in hand.
 *
 * What this run has recorded already, before the step broke off or the run died, is how everything stood: what is seen
 * now may be its own doing, or a reload's.
 */
export const drain: StepAction = async (work, watch) => {
  const { instance, host, undo } = work;
  refuseKept(work);
  const clock = new DrainClock(watch.clock, instance.drain.timeoutMs);
  if (work.before.length === 0) {
    work.isTouched = recordedOf(work).length > 0;
    work.before = await looksAt(work);
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
  const { leaving } = work;
  // HAProxy takes every server for UP when it begins, also one that has nothing behind it.
  const found = old && !leaving ? around : around.map((one) => ({ ...one, wasUp: false }));
  work.container = old;
  work.wasReady =
    first?.old && first.old.id === old?.id
      ? first.old.wasReady
      : old !== undefined && (await isReady(old, leaving?.instance ?? instance, host));
  if (leaving) await rememberBoth(work, leaving, { found, recorded }, watch);
  else await remember(work, { found, recorded }, watch);

  if (first) await takeOutAgain(work, await isUntouched(work), watch);
  else await takeOut(work, clock, watch);
  await noteKeptOut(work);
  return `${work.found.map(({ access, weight }) => `${serverSeenFrom(host.name, access.server)} weight ${weight} → 0`).join(', ')}, drained`;
};

/** @throws Failure when what this run has kept itself would be taken for what it has left in work */
function refuseKept(work: Work): void {
  const [kept] = bothSlots(work).flatMap((one) => recordedOf(one).filter(({ kind }) => kind === 'kept'));
  if (kept)
    throw new Failure(
      'error',
      `Cannot replace ${work.instance.container}: ${explain(kept)}: ${advice(kept, work.host)}`,
    );
}

/** What serves in the slot to be left is known before anything is touched; in the end its standing goes to the other. */
async function rememberBoth(
  work: Work,
  leaving: Work,
  { found, recorded }: { readonly found: readonly Found[]; readonly recorded: readonly RecordEntry[] },
  watch: StepWatch,
): Promise<void> {
  leaving.container = work.container;
  leaving.wasReady = work.wasReady;
  if (leaving.before.length === 0) leaving.before = await looksAt(leaving);
  const known = recordedOf(leaving);
  const around = await lookAround(leaving, known);
  await remember(leaving, { found: swapped(around, found), recorded: known }, watch);
  await remember(work, { found: swapped(found, around), recorded }, watch);
}

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
      return foundOf(entry, access);
    }),
  );
}
