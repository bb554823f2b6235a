import { once } from 'node:events';
import { chmod, rename, writeFile } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Failure } from '../../../src/errors.ts';
import { relayHost, type RelayHost } from '../../support/relay-programs.ts';
import type { Transport } from '../../../src/rollout/ssh-request.ts';
import { failureOf, linkTo, server, transports, useSshServer } from './harness.ts';

let path: string;
let service: Server;
/** What the service does with a connection. */
let serve: (socket: Socket) => void;

function useService(transport?: Transport): void {
  useSshServer(transport);

  beforeEach(async () => {
    path = join(server.folder, 'a.sock');
    server.socketPath = path;
    serve = (socket) => socket.pipe(socket);
    service = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('error', () => undefined);
      serve(socket);
    });
    service.listen(path);
    await once(service, 'listening');
  });

  afterEach(() => {
    service.close();
  });
}

/** The host forwards no sockets, and has these programs. */
async function hostWith(...there: readonly string[]): Promise<RelayHost> {
  const host = await relayHost(server.folder, there);
  server.forwarding = 'refused';
  server.command = host.command;
  return host;
}

interface Way {
  readonly name: string;
  readonly there: readonly string[];
  readonly speaks: 'docker' | undefined;
  /** What carries it, in words. */
  readonly channel: () => string;
}

const ways: readonly Way[] = [
  { name: 'a forwarded stream', there: [], speaks: undefined, channel: () => 'direct' },
  {
    ...{ name: 'docker system dial-stdio', there: ['docker', 'socat'], speaks: 'docker' },
    channel: () => `command: docker -H 'unix://${path}' system dial-stdio`,
  },
  {
    ...{ name: 'socat', there: ['docker', 'socat', 'nc', 'nc-U'], speaks: undefined },
    channel: () => `command: socat -t0 - UNIX-CONNECT:'${path}'`,
  },
  {
    ...{ name: 'nc', there: ['nc', 'nc-U', 'nc-N'], speaks: undefined },
    channel: () => `command: nc -N -U '${path}'`,
  },
  { name: 'perl', there: ['docker', 'perl'], speaks: undefined, channel: () => `command: perl, to ${path}` },
  { name: 'perl', there: ['perl'], speaks: 'docker', channel: () => `command: perl, to ${path}` },
];

const waysByAll = transports.flatMap((transport) => ways.map((way) => ({ ...way, transport })));

describe.each(waysByAll)('a socket by $name, by $transport', ({ there, speaks, channel, transport }) => {
  useService(transport);

  beforeEach(async () => {
    if (there.length > 0) await hostWith(...there);
  });

  it('carries a question and all of its answer, to its end', async () => {
    const answer = 'x'.repeat(3_000_000);
    serve = (socket) => socket.on('data', () => socket.end(answer));
    const link = linkTo();

    const socket = await link.openSocket(path, speaks);
    socket.write('show stat\n');

    expect(Buffer.concat((await socket.toArray()) as Buffer[]).toString()).toBe(answer);
    expect(link.channelTo(path)).toBe(channel());
  });

  it('is used again and again', async () => {
    serve = (socket) => socket.on('data', (chunk) => socket.end(chunk));
    const link = linkTo();
    const ask = async (question: string): Promise<string> => {
      const socket = await link.openSocket(path, speaks);
      socket.write(question);
      return Buffer.concat((await socket.toArray()) as Buffer[]).toString();
    };

    const questions = Array.from({ length: 20 }, (_, index) => `question ${index}`);

    expect(await Promise.all(questions.map(ask))).toEqual(questions);
  });

  it('fails what is under way when the connection is lost, rather than end it', async () => {
    serve = (socket) => socket.on('data', (chunk) => socket.write(chunk));
    const socket = await linkTo().openSocket(path, speaks);
    socket.write('x');
    await once(socket, 'data');
    const read = failureOf(socket.toArray());

    server.drop();

    expect((await read).message).toMatch('connection lost');
    expect((await read).code).toBe('unreachable');
  });

  it('can be let go of', async () => {
    const gone = new Promise((resolve) => {
      serve = (socket) => {
        socket.on('end', resolve).on('close', resolve);
        socket.on('data', (chunk) => socket.write(chunk));
      };
    });
    const socket = await linkTo().openSocket(path, speaks);
    socket.write('x');
    await once(socket, 'data');

    socket.destroy();

    await gone;
  });
});

