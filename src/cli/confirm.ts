import { Failure } from '../errors.ts';
import { prompt } from './prompt.ts';
import type { Surroundings } from './surroundings.ts';

/**
 * Asks a question that only "y" or "yes" answers with yes. Without a terminal there is nobody to ask.
 *
 * @throws Failure `config` that names --yes when stdin is no terminal
 */
export async function confirm(question: string, surroundings: Surroundings): Promise<boolean> {
  const { stdin, stop } = surroundings;
  if (!stdin.isTTY)
    throw new Failure('config', `Cannot ask "${question}" without a terminal: say --yes to go on without asking`);
  const answer = await prompt(`${question} [y/N]`, surroundings, stop.beforeNext);
  stop.beforeNext.throwIfAborted();
  return /^y(es)?$/i.test(answer ?? '');
}
