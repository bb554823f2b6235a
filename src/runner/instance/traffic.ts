/** Taking one server out of service and putting it back, so that no request is lost. See docs/architecture.md. */
import { Failure } from '../../errors.ts';
import { countedAnew, isDrained, isQuiet, progressAfter } from '../../rollout/drained.ts';
import { placeName, serverPath, type Server, type Standing } from '../../rollout/model.ts';
import { isSeenUp, type ServerState } from '../../rollout/observed.ts';
import type { Barrier } from './barrier.ts';
import { ServesBadly } from './serves-badly.ts';
import { isPassing, poll, type Patience } from '../waiting/poll.ts';
import type { LoadBalancer, OldWorker, ServerLook, Session } from '../ports/ports.ts';
import type { Watch } from '../waiting/watch.ts';

/** A server and the way to its balancer. */
export interface ServerAccess {
  readonly server: Server;
  readonly balancer: LoadBalancer;
}

const LOOK_EVERY_MS = 35;
const UP_EVERY_MS = 50;
/** A server without requests is not late: what its zeroes take to count (src/rollout/drained.ts) is given on top. */
const PROOF_WITHIN_MS = 2_000;
/** Just before a wait is first told of, so that what is told is fresh. */
const SESSIONS_FIRST_AFTER_MS = 1_500;
const SESSIONS_EVERY_MS = 5_000;
const HOLDERS_TOLD = 3;

/** The server as its balancer has it, or undefined when it has no such server. */
export async function findState({ server, balancer }: ServerAccess): Promise<ServerState | undefined> {
  const [backend] = await balancer.backends(server.backend);
  return backend?.servers.find((candidate) => candidate.server.name === server.name);
}

export async function stateOf(access: ServerAccess): Promise<ServerState> {
  const state = await findState(access);
  if (!state) throw noSuchServer(access);
  return state;
}

export function noSuchServer({ server }: ServerAccess): Failure {
  const where = `${server.balancer.host} (${placeName(server.balancer)})`;
  return new Failure('haproxy', `Cannot find server ${serverPath(server)} in HAProxy on ${where}`);
}

/** What a wait for requests in hand came to. */
export interface Drained {
  /** `disturbed`: the barrier was found down, requests may have come again. */
  readonly end: 'drained' | 'late' | 'disturbed';
  /** Requests in hand and queued, in old workers too as far as they can be counted. */
  readonly pending: number;
  readonly oldWorkers: readonly OldWorker[];
}

/**
 * Waits until the server has no request in hand and none queued, in this HAProxy process or in one that a reload has
 * made an old worker, during this wait or before.
 */
export async function untilDrained(
  barrier: Barrier,
  withinMs: number,
  watch: Watch,
  alsoLook: () => Promise<void> = async () => undefined,
): Promise<Drained> {
  const { server, access, timesDown } = barrier;
  const { clock } = watch;
  const holders = sessionsNowAndThen(access, watch);
  barrier.progress = countedAnew(barrier.progress);

  const sight = async (): Promise<DrainLook> => {
    const look = await barrier.look(watch);
    await alsoLook();
    const pending = look.current + look.queued;
    barrier.progress = progressAfter(barrier.progress, { ...look, atMs: clock.now(), pending });
    const isHeld = isQuiet(barrier.progress, clock.now()) ? await barrier.isHeld() : undefined;
    const oldWorkers = isDrained(barrier.progress, clock.now(), isHeld) ? await barrier.oldWorkers(watch) : undefined;
    return { look, oldWorkers };
  };
  const isOver = ({ oldWorkers }: DrainLook): boolean => oldWorkers?.length === 0 || barrier.timesDown > timesDown;
  const patience: Omit<Patience<DrainLook>, 'withinMs'> = {
    everyMs: LOOK_EVERY_MS,
    signal: watch.signal,
    onWaiting: ({ look: { current, queued }, oldWorkers }, leftMs) => {
      const [old] = oldWorkers ?? [];
      if (old) watch.waiting({ for: 'old-worker', server, ...old, leftMs });
      else watch.waiting({ for: 'requests', server, current, queued, sessions: holders(current), leftMs });
    },
    onTrouble: (trouble, leftMs) => {
      watch.waiting({ for: 'answer', why: trouble.message, leftMs });
    },
  };

  let { last } = await poll(sight, isOver, { ...patience, withinMs }, clock);
  if (!isOver(last) && isSilent(last)) {
    const orNotSilent = (seen: DrainLook): boolean => isOver(seen) || !isSilent(seen);
    ({ last } = await poll(sight, orNotSilent, { ...patience, withinMs: PROOF_WITHIN_MS }, clock));
  }
  const { look, oldWorkers = [] } = last;
  const old = oldWorkers.reduce((sum, { current }) => sum + (current ?? 0), 0);
  const end = !isOver(last) ? 'late' : barrier.timesDown > timesDown ? 'disturbed' : 'drained';
  return { end, pending: look.current + look.queued + old, oldWorkers };
}

