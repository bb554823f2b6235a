import { Failure } from '../../errors.ts';
import { floorOf, isUsable, usableIn } from '../../rollout/capacity.ts';
import { serverPath, type MinUp } from '../../rollout/model.ts';
import type { BackendState } from '../../rollout/observed.ts';
import { poll } from '../poll.ts';
import { isReady } from '../readiness.ts';
import { quiesce } from '../quiesce.ts';
import { stateOf, type ServerAccess } from '../traffic.ts';
import type { Watch } from '../watch.ts';
import { asideOf, type Found, type StepAction, type StepWatch, type Work } from '../work.ts';

const CAPACITY_EVERY_MS = 500;

/**
 * Remembers how everything stands, here and in the host's undo record; then no request reaches the servers of the
 * instance any more, and none is in hand.
 */
export const drain: StepAction = async (work, watch) => {
  const { instance, undo, identity, host } = work;
  // Both only look, and neither needs the other.
  const [old, found] = await Promise.all([host.containers.inspect(instance.container), lookAround(work, watch)]);
  work.container = old;
  work.wasReady = old !== undefined && (await isReady(old, instance, host));

  await watch.found({
    servers: found.map(({ access: { server }, weight, admin, wasUp }) => ({ server, weight, admin, wasUp })),
    old: old && {
      ...{ id: old.id, image: old.image.reference, digest: old.image.digests[0], running: old.running },
      aside: asideOf(work),
    },
  });
  const at = watch.clock.date().toISOString();
  await undo.add(
    found.map(({ access, weight, admin, wasUp }) => ({
      kind: 'rollout',
      server: access.server,
      standing: { weight, admin },
      wasUp,
      by: identity.by,
      note: '',
      at,
      run: identity.run,
      container: instance.container,
      aside: asideOf(work),
      old: old && { id: old.id, restart: old.restart, running: old.running, wasReady: work.wasReady },
      ready: instance.ready,
      drain: instance.drain,
    })),
  );
  work.found = found;

  work.barriers = await quiesce(found, instance.drain, watch);
  return `${found.map(({ access, weight }) => `${serverPath(access.server)} weight ${weight} → 0`).join(', ')}, drained`;
};

async function lookAround({ instance, servers }: Work, watch: StepWatch): Promise<readonly Found[]> {
  const found: Found[] = [];
  for (const access of servers) {
    await untilCapacity(access, { minUp: instance.minUp, withinMs: instance.drain.timeoutMs }, watch);
    const { weight, admin, isUp } = await stateOf(access);
    found.push({ access, weight, admin, wasUp: isUp });
  }
  return found;
}

/** Takes from a backend only what it can spare at this moment: other servers may have failed since the plan. */
async function untilCapacity(
  { server, balancer, host }: ServerAccess,
  { minUp, withinMs }: { readonly minUp: MinUp; readonly withinMs: number },
  watch: Watch,
): Promise<void> {
  const left = (backend: BackendState): number => {
    const own = backend.servers.find((state) => state.server.name === server.name);
    return usableIn(backend) - (own && isUsable(own) ? 1 : 0);
  };
  const { done, last } = await poll(
    async () => (await balancer.backends(server.backend))[0],
    (backend) => {
      const own = backend?.servers.find((state) => state.server.name === server.name);
      return !backend || !own || !isUsable(own) || left(backend) >= floorOf(minUp, backend);
    },
    {
      everyMs: CAPACITY_EVERY_MS,
      withinMs,
      signal: watch.signal,
      onWaiting: (backend) => {
        if (backend) {
          watch.waiting({ for: 'capacity', server, usable: left(backend), floor: floorOf(minUp, backend) });
        }
      },
    },
    watch.clock,
  );
  if (done || !last) return;
  const why = `it would leave ${left(last)} usable servers in ${server.backend}, and min_up asks for ${floorOf(minUp, last)}`;
  throw new Failure('haproxy', `Cannot take ${serverPath(server)} out of service on ${host.name}: ${why}`);
}
