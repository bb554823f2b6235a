/** What a `blue-green` rollout has kept on a host: old containers that run on while nothing reaches them. */
import { isOver, leftText, momentText } from './drained-until.ts';
import { sameServer, serverPath } from './model.ts';
import type { ServerState } from './observed.ts';

/** What the record of a host says of one server of it. */
export interface KeptNote {
  readonly kind: string;
  readonly run: string;
  readonly by: string;
  readonly container?: string | undefined;
  /** Until when, by the clock of the host (RFC 3339). */
  readonly keptUntil?: string | undefined;
}

/** Where an entry of it belongs: the old containers are in the slot that is left. */
interface Whereabouts {
  readonly server: ServerState['server'];
  readonly slot?: 'next' | 'leaving' | undefined;
  /** It was told to stop: its server stands as a free one does, with nothing behind it. */
  readonly ending?: true | undefined;
}

/** The old containers that one run has kept on a host: they serve again together, and end together. */
export interface KeptSet<Entry extends KeptNote = KeptNote> {
  readonly run: string;
  readonly by: string;
  /** The names of the instances. */
  readonly containers: readonly string[];
  /** RFC 3339, by the clock of the host: of the last of them. */
  readonly until: string;
  readonly entries: readonly Entry[];
}

/** The sets in the record of a host, each by the run that has kept it. */
export function keptSets<Entry extends KeptNote>(entries: readonly Entry[]): readonly KeptSet<Entry>[] {
  const kept = entries.filter(({ kind }) => kind === 'kept');
  return [...new Set(kept.map(({ run }) => run))].map((run) => {
    const own = kept.filter((entry) => entry.run === run);
    const untils = own.map(({ keptUntil = '' }) => keptUntil).toSorted();
    // Which of them was first in being kept is chance.
    const containers = [...new Set(own.map(({ container = '' }) => container))].toSorted((one, other) =>
      one.localeCompare(other, 'en', { numeric: true }),
    );
    return { run, by: own[0]?.by ?? '', containers, until: untils.at(-1) ?? '', entries: own };
  });
}

/** Its old containers that serve beside the new ones: a reload of HAProxy, or somebody, has let requests in to them again. */
export function letIn<Entry extends KeptNote & Whereabouts>(
  { entries }: KeptSet<Entry>,
  states: readonly Pick<ServerState, 'server' | 'admin'>[],
): readonly Entry[] {
  const inService = states.filter(({ admin }) => admin !== 'maint');
  return entries.filter(
    ({ slot, server, ending }) =>
      slot === 'leaving' && !ending && inService.some((state) => sameServer(state.server, server)),
  );
}

/** `fe1: pxapp_cluster/pxApp_1a is in service beside …` */
export function letInText(entries: readonly Whereabouts[]): string {
  const names = new Set(entries.map(({ server }) => serverPath(server)));
  const servers = [...names].toSorted((one, other) => one.localeCompare(other, 'en', { numeric: true }));
  const verb = servers.length === 1 ? 'is' : 'are';
  return `${servers.join(', ')} ${verb} in service again beside the new version, though kept out: by a reload of HAProxy, or by somebody`;
}

/** Those whose time has passed. `now`: what the clock of the host shows. */
export function keptOver<Entry extends KeptNote>(entries: readonly Entry[], now: Date): readonly KeptSet<Entry>[] {
  return keptSets(entries).filter((set) => isOver(set, now));
}

/** `now`: undefined where nobody knows. `the old pxApp_1 and pxApp_2 are kept until 14:30 by ann@ci (in 12 min)` */
export function keptText({ containers, until, by }: Omit<KeptSet, 'entries' | 'run'>, now: Date | undefined): string {
  const names =
    containers.length === 1
      ? containers.join('')
      : `${containers.slice(0, -1).join(', ')} and ${containers.at(-1) ?? ''}`;
  const verb = containers.length === 1 ? 'is' : 'are';
  if (!now) return `the old ${names} ${verb} kept until ${until} by ${by}`;
  const left = leftText(Date.parse(until) - now.getTime());
  return `the old ${names} ${verb} kept until ${momentText(until, now)} by ${by} (${left})`;
}

/** What can be done about what is kept on a host. */
export function keptAdvice(host: string): string {
  return `"sluice switch-back ${host}" has what is kept serve again, "sluice retire ${host}" ends it`;
}