describe.each(waysByAll.filter(({ speaks, there }) => speaks === 'docker' || there.length === 0))(
  'a socket by $name, by $transport',
  ({ there, speaks, transport }) => {
    useService(transport);

    it('passes on that our side has ended', async () => {
      if (there.length > 0) await hostWith(...there);
      const sent = Buffer.alloc(3_000_000, 'x');

      const socket = await linkTo().openSocket(path, speaks);
      socket.end(sent);

      expect(Buffer.concat((await socket.toArray()) as Buffer[]).equals(sent)).toBe(true);
    });
  },
);

describe('a socket that is carried by a command', () => {
  useService();

  it('needs no look any more once it has worked', async () => {
    const { lines } = await hostWith('socat');
    const link = linkTo();
    serve = (socket) => socket.on('data', (chunk) => socket.end(chunk));
    for (let time = 1; time <= 3; time++) {
      const socket = await link.openSocket(path);
      socket.write('x');
      await socket.toArray();
    }

    expect(lines.filter((line) => line.includes('test -S')).length).toBe(1);
    expect(lines.filter((line) => line.startsWith('exec socat')).length).toBe(3);
  });

  it('takes no more than eight sessions of a connection', async () => {
    await hostWith('socat');
    const link = linkTo();
    const sockets = [];

    for (let number = 1; number <= 20; number++) {
      const socket = await link.openSocket(path);
      socket.write('x');
      await once(socket, 'data');
      sockets.push(socket);
    }

    // One for commands, and three for these.
    expect(server.connections).toBe(4);
    for (const socket of sockets) socket.destroy();
  });

  it('that nothing listens on fails with what the command says', async () => {
    await hostWith('socat');
    service.close();
    // It stays there, as after a crash.
    await once(service, 'close');
    const orphan = join(server.folder, 'b.sock');
    const other = createServer().listen(orphan);
    await once(other, 'listening');
    await rename(orphan, path);
    other.close();
    const link = linkTo();

    const socket = await link.openSocket(path);
    // It may have failed by the time that it is ours.
    const failure = (socket.errored ?? (await once(socket, 'error'))[0]) as Failure;

    expect(failure.code).toBe('refused');
    expect(failure.message).toMatch(/^Cannot open \S+ on fe1 by "socat -t0 - UNIX-CONNECT:\S+": connect ECONNREFUSED/);
    expect(link.channelTo(path)).toBeUndefined();
  });

  it('fails when the command is killed in the middle', async () => {
    const host = await relayHost(server.folder, ['socat']);
    server.forwarding = 'refused';
    server.command = (line, channel) => {
      if (!line.startsWith('exec socat')) return host.command(line, channel);
      channel.write('half');
      channel.exit('KILL', false, '');
      channel.end();
    };

    const socket = await linkTo().openSocket(path);
    const failure = await failureOf(socket.toArray());

    expect(failure.code).toBe('unreachable');
    expect(failure.message).toMatch('it ended with status');
  });
});

describe('become', () => {
  useService();

  const asDeploy = { user: 'deploy' };

  it('does commands as root', async () => {
    await hostWith();

    const { stdout } = await linkTo(asDeploy, true).run(`echo "it's $BECOME"; cat`, { stdin: 'x' });

    expect(stdout).toBe("it's root\nx");
  });

  it('carries a socket by sudo, where it is not forwarded', async () => {
    await hostWith('socat');
    serve = (socket) => socket.on('data', (chunk) => socket.end(chunk));
    const link = linkTo(asDeploy, true);

    const socket = await link.openSocket(path);
    socket.write('question');

    expect(Buffer.concat((await socket.toArray()) as Buffer[]).toString()).toBe('question');
    expect(link.channelTo(path)).toBe(`command: sudo -n -- socat -t0 - UNIX-CONNECT:'${path}'`);
  });

  it('is not needed by root', async () => {
    const { lines } = await hostWith();

    await linkTo({}, true).run('true');

    expect(lines).toEqual(['true']);
  });

  it('that is not allowed is told before anything else', async () => {
    await hostWith();
    await writeFile(join(server.folder, 'bin/sudo.no'), '');
    await chmod(server.folder, 0o755);

    const failure = await failureOf(linkTo(asDeploy, true).run('true'));

    // Or the process would never end.
    await server.free();
    expect(failure.code).toBe('refused');
    expect(failure.message).toBe(
      'Cannot become root on fe1: sudo -n says: a password is required (deploy needs NOPASSWD in sudoers)',
    );
  });
});
