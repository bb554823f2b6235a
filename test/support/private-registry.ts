/** The lab's registry behind a door: whoever has no login stays outside, or whoever does not trust its certificate. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync } from 'node:fs';
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bridge, registry, repository } from '../../lab/settings.ts';

export interface PrivateRegistry {
  /** `repository:tag`, as the hosts know it. */
  imageOf(tag: string): string;
  /** As somebody else who pushes: from now on the tag means what `to` means. */
  move(tag: string, to: string): void;
  close(): Promise<void>;
}

export async function openPrivateRegistry(login: {
  readonly username: string;
  readonly password: string;
}): Promise<PrivateRegistry> {
  const wanted = `Basic ${Buffer.from(`${login.username}:${login.password}`).toString('base64')}`;
  const moved = new Map<string, string>();
  const server = createServer((asked, answer) => {
    if (asked.headers.authorization === wanted) forward(asked, answer, moved);
    else refuse(answer);
  });
  server.listen(0, registry.address);
  await once(server, 'listening');
  return {
    imageOf: (tag) => `${registry.name}:${portOf(server)}/${repository}:${tag}`,
    move: (tag, to) => {
      moved.set(tag, to);
    },
    close: async () => {
      await closed(server);
    },
  };
}

export interface TlsRegistry {
  /** Address and port. */
  readonly name: string;
  /** The certificate of the CA that its own is by. */
  readonly ca: string;
  close(): Promise<void>;
}

/** An address of this machine where the lab's Engines trust no certificate unseen, as they do in the lab's network. */
const OUTSIDE = '10.78.0.1';

export async function openTlsRegistry(): Promise<TlsRegistry> {
  const dir = mkdtempSync(join(tmpdir(), 'sluice-ca-'));
  const openssl = (...args: readonly string[]): unknown => execFileSync('openssl', args, { cwd: dir, stdio: 'pipe' });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.crt', '-subj', '/CN=a private CA');
  const own = [
    '-keyout',
    'own.key',
    '-out',
    'own.crt',
    '-subj',
    '/CN=registry',
    '-addext',
    `subjectAltName=IP:${OUTSIDE}`,
  ];
  openssl('req', '-x509', ...key, '-CA', 'ca.crt', '-CAkey', 'ca.key', ...own);
  const read = (name: string): string => readFileSync(join(dir, name), 'utf8');

  execFileSync('ip', ['addr', 'replace', `${OUTSIDE}/32`, 'dev', bridge.name]);
  const server = createTlsServer({ key: read('own.key'), cert: read('own.crt') }, (asked, answer) => {
    forward(asked, answer, new Map());
  });
  server.listen(0, OUTSIDE);
  await once(server, 'listening');
  return {
    name: `${OUTSIDE}:${portOf(server)}`,
    ca: read('ca.crt'),
    close: async () => {
      await closed(server);
      execFileSync('ip', ['addr', 'del', `${OUTSIDE}/32`, 'dev', bridge.name]);
    },
  };
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

async function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
}

function refuse(answer: ServerResponse): void {
  const errors = [{ code: 'UNAUTHORIZED', message: 'authentication required' }];
  const headers = { 'www-authenticate': 'Basic realm="lab"', 'content-type': 'application/json' };
  answer.writeHead(401, headers).end(JSON.stringify({ errors }));
}

function forward(asked: IncomingMessage, answer: ServerResponse, moved: ReadonlyMap<string, string>): void {
  const path = (asked.url ?? '').replace(/(?<=\/manifests\/)[^/]+$/, (tag) => moved.get(tag) ?? tag);
  const { address: host, port } = registry;
  const onward = request({ host, port, path, method: asked.method ?? 'GET', headers: asked.headers }, (got) => {
    answer.writeHead(got.statusCode ?? 502, got.headers);
    got.pipe(answer);
  });
  onward.on('error', () => answer.destroy());
  asked.pipe(onward);
}
