import { createInterface } from 'node:readline/promises';
import type { Surroundings } from './surroundings.ts';

/**
 * Puts a question to the terminal; Ctrl-C at it stops the run as it does elsewhere.
 *
 * @returns what was typed, or undefined at the end of input (Ctrl-D) and once `signal` aborts
 */
export async function prompt(
  question: string,
  { stdin, stderr, stop }: Surroundings,
  signal: AbortSignal,
): Promise<string | undefined> {
  const terminal = createInterface({ input: stdin, output: stderr });
  terminal.on('SIGINT', () => {
    stop.ask('SIGINT');
  });
  try {
    return (await terminal.question(`${question} `, { signal })).trim();
  } catch (error) {
    if (signal.aborted || (error instanceof Error && error.name === 'AbortError')) return undefined;
    throw error;
  } finally {
    terminal.close();
  }
}
