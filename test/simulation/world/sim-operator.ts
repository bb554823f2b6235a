import type { Question } from '../../../src/rollout/questions.ts';
import type { Operator } from '../../../src/runner/ports/ports.ts';
import { Random } from '../random.ts';
import type { Controller } from './controller.ts';

const WORDS = ['y', 'n', 'all', '5s', 'go on', 'go on', 'roll back', 'stop', 'what?'] as const;
const THINKS_MS = [300, 3_000, 60_000] as const;

/** Whoever sits at the terminal of a controller: thinks, and types what the seed decides, or goes away. */
export class SimOperator implements Operator {
  readonly isThere: boolean;
  readonly #controller: Controller;
  readonly #random: Random;

  constructor(controller: Controller) {
    this.#controller = controller;
    this.#random = new Random(controller.world.setting.seed, `operator of ${controller.name}`);
    this.isThere = this.#random.chance(0.85);
  }

  async ask<Answer>(question: Question<Answer>, signal: AbortSignal): Promise<Answer | undefined> {
    const { clock, answers } = this.#controller;
    await clock.sleep(this.#random.pick(THINKS_MS), signal);
    if (signal.aborted) return undefined;
    const answer = this.#random.chance(0.1) ? undefined : this.#typed(question);
    answers.push(answer === undefined ? 'nothing' : question.tell(answer));
    return answer;
  }

  #typed<Answer>(question: Question<Answer>): Answer {
    for (;;) {
      const answer = question.read(this.#random.pick(WORDS));
      if (answer !== undefined) return answer;
    }
  }
}
