import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { reasonOf } from './request.ts';
import type { LoadTarget } from './request.ts';
import type { Outcome, Tally } from './tally.ts';

const messageEveryMs = 200;
const reconnectAfterMs = 100;
const handshakeWithinMs = 20_000;

/** Keeps one WebSocket open until `signal`: the handshake counts as a request, what follows as long-lived. */
export async function talk(target: LoadTarget, tally: Tally, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const socket = connect(80, target.address);
    const beganAt = performance.now();
    const closed = once(socket, 'close').catch(() => undefined);
    const result = await shakeHands(socket, target);
    tally.add({ host: target.name, request: 'GET /ws', latencyMs: performance.now() - beganAt, ...result });
    if (result.status === 101) await exchange(socket, tally, signal);
    socket.destroy();
    await closed;
    await sleep(reconnectAfterMs, undefined, { signal }).catch(() => undefined);
  }
}

async function shakeHands(socket: Socket, target: LoadTarget): Promise<Pick<Outcome, 'status' | 'version' | 'error'>> {
  const lines = [
    'GET /ws HTTP/1.1',
    `Host: ${target.address}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
  ];
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  return await new Promise((resolve) => {
    let head = '';
    socket.setTimeout(handshakeWithinMs, () => {
      resolve({ error: `no answer within ${handshakeWithinMs} ms` });
    });
    socket.on('error', (error) => {
      resolve({ error: reasonOf(error) });
    });
    socket.on('close', () => {
      resolve({ error: 'answer cut off' });
    });
    socket.on('data', (chunk) => {
      head += chunk.toString('latin1');
      if (!head.includes('\r\n\r\n')) return;
      socket.removeAllListeners('data');
      socket.setTimeout(0);
      resolve({ status: Number(head.slice(9, 12)), version: /^x-app-version: (.*)$/im.exec(head)?.[1]?.trim() });
    });
  });
}

/** Sends a text now and then and counts the echoes, until either side ends it. */
async function exchange(socket: Socket, tally: Tally, signal: AbortSignal): Promise<void> {
  const { longLived } = tally;
  longLived.opened += 1;
  const ended = new AbortController();
  const end = (): void => {
    ended.abort();
  };
  const either = AbortSignal.any([signal, ended.signal]);
  socket.on('close', end);
  socket.on('end', end);
  socket.on('data', (chunk) => {
    longLived.messages += echoesIn(chunk);
  });
  while (!either.aborted) {
    socket.write(frameOf('tick'));
    await sleep(messageEveryMs, undefined, { signal: either }).catch(() => undefined);
  }
  if (!signal.aborted) longLived.closedByOtherSide += 1;
}

/** A masked text frame, as RFC 6455 wants it from clients. */
export function frameOf(message: string): Buffer {
  const mask = randomBytes(4);
  const bytes = Buffer.from(message).map((byte, index) => byte ^ (mask[index % 4] ?? 0));
  return Buffer.concat([Buffer.from([0x81, 0x80 | bytes.length]), mask, bytes]);
}

/** Text frames in a chunk. Ours are of a few bytes, so that a chunk has whole frames. */
export function echoesIn(chunk: Buffer): number {
  let echoes = 0;
  for (let at = 0; at + 1 < chunk.length; at += 2 + ((chunk[at + 1] ?? 0) & 0x7f)) {
    if (((chunk[at] ?? 0) & 0x0f) === 1) echoes += 1;
  }
  return echoes;
}
