import { serverPath } from '../rollout/model.ts';
import type { Finding } from './findings.ts';
import type { HostAccess, RecordEntry } from './ports.ts';

import { replacedBy } from './work.ts';

/** What an earlier run has left behind on a host; a new one must not start on top of it. */
export async function leftovers(host: HostAccess): Promise<Finding[]> {
  const recorded = (await host.record.read()).map((entry) => explain(entry));
  const containers = await host.containers.list();
  const names = new Set(containers.map(({ name }) => name));
  const strays = containers.flatMap(({ name, running }) => {
    const original = replacedBy(name);
    if (original === undefined) return [];
    if (running) return [`${name}, the old container of ${original}, still runs`];
    return names.has(original) ? [] : [`${original} is gone; its old container waits as ${name}`];
  });
  return [...recorded, ...strays].map((text) => ({
    kind: 'problem',
    host: host.name,
    text: `${text}: see to it first with "sluice restore ${host.name}"`,
  }));
}

/** One entry of a record as a sentence. */
export function explain({ kind, server, by, at, note }: RecordEntry): string {
  const why = note === '' ? '' : ` ("${note}")`;
  const what = kind === 'drain' ? 'drained' : 'left in work';
  return `${serverPath(server)} was ${what} by ${by} at ${at}${why}`;
}