interface DrainLook {
  readonly look: ServerLook;
  /** Undefined as long as the server itself does not count as drained. */
  readonly oldWorkers: readonly OldWorker[] | undefined;
}

/** Nothing in hand, which is not yet proof. */
function isSilent({ look, oldWorkers }: DrainLook): boolean {
  return look.current + look.queued === 0 && oldWorkers === undefined;
}

/**
 * Who holds the server, the oldest first, asked in the background and seldom: `show sess` walks every session of the
 * process. Since then some may have ended, the oldest hardly: no more are told than there are requests by now.
 */
function sessionsNowAndThen(
  { balancer, server }: ServerAccess,
  { clock }: Watch,
): (most: number) => readonly Session[] {
  let known: readonly Session[] = [];
  let nextAt = clock.now() + SESSIONS_FIRST_AFTER_MS;
  return (most) => {
    if (clock.now() >= nextAt) {
      nextAt = clock.now() + SESSIONS_EVERY_MS;
      balancer.sessions(server).then(
        (sessions) => (known = sessions.slice(0, HOLDERS_TOLD)),
        // Only who holds the server stays unknown; how many requests there are is counted elsewhere.
        () => (known = []),
      );
    }
    return known.slice(0, most);
  };
}

/**
 * The weight that a server found at `weight` is to have again. Where the algorithm is static HAProxy takes none but 0 and
 * the configured one: when a new configuration gives it another by now, it can only have that one.
 */
export async function weightAgain(
  { balancer, server }: ServerAccess,
  weight: number,
  { initialWeight }: ServerState,
): Promise<number> {
  if (weight === 0 || weight === initialWeight) return weight;
  return (await balancer.takesWeights(server.backend)) === 'fixed' ? initialWeight : weight;
}

interface PutBackOptions {
  readonly withinMs: number;
  readonly expectUp: boolean;
  /** Nothing runs behind it: an HAProxy that has begun anew takes it for UP all the same. */
  readonly isEmpty?: boolean;
  /** Its agent-check was enabled: it speaks again, last of all. */
  readonly agent: boolean;
  /** Told once its HAProxy has answered, and before anything is changed. */
  readonly onBegin?: () => void;
}

/**
 * Puts a server back to where it stood: the weight first, while still in maintenance, so that the moment of `ready`
 * is the only one at which requests can return; then waits for HAProxy to see it UP by checks made from now on.
 *
 * With nothing behind it the weight comes last: between `state ready` and `health down`, be they of one line, HAProxy has it
 * UP, and another of its threads may send a request there.
 *
 * A server that is not in maintenance has been UP all along and only gets its weight.
 *
 * @returns the weight that it has now
 */
export async function putBack(
  access: ServerAccess,
  found: Standing,
  options: PutBackOptions,
  watch: Watch,
): Promise<number> {
  const { server, balancer } = access;
  const now = await stateOf(access);
  let standing = { ...found, weight: await weightAgain(access, found.weight, now) };
  options.onBegin?.();
  const isDownFirst = options.isEmpty === true && standing.admin === 'ready' && (now.isUp || now.admin !== 'ready');
  if (isDownFirst) await setDown(access, now);
  if (isDownFirst || now.weight !== standing.weight)
    standing = { ...standing, weight: await giveWeight(access, standing.weight, now) };
  if (standing.admin !== 'ready') {
    if (now.admin !== standing.admin) await balancer.setAdmin(server, standing.admin);
  } else {
    if (now.admin !== 'ready' && !isDownFirst) await balancer.setReadyWhenProven(server);
    if (options.expectUp) await untilUp(access, standing, options, watch);
  }
  if (options.agent && !(await stateOf(access)).hasAgent) await balancer.setAgent(server, true);
  if (standing.weight !== found.weight)
    watch.remark({ about: 'fixed-weight', server, weight: found.weight, to: standing.weight });
  return standing.weight;
}

