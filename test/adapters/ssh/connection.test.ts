import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import type { ServerChannel } from 'ssh2';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Absent, type Failure } from '../../../src/errors.ts';
import { failureOf, linkTo, place, server, transports, useSshServer } from './harness.ts';

/** Resolves with the next command's channel, which is then the test's to answer. */
function nextCommand(): Promise<ServerChannel> {
  return new Promise((resolve) => {
    server.command = (_, channel) => resolve(channel);
  });
}

describe.each(transports)('SshLink.run() by %s', (transport) => {
  useSshServer(transport);

  it('gives both outputs, the exit status, and passes stdin', async () => {
    server.command = (line, channel) => {
      channel.on('data', (chunk: Buffer) => channel.write(`${line}: ${String(chunk)}`));
      channel.on('end', () => {
        channel.stderr.write('careful');
        channel.exit(3);
        channel.end();
      });
    };

    const result = await linkTo().run('cat', { stdin: 'text' });

    expect(result).toEqual({ exitCode: 3, stdout: 'cat: text', stderr: 'careful' });
  });

  it('tells an end by a signal as a shell does', async () => {
    server.command = (_, channel) => {
      channel.exit('KILL', false, '');
      channel.end();
    };

    expect((await linkTo().run('true')).exitCode).toBe(137);
  });

  it('makes one connection for all who ask at once', async () => {
    const link = linkTo();

    const results = await Promise.all(['a', 'b', 'c'].map((line) => link.run(line)));

    expect(results.map(({ stdout }) => stdout)).toEqual(['a\n', 'b\n', 'c\n']);
    expect(server.connections).toBe(1);
  });

  it('ends a command that takes too long', async () => {
    server.command = () => undefined;

    const failure = await failureOf(linkTo().run('sleep 9', { withinMs: 20 }));

    expect(failure.code).toBe('unreachable');
    expect(failure.message).toBe('Cannot run "sleep 9" on fe1: it takes longer than 0.02 s');
  });

  it('refuses endless output', async () => {
    server.command = (_, channel) => {
      const more = () => channel.write(Buffer.alloc(1 << 20), (error) => (error ? undefined : more()));
      channel.on('error', () => undefined);
      more();
    };

    const failure = await failureOf(linkTo().run('yes', { withinMs: 100_000 }));

    expect(failure.message).toBe('Cannot run "yes" on fe1: its output is larger than 16 MiB');
  });

  it('fails at once when the connection is lost, and dials again for the next call', async () => {
    const link = linkTo();
    const begun = nextCommand();
    const running = failureOf(link.run('sleep 9'));
    await begun;

    server.drop();

    const failure = await running;
    expect(failure.code).toBe('unreachable');
    expect(failure.message).toMatch(`Cannot reach ${place}: connection lost (`);
    server.command = (_, channel) => {
      channel.exit(0);
      channel.end();
    };
    expect((await link.run('true')).exitCode).toBe(0);
    expect(server.connections).toBe(2);
  });

  it('is closed though the other side does not answer the goodbye', async () => {
    const link = linkTo();
    await link.run('true');
    server.freeze();

    await link.close();

    expect((await failureOf(link.run('true'))).code).toBe('unreachable');
  });

  it('fails after close()', async () => {
    const link = linkTo();
    await link.run('true');

    await link.close();

    expect((await failureOf(link.run('true'))).code).toBe('unreachable');
  });
});

describe.each(transports)('SshLink.start() by %s', (transport) => {
  useSshServer(transport);

  it('gives the first line, and ends the command by closing its stdin', async () => {
    server.command = (_, channel) => {
      channel.write('LOCKED\nmore');
      channel.on('end', () => {
        channel.exit(0);
        channel.end();
      });
      channel.resume();
    };

    const running = await linkTo().start('flock');

    if ('exitCode' in running) throw new Error('it ended');
    expect(running.firstLine).toBe('LOCKED');
    expect(running.ended.aborted).toBe(false);
    await running.end();
    expect(running.ended.aborted).toBe(true);
  });

  it('gives the result of a command that ends without a line', async () => {
    server.command = (_, channel) => {
      channel.write('held by ada');
      channel.exit(75);
      channel.end();
    };

    expect(await linkTo().start('flock')).toEqual({ exitCode: 75, stdout: 'held by ada', stderr: '' });
  });

  it('tells when the command is gone because the connection is', async () => {
    server.command = (_, channel) => channel.write('LOCKED\n');
    const running = await linkTo().start('flock');
    if ('exitCode' in running) throw new Error('it ended');
    const ended = once(running.ended, 'abort');

    server.drop();

    await ended;
  });
});

