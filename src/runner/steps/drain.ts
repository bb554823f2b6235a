import { sameServer, serverPath } from '../../rollout/model.ts';
import type { Container } from '../../rollout/observed.ts';
import type { RecordEntry } from '../ports.ts';
import { DrainClock } from '../quiesce.ts';
import { isReady } from '../readiness.ts';
import { isUntouched, recordedContainers, recordedOf } from '../recorded.ts';
import { takeOut, takeOutAgain, untilSpare } from '../take-out.ts';
import { stateOf, type ServerAccess } from '../traffic.ts';
import { asideOf, type Found, type StepAction, type StepWatch, type Work } from '../work.ts';

/**
 * Remembers how everything stands, here and in the host's undo record; then no request reaches the servers of the
 * instance any more, and none is in hand.
 *
 * What this run has recorded already, before the step broke off or the run died, is how everything stood: what is seen
 * now may be its own doing.
 */
export const drain: StepAction = async (work, watch) => {
  const { instance, undo, host } = work;
  const clock = new DrainClock(watch.clock, instance.drain.timeoutMs);
  const recorded = recordedOf(work);
  const [first] = recorded;
  if (work.before.length === 0) {
    work.before = await Promise.all(work.servers.map(({ balancer, server }) => balancer.look(server)));
  }
  if (!first) await untilSpare(work, clock, watch, async () => undefined);
  // Both only look, and neither needs the other.
  const [old, found] = await Promise.all([
    first ? recordedOld(first, work) : host.containers.inspect(instance.container),
    lookAround(work, recorded),
  ]);
  work.container = old;
  work.wasReady =
    first?.old && first.old.id === old?.id
      ? first.old.wasReady
      : old !== undefined && (await isReady(old, instance, host));

  await watch.found({
    servers: found.map(({ access: { server }, weight, admin, wasUp }) => ({ server, weight, admin, wasUp })),
    old: old && {
      ...{ id: old.id, image: old.image.reference, digest: old.image.digests[0], running: old.running },
      aside: asideOf(work),
    },
  });
  // Also what is recorded: of a write whose answer was lost it is not known whether it took place.
  await undo.add(found.map((one) => entryFor(one.access, recorded) ?? newEntry(one, work, watch)));
  work.found = found;

  if (first) await takeOutAgain(work, await isUntouched(work), watch);
  else await takeOut(work, clock, watch);
  return `${found.map(({ access, weight }) => `${serverPath(access.server)} weight ${weight} → 0`).join(', ')}, drained`;
};

/** The predecessor, or, when that is gone, whatever bears the name now. */
async function recordedOld(entry: RecordEntry, { host }: Work): Promise<Container | undefined> {
  const { old, successor } = await recordedContainers(entry, host.containers);
  return old ?? (entry.old ? successor : undefined);
}

function entryFor({ server }: ServerAccess, recorded: readonly RecordEntry[]): RecordEntry | undefined {
  return recorded.find((entry) => sameServer(entry.server, server));
}

function newEntry({ access, weight, admin, wasUp, agent }: Found, work: Work, { clock }: StepWatch): RecordEntry {
  const { instance, identity, container: old, wasReady } = work;
  return {
    kind: 'rollout',
    server: access.server,
    standing: { weight, admin },
    wasUp,
    ...(agent && { agent }),
    by: identity.by,
    note: '',
    at: clock.date().toISOString(),
    run: identity.run,
    container: instance.container,
    aside: asideOf(work),
    old: old && { id: old.id, restart: old.restart, running: old.running, wasReady },
    ready: instance.ready,
    drain: instance.drain,
  };
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
