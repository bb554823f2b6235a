import { roundsOf } from '../../rollout/at-once.ts';
import type { BatchPlan, InstancePlan } from '../../rollout/plan.ts';

/** The hosts of a batch, none of which goes on to its next instance before all have ended those of the rounds before. */
export class Lockstep {
  readonly #rounds = new Map<InstancePlan, number>();
  /** What has not ended yet. */
  readonly #pending = new Set<InstancePlan>();
  #waiting: (() => void)[] = [];

  constructor({ hosts }: BatchPlan) {
    const rounds = roundsOf(hosts.map(({ instances }) => instances.map(({ instance }) => instance.container)));
    for (const [at, host] of hosts.entries()) {
      for (const [index, plan] of host.instances.entries()) {
        this.#rounds.set(plan, rounds[at]?.[index] ?? 0);
        this.#pending.add(plan);
      }
    }
  }

  /** Until the round of this instance has come. */
  async turnOf(plan: InstancePlan): Promise<void> {
    const round = this.#rounds.get(plan) ?? 0;
    while ([...this.#pending].some((one) => (this.#rounds.get(one) ?? 0) < round)) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Nobody waits for these any more: they have ended, or will not begin. */
  over(plans: readonly InstancePlan[]): void {
    for (const plan of plans) this.#pending.delete(plan);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const go of waiting) go();
  }
}
