import { Failure, isOutOfReach, reasonOf } from '../../../errors.ts';
import { sameServer, serverSeenFrom } from '../../../rollout/model.ts';
import type { ServerState } from '../../../rollout/observed.ts';
import type { Barrier } from '../barrier.ts';
import { isPassing, poll } from '../../waiting/poll.ts';
import type { OldWorker, ServerLook } from '../../ports/ports.ts';
import { mayLetIn, noteKeptOut } from '../let-in.ts';
import { untilOldWorkersEnd } from '../old-workers.ts';
import { putBackAsFound } from '../put-back-as-found.ts';
import { quiesce } from '../quiesce.ts';
import { ServesBadly } from '../serves-badly.ts';
import { servesWell } from '../serves-well.ts';
import { findState, type ServerAccess } from '../traffic.ts';
import type { Watch } from '../../waiting/watch.ts';
import type { Found, StepAction, StepWatch, Work } from '../work.ts';

/** How long the way home waits for an HAProxy on another host to be reached again, in milliseconds. */
const ANSWER_WITHIN_MS = 10_000;
const AGAIN_EVERY_MS = 1_000;

/**
 * Takes the new container, which did not prove itself in service, out again: at once where that can be done. What is in
 * hand may finish within the drain timeout; after that the way back goes on, because what it holds is held by a
 * container that has failed. For the same reason an HAProxy on another host that stays out of reach does not keep a
 * container that failed in the traffic of the others. One that serves well is left in service then, for somebody to look
 * after: that HAProxy may send it requests, which would fail.
 */
export const withdraw: StepAction = async (work, watch) => {
  const first = await Promise.all(work.found.map((one) => sightOf(one, work)));
  note(first, work);
  await refuseToLose(first, work, watch);
  const near = out(first, work, watch);
  const late = outLate(first, work, watch);
  const gone = Promise.all(goneBefore(work).map((access) => untilLeft(access, work.instance.drain.timeoutMs, watch)));
  // None may go on by itself once another has failed.
  await Promise.allSettled([near, late, gone]);
  await gone;
  const { barriers, away } = await late;
  work.barriers = [...(await near), ...barriers];
  await noteKeptOut(work);
  const textOf = ({ access }: Found): string => {
    const trouble = away.find(({ one }) => sameServer(one.access.server, access.server))?.trouble;
    const what = trouble ? `not taken out: ${reasonOf(trouble)}` : 'out of service again';
    return `${serverSeenFrom(work.host.name, access.server)} ${what}`;
  };
  return work.found.map(textOf).join(', ');
};

/** Of a work that was recorded, those of which HAProxy had no more when it was begun with. */
function goneBefore({ servers, found }: Work): readonly ServerAccess[] {
  return servers.filter(({ server }) => !found.some(({ access }) => sameServer(access.server, server)));
}

/** @throws Failure `unreachable` when a container that serves well would be taken from an HAProxy that is out of reach */
async function refuseToLose(seen: readonly Seen[], work: Work, watch: StepWatch): Promise<void> {
  const away = seen.find(({ one, trouble }) => trouble && isOutOfReach(trouble) && mayLetIn(one.access.server, work));
  if (!away || !(await servesWell(work)) || !(await servesAgain(seen, work, watch))) return;
  const { instance, host } = work;
  const where = serverSeenFrom(host.name, away.one.access.server);
  const why = `${where} may send it requests, and ${reasonOf(away.trouble)}`;
  throw new Failure(
    'unreachable',
    `Cannot take out the new container of ${instance.container} on ${host.name}: ${why}`,
  );
}

/**
 * What was taken out already, before the other went out of reach, is in service as it was: the container goes on at all of
 * them.
 *
 * @returns false when HAProxy does not see it UP again
 */
async function servesAgain(seen: readonly Seen[], work: Work, watch: StepWatch): Promise<boolean> {
  const there = seen.filter(({ state }) => state).map(({ one }) => one.access.server);
  const isThere = ({ server }: Pick<ServerAccess, 'server'>): boolean => there.some((one) => sameServer(one, server));
  const found = (work.inService ?? []).filter(({ access }) => isThere(access));
  const barriers = work.barriers.filter(({ server }) => found.some(({ access }) => sameServer(access.server, server)));
  try {
    await putBackAsFound({ ...work, found, barriers }, { isEmpty: false, expectUp: true }, watch);
    return true;
  } catch (error) {
    if (!(error instanceof ServesBadly)) throw error;
    work.servesBadly = true;
    return false;
  }
}

