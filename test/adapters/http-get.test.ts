import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, type Duplex } from 'node:stream';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { ControllerCommands } from '../../src/adapters/controller/commands.ts';
import { askAddress } from '../../src/adapters/http-get.ts';
import { Failure } from '../../src/errors.ts';
import type { AddressAnswer, Asking } from '../../src/runner/ports/commands.ts';
import { LocalLink } from '../support/local-link.ts';

const servers: Server[] = [];
const link = new LocalLink();
const folder = mkdtempSync(join(tmpdir(), 'sluice-tls-'));

afterAll(async () => {
  await link.close();
  rmSync(folder, { recursive: true });
});

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function listen(server: Server): Promise<number> {
  servers.push(server.on('connection', (socket) => socket.on('error', () => undefined)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

const machines: readonly (readonly [string, Asking])[] = [
  ['the controller', new ControllerCommands({ folder: '/', environment: {} })],
  ['a host', { ask: (question) => askAddress((address, port) => link.openTcp(address, port), question) }],
];

describe.each(machines)('an address asked from %s', (_, machine) => {
  const ask = (url: string, headers: Readonly<Record<string, string>> = {}, withinMs = 5_000): Promise<AddressAnswer> =>
    machine.ask({ url, headers, withinMs });
  const serving = async (listener: RequestListener): Promise<string> =>
    `http://127.0.0.1:${await listen(createServer(listener))}`;

  it('is asked as written, with its headers, over a connection of its own', async () => {
    const seen: unknown[] = [];
    const url = await serving(({ method, url: path, headers }, response) => {
      seen.push([method, path, headers.authorization, headers['user-agent'], headers.connection]);
      response.end('42\n');
    });

    const answer = await ask(`${url}/api?query=sum%28x%29`, { authorization: 'Bearer abcd' });

    expect(answer).toEqual({ status: 200, body: '42\n' });
    expect(seen).toEqual([['GET', '/api?query=sum%28x%29', 'Bearer abcd', 'sluice', 'close']]);
  });

  it('that answers with another status is heard all the same, and not followed', async () => {
    const url = await serving((_request, response) => {
      response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end('elsewhere');
    });

    expect(await ask(url)).toEqual({ status: 302, body: 'elsewhere' });
  });

  it('that says too much has not answered', async () => {
    const url = await serving((_request, response) => {
      response.write('1'.repeat(300 * 1024));
    });

    expect(await ask(url)).toEqual({ why: 'answers with more than 256 KB' });
  });

  it('that is not there cannot be asked', async () => {
    const server = createTcpServer();
    const port = await listen(server);
    server.close();

    expect(await ask(`http://127.0.0.1:${port}/`)).toEqual({
      why: expect.stringMatching(/^cannot be asked: .*ECONNREFUSED/) as unknown,
    });
  });

  it.each([
    ['says nothing', ''],
    ['stops in the middle', 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n12'],
  ])('that %s has not answered in time', async (_what, text) => {
    const port = await listen(createTcpServer((socket) => void socket.on('error', () => undefined).write(text)));

    expect(await ask(`http://127.0.0.1:${port}/`, {}, 200)).toEqual({ why: 'cannot be asked: no answer within 0.2 s' });
  });

  it('over TLS must prove who it is', async () => {
    const [key, cert] = [join(folder, 'key'), join(folder, 'cert')];
    const words = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=127.0.0.1', '-days', '2'];
    execFileSync('openssl', [...words, '-keyout', key, '-out', cert], { stdio: 'ignore' });
    const server = createSecureServer({ key: readFileSync(key), cert: readFileSync(cert) }, (_request, response) => {
      response.end('42');
    });

    const answer = await ask(`https://127.0.0.1:${await listen(server)}/`);

    expect(answer).toEqual({ why: expect.stringMatching(/^cannot be asked: self-signed certificate/) as unknown });
  });
});

describe('a host that cannot be reached', () => {
  it('for as long as an answer may take has not answered in time, and what it opens then is closed', async () => {
    let opened: (stream: Duplex) => void = () => undefined;
    const opening = new Promise<Duplex>((resolve) => {
      opened = resolve;
    });
    const answer = await askAddress(() => opening, { url: 'http://x/', headers: {}, withinMs: 50 });

    expect(answer).toEqual({ why: 'cannot be asked: no answer within 0.05 s' });
    const late = new PassThrough();
    opened(late);
    await once(late, 'close');
  });

  it('is no answer of the address', async () => {
    const lost = new Failure('unreachable', 'Cannot reach fe1: no answer');
    const asked = askAddress(() => Promise.reject(lost), { url: 'http://x/', headers: {}, withinMs: 1_000 });

    await expect(asked).rejects.toBe(lost);
  });
});
