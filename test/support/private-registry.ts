/** The lab's registry behind a door: whoever has no login stays outside. */
import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { registry, repository } from '../../lab/settings.ts';

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
  const { port } = server.address() as AddressInfo;
  return {
    imageOf: (tag) => `${registry.name}:${port}/${repository}:${tag}`,
    move: (tag, to) => {
      moved.set(tag, to);
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
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
