import { Failure } from '../errors.ts';
import { prompt } from './prompt.ts';
import type { Surroundings } from './surroundings.ts';

/** What is asked once the plan is shown. */
export const GO_ON = 'Go on?';

/** To be looked for before anything is done that would be in vain. */
export function demandTerminal(question: string, { stdin }: Pick<Surroundings, 'stdin'>): void {
  if (stdin.isTTY) return;
  throw new Failure('config', `Cannot ask "${question}" without a terminal: say --yes to go on without asking`);
}

/**
 * Asks a question that only "y" or "yes" answers with yes. Without a terminal there is nobody to ask.
 *
 * @throws Failure `config` that names --yes when stdin is no terminal
 */
export async function confirm(question: string, surroundings: Surroundings): Promise<boolean> {
  const { stop } = surroundings;
  demandTerminal(question, surroundings);
  const answer = await prompt(`${question} [y/N]`, surroundings, stop.beforeNext);
  stop.beforeNext.throwIfAborted();
  return /^y(es)?$/i.test(answer ?? '');
}
