import { isOver } from '../../rollout/drained-until.ts';
import type { Finding } from './findings.ts';
import { timeOn } from './host-time.ts';
import type { HostAccess, RecordEntry } from '../ports/ports.ts';
import { isOwn } from '../instance/recorded.ts';
import { advice, explain } from '../instance/entry-words.ts';
import { replacedBy } from '../instance/work.ts';

/**
 * What another run has left behind of these containers' instances; a new one must not start on top of it. `entries`
 * is the host's record; what `ownRun` has left there itself, it may go on with.
 */
export async function leftovers(
  host: HostAccess,
  names: readonly string[],
  {
    entries,
    ownRun,
    isBeforeEnding,
  }: {
    readonly entries: readonly RecordEntry[];
    readonly ownRun: string;
    /** What is over by now will be put back before anything else. */
    readonly isBeforeEnding: boolean;
  },
): Promise<Finding[]> {
  // What is kept is in the way of those only who would change it.
  const others = entries.filter((entry) => entry.kind !== 'kept' && !isOwn(entry, ownRun));
  const now = await timeOn(host, others);
  const recorded = others.filter((entry) => !isBeforeEnding || !now || !isOver(entry, now));
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
