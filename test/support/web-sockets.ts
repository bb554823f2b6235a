/** Web sockets of a test's own, and what becomes of each of them. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:http';
import type { Socket } from 'node:net';
import { echoesIn, frameOf } from '../../lab/load/web-socket.ts';
import { hostNamed, serverOfAddress } from './fleet.ts';

/** `going-away`: the application has said so. `cut`: nobody has. */
export type Fate = 'open' | 'going-away' | 'cut';

export interface OpenSocket {
  readonly server: string;
  /** What has become of it by now; one that is open must answer. */
  readonly fate: () => Promise<Fate>;
  /** When it ended, by the clock of `performance`. */
  readonly endedAt: () => number | undefined;
  readonly close: () => void;
}

/** Opens sockets until this server has one, and answers all. */
export async function socketsUntil(host: string, server: string): Promise<readonly OpenSocket[]> {
  const all: OpenSocket[] = [];
  do all.push(await openSocket(host));
  while (all.at(-1)?.server !== server);
  return all;
}

async function openSocket(host: string): Promise<OpenSocket> {
  const asked = request({ host: hostNamed(host).address, path: '/ws', agent: false, headers: handshake() }).end();
  const [, socket] = (await once(asked, 'upgrade')) as [unknown, Socket];
  const server = await serverOfAddress(host, asked);
  let end: { readonly atMs: number; readonly fate: Fate } | undefined;
  let isGoingAway = false;
  const over = (): void => {
    end ??= { atMs: performance.now(), fate: isGoingAway ? 'going-away' : 'cut' };
  };
  // The opcode of RFC 6455 for a close frame is 8.
  socket.on('data', (chunk: Buffer) => (isGoingAway ||= ((chunk[0] ?? 0) & 0x0f) === 8));
  socket.on('end', over).on('close', over).on('error', over);
  return {
    server,
    fate: async () => end?.fate ?? ((await answers(socket)) ? 'open' : 'cut'),
    endedAt: () => end?.atMs,
    close: () => socket.destroy(),
  };
}

async function answers(socket: Socket): Promise<boolean> {
  const answer = once(socket, 'data', { signal: AbortSignal.timeout(5_000) }) as Promise<[Buffer]>;
  socket.write(frameOf('tick'));
  return answer.then(
    ([chunk]) => echoesIn(chunk) === 1,
    () => false,
  );
}

function handshake(): Record<string, string> {
  return {
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
  };
}
