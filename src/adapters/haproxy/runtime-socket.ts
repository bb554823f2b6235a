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
/** What a socket in prompt mode says when it waits for the next line (management guide, "prompt"). */
const PROMPT = '\n> ';

/** What makes one. */
const SOCKET_LINE = '"stats socket … level admin" in its section "global"';

interface Asking {
  /** How an answer ends: a master's socket stays open for more, and the empty line that ends every answer is its end. */
  readonly endsBy?: 'closing' | 'empty line';
  readonly inside?: Inside;
  /** Milliseconds. */
  readonly withinMs?: number;
}

/**
 * A fresh connection for every line, because one that was opened before a reload keeps talking to the old worker.
 * Our side stays open until HAProxy has answered and closed: a half-close can interrupt its answer (`wait`).
 *
 * @throws Failure `late`; `unreachable`, also when the answer is torn off or too large; `haproxy` when what answers is no
 * runtime API, or is one in prompt mode
 */
export function askOver(
  link: Link,
  place: BalancerPlace,
  { endsBy = 'closing', inside = onHost, withinMs = ANSWER_WITHIN_MS }: Asking = {},
): Ask {
  const { open } = doorOf(link, place, inside);
  return async (line) => {
    const where = `HAProxy on ${link.host} (${placeName(place)})`;
    const stream = await open();
    try {
      return await answerTo(line, stream, { end: endsBy === 'closing' ? undefined : '\n\n', withinMs });
    } catch (error) {
      if (error instanceof Failure) throw error;
      const code = error instanceof NotRuntimeApi ? 'haproxy' : error instanceof Late ? 'late' : 'unreachable';
      throw new Failure(code, `Cannot ask ${where} to "${line}": ${reasonOf(error)}`, { cause: error });
    } finally {
      stream.destroy();
    }
  };
}

/** To ask again would not help. */
class NotRuntimeApi extends Error {}

class Late extends Error {}

interface Ending {
  readonly end: string | undefined;
  readonly withinMs: number;
}

async function answerTo(line: string, stream: Duplex, { end, withinMs }: Ending): Promise<string> {
  const late = AbortSignal.timeout(withinMs);
  const chunks: Buffer[] = [];
  const onLate = (): void => {
    stream.destroy(whyLate(chunks, withinMs));
  };
  late.addEventListener('abort', onLate, { once: true });
  try {
    stream.write(`${line}\n`);
    let size = 0;
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      size += chunk.length;
      if (end !== undefined && tailOf(chunks, end.length) === end) break;
      if (size > MAX_ANSWER_BYTES) throw new Error(`the answer is larger than ${MAX_ANSWER_BYTES} bytes`);
    }
    // An answer always ends with a newline; without one HAProxy or the connection died in the middle.
    const answer = Buffer.concat(chunks).toString('utf8');
    if (answer.startsWith('HTTP/1.')) throw new NotRuntimeApi(`it speaks HTTP, and is no runtime API (${SOCKET_LINE})`);
    if (!answer.endsWith('\n'))
      throw new Error(answer === '' ? 'it closed without an answer' : 'the answer is torn off');
    return answer;
  } finally {
    late.removeEventListener('abort', onLate);
  }
}

function whyLate(chunks: readonly Buffer[], withinMs: number): Error {
  if (tailOf(chunks, PROMPT.length) === PROMPT) {
    return new NotRuntimeApi(
      'it is in prompt mode, and waits for more: name the socket itself, not what holds it open',
    );
  }
  const why = `no answer within ${withinMs / 1000} s`;
  // It takes so many at once (`stats maxconn`, 10); others wait, and hear nothing.
  return new Late(chunks.length > 0 ? why : `${why}: it hangs, or others hold all the connections that it takes`);
}

/** The last bytes, which may have come in as many pieces. */
function tailOf(chunks: readonly Buffer[], bytes: number): string {
  return Buffer.concat(chunks.slice(-bytes)).subarray(-bytes).toString('latin1');
}
