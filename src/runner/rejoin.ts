import { Failure } from '../errors.ts';
import type { HeldHost, HeldHosts } from './held-hosts.ts';
import type { LostBalancers } from './lost-balancers.ts';
import { isPassing } from './poll.ts';
import type { RecordEntry } from './ports.ts';
import { putBackAll } from './put-back-all.ts';
import { isOwn } from './recorded.ts';
import type { RunContext } from './rollout.ts';

/** Between two attempts to reach an HAProxy that was lost, in milliseconds: an attempt may take as long as that. */
const AGAIN_AFTER_MS = 10_000;

/**
 * Brings HAProxys back into a run that were lost on its way, as soon as they answer again: what the run has recorded
 * there of instances that are not in work any more is put back. One that was lost before the run had locked its host
 * stays out.
 */
export class Rejoin {
  readonly #lost: LostBalancers;
  readonly #held: HeldHosts;
  readonly #context: RunContext;
  #under: Promise<void> = Promise.resolve();
  #notBefore = 0;

  constructor(lost: LostBalancers, held: HeldHosts, context: RunContext) {
    this.#lost = lost;
    this.#held = held;
    this.#context = context;
  }

  /** Before each instance, whoever has it in work: one looks for all. */
  readonly ifBack = (): Promise<void> => {
    if (this.#lost.hosts.length === 0) return Promise.resolve();
    if (this.#context.clock.now() >= this.#notBefore) {
      this.#notBefore = this.#context.clock.now() + AGAIN_AFTER_MS;
      this.#under = this.#look();
    }
    return this.#under;
  };

  /** When nothing is in work any more. */
  readonly atTheEnd = async (): Promise<void> => {
    await this.#under;
    if (this.#left().length > 0) await this.#look();
  };

  async #look(): Promise<void> {
    for (const host of this.#lost.hosts) if (await this.#answers(host)) this.#lost.isBack(host);
    for (const { held, entries } of this.#left()) {
      const near = entries.filter(({ server }) => !this.#lost.hosts.includes(server.balancer.host));
      if (near.length > 0) await putBackAll(held, near, this.#context);
    }
  }

  async #answers(host: string): Promise<boolean> {
    const held = this.#held.all.find(({ access }) => access.name === host);
    const at = this.#lost.balancersOn(host);
    if (!held) return false;
    try {
      await held.keep();
      await Promise.all(at.map((one) => held.access.balancer(one).facts()));
      return true;
    } catch (error) {
      if (error instanceof Failure && (isPassing(error) || error.code === 'locked')) return false;
      throw error;
    }
  }

  /** What was left recorded where its instance has ended: there is no other entry of it. */
  #left(): readonly { readonly held: HeldHost; readonly entries: readonly RecordEntry[] }[] {
    const { run } = this.#context.identity;
    return this.#held.all.flatMap((held) => {
      const own = held.undo.entries.filter((entry) => isOwn(entry, run));
      const wasLost = ({ server }: RecordEntry): boolean => this.#lost.wereLost.has(server.balancer.host);
      const entries = own.filter(
        (entry) => wasLost(entry) && !own.some((one) => one.container === entry.container && !wasLost(one)),
      );
      return entries.length === 0 ? [] : [{ held, entries }];
    });
  }
}
