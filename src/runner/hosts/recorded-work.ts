/** Instances as the record of their host tells of them, without their playbook. */
import { Failure } from '../../errors.ts';
import type { Instance, ReadyCheck } from '../../rollout/model.ts';
import type { HeldHost } from './held-hosts.ts';
import type { Company } from '../instance/company.ts';
import { foundOf } from '../instance/found.ts';
import { UP_WITHIN_AT_LEAST_MS } from '../instance/put-back-as-found.ts';
import { recordedContainers, type RecordedContainers } from '../instance/recorded.ts';
import { findState } from '../instance/traffic.ts';
import { Turns } from '../instance/turns.ts';
import { bothSlots, workOn, type Found, type Work } from '../instance/work.ts';
import type { RecordEntry } from '../ports/ports.ts';
import type { Watch } from '../waiting/watch.ts';

export interface RecordedWork {
  readonly work: Work;
  readonly containers: RecordedContainers;
}

export function byContainer(entries: readonly RecordEntry[]): RecordEntry[][] {
  const containers = [...new Set(entries.map(({ container }) => container))];
  return containers.map((container) => entries.filter((entry) => entry.container === container));
}

interface RecordedIn {
  readonly held: HeldHost;
  readonly watch: Watch;
  /** Those that it goes together with. */
  readonly company?: Company | undefined;
}

/**
 * The work on an instance as it stands now. `entries`: those of its servers that can be reached; `first`: any of it.
 *
 * @throws Failure `docker` when there is neither the old container nor a new one
 */
export async function recordedWork(
  entries: readonly RecordEntry[],
  first: RecordEntry,
  { held, watch, company }: RecordedIn,
): Promise<RecordedWork> {
  const { access: host, undo, keep, reach } = held;
  const { container: name = '', old: before } = first;
  const containers = await recordedContainers(first, host.containers);
  const { old, successor } = containers;
  if (before && !old && !successor && !first.toNothing) {
    const text = `Cannot bring back ${name} on ${host.name}: its old container is gone, and there is no new one`;
    throw new Failure('docker', text);
  }
  const identity = { run: first.run, by: first.by };
  const instance = instanceOf(entries, first, host.name);
  const work = workOn({ instance, host, keep, undo, identity, turns: new Turns(), company }, reach);
  for (const one of bothSlots(work)) {
    const its = entries.filter(({ slot }) => slot === one.slot);
    const found = await foundNow(its, reach, watch);
    // Taken back to nothing, as it was to be, it has nothing that could be UP.
    one.found = old || successor ? found : found.map((server) => ({ ...server, wasUp: false }));
    one.container = old;
    one.wasReady = before?.wasReady ?? false;
    one.isTouched = true;
  }
  return { work, containers };
}

/** How the servers stood, those that HAProxy still has. */
async function foundNow(entries: readonly RecordEntry[], reach: HeldHost['reach'], watch: Watch): Promise<Found[]> {
  const found: Found[] = [];
  for (const entry of entries) {
    const access = reach(entry.server);
    if (await findState(access)) found.push(foundOf(entry, access));
    else watch.remark({ about: 'gone', server: entry.server });
  }
  return found;
}

/** What the way home needs to know of an instance, without its playbook. */
function instanceOf(entries: readonly RecordEntry[], first: RecordEntry, host: string): Instance {
  const { container = '', drain, company, stopped = 0 } = first;
  const left = entries.filter(({ slot }) => slot === 'leaving');
  const servers = entries.filter((entry) => !left.includes(entry)).map(({ server }) => server);
  const readyOf = (one: RecordEntry | undefined): ReadyCheck =>
    one?.ready ?? { probe: undefined, withinMs: UP_WITHIN_AT_LEAST_MS, everyMs: 250 };
  const leaving = { name: 'before', servers: left.map(({ server }) => server), ready: readyOf(left[0]) };
  return {
    ...{ host, container, servers },
    spec: { image: 'the image it had', pullPolicy: 'never' },
    strategy: entries.find((entry) => entry.only)?.only?.what ?? (company && 'recreate-host'),
    drain: drain ?? { timeoutMs: UP_WITHIN_AT_LEAST_MS, onTimeout: 'continue' },
    ready: readyOf(entries.find(({ slot }) => slot !== 'leaving')),
    ...(left.length > 0 && { leaving }),
    ...{ soakMs: undefined, keep: company?.keep ?? stopped, minUp: { servers: 0 } },
  };
}
