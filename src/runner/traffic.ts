/** Taking one server out of service and putting it back, so that no request is lost. See docs/architecture.md. */
import { Failure } from '../errors.ts';
import { isDrained, progressAfter, type DrainProgress } from '../rollout/drained.ts';
import { serverPath, type Server, type Standing } from '../rollout/model.ts';
import type { ServerState } from '../rollout/observed.ts';
import type { Barrier } from './barrier.ts';
import { poll } from './poll.ts';
import type { HostAccess, LoadBalancer, ServerLook, Session } from './ports.ts';
import type { Watch } from './watch.ts';

/** A server and the way to its balancer. */
export interface ServerAccess {
  readonly server: Server;
  readonly balancer: LoadBalancer;
  /** The host that the balancer runs on. */
  readonly host: HostAccess;
}

const LOOK_EVERY_MS = 35;
const UP_EVERY_MS = 50;
/** Just before a wait is first told of, so that what is told is fresh. */
const SESSIONS_FIRST_AFTER_MS = 1_500;
const SESSIONS_EVERY_MS = 5_000;

/** The server as its balancer has it, or undefined when it has no such server. */
export async function findState({ server, balancer }: ServerAccess): Promise<ServerState | undefined> {
  const [backend] = await balancer.backends(server.backend);
  return backend?.servers.find((candidate) => candidate.server.name === server.name);
}

export async function stateOf(access: ServerAccess): Promise<ServerState> {
  const { server } = access;
  const state = await findState(access);
  if (!state) {
    const where = `${server.balancer.host} (${server.balancer.socket})`;
    throw new Failure('haproxy', `Cannot find server ${serverPath(server)} in HAProxy on ${where}`);
  }
  return state;
}

/**
 * Waits until the server has no request in hand and none queued, in this HAProxy process or in one that a reload has
 * made an old worker meanwhile.
 */
export async function untilDrained(
  barrier: Barrier,
  withinMs: number,
  watch: Watch,
): Promise<{ readonly drained: boolean; readonly pending: number }> {
  const { server, access } = barrier;
  const { clock } = watch;
  const holders = sessionsNowAndThen(access, watch);
  let progress: DrainProgress | undefined;

  const { done, last } = await poll(
    async () => {
      const look = await barrier.look(watch);
      const pending = look.current + look.queued;
      progress = progressAfter(progress, { atMs: clock.now(), pid: look.pid, pending, retries: look.retries });
      const oldWorkers = isDrained(progress, clock.now()) ? await barrier.oldWorkers() : undefined;
      return { look, oldWorkers };
    },
    ({ oldWorkers }) => oldWorkers?.length === 0,
    {
      everyMs: LOOK_EVERY_MS,
      withinMs,
      signal: watch.signal,
      onWaiting: ({ look, oldWorkers }, leftMs) => {
        const { current, queued } = look;
        const pid = oldWorkers?.[0];
        if (pid !== undefined) watch.waiting({ for: 'old-worker', server, pid, leftMs });
        else watch.waiting({ for: 'requests', server, current, queued, sessions: holders(), leftMs });
      },
      onTrouble: (trouble, leftMs) => {
        watch.waiting({ for: 'answer', why: trouble.message, leftMs });
      },
    },
    clock,
  );
  return { drained: done, pending: last.look.current + last.look.queued };
}

/** Who holds the server, asked in the background and seldom: `show sess` walks every session of the process. */
function sessionsNowAndThen({ balancer, server }: ServerAccess, { clock }: Watch): () => readonly Session[] {
  let known: readonly Session[] = [];
  let nextAt = clock.now() + SESSIONS_FIRST_AFTER_MS;
  return () => {
    if (clock.now() >= nextAt) {
      nextAt = clock.now() + SESSIONS_EVERY_MS;
      balancer.sessions(server).then(
        (sessions) => (known = sessions.slice(0, 3)),
        // Only who holds the server stays unknown; how many requests there are is counted elsewhere.
        () => (known = []),
      );
    }
    return known;
  };
}

/**
 * Puts a server back to where it stood: the weight first, while still in maintenance, so that the moment of `ready`
 * is the only one at which requests can return; then waits for HAProxy to see it UP by checks made from now on.
 *
 * A server that is not in maintenance has been UP all along and only gets its weight.
 */
export async function putBack(
  access: ServerAccess,
  standing: Standing,
  { withinMs, expectUp }: { readonly withinMs: number; readonly expectUp: boolean },
  watch: Watch,
): Promise<void> {
  const { server, balancer } = access;
  const now = await stateOf(access);
  if (now.weight !== standing.weight) await balancer.setWeight(server, standing.weight);
  if (standing.admin !== 'ready') {
    if (now.admin !== standing.admin) await balancer.setAdmin(server, standing.admin);
    return;
  }
  if (now.admin !== 'ready') await balancer.setReadyWhenProven(server);
  if (expectUp) await untilUp(access, standing, withinMs, watch);
}

async function untilUp(
  { server, balancer, host }: ServerAccess,
  { weight }: Standing,
  withinMs: number,
  watch: Watch,
): Promise<void> {
  const { done, last } = await poll<ServerLook>(
    async () => {
      const look = await balancer.look(server);
      // A reload in between has brought back the configured weight.
      if (look.weight !== weight) await balancer.setWeight(server, weight);
      return look;
    },
    (look) => look.isUp && look.weight === weight,
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
  throw new Failure(
    'haproxy',
    `HAProxy on ${host.name} does not see ${serverPath(server)} UP after ${seconds} s: ${why}`,
  );
}
