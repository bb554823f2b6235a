import { createInterface, type Interface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import type { Surroundings } from './surroundings.ts';

/**
 * Puts a question to the terminal; Ctrl-C at it stops the run as it does elsewhere.
 *
 * @returns what was typed, or undefined at the end of input (Ctrl-D) and once `signal` aborts
 */
export async function prompt(
  question: string,
  surroundings: Surroundings,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { stdin: input, stderr: output } = surroundings;
  const answer = await answerOf(createInterface({ input, output }), `${question} `, { surroundings, signal });
  return answer?.trim();
}

/** The same, but what is typed is not shown. */
export async function promptSecret(
  question: string,
  surroundings: Surroundings,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { stdin: input, stderr } = surroundings;
  const output = new Writable({
    write(_chunk, _encoding, done) {
      done();
    },
  });
  stderr.write(`${question} `);
  try {
    return await answerOf(createInterface({ input, output, terminal: true }), '', { surroundings, signal });
  } finally {
    stderr.write('\n');
  }
}

interface Asking {
  readonly surroundings: Surroundings;
  readonly signal: AbortSignal;
}

async function answerOf(
  terminal: Interface,
  question: string,
  { surroundings: { stop }, signal }: Asking,
): Promise<string | undefined> {
  terminal.on('SIGINT', () => {
    stop.ask('SIGINT');
  });
  try {
    return await terminal.question(question, { signal });
  } catch (error) {
    if (signal.aborted || (error instanceof Error && error.name === 'AbortError')) return undefined;
    throw error;
  } finally {
    terminal.close();
  }
}
