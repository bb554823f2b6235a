import { columns } from './columns.ts';
import type { Paint } from './paint.ts';

/** One thing that was looked at on a host. */
export interface Fact {
  /** `login`, `docker` … */
  readonly name: string;
  /** As found; empty when that could not be seen. */
  readonly found: string;
  /** What is wrong, and what to do; undefined: nothing. */
  readonly problem: string | undefined;
}

export interface Examined {
  readonly host: string;
  readonly facts: readonly Fact[];
}

/** A line for each fact; what is wrong comes last. */
export function doctorText(hosts: readonly Examined[], paint: Paint): string[] {
  const rows = hosts.flatMap(({ host, facts }) =>
    facts.filter(({ found }) => found !== '').map(({ name, found }) => [host, name, found]),
  );
  const problems = hosts.flatMap(({ facts }) => facts.flatMap(({ problem }) => problem ?? []));
  return [...columns(rows), ...problems.map((problem) => paint('bad', `problem: ${problem}`))];
}
