/** What an HAProxy was asked, and has answered, in order; kept as text, an empty line after each answer. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Ask } from '../../../../src/adapters/haproxy/runtime-socket.ts';

export interface Exchange {
  readonly asked: string;
  readonly answer: string;
}

const FOLDER = join(import.meta.dirname, 'answers');
/** What begins a question: no answer of HAProxy has such a line. */
const MARK = '>>> ';

export function fileOf(version: string): string {
  return join(FOLDER, `${version}.txt`);
}

export function recordedVersions(): readonly string[] {
  return readdirSync(FOLDER).map((file) => file.replace(/\.txt$/, ''));
}

export function textOf(exchanges: readonly Exchange[]): string {
  return exchanges.map(({ asked, answer }) => `${MARK}${asked}\n${answer}`).join('');
}

export function recordingOf(version: string): readonly Exchange[] {
  const [, ...blocks] = `\n${readFileSync(fileOf(version), 'utf8')}`.split(`\n${MARK}`);
  return blocks.map((block, index) => {
    const end = block.indexOf('\n');
    // What was taken for the mark's own line was the end of the answer before.
    const answer = block.slice(end + 1) + (index < blocks.length - 1 ? '\n' : '');
    return { asked: block.slice(0, end), answer };
  });
}

/** Answers as it was recorded, to the same questions in the same order. */
export function replayOf(exchanges: readonly Exchange[]): Ask {
  let next = 0;
  return async (line) => {
    const exchange = exchanges[next++];
    if (exchange?.asked !== line)
      throw new Error(`asked "${line}", and recorded is "${exchange?.asked ?? 'the end'}": record it again`);
    return exchange.answer;
  };
}

/** Keeps what is asked and answered in `exchanges`. */
export function keeping(ask: Ask, exchanges: Exchange[]): Ask {
  return async (line) => {
    const answer = await ask(line);
    exchanges.push({ asked: line, answer });
    return answer;
  };
}
