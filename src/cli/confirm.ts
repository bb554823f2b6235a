import { createInterface } from 'node:readline/promises';
import { Failure } from '../errors.ts';
import type { Surroundings } from './surroundings.ts';

/**
 * Asks a question that only "y" or "yes" answers with yes. Without a terminal there is nobody to ask.
 *
 * @throws Failure `config` that names --yes when stdin is no terminal
 */
export async function confirm(question: string, { stdin, stderr, stop }: Surroundings): Promise<boolean> {
  if (!stdin.isTTY)
    throw new Failure('config', `Cannot ask "${question}" without a terminal: say --yes to go on without asking`);
  const prompt = createInterface({ input: stdin, output: stderr });
  prompt.on('SIGINT', () => {
    stop.ask('SIGINT');
  });
  try {
    const answer = await prompt.question(`${question} [y/N] `, { signal: stop.beforeNext });
    return /^y(es)?$/i.test(answer.trim());
  } catch (error) {
    stop.beforeNext.throwIfAborted();
    // Ctrl-D: the terminal has nothing more to say, which is not a yes.
    if (error instanceof Error && error.name === 'AbortError') return false;
    throw error;
  } finally {
    prompt.close();
  }
}
