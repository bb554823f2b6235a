import { createServer, Server as HttpServer, type RequestListener } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net';
import { once } from 'node:events';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { probeOver } from '../../../src/adapters/host/probe.ts';
import type { Probe } from '../../../src/rollout/model.ts';
import type { ProbeResult } from '../../../src/runner/ports/ports.ts';
import { probes } from '../../support/contracts/probe.ts';
import { LocalLink } from '../../support/local-link.ts';

const servers: Server[] = [];
const link = new LocalLink();
afterAll(() => link.close());

async function listen(server: Server, address = '127.0.0.1'): Promise<number> {
  servers.push(server);
  server.listen(0, address);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function closed(): Promise<number> {
  const server = createTcpServer();
  const port = await listen(server);
  server.close();
  return port;
}

type HttpProbe = Extract<Probe, { kind: 'http' }>;

function http(url: string, withinMs = 5_000, status: readonly [number, number] = [200, 399]): Promise<ProbeResult> {
  return probeOver(link, { kind: 'http', url, status }, withinMs);
}

function expecting(url: string, more: Pick<HttpProbe, 'body' | 'headers'>): Promise<ProbeResult> {
  return probeOver(link, { kind: 'http', url, status: [200, 399], ...more }, 2_000);
}

const answering = (status: number): RequestListener => {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': 'text/plain' }).end('body');
  };
};

afterEach(() => {
  for (const server of servers.splice(0)) {
    if (server instanceof HttpServer) server.closeAllConnections();
    server.close();
  }
});

probes('a link', async () => ({
  host: { probe: (probe, withinMs) => probeOver(link, probe, withinMs) },
  port: await listen(createServer(answering(200))),
  closedPort: await closed(),
  end: async () => undefined,
}));

describe('an HTTP probe', () => {
  // prettier-ignore
  it.each<{ status: number; wanted: readonly [number, number]; isOk: boolean }>([
    { status: 200, wanted: [200, 399], isOk: true },
    { status: 399, wanted: [200, 399], isOk: true },
    { status: 302, wanted: [200, 399], isOk: true },
    { status: 204, wanted: [204, 204], isOk: true },
    { status: 503, wanted: [503, 503], isOk: true },
    { status: 503, wanted: [200, 399], isOk: false },
    { status: 400, wanted: [200, 399], isOk: false },
    { status: 200, wanted: [204, 204], isOk: false },
  ])('that wants $wanted takes $status for ok: $isOk', async ({ status, wanted, isOk }) => {
    const url = `http://127.0.0.1:${await listen(createServer(answering(status)))}/health`;

    expect(await http(url, 5_000, wanted)).toEqual(
      isOk ? { ok: true } : { ok: false, why: `${url} answers ${status}` },
    );
  });

  it('asks for the path and the host as written, and says who asks', async () => {
    const seen: unknown[] = [];
    const port = await listen(
      createServer(({ method, url, headers }, response) => {
        seen.push({ method, url, host: headers.host, agent: headers['user-agent'], connection: headers.connection });
        response.end();
      }),
    );

    await http(`http://127.0.0.1:${port}/a%20b/?deep=1&x=%2F`);

    const host = `127.0.0.1:${port}`;
    expect(seen).toEqual([{ method: 'GET', url: '/a%20b/?deep=1&x=%2F', host, agent: 'sluice', connection: 'close' }]);
  });

  it('goes to an IPv6 address', async () => {
    const port = await listen(createServer(answering(200)), '::1');

    expect(await http(`http://[::1]:${port}/`)).toEqual({ ok: true });
  });

  it('says that the connection is refused', async () => {
    const url = `http://127.0.0.1:${await closed()}/health`;

    expect(await http(url)).toEqual({
      ok: false,
      why: expect.stringMatching(/^http:\S+\/health: .*ECONNREFUSED/) as unknown,
    });
  });

  it.each([
    { what: 'does not answer', serve: (): void => undefined },
    {
      what: 'answers with half a header',
      serve: (write: (text: string) => void): void => write('HTTP/1.1 200 OK\r\nx-'),
    },
  ])('gives up at its time limit on an application that $what', async ({ serve }) => {
    const port = await listen(
      createTcpServer((socket) => {
        socket.on('error', () => undefined);
        serve((text) => socket.write(text));
      }),
    );
    const url = `http://127.0.0.1:${port}/`;

    expect(await http(url, 200)).toEqual({ ok: false, why: `${url}: no answer within 0.2 s` });
  });

  it('does not wait for the end of a body', async () => {
    const port = await listen(createServer((_request, response) => void response.writeHead(200).write('on and on')));

    expect(await http(`http://127.0.0.1:${port}/`)).toEqual({ ok: true });
  });

  it.each([
    { what: 'hangs up', text: '' },
    { what: 'speaks another protocol', text: '220 mail.example ESMTP\r\n' },
  ])('says what is wrong with an application that $what', async ({ text }) => {
    const port = await listen(
      createTcpServer((socket) => {
        socket.on('error', () => undefined).end(text);
      }),
    );

    const result = await http(`http://127.0.0.1:${port}/`);

    expect(result).toEqual({ ok: false, why: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/: \S/) as unknown });
  });

  it('leaves no connection behind', async () => {
    const server = createServer((_request, response) => void response.writeHead(503).write('on and on'));
    const port = await listen(server);
    const gone = once(server, 'connection').then(([socket]) => once(socket as NodeJS.EventEmitter, 'close'));

    await http(`http://127.0.0.1:${port}/`);

    await gone;
  });
});

