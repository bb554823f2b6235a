import type { Report } from '../../rollout/events.ts';
import type { InstancePlan } from '../../rollout/plan.ts';
import type { InstanceEnd } from '../instance/advance.ts';

/**
 * The instances of a host that are in work beside one another. Once one does not end as it should, no further one
 * begins. One that fails a step may yet be updated in the end: until that is known, those that would begin wait.
 */
export class Beside {
  readonly #failing = new Set<InstancePlan>();
  #waiting: (() => void)[] = [];
  #isOver = false;

  /** None begins any more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Hears which steps of this instance fail. */
  hearing(instance: InstancePlan, report: Report): Report {
    return (event) => {
      if (event.type === 'step-failed') this.#failing.add(instance);
      report(event);
    };
  }

  /** `end`: undefined when it has not begun, or is not known. */
  ended(instance: InstancePlan, end: InstanceEnd | undefined): void {
    this.#failing.delete(instance);
    if (end?.state !== 'updated' || end.failure) this.#isOver = true;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const go of waiting) go();
  }

  /** Until it is known whether one more may begin. */
  async known(): Promise<void> {
    while (this.#failing.size > 0 && !this.#isOver) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}