/**
 * A reload that has come to its end just now may have brought another configured weight, and it is that alone then.
 *
 * @returns the weight that it has now
 */
async function giveWeight(access: ServerAccess, weight: number, { initialWeight }: ServerState): Promise<number> {
  const { server, balancer } = access;
  try {
    await balancer.setWeight(server, weight);
    return weight;
  } catch (error) {
    if (!(error instanceof Failure) || isPassing(error)) throw error;
    const now = await stateOf(access);
    const again = now.initialWeight === initialWeight ? weight : await weightAgain(access, weight, now);
    if (again === weight) throw error;
    await balancer.setWeight(server, again);
    return again;
  }
}

/** In service, at weight 0, until its checks pass. */
async function setDown({ server, balancer }: ServerAccess, { weight }: ServerState): Promise<void> {
  if (weight !== 0) await balancer.setWeight(server, 0);
  await balancer.setReadyWhenProven(server);
}

/**
 * Sets weight and state again when they are others than we have set: after a reload the configured ones, else what
 * somebody else wants, which is told, and not fought over: each sight is put right once. What a reload has let in before it
 * was seen UP has yet to prove itself.
 */
function keeperOf(
  { server, balancer }: ServerAccess,
  { weight }: Standing,
  watch: Watch,
): (look: ServerLook, agent: boolean) => Promise<void> {
  let pid: number | undefined;
  let wasUp = false;
  const met = new Set<string>();
  return async (look: ServerLook, agent: boolean): Promise<void> => {
    const isReloaded = pid !== undefined && look.pid !== pid;
    const hasProved = wasUp || !look.isUp || isSeenUp(look);
    pid = look.pid;
    wasUp = look.isUp;
    if (isReloaded && agent) await balancer.setAgent(server, false);
    if (isReloaded && !hasProved) await balancer.setReadyWhenProven(server);
    const sight = `${look.pid} ${look.weight} ${look.admin}`;
    if ((look.weight === weight && look.admin === 'ready') || met.has(sight)) return;
    met.add(sight);
    if (look.weight !== weight) await balancer.setWeight(server, weight);
    if (look.admin !== 'ready') await balancer.setReadyWhenProven(server);
    if (isReloaded) return;
    watch.remark({ about: 'changed-by-another', server, weight: look.weight, admin: look.admin, then: 'put back' });
  };
}

async function untilUp(
  access: ServerAccess,
  standing: Standing,
  { withinMs, agent }: PutBackOptions,
  watch: Watch,
): Promise<void> {
  const { server, balancer } = access;
  const keep = keeperOf(access, standing, watch);
  const { done, last } = await poll<ServerLook>(
    async () => {
      const look = await balancer.look(server);
      await keep(look, agent);
      return look;
    },
    // One that was reloaded meanwhile takes it for UP, whatever the worker before had seen.
    (look) => isSeenUp(look) && look.weight === standing.weight,
    {
      everyMs: UP_EVERY_MS,
      withinMs,
      signal: watch.signal,
      onWaiting: ({ status, lastCheck }, leftMs) => {
        watch.waiting({ for: 'up', server, status, lastCheck, leftMs });
      },
      onTrouble: (trouble, leftMs) => {
        watch.waiting({ for: 'answer', why: trouble.message, leftMs });
      },
    },
    watch.clock,
  );
  if (done) return;
  const seconds = Math.round(withinMs / 1000);
  const why = last.lastCheck === '' ? last.status : `${last.status}, last check ${last.lastCheck}`;
  throw new ServesBadly(
    `HAProxy on ${server.balancer.host} does not see ${serverPath(server)} UP after ${seconds} s: ${why}`,
  );
}
