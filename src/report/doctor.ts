import { count } from '../rollout/count.ts';
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

/** One socket of an HAProxy on a host. */
export interface FoundSocket {
  /** The path, as HAProxy has it, or the address. */
  readonly socket: string;
  /** The name of the container that HAProxy runs in. */
  readonly container: string | undefined;
  readonly kind: 'stats' | 'master';
  /** What it answers; undefined where it was not asked, or has not answered. */
  readonly version: string | undefined;
  /** As it answers, or else as it is declared. */
  readonly level: string;
  /** Of a master's. */
  readonly workers: number | undefined;
  /** The id of the process on the host, and what says that it has this socket. */
  readonly pid: number;
  readonly from: string;
  /** Whether a playbook that is given the same, or nothing, uses it. */
  readonly isUsed: boolean;
  /** Why it is not to be used; undefined: it is. */
  readonly problem: string | undefined;
}

export interface Examined {
  readonly host: string;
  readonly facts: readonly Fact[];
}

/** How it stands, in a line. */
export function socketText(found: FoundSocket): string {
  const { socket, container, kind, version, level, workers, pid, from, isUsed, problem } = found;
  const master = workers === undefined ? 'a master' : `the master of ${count(workers, 'worker')}`;
  return [
    container === undefined ? socket : `${container}:${socket}`,
    ...(kind === 'master' ? [master] : []),
    ...(version === undefined ? [] : [version]),
    `level ${level}`,
    `by ${from} of process ${pid}`,
    ...(isUsed ? ['used'] : []),
    ...(problem === undefined ? [] : [problem]),
  ].join(', ');
}

/** A line for each fact; what is wrong comes last. */
export function doctorText(hosts: readonly Examined[], paint: Paint): string[] {
  const rows = hosts.flatMap(({ host, facts }) =>
    facts.filter(({ found }) => found !== '').map(({ name, found }) => [host, name, found]),
  );
  const problems = hosts.flatMap(({ facts }) => facts.flatMap(({ problem }) => problem ?? []));
  return [...columns(rows), ...problems.map((problem) => paint('bad', `problem: ${problem}`))];
}
