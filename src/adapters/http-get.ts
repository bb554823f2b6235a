import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as tlsConnect } from 'node:tls';
import { Failure, reasonOf } from '../errors.ts';
import type { AddressAnswer, AddressQuestion } from '../runner/ports/commands.ts';

/** Of an answer, no more than this is looked at. */
const BODY_LIMIT_BYTES = 256 * 1024;

/** A stream to a port, as seen from where the question is asked. */
export type Dial = (address: string, port: number, signal: AbortSignal) => Promise<Duplex>;

export interface HttpQuestion {
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly withinMs: number;
  /** Without it, the answer is known by its head: what comes then may never end. */
  readonly wantsBody: boolean;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** There was more of it than is looked at. */
  readonly isCut: boolean;
}

/** What an address answers, or why it does not. What is more than is looked at is no answer. */
export async function askAddress(dial: Dial, { url, headers, withinMs }: AddressQuestion): Promise<AddressAnswer> {
  try {
    const { status, body, isCut } = await httpGet(dial, { url: new URL(url), headers, withinMs, wantsBody: true });
    return isCut ? { why: `answers with more than ${BODY_LIMIT_BYTES / 1024} KB` } : { status, body };
  } catch (error) {
    if (error instanceof Failure && error.code === 'unreachable') throw error;
    return { why: `cannot be asked: ${whyNot(error)}` };
  }
}

/** Of a name with several addresses each may refuse, and none of it is in the message. */
function whyNot(error: unknown): string {
  return error instanceof AggregateError ? error.errors.map(reasonOf).join(', ') : reasonOf(error);
}

/** One GET over a connection of its own, which is closed then. A redirection is an answer like any other. */
export async function httpGet(dial: Dial, question: HttpQuestion): Promise<HttpAnswer> {
  const { url, withinMs } = question;
  const signal = AbortSignal.timeout(withinMs);
  const address = url.hostname.replace(/^\[|\]$/g, '');
  const isSecure = url.protocol === 'https:';
  const port = Number(url.port === '' ? (isSecure ? 443 : 80) : url.port);
  let stream: Duplex | undefined;
  try {
    stream = await inTime(dial(address, port, signal), signal);
    return await answerOf(isSecure ? securedTo(address, stream) : stream, question, signal);
  } catch (error) {
    throw signal.aborted ? new Error(`no answer within ${withinMs / 1000} s`, { cause: error }) : error;
  } finally {
    stream?.destroy();
  }
}

/** A dial that heeds no signal goes on by itself; what comes of it then is closed. */
function inTime(dialling: Promise<Duplex>, signal: AbortSignal): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const late = (): void => {
      reject(new Error('aborted', { cause: signal.reason }));
    };
    signal.addEventListener('abort', late, { once: true });
    dialling.then((stream) => {
      signal.removeEventListener('abort', late);
      if (signal.aborted) stream.destroy();
      else resolve(stream);
    }, reject);
  });
}

/** A certificate is of a name, or of an address, which is no name to ask for (RFC 6066, section 3). */
function securedTo(address: string, stream: Duplex): Duplex {
  const secured = tlsConnect({ socket: stream, host: address, ...(isIP(address) === 0 && { servername: address }) });
  // What it says once the answer is there is of no interest any more.
  return secured.on('error', () => undefined);
}

function answerOf(stream: Duplex, { url, headers, wantsBody }: HttpQuestion, signal: AbortSignal): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({
      method: 'GET',
      path: `${url.pathname}${url.search}`,
      headers: { host: url.host, 'user-agent': 'sluice', connection: 'close', ...headers },
      createConnection: () => stream,
      signal,
    });
    request.on('response', (response) => {
      const { statusCode: status = 0, headers: told } = response;
      if (!wantsBody) {
        response.resume().on('error', () => undefined);
        resolve({ status, headers: told, body: '', isCut: false });
        return;
      }
      const chunks: Buffer[] = [];
      let bytes = 0;
      const done = (): void => {
        const whole = Buffer.concat(chunks);
        const isCut = whole.length > BODY_LIMIT_BYTES;
        resolve({ status, headers: told, body: whole.subarray(0, BODY_LIMIT_BYTES).toString('utf8'), isCut });
      };
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        bytes += chunk.length;
        if (bytes > BODY_LIMIT_BYTES) done();
      });
      response.on('end', done).on('error', reject);
    });
    request.on('error', reject);
    request.end();
  });
}
