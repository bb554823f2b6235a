/** Taking the servers of an instance out of service, from what their backends can spare at that moment. */
import type { Container } from '../../rollout/observed.ts';
import { backendKey, sameServer } from '../../rollout/model.ts';
import { Barrier } from './barrier.ts';
import { belowFloor, cannotSpare, shortageWithout, takeAboveFloor, type Floor, type Shortage } from './floor.ts';
import { poll } from '../waiting/poll.ts';
import { DrainClock, quiesce, untilQuiet } from './quiesce.ts';
import { sightOf, type Sight } from './sight.ts';
import { putBack, stateOf, weightAgain } from './traffic.ts';
import { rememberWishes } from './found.ts';
import type { Watch } from '../waiting/watch.ts';
import { oldNameOf, type Found, type StepWatch, type Work } from './work.ts';

const CAPACITY_EVERY_MS = 500;
/** For a server that is given back to be seen UP again. */
const PROVED_WITHIN_MS = 60_000;

/** What is to be taken, from whom. */
export type Sparing = Pick<Work, 'turns' | 'servers' | 'host'> & { readonly instance: Pick<Work['instance'], 'minUp'> };

/**
 * No request reaches the servers any more, and none is in hand. Their backends keep `min_up` all the while: when
 * others bring one below it, the servers are given back at once, and taken anew when there is capacity again. All that
 * within the drain timeout.
 */
export async function takeOut(work: Work, clock: DrainClock, watch: StepWatch): Promise<void> {
  const policy = work.instance.drain;
  const taking = {
    take: () => untilSpare(work, clock, watch, (sights) => raiseAll(work, sights, watch)),
    untilQuiet: (alsoLook: () => Promise<void>) => untilQuiet(work.barriers, { policy, clock, alsoLook }, watch),
    giveBack: () => giveBack(work, watch),
  };
  await takeAboveFloor(floorUnder(work), taking, clock, watch);
}

/** That of the backends of an instance. */
export function floorUnder(work: Work): Floor {
  return { host: work.host.name, away: () => work.found, minUp: work.instance.minUp };
}

/**
 * What was seen just now is what the barriers are put up by, so that nothing happens between the two.
 *
 * @returns false when it was not done, since what is to be put back was remembered anew and it must be looked again
 */
async function raiseAll(work: Work, sights: readonly Sight[], watch: StepWatch): Promise<boolean> {
  if (await rememberWishes(work, sights, watch)) return false;
  const { found, before, barriers: earlier } = work;
  work.isTouched = true;
  const raising = found.map(({ access, admin }, index) =>
    Barrier.raise(access, watch, { admin, earlier, before: before[index], sight: sights[index] }),
  );
  // All of them, also when one fails: none may still be going up when the way home begins.
  await Promise.allSettled(raising);
  work.barriers = amid(work, await Promise.all(raising));
  return true;
}

/** With those of servers that came late, meanwhile. */
function amid({ barriers }: Work, raised: readonly Barrier[]): readonly Barrier[] {
  const isNew = ({ server }: Barrier): boolean => !raised.some((one) => sameServer(one.server, server));
  return [...raised, ...barriers.filter(isNew)];
}

/**
 * The same in a step that is taken again: once the old container has been touched there is nothing to give back, and
 * whoever was let in meanwhile is only waited for.
 */
export async function takeOutAgain(work: Work, isUntouched: boolean, watch: StepWatch): Promise<void> {
  const { found, instance, barriers } = work;
  if (isUntouched) await takeOut(work, new DrainClock(watch.clock, instance.drain.timeoutMs), watch);
  else {
    work.isTouched = true;
    work.barriers = amid(work, await quiesce(found, instance.drain, watch, barriers));
  }
}

/** A last look before the containers stop: servers that a reload or others have let in again are taken out anew. */
export async function stillOut(work: Work, watch: StepWatch): Promise<void> {
  const { barriers } = work;
  const short = await belowFloor(floorUnder(work));
  if (short) {
    watch.remark({ about: 'floor', ...short, then: 'given back' });
    await giveBack(work, watch);
  } else {
    const looks = await Promise.all(barriers.map((barrier) => barrier.look(watch)));
    const old = await Promise.all(barriers.map((barrier) => barrier.oldWorkers(watch)));
    const isQuiet = looks.every(({ current, queued }) => current + queued === 0) && old.flat().length === 0;
    if (isQuiet && barriers.every((barrier) => barrier.isQuiet)) return;
  }
  await takeOut(work, new DrainClock(watch.clock, work.instance.drain.timeoutMs), watch);
}

/**
 * Does it as soon as the backends can spare the servers, before anybody else of this run takes from them, and with what
 * was seen of them then: other servers may have failed since the plan. `action` says whether it is done.
 *
 * @throws Failure `haproxy` when they cannot spare them in time
 */
export async function untilSpare(
  work: Sparing,
  clock: DrainClock,
  watch: Watch,
  action: (sights: readonly Sight[]) => Promise<boolean>,
): Promise<void> {
  const { turns, servers } = work;
  const backends = servers.map(({ server }) => backendKey(server));
  const take = async (): Promise<Shortage | undefined> => {
    for (;;) {
      const sights = await Promise.all(servers.map(sightOf));
      const shortage = shortageWithout(sights, work.instance.minUp);
      if (shortage || (await action(sights))) return shortage;
    }
  };
  const { last } = await poll(
    () => turns.inTurn(backends, take),
    (shortage) => shortage === undefined,
    {
      everyMs: CAPACITY_EVERY_MS,
      withinMs: clock.leftMs(),
      signal: watch.signal,
      onWaiting: (shortage) => {
        if (shortage) watch.waiting({ for: 'capacity', ...shortage });
      },
    },
    watch.clock,
  );
  if (last) throw cannotSpare(work.host.name, last);
}

/** A container that has run all the while need not prove anything first; one that was started anew must. */
async function giveBack(work: Work, watch: StepWatch): Promise<void> {
  const hasRun = await hasRunOn(work);
  for (const barrier of work.barriers) barrier.lower();
  for (const { access, weight, admin, wasUp } of work.found) {
    if (!hasRun) {
      await putBack(access, { weight, admin }, { withinMs: PROVED_WITHIN_MS, expectUp: wasUp, agent: false }, watch);
      continue;
    }
    const now = await stateOf(access);
    const again = await weightAgain(access, weight, now);
    if (now.weight !== again) await access.balancer.setWeight(access.server, again);
    if (now.admin !== admin) await access.balancer.setAdmin(access.server, admin);
  }
}

/**
 * The same of a host as a whole. That it has served all the while cannot be seen: what is in maintenance is believed by
 * checks that HAProxy makes from now on, what only has weight 0 serves at once.
 */
export async function giveHostBack(found: readonly Found[], watch: Watch): Promise<void> {
  const putting = found.map(({ access, wasUp, agent, ...standing }) =>
    putBack(access, standing, { withinMs: PROVED_WITHIN_MS, expectUp: wasUp, agent }, watch),
  );
  // All of them, also when one fails: none may still be going up when the way home begins.
  await Promise.allSettled(putting);
  await Promise.all(putting);
}

/** Whether the container has not been started since it was found; an Engine that does not say is no proof. */
async function hasRunOn(work: Work): Promise<boolean> {
  const { host, container } = work;
  const [now] = await Promise.allSettled([host.containers.inspect(oldNameOf(work))]);
  return now.status === 'fulfilled' && isSameRun(now.value, container);
}

function isSameRun(now: Container | undefined, before: Container | undefined): boolean {
  if (!now || !before) return now === before;
  return now.startedAt === before.startedAt && now.running === before.running;
}
