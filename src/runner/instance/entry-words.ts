import { drainedText } from '../../rollout/drained-until.ts';
import { keptAdvice, keptText } from '../../rollout/kept.ts';
import { serverPath } from '../../rollout/model.ts';
import type { HostAccess, RecordEntry } from '../ports/ports.ts';

const takenWords: Readonly<Record<Exclude<RecordEntry['kind'], 'kept'>, string>> = {
  drain: 'drained',
  rollout: 'left in work',
  front: 'taken out in front of its host',
  maintain: 'taken out for maintenance',
};

/** One entry of a record as a sentence. `now`: what the clock of its host shows, where the entry has an end. */
export function explain(entry: RecordEntry, now?: Date): string {
  const { kind, server, by, at, note, until } = entry;
  if (until !== undefined && now) return `${serverPath(server)} is ${drainedText(entry, now)}`;
  const why = note === '' ? '' : ` ("${note}")`;
  if (kind === 'kept') return keptText({ containers: [entry.container ?? ''], until: entry.keptUntil ?? '', by }, now);
  return `${serverPath(server)} was ${takenWords[kind]} by ${by} at ${at}${why}`;
}

/** What puts an entry right. */
export function advice({ kind }: Pick<RecordEntry, 'kind'>, { name }: Pick<HostAccess, 'name'>): string {
  if (kind === 'kept') return keptAdvice(name);
  return `see to it with "sluice ${kind === 'drain' ? 'restore' : 'recover'} ${name}"`;
}
