import type { Question } from '../../src/rollout/questions.ts';
import type { Operator } from '../../src/runner/ports/ports.ts';

/** Somebody who types what was laid out for them, and leaves the terminal after it; nobody, when nothing was. */
export class FakeOperator implements Operator {
  readonly #lines: string[] = [];
  readonly asked: string[] = [];
  /** What happens while they think, such as a Ctrl-C. */
  onAsk: () => void = () => undefined;

  get isThere(): boolean {
    return this.#lines.length > 0 || this.asked.length > 0;
  }

  types(...lines: readonly string[]): void {
    this.#lines.push(...lines);
  }

  async ask<Answer>(question: Question<Answer>, signal: AbortSignal): Promise<Answer | undefined> {
    for (;;) {
      this.asked.push(question.text);
      this.onAsk();
      const said = this.#lines.shift();
      if (said === undefined || signal.aborted) return undefined;
      const answer = question.read(said);
      if (answer !== undefined) return answer;
    }
  }
}
