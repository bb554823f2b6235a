/** What `haproxy weights` and `haproxy exec` are told, as words of the command line. */
import { Failure } from '../errors.ts';

export interface WantedWeight {
  /** `backend/server` */
  readonly path: string;
  readonly weight: number;
}

const MOST = 256;

/** `backend/server=50`. @throws Failure `config` */
export function weightsIn(words: readonly string[]): readonly WantedWeight[] {
  return words.map((word) => {
    const [, path, number] = /^([A-Za-z0-9_.:-]+\/[A-Za-z0-9_.:-]+)=(\d{1,3})$/.exec(word) ?? [];
    const weight = Number(number);
    if (path !== undefined && weight <= MOST) return { path, weight };
    throw new Failure(
      'config',
      `Cannot set "${word}": it should be backend/server=WEIGHT, with a weight from 0 to ${MOST}`,
    );
  });
}

/** They only look. All others are taken for changes. */
const LOOKS = new Set(['show', 'get', 'help']);

/** About a connection, which ends with each command; or another process. */
const SENSELESS = new Set([
  'prompt',
  'quit',
  'operator',
  'user',
  'expert-mode',
  'experimental-mode',
  'mcli-debug-mode',
]);

/**
 * One command, and only one: nothing in it may begin a second.
 *
 * @throws Failure `config` for what is none
 */
export function commandOf(words: readonly string[]): { readonly line: string; readonly changes: boolean } {
  const line = words.join(' ').trim();
  const refuse = (why: string): Failure => new Failure('config', `Cannot send ${JSON.stringify(line)}: ${why}`);
  if (line === '') throw refuse('say a command after --, such as -- show info');
  if (/[;\u0000-\u001f\u007f]/.test(line)) throw refuse('only one command at a time, without ";" and line breaks');
  if (line.includes('<<')) throw refuse('a payload ("<<") cannot be sent');
  const [word = ''] = line.split(/\s+/);
  if (word.startsWith('@')) throw refuse('other processes are reached by the master only');
  if (SENSELESS.has(word)) throw refuse(`"${word}" is about a connection, and each command has one of its own`);
  if (/^show\s+schema\b/.test(line)) throw refuse('"show schema json" has crashed HAProxy 3.0.0');
  return { line, changes: !LOOKS.has(word) };
}