interface Seen {
  readonly one: Found;
  /** Undefined: it is gone, or could not be looked at. */
  readonly before: ServerLook | undefined;
  /** Undefined in the same way. */
  readonly state: ServerState | undefined;
  readonly isGone: boolean;
  /** Why it could not be looked at, which can be borne. */
  readonly trouble: Failure | undefined;
}

async function sightOf(one: Found, { found, before, instance }: Work): Promise<Seen> {
  const { balancer, server } = one.access;
  try {
    const state = await findState(one.access);
    const look = state && (before[found.indexOf(one)] ?? (await balancer.look(server)));
    return { one, before: look, state, isGone: !state, trouble: undefined };
  } catch (error) {
    const isElsewhere = server.balancer.host !== instance.host;
    if (!isElsewhere || !(error instanceof Failure) || !isPassing(error)) throw error;
    return { one, before: undefined, state: undefined, isGone: false, trouble: error };
  }
}

async function untilSeen(one: Found, work: Work, watch: StepWatch): Promise<Seen> {
  const { last } = await poll(
    () => sightOf(one, work),
    ({ trouble }) => !trouble,
    {
      ...{ everyMs: AGAIN_EVERY_MS, withinMs: ANSWER_WITHIN_MS, signal: watch.signal },
      onWaiting: ({ trouble }, leftMs) => {
        watch.waiting({ for: 'answer', why: reasonOf(trouble), leftMs });
      },
    },
    watch.clock,
  );
  return last;
}

/** The first look at a server stays what counts, also when the step is taken again: later ones see what it has done. */
function note(seen: readonly Seen[], work: Work): void {
  const lookOf = (one: Found): ServerLook | undefined => seen.find((other) => other.one === one)?.before;
  work.before = work.found.map((one, index) => work.before[index] ?? lookOf(one));
  const { inService: known = [] } = work;
  const more = seen.filter(({ one }) => !known.some(({ access }) => sameServer(access.server, one.access.server)));
  work.inService = [...known, ...more.flatMap(inServiceOf)];
}

function inServiceOf({ one, state }: Seen): readonly Found[] {
  if (state?.admin !== 'ready' || state.weight === 0) return [];
  const { weight, admin, isUp, hasAgent } = state;
  return [{ access: one.access, weight, admin, wasUp: isUp, agent: hasAgent }];
}

interface Late {
  readonly barriers: readonly Barrier[];
  /** Those that cannot be looked at even now. */
  readonly away: readonly Seen[];
}

/** Those that could not be looked at, where they can be now. */
async function outLate(first: readonly Seen[], work: Work, watch: StepWatch): Promise<Late> {
  const late = first.filter(({ trouble }) => trouble);
  const seen = await Promise.all(late.map(({ one }) => untilSeen(one, work, watch)));
  note(seen, work);
  return { barriers: await out(seen, work, watch), away: seen.filter(({ trouble }) => trouble) };
}

async function out(seen: readonly Seen[], work: Work, watch: StepWatch): Promise<readonly Barrier[]> {
  const { timeoutMs, onTimeout } = work.instance.drain;
  const there = seen.filter(({ isGone, trouble }) => !isGone && !trouble);
  const [quiet] = await Promise.all([
    quiesce(
      there.map(({ one, before }) => ({ ...one, before })),
      // A new container that serves well is only given up where what it has in hand may be.
      { timeoutMs, onTimeout: work.life === 'switch-back' ? onTimeout : 'continue' },
      watch,
      work.barriers,
    ),
    ...seen.filter(({ isGone }) => isGone).map(({ one }) => untilLeft(one.access, timeoutMs, watch)),
  ]);
  return quiet;
}

/** The new configuration has no such server; a worker of the old one may still have requests in hand for it. */
async function untilLeft({ balancer, server }: ServerAccess, withinMs: number, watch: Watch): Promise<void> {
  let isUnsure = false;
  const look = async (): Promise<readonly OldWorker[] | undefined> => {
    const listed = await balancer.oldWorkers(server);
    if (!listed && !isUnsure) watch.remark({ about: 'old-workers-unknown', server });
    isUnsure = !listed;
    return listed;
  };
  await untilOldWorkersEnd(server, look, { withinMs, watch });
}
