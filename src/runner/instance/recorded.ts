import { sameServer, type Server } from '../../rollout/model.ts';
import type { Container } from '../../rollout/observed.ts';
import type { Containers, RecordEntry } from '../ports/ports.ts';
import { bothSlots, oldNameOf, type Work } from './work.ts';

/** What this very run has recorded of an instance: it has left it in work, in another process or a step ago, or keeps it. */
export function recordedOf({ undo, instance, identity, slot }: Work): readonly RecordEntry[] {
  const own = undo.entries.filter(({ kind, run, container }) => {
    const isIts = run === identity.run && container === instance.container;
    return isIts && (kind === 'rollout' || kind === 'kept');
  });
  return own.filter((entry) => entry.slot === slot);
}

/** Whether any of its servers is recorded, or may be: the answer to a write can have been lost. */
export function isRecorded(work: Work): boolean {
  const servers = serversOfWork(work);
  return work.undo.entries.some((entry) => servers.some((server) => sameServer(server, entry.server)));
}

/** All that may be recorded of it. */
export function serversOfWork(work: Work): readonly Server[] {
  return bothSlots(work).flatMap(({ servers, alsoRecorded = [] }) => [
    ...servers.map(({ server }) => server),
    ...alsoRecorded,
  ]);
}

/** Whether this run has left in work what is recorded. */
export function isOwn({ kind, run }: RecordEntry, ownRun: string): boolean {
  return (kind === 'rollout' || kind === 'front') && run === ownRun;
}

/** The containers of one instance that is recorded as in work, as they are now. */
export interface RecordedContainers {
  /**
   * The predecessor, under whichever name, as it was found: its restart policy may be `no` meanwhile, and it may have
   * been restarted. Undefined when there was none, or when it is gone.
   */
  readonly old: Container | undefined;
  /** It waits under the other name. */
  readonly isAside: boolean;
  /** Under its own name, and its process runs: not one that Docker is about to start again. */
  readonly isServing: boolean;
  /** What bears the instance's name and is not the predecessor, whatever it got to. */
  readonly successor: Container | undefined;
}

/** Looks where the predecessor of a recorded instance is, and its successor. */
export async function recordedContainers(
  { container = '', aside, old: before }: RecordEntry,
  containers: Containers,
): Promise<RecordedContainers> {
  const [waiting, named] = await Promise.all([
    aside === undefined ? undefined : containers.inspect(aside),
    containers.inspect(container),
  ]);
  const isOldNamed = named !== undefined && named.id === before?.id;
  // An earlier part of the run may have kept another one under that name.
  const isAside = waiting !== undefined && waiting.id === before?.id;
  const old = isAside ? waiting : isOldNamed ? named : undefined;
  return {
    old: old && {
      ...old,
      restart: before?.restart ?? old.restart,
      running: before?.running ?? true,
      startedAt: before?.startedAt ?? old.startedAt,
    },
    isAside,
    isServing: isOldNamed && named.running && named.status === 'running',
    successor: isOldNamed ? undefined : named,
  };
}

/** Whether the old container still runs under its own name, so that its servers could be given back. */
export async function isUntouched(work: Work): Promise<boolean> {
  const { host, container: old } = work;
  const named = await host.containers.inspect(oldNameOf(work));
  return named?.id === old?.id && named?.running === true;
}
