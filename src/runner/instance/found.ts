/** How everything was found before the first change, told and recorded. */
import { onlyOf, sameServer, type Only } from '../../rollout/model.ts';
import type { Container } from '../../rollout/observed.ts';
import type { RecordEntry } from '../ports/ports.ts';
import { recordedOf } from './recorded.ts';
import type { Sight } from './sight.ts';
import type { ServerAccess } from './traffic.ts';
import { asideOf, type Found, type StepWatch, type Work } from './work.ts';

/**
 * `recorded`: what this run has recorded already, which stays as it is; but for the predecessor, when the one on record
 * is gone and its successor is about to be replaced in its turn.
 */
export async function remember(
  work: Work,
  { found, recorded }: { readonly found: readonly Found[]; readonly recorded: readonly RecordEntry[] },
  watch: StepWatch,
): Promise<void> {
  const { container: old, undo } = work;
  const told = [...(work.leaving?.found ?? []), ...found];
  // What was seen counts only while the host is ours: it may be the work of a run that has it by now.
  await work.keep();
  await tell(work, told, watch);
  // Also what is recorded: of a write whose answer was lost it is not known whether it took place.
  const entries = found.map((one) => {
    const known = entryFor(one.access, recorded);
    return known && known.old?.id === old?.id ? known : newEntry(one, work, watch);
  });
  await undo.add(entries);
  work.found = found;
}

/** The same of servers that come to be known of in the middle: of the instance it is recorded as of the others. */
export async function rememberMore(work: Work, all: readonly Found[], watch: StepWatch): Promise<void> {
  const { container: old, undo } = work;
  const more = all.filter((one) => !work.found.some(({ access }) => sameServer(access.server, one.access.server)));
  if (more.length === 0) return;
  await work.keep();
  await tell(work, more, watch);
  // If the answer is lost, it may be there all the same, and is dropped in the end.
  work.alsoRecorded = [...(work.alsoRecorded ?? []), ...more.map(({ access }) => access.server)];
  // By what is recorded when its turn comes: the others of it may go on meanwhile.
  await undo.add(() => {
    const [like] = recordedOf(work);
    const { only, company, ending } = like ?? {};
    const progress = { ...(only && { only }), ...(company && { company }), ...(ending && { ending }) };
    // What has begun there it may send requests to already.
    const alike = { ...(old && like?.old && { old: like.old }), ...progress, letIn: true as const };
    return more.map((one): RecordEntry => ({ ...newEntry(one, work, watch), ...alike }));
  });
  work.found = [...work.found, ...more];
  // Both in the same order.
  const isFound = ({ server }: ServerAccess): boolean =>
    work.found.some(({ access }) => sameServer(access.server, server));
  work.servers = [...work.found.map(({ access }) => access), ...work.servers.filter((one) => !isFound(one))];
}

/**
 * As long as nothing was taken, another weight or state than was found is somebody's wish, and what is to be put back;
 * but not what a reload has brought.
 *
 * @returns whether there was any, and it was remembered
 */
export async function rememberWishes(work: Work, sights: readonly Sight[], watch: StepWatch): Promise<boolean> {
  if (work.isTouched) return false;
  const found = work.found.map((one, index): Found => {
    const sight = sights[index];
    if (!sight || isByReload(sight, work.before[index]?.pid)) return one;
    // By its bits: one in drain that is DOWN shows as DOWN alone.
    const { weight, admin } = sight.state;
    return weight === one.weight && admin === one.admin ? one : { ...one, weight, admin };
  });
  if (found.every((one, index) => one === work.found[index])) return false;
  await remember(work, { found, recorded: [] }, watch);
  return true;
}

/**
 * Of two slots, each server is to have in the end what its counterpart in the other one was found with. Both are in the
 * same order: of the same backends, of the same balancers.
 */
export function swapped(ones: readonly Found[], others: readonly Found[]): readonly Found[] {
  return ones.map((one, index) => {
    const other = others[index];
    return other ? { ...one, then: { weight: other.weight, admin: other.admin } } : one;
  });
}

/** A server as it was found, by what is recorded of it. */
export function foundOf({ standing, wasUp, agent = false, then }: RecordEntry, access: ServerAccess): Found {
  return { access, ...standing, wasUp, agent, ...(then && { then }) };
}

/** In a process that was not there before, it stands as it is configured. */
function isByReload({ look, state }: Sight, pid: number | undefined): boolean {
  return look.pid !== pid && look.weight === state.initialWeight && look.admin === 'ready';
}

export function entryFor({ server }: ServerAccess, recorded: readonly RecordEntry[]): RecordEntry | undefined {
  return recorded.find((entry) => sameServer(entry.server, server));
}

async function tell(work: Work, found: readonly Found[], watch: StepWatch): Promise<void> {
  const { container: old } = work;
  await watch.found({
    servers: found.map(({ access: { server }, weight, admin, wasUp }) => ({ server, weight, admin, wasUp })),
    old: old && {
      ...{ id: old.id, image: old.image.reference, digest: old.image.digests[0], running: old.running },
      aside: asideOf(work),
    },
  });
}

function newEntry({ access, weight, admin, wasUp, agent, then }: Found, work: Work, { clock }: StepWatch): RecordEntry {
  const { instance, identity, container: old, wasReady, slot } = work;
  const only = onlyOf(instance);
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
    old: old && { id: old.id, restart: old.restart, running: old.running, wasReady, ...startOf(old, only) },
    ...(only && { only: { what: only, progress: 'planned' as const } }),
    ...(instance.strategy === 'recreate-host' && { company: { keep: instance.keep } }),
    ...(instance.switching && instance.keep > 0 && { stopped: instance.keep }),
    ready: instance.ready,
    drain: instance.drain,
    ...(instance.revert?.toNothing && { toNothing: true as const }),
    ...(slot && { slot }),
    ...(then && { then }),
  };
}

/** Another start than this one is known by it. */
function startOf({ startedAt }: Container, only: Only | undefined): { readonly startedAt?: string } {
  return only ? { startedAt } : {};
}
