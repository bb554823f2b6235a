import { Agent, request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { Outcome } from './tally.ts';

/** Where the load goes. */
export interface LoadTarget {
  readonly name: string;
  readonly address: string;
}

export interface RequestKind {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: Buffer;
}

const timeoutMs = 20_000;

/** A body of several packets, so that a connection can break in the middle of it. */
export const kinds = {
  get: { method: 'GET', path: '/' },
  post: { method: 'POST', path: '/echo', body: Buffer.alloc(8 * 1024, 'x') },
  slow: { method: 'GET', path: '/slow?ms=1000' },
} as const satisfies Record<string, RequestKind>;

export function keepAliveAgent(): Agent {
  return new Agent({ keepAlive: true, maxSockets: 1 });
}

/** Sends one request, once, and answers how it ended. Without an agent it has a connection of its own. */
export async function send(target: LoadTarget, kind: RequestKind, agent?: Agent): Promise<Outcome> {
  const beganAt = performance.now();
  const name = `${kind.method} ${kind.path}${agent === undefined ? ' (fresh)' : ''}`;
  return await new Promise((resolve) => {
    const settle = (result: Pick<Outcome, 'status' | 'version' | 'error'>): void => {
      resolve({ host: target.name, request: name, latencyMs: performance.now() - beganAt, ...result });
    };
    const asked = request({
      host: target.address,
      port: 80,
      method: kind.method,
      path: kind.path,
      agent: agent ?? false,
      signal: AbortSignal.timeout(timeoutMs),
    });
    asked.on('error', (error) => {
      settle({ error: reasonOf(error) });
    });
    asked.on('response', (answer) => {
      answer.on('error', (error) => {
        settle({ error: `in the answer: ${reasonOf(error)}`, ...headOf(answer) });
      });
      answer.on('end', () => {
        settle(answer.complete ? headOf(answer) : { error: 'answer cut off', ...headOf(answer) });
      });
      answer.resume();
    });
    asked.end(kind.body);
  });
}

function headOf(answer: IncomingMessage): Pick<Outcome, 'status' | 'version'> {
  const version = answer.headers['x-app-version'];
  return { status: answer.statusCode, version: typeof version === 'string' ? version : undefined };
}

/** Node's code where there is one: it does not contain ports, so equal failures are counted together. */
export function reasonOf(error: Error): string {
  if (error.name === 'AbortError' || error.name === 'TimeoutError') return `no answer within ${timeoutMs} ms`;
  return (error as NodeJS.ErrnoException).code ?? error.message;
}
