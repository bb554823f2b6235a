/** An Engine in this process, whose answers a test writes down. Made anew for each test. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { afterEach, beforeEach } from 'vitest';
import { EngineContainers } from '../../../src/adapters/docker/containers.ts';
import type { Link } from '../../../src/adapters/link.ts';
import type { Logins } from '../../../src/adapters/login.ts';
import { Failure } from '../../../src/errors.ts';

export type Answer = (response: ServerResponse, request: IncomingMessage) => void;

export const json =
  (status: number, body: unknown): Answer =>
  (response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };

let folder: string;
export let server: Server;
/** By request line, such as `GET /version`. */
export let answers: Record<string, Answer>;
/** The request lines, in their order. */
export let asked: string[];
/** The connections of the clients. */
export const sockets = new Set<Socket>();

/** To be said once at the top of a file of tests. */
export function serveEngine(): void {
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sluice-docker-'));
    asked = [];
    answers = { 'GET /version': json(200, { Version: '20.10.24', ApiVersion: '1.41', MinAPIVersion: '1.12' }) };
    server = createServer((request, response) => {
      const line = `${request.method ?? ''} ${request.url ?? ''}`;
      asked.push(line);
      const answer = answers[line] ?? json(404, { message: `no answer to ${line}` });
      answer(response, request);
    });
    server.listen(join(folder, 'docker.sock'));
    await once(server, 'listening');
  });

  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
    server.close();
    await rm(folder, { recursive: true });
  });
}

export function containers(changes: Partial<Link> = {}): EngineContainers {
  return containersWith({}, changes);
}

export function containersWith(
  options: { readonly logins?: Logins; readonly registryWithinMs?: number },
  changes: Partial<Link> = {},
): EngineContainers {
  const openSocket = async (path: string): Promise<Duplex> => {
    const socket = connect(path);
    sockets.add(socket);
    await once(socket, 'connect');
    return socket;
  };
  const link = { host: 'fe1', openSocket, ...changes } as Link;
  return new EngineContainers(link, { socket: join(folder, 'docker.sock'), againAfterMs: [0, 0], ...options });
}

export async function failureOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof Failure)) throw new Error('was expected to fail with a Failure', { cause: error });
  return `${error.code}: ${error.message}`;
}
