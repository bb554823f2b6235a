import { serverPath } from '../../rollout/model.ts';
import { DrainClock } from '../quiesce.ts';
import { isReady } from '../readiness.ts';
import { takeOut, untilSpare } from '../take-out.ts';
import { stateOf } from '../traffic.ts';
import { asideOf, type Found, type StepAction, type Work } from '../work.ts';

/**
 * Remembers how everything stands, here and in the host's undo record; then no request reaches the servers of the
 * instance any more, and none is in hand.
 */
export const drain: StepAction = async (work, watch) => {
  const { instance, undo, identity, host } = work;
  const clock = new DrainClock(watch.clock, instance.drain.timeoutMs);
  await untilSpare(work, clock, watch, async () => undefined);
  // Both only look, and neither needs the other.
  const [old, found] = await Promise.all([host.containers.inspect(instance.container), lookAround(work)]);
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
    found.map(({ access, weight, admin, wasUp, agent }) => ({
      kind: 'rollout',
      server: access.server,
      standing: { weight, admin },
      wasUp,
      ...(agent && { agent }),
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

  await takeOut(work, clock, watch);
  return `${found.map(({ access, weight }) => `${serverPath(access.server)} weight ${weight} → 0`).join(', ')}, drained`;
};

/** What this run has recorded before, in a step that broke off, is how they stood; what they are now is our doing. */
async function lookAround({ servers, undo, identity }: Work): Promise<readonly Found[]> {
  return Promise.all(
    servers.map(async (access): Promise<Found> => {
      const { weight, admin, isUp, hasAgent } = await stateOf(access);
      const recorded = undo.entries.find(
        ({ run, server }) => run === identity.run && serverPath(server) === serverPath(access.server),
      );
      if (!recorded) return { access, weight, admin, wasUp: isUp, agent: hasAgent };
      const { standing, wasUp, agent = false } = recorded;
      return { access, ...standing, wasUp, agent };
    }),
  );
}