describe.each(transports)('SshLink.openSocket() and openTcp() by %s', (transport) => {
  useSshServer(transport);

  let echo: Server;

  beforeEach(async () => {
    echo = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('error', () => undefined);
      socket.pipe(socket);
    });
    server.socketPath = join(server.folder, 'echo.sock');
    echo.listen(server.socketPath);
    await once(echo, 'listening');
  });

  afterEach(() => {
    echo.close();
  });

  it('carry bytes both ways, and an end', async () => {
    const socket = await linkTo().openSocket('/run/echo.sock');
    const sent = Buffer.alloc(5_000_000, 'x');

    socket.end(sent);

    const received: Buffer[] = [];
    for await (const chunk of socket as AsyncIterable<Buffer>) received.push(chunk);
    expect(Buffer.concat(received).equals(sent)).toBe(true);
  });

  it('fail what is under way when the connection is lost', async () => {
    const socket = await linkTo().openSocket('/run/echo.sock');
    const failed = once(socket, 'error');

    server.drop();

    const [error] = (await failed) as [Failure];
    expect(error.code).toBe('unreachable');
    expect(socket.destroyed).toBe(true);
  });

  it('fail a read that has begun, rather than end it', async () => {
    const socket = await linkTo().openSocket('/run/echo.sock');
    const read = socket.toArray();

    server.drop();

    expect((await failureOf(read)).message).toMatch('connection lost');
  });

  it.each([
    ['missing', 'there is no such file'],
    ['out-of-sight', 'there is no such file, or root may not see it'],
    ['no-socket', 'it is not a socket'],
    [
      'denied root:docker 660',
      'root may not use it (it belongs to root:docker, mode 660): ' +
        'put root into its group, or let sluice become root (ansible_become)',
    ],
    [
      'listening',
      'its SSH server does not allow it: AllowStreamLocalForwarding or DisableForwarding in sshd_config; ' +
        'nor can a command carry it: there is neither socat, nc with -U, perl nor docker',
    ],
    [
      'unclear',
      'nothing listens on it, or its SSH server does not allow it (AllowStreamLocalForwarding in sshd_config); ' +
        'nor can a command carry it: there is neither socat, nc with -U, perl nor docker',
    ],
  ])('look why a socket is refused: %s', async (finding, why) => {
    server.forwarding = 'refused';
    server.command = (line, channel) => {
      channel.write(line.includes('command -v') ? '' : `${finding}\n`);
      channel.exit(0);
      channel.end();
    };

    const failure = await failureOf(linkTo().openSocket('/run/a.sock'));

    expect(failure.code).toBe('refused');
    expect(failure.message).toBe(`Cannot open /run/a.sock on fe1: ${why}`);
    expect(failure instanceof Absent).toBe(finding === 'missing' || finding === 'no-socket');
  });

  it('open a TCP port, and tell why one is refused', async () => {
    const tcp = createServer((socket) => socket.end('hello'));
    tcp.listen(0, '127.0.0.1');
    await once(tcp, 'listening');
    const { port } = tcp.address() as AddressInfo;
    const link = linkTo();

    const socket = await link.openTcp('127.0.0.1', port);

    expect(String(await once(socket, 'data'))).toBe('hello');
    tcp.close();
    server.forwarding = 'refused';
    const failure = await failureOf(link.openTcp('127.0.0.1', port));
    expect(failure.code).toBe('error');
    expect(failure.message).toMatch(`Cannot connect to 127.0.0.1:${port} from fe1: `);
  });

  it('do not wait for an answer on a connection that is lost', async () => {
    server.forwarding = 'ignored';
    const link = linkTo();
    await link.run('true');
    const opening = failureOf(link.openSocket('/run/echo.sock'));
    await link.run('true');

    server.drop();

    expect((await opening).message).toMatch('connection lost');
  });
});
