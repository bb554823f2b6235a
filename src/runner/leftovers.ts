import { drainedText, isOver } from '../rollout/drained-until.ts';
import { serverPath } from '../rollout/model.ts';
import type { Finding } from './findings.ts';
import { timeOn } from './host-time.ts';
import type { HostAccess, RecordEntry } from './ports.ts';
import { isOwn } from './recorded.ts';
import { replacedBy } from './work.ts';

/**
 * What another run has left behind of these containers' instances; a new one must not start on top of it. `entries`
 * is the host's record; what `ownRun` has left there itself, it may go on with.
 */
export async function leftovers(
  host: HostAccess,
  names: readonly string[],
  { entries, ownRun }: { readonly entries: readonly RecordEntry[]; readonly ownRun: string },
): Promise<Finding[]> {
  const others = entries.filter((entry) => !isOwn(entry, ownRun));
  const now = await timeOn(host, others);
  const recorded = others.filter((entry) => !now || !isOver(entry, now));
  const over = others.filter((entry) => !recorded.includes(entry));
  const problems = recorded.map((entry) => `${explain(entry, now)}: ${advice(entry, host)}`);
  const containers = await host.containers.list();
  const present = new Set(containers.map(({ name }) => name));
  const known = new Set(entries.map(({ aside }) => aside));
  const strays = containers.flatMap(({ name, running }) => {
    const original = replacedBy(name);
    if (original === undefined || !names.includes(original) || known.has(name)) return [];
    if (running)
      return [
        `${name}, an old container of ${original}, still runs: see that no server sends requests to it, then stop and remove it`,
      ];
    return present.has(original)
      ? []
      : [`${original} is gone and its old container waits as ${name}: rename it back, or remove it`];
  });
  return [
    ...[...problems, ...strays].map((text): Finding => ({ kind: 'problem', host: host.name, text })),
    ...over.map((entry): Finding => {
      const text = `${explain(entry, now)}: a rollout puts it back first`;
      return { kind: 'warning', host: host.name, text };
    }),
  ];
}

/** One entry of a record as a sentence. `now`: what the clock of its host shows, where the entry has an end. */
export function explain(entry: RecordEntry, now?: Date): string {
  const { kind, server, by, at, note, until } = entry;
  if (until !== undefined && now) return `${serverPath(server)} is ${drainedText(entry, now)}`;
  const why = note === '' ? '' : ` ("${note}")`;
  const what = kind === 'drain' ? 'drained' : kind === 'maintain' ? 'taken out for maintenance' : 'left in work';
  return `${serverPath(server)} was ${what} by ${by} at ${at}${why}`;
}

/** What puts an entry right. */
export function advice({ kind }: Pick<RecordEntry, 'kind'>, { name }: Pick<HostAccess, 'name'>): string {
  return `see to it with "sluice ${kind === 'drain' ? 'restore' : 'recover'} ${name}"`;
}
