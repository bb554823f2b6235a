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
  const terminal = createInterface({ input, output });
  try {
    const answer = await answerOf(terminal, `${question} `, { surroundings, signal });
    return answer?.trim();
  } finally {
    terminal.close();
  }
}

interface Asking {
  readonly surroundings: Surroundings;
  readonly signal: AbortSignal;
}

/**
 * The same, but what is typed is not shown, also while `judge` looks at the answer: whoever mistrusts theirs may type
 * another before they are asked.
 *
 * @returns what `judge` makes of it
 */
export async function promptSecret<T>(
  question: string,
  asking: Asking,
  judge: (answer: string | undefined) => T,
): Promise<T> {
  const { stdin: input, stderr } = asking.surroundings;
  const output = new Writable({
    write(_chunk, _encoding, done) {
      done();
    },
  });
  const terminal = createInterface({ input, output, terminal: true });
  stderr.write(`${question} `);
  try {
    const answer = await answerOf(terminal, '', asking);
    if (!asking.signal.aborted) stderr.write('\n');
    return judge(answer);
  } finally {
    terminal.close();
  }
}

async function answerOf(
  terminal: Interface,
  question: string,
  { surroundings: { stderr, stop }, signal }: Asking,
): Promise<string | undefined> {
  terminal.on('SIGINT', () => {
    // What is said to it begins on a line of its own.
    stderr.write('\n');
    stop.ask('SIGINT');
  });
  try {
    return await terminal.question(question, { signal });
  } catch (error) {
    if (signal.aborted || (error instanceof Error && error.name === 'AbortError')) return undefined;
    throw error;
  }
}
