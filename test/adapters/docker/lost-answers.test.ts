import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { EngineContainers } from '../../../src/adapters/docker/containers.ts';
import type { Link } from '../../../src/adapters/link.ts';

let folder: string;
let server: Server;
let answer: (response: ServerResponse) => void;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-docker-'));
  server = createServer((request, response) => {
    if (request.url === '/version') {
      response.end(JSON.stringify({ Version: '20.10.24', ApiVersion: '1.41', MinAPIVersion: '1.12' }));
    } else answer(response);
  });
  server.listen(join(folder, 'docker.sock'));
  await once(server, 'listening');
});

afterEach(async () => {
  server.close();
  server.closeAllConnections();
  await rm(folder, { recursive: true });
});

function linkTo(path: string): Link {
  const refuse = (): never => {
    throw new Error('only sockets here');
  };
  return {
    ...{ host: 'fe1', run: refuse, start: refuse, openTcp: refuse, close: async () => undefined },
    openSocket: async () => {
      const socket = connect(path);
      await once(socket, 'connect');
      return socket;
    },
  };
}

// prettier-ignore
it.each<{ how: string; ends: (response: ServerResponse) => void }>([
  { how: 'before its answer',             ends: (response) => response.socket?.destroy() },
  { how: 'in the middle of its answer',   ends: (response) => { response.writeHead(200, { 'content-length': '99' }); response.write('{', () => response.socket?.destroy()); } },
])('an Engine that goes away $how fails in passing: it may be back, and may have done it', async ({ ends }) => {
  answer = ends;
  const containers = new EngineContainers(linkTo(join(folder, 'docker.sock')));

  await expect(containers.rename('px', 'other')).rejects.toMatchObject({
    code: 'unreachable',
    message: expect.stringMatching(/^Cannot .*px.* on fe1: /) as unknown,
  });
});
