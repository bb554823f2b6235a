import type { Duplex } from 'node:stream';
import { Failure, reasonOf } from '../../errors.ts';
import { placeName, type BalancerPlace } from '../../rollout/model.ts';
import type { Link } from '../link.ts';
import { doorOf } from './door.ts';
import { onHost, type Inside } from './inside.ts';

/** Sends one line to the runtime API over a fresh connection and resolves with the whole answer. */
export type Ask = (line: string) => Promise<string>;

const ANSWER_WITHIN_MS = 10_000;
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;

/**
 * A fresh connection for every line, because one that was opened before a reload keeps talking to the old worker.
 * Our side stays open until HAProxy has answered and closed: a half-close can interrupt its answer (`wait`).
 *
 * A master's socket stays open for more: there the empty line that ends every answer is its end.
 *
 * @throws Failure `unreachable`, also when the answer is late, torn off or too large
 */
export function askOver(
  link: Link,
  place: BalancerPlace,
  endsBy: 'closing' | 'empty line' = 'closing',
  inside: Inside = onHost,
): Ask {
  const { open } = doorOf(link, place, inside);
  return async (line) => {
    const where = `HAProxy on ${link.host} (${placeName(place)})`;
    const stream = await open();
    try {
      return await answerTo(line, stream, endsBy === 'closing' ? undefined : '\n\n');
    } catch (error) {
      if (error instanceof Failure) throw error;
      throw new Failure('unreachable', `Cannot ask ${where} to "${line}": ${reasonOf(error)}`, { cause: error });
    } finally {
      stream.destroy();
    }
  };
}

async function answerTo(line: string, stream: Duplex, end: string | undefined): Promise<string> {
  const late = AbortSignal.timeout(ANSWER_WITHIN_MS);
  const onLate = (): void => {
    stream.destroy(new Error(`no answer within ${ANSWER_WITHIN_MS / 1000} s`));
  };
  late.addEventListener('abort', onLate, { once: true });
  try {
    stream.write(`${line}\n`);
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      size += chunk.length;
      if (end !== undefined && tailOf(chunks) === end) break;
      if (size > MAX_ANSWER_BYTES) throw new Error(`the answer is larger than ${MAX_ANSWER_BYTES} bytes`);
    }
    // An answer always ends with a newline; without one HAProxy or the connection died in the middle.
    const answer = Buffer.concat(chunks).toString('utf8');
    if (!answer.endsWith('\n'))
      throw new Error(answer === '' ? 'it closed without an answer' : 'the answer is torn off');
    return answer;
  } finally {
    late.removeEventListener('abort', onLate);
  }
}

/** The last two bytes, which may have come in two pieces. */
function tailOf(chunks: readonly Buffer[]): string {
  return Buffer.concat(chunks.slice(-2)).subarray(-2).toString('latin1');
}