describe('a TCP probe', () => {
  it('is content with an open port', async () => {
    const port = await listen(createTcpServer((socket) => socket.on('error', () => undefined)));

    expect(await probeOver(link, { kind: 'tcp', host: '127.0.0.1', port }, 1_000)).toEqual({ ok: true });
  });

  it('says which port is closed', async () => {
    const port = await closed();

    expect(await probeOver(link, { kind: 'tcp', host: '127.0.0.1', port }, 1_000)).toEqual({
      ok: false,
      why: expect.stringContaining(`127.0.0.1:${port}: `) as unknown,
    });
  });
});

describe('an HTTP probe that expects more than a status', () => {
  const says = (body: string, headers: Readonly<Record<string, string>> = {}): RequestListener => {
    return (_request, response) => {
      response.writeHead(200, headers).end(body);
    };
  };
  const urlOf = async (listener: RequestListener): Promise<string> =>
    `http://127.0.0.1:${await listen(createServer(listener))}/health`;

  it.each([
    [{ body: { text: 'ready: 3' } }, true],
    [{ body: { pattern: '^READY: [1-9]$', flags: 'im' } }, true],
    [{ headers: { 'x-version': { text: 'v2' } } }, true],
    [{ headers: { 'x-version': { pattern: '^v[23]$', flags: '' } }, body: { text: 'ready' } }, true],
    [{ body: { text: 'ready: 4' } }, 'answers without "ready: 4": "warm\\nready: 3"'],
    [{ body: { pattern: '^ready', flags: '' } }, 'answers without /^ready/: "warm\\nready: 3"'],
    [{ headers: { 'x-version': { text: 'v1' } } }, 'answers with x-version: v2, without "v1"'],
    [{ headers: { 'x-other': { text: 'v1' } } }, 'answers without the header x-other'],
  ] as const)('%j: %s', async (wanted, outcome) => {
    const url = await urlOf(says('warm\nready: 3', { 'x-version': 'v2' }));

    const why = outcome === true ? undefined : `${url} ${outcome}`;
    expect(await expecting(url, wanted)).toEqual(why === undefined ? { ok: true } : { ok: false, why });
  });

  it('finds what it expects in an answer that never ends', async () => {
    const url = await urlOf((_request, response) => {
      response.write(`ready${' '.repeat(300_000)}`);
    });

    expect(await expecting(url, { body: { text: 'ready' } })).toEqual({ ok: true });
  });

  it('does not wait for a body that it expects nothing of', async () => {
    const url = await urlOf((_request, response) => {
      response.write('and so on');
    });

    expect(await expecting(url, { headers: { 'transfer-encoding': { text: 'chunked' } } })).toEqual({ ok: true });
  });
});
