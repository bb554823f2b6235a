/** What the undo record says of a company: whether its new containers stay, or the old ones come back. */
import type { RecordEntry } from '../ports/ports.ts';
import { isOwn, recordedOf } from './recorded.ts';
import type { Work } from './work.ts';

/**
 * Whether those of a company that are recorded as in work have been committed to their new containers. While they are
 * taken back from it, some of them are not any more: then none is.
 */
export function isCommitted(entries: readonly RecordEntry[], run: string): boolean {
  const own = ofCompany(entries, run);
  return own.length > 0 && own.every(({ company }) => company?.committed);
}

/** All of the company at once. */
export async function commitAll({ undo, identity }: Work): Promise<void> {
  await undo.add(ofCompany(undo.entries, identity.run).map((entry) => withCommitted(entry, true)));
}

/** Before its new container goes: a commit whose answer was lost may have been written. */
export async function uncommit(work: Work): Promise<void> {
  const entries = recordedOf(work);
  if (!entries.some(({ company }) => company?.committed)) return;
  await work.undo.add(entries.map((entry) => withCommitted(entry, undefined)));
}

function ofCompany(entries: readonly RecordEntry[], run: string): readonly RecordEntry[] {
  return entries.filter((entry) => isOwn(entry, run) && entry.company !== undefined);
}

function withCommitted(entry: RecordEntry, committed: true | undefined): RecordEntry {
  return entry.company ? { ...entry, company: { keep: entry.company.keep, ...(committed && { committed }) } } : entry;
}
