/** How much of a play may be in work at the same time, beside the size of its batches. */
export interface AtOnce {
  /** Instances of one host. */
  readonly perHost: number;
  /** Instances over all hosts; undefined: as many as its hosts have. */
  readonly inAll: number | undefined;
  /** Hosts in work, where the next one begins as soon as one has ended; undefined: batch after batch. */
  readonly window: number | undefined;
  /** No host of a batch goes on to its next app before all of them have ended the one before. */
  readonly isLockstep: boolean;
}

export const oneByOne: AtOnce = { perHost: 1, inAll: undefined, window: undefined, isLockstep: false };

/**
 * The most that hosts can have away at one moment. `hosts`: what each instance of each host takes away. With a limit on
 * both hosts and instances it is the smaller of what either allows.
 */
export function mostAway(hosts: readonly (readonly number[])[], { perHost, inAll, window }: AtOnce): number {
  const largest = hosts.map((instances) => top(instances, perHost));
  const byHosts = sum(top(largest.map(sum), window ?? hosts.length));
  return inAll === undefined ? byHosts : Math.min(byHosts, sum(top(largest.flat(), inAll)));
}

function top(numbers: readonly number[], count: number): readonly number[] {
  return numbers.toSorted((one, other) => other - one).slice(0, count);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all + one, 0);
}

/**
 * The rounds of hosts in lockstep: for each host the number of the round of each of its instances. Containers of one name
 * are in one round, in the order in which the names appear; along each host rounds never fall, so that no two hosts ever
 * wait for one another.
 */
export function roundsOf(hosts: readonly (readonly string[])[]): readonly (readonly number[])[] {
  const names = [...new Set(hosts.flat())];
  return hosts.map((own) => {
    let last = 0;
    return own.map((name) => (last = Math.max(last, names.indexOf(name))));
  });
}
