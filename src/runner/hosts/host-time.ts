import { keptOver, type KeptSet } from '../../rollout/kept.ts';
import { isOver } from '../../rollout/drained-until.ts';
import type { HostAccess, RecordEntry } from '../ports/ports.ts';

/** The clock of a host, asked only where something depends on it. */
export async function timeOn(host: HostAccess, entries: readonly RecordEntry[]): Promise<Date | undefined> {
  return entries.some(({ until, keptUntil }) => (until ?? keptUntil) !== undefined)
    ? (await host.system()).now
    : undefined;
}

/** Those of a host's entries that were to be put back by now. */
export async function overOn(host: HostAccess, entries: readonly RecordEntry[]): Promise<readonly RecordEntry[]> {
  const now = await timeOn(host, entries);
  return now ? entries.filter((entry) => isOver(entry, now)) : [];
}

/** What was to end by now of what is kept on a host. */
export async function keptOverOn(
  host: HostAccess,
  entries: readonly RecordEntry[],
): Promise<readonly KeptSet<RecordEntry>[]> {
  const now = await timeOn(host, entries);
  return now ? keptOver(entries, now) : [];
}
