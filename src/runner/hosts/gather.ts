import type { LimitFunction } from 'p-limit';
import { Failure } from '../../errors.ts';
import type { FoundLock } from '../../rollout/lock.ts';
import type { Holding } from './hold.ts';
import type { Clock } from '../ports/ports.ts';

/** A host that somebody else holds. */
export interface Conflict {
  readonly host: string;
  readonly found: FoundLock;
}

/** What one attempt at all hosts came to. Nothing is held unless all are. */
export interface Gathered {
  readonly held: ReadonlyMap<string, Holding>;
  readonly conflicts: readonly Conflict[];
  readonly failures: readonly { readonly host: string; readonly failure: Failure }[];
}

/** Undefined: the run goes without this host. */
export type Take = (name: string) => Promise<Holding | Conflict | undefined>;

interface GatherContext {
  readonly clock: Clock;
  readonly limit: LimitFunction;
  readonly random: () => number;
  readonly stop: { readonly beforeNext: AbortSignal };
}

/** Before the second attempt, in milliseconds, at most: runs that met must not meet again. */
const APART_MS = 250;

/**
 * Takes all hosts at once, or else, when somebody is in the way, lets go of all and takes them one by one in the order
 * of their names: of several runs that met in the middle, the one that has the first host they share goes through.
 */
export async function gather(hosts: readonly string[], take: Take, context: GatherContext): Promise<Gathered> {
  const { clock, random, stop } = context;
  const first = await sideBySide(hosts, take, context);
  if (first.conflicts.length === 0 || first.failures.length > 0) return first;
  if (!first.conflicts.some(({ found }) => found.state === 'live')) return first;
  await clock.sleep(APART_MS * random(), stop.beforeNext);
  const second = await inOrder(hosts, take);
  if (second.failures.length + second.conflicts.length === 0) return second;
  // The first one has met all that are in the way, the second only one.
  const met = new Set(second.conflicts.map(({ host }) => host));
  const conflicts = [...first.conflicts.filter(({ host }) => !met.has(host)), ...second.conflicts];
  return { ...second, conflicts: conflicts.toSorted((one, other) => (one.host < other.host ? -1 : 1)) };
}

async function sideBySide(hosts: readonly string[], take: Take, { limit }: GatherContext): Promise<Gathered> {
  const attempt = new Attempt();
  const settled = await Promise.allSettled(hosts.map((name) => limit(() => attempt.add(name, take))));
  const bug = settled.find((result) => result.status === 'rejected');
  return attempt.end(bug);
}

async function inOrder(hosts: readonly string[], take: Take): Promise<Gathered> {
  const attempt = new Attempt();
  for (const name of hosts) {
    const [settled] = await Promise.allSettled([attempt.add(name, take)]);
    if (settled.status === 'rejected') return attempt.end(settled);
    if (!attempt.isWhole) break;
  }
  return attempt.end(undefined);
}

class Attempt {
  readonly #held = new Map<string, Holding>();
  readonly #conflicts: Conflict[] = [];
  readonly #failures: { readonly host: string; readonly failure: Failure }[] = [];

  get isWhole(): boolean {
    return this.#conflicts.length + this.#failures.length === 0;
  }

  async add(host: string, take: Take): Promise<void> {
    try {
      const taken = await take(host);
      if (!taken) return;
      if ('found' in taken) this.#conflicts.push(taken);
      else this.#held.set(host, taken);
    } catch (failure) {
      if (!(failure instanceof Failure)) throw failure;
      this.#failures.push({ host, failure });
    }
  }

  /** Lets go of everything unless everything is there. */
  async end(bug: PromiseRejectedResult | undefined): Promise<Gathered> {
    if (this.isWhole && !bug) return { held: this.#held, conflicts: [], failures: [] };
    // What cannot be let go of is found dead by the next one; what matters is why we let go.
    await Promise.allSettled([...this.#held.values()].map((host) => host.release()));
    if (bug) throw bug.reason;
    return { held: new Map(), conflicts: this.#conflicts, failures: this.#failures };
  }
}
