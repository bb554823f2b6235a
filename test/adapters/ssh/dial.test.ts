import { once } from 'node:events';
import { appendFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createConnection, createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import pLimit from 'p-limit';
import { describe, expect, it, vi } from 'vitest';
import { SshLink } from '../../../src/adapters/ssh/connection.ts';
import { dial } from '../../../src/adapters/ssh/dial.ts';
import { KeyFiles } from '../../../src/adapters/ssh/key-files.ts';
import { newKey } from '../../support/ssh-server.ts';
import { failureOf, linkTo, place, server, transports, useSshServer } from './harness.ts';

describe.each(transports)('the connection by %s', (transport) => {
  useSshServer(transport);

  it('is tried again when the server hangs up before the handshake, three times at the most', async () => {
    server.hangUps = 2;
    await linkTo().run('true');
    server.hangUps = 3;

    const failure = await failureOf(linkTo().run('true'));

    expect(failure.message).toBe(`Cannot reach ${place}: it hangs up before the SSH handshake is over`);
  });

  it('is refused', async () => {
    const free = createServer().listen(0, '127.0.0.1');
    await once(free, 'listening');
    const { port } = free.address() as AddressInfo;
    free.close();
    await once(free, 'close');

    const failure = await failureOf(linkTo({ port }).run('true'));

    expect(failure.message).toBe(
      `Cannot reach fe1 (root@127.0.0.1:${port}): connection refused: does sshd run, and on this port?`,
    );
  });

  it('is given up when the other side says nothing', async () => {
    const silent = createServer((socket) => socket.on('error', () => undefined)).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;

    const failure = await failureOf(linkTo({ port, connectTimeoutMs: 50 }).run('true'));

    expect(failure.message).toMatch('no SSH handshake within 0.05 s');
    silent.close();
  });
});

describe('the connection by ssh2', () => {
  useSshServer();

  it('is reset once it is given up, not closed: nothing that it was told arrives when the network is back', async () => {
    const socket = createConnection(server.port, '127.0.0.1');
    const ends: string[] = [];
    for (const how of ['resetAndDestroy', 'destroy'] as const) {
      const end = socket[how].bind(socket);
      Object.assign(socket, { [how]: (error?: Error) => (ends.push(how), end(error)) });
    }
    const address = server.address({ keepalive: { everyMs: 50, unanswered: 1 } });
    const how = { keyFiles: new KeyFiles(undefined), gate: pLimit(1), connect: async () => socket };
    const link = new SshLink('fe1', () => dial(address, how), false);
    await link.run('true');
    server.freeze();

    const failure = await failureOf(link.run('set server web weight 0'));

    expect(failure.code).toBe('unreachable');
    expect(ends[0]).toBe('resetAndDestroy');
    await link.close();
  });

  // What is behind a stream, a socket of a jump host or a ProxyCommand, is closed like any other by whoever has it.
  it('over what cannot be reset is made anew no sooner than what it was told can have arrived', async () => {
    const keepalive = { everyMs: 200, unanswered: 1 };
    const connect = async () => {
      const socket = createConnection(server.port, '127.0.0.1');
      return Duplex.from({ readable: socket, writable: socket });
    };
    const how = { keyFiles: new KeyFiles(undefined), gate: pLimit(1), connect };
    const link = new SshLink('fe1', () => dial(server.address({ keepalive }), how), false);
    await link.run('true');
    server.freeze();
    await failureOf(link.run('set server web weight 0'));
    const lostAt = performance.now();

    await link.run('true');

    expect(performance.now() - lostAt).toBeGreaterThan(keepalive.everyMs * (keepalive.unanswered + 1) + 1_000 - 1);
    await link.close();
  });

  it('is not let in: who, and with which keys', async () => {
    const [other, locked, absent] = ['other', 'locked', 'absent'].map((name) => join(server.folder, name));
    if (!other || !locked || !absent) throw new Error('no names');
    await writeFile(other, newKey().private);
    await writeFile(locked, newKey('secret').private);

    const failure = await failureOf(linkTo({ identityFiles: [absent, locked, other] }).run('true'));

    expect(failure.code).toBe('unreachable');
    expect(failure.message).toBe(
      `Cannot reach ${place}: it does not let root in; tried ${locked}, ${other}, ${absent} (not there), ` +
        'no ssh-agent (SSH_AUTH_SOCK is not set)',
    );
  });

  it('has no key to try', async () => {
    const failure = await failureOf(linkTo({ identityFiles: [] }).run('true'));

    expect(failure.message).toBe(
      `Cannot reach ${place}: no key to log in with: no ssh-agent (SSH_AUTH_SOCK is not set)`,
    );
  });
});

describe('the connection by openssh', () => {
  useSshServer('openssh');

  it('is made anew no sooner than what it was told can have arrived, when the other side had fallen silent', async () => {
    const link = linkTo({ keepalive: { everyMs: 1_000, unanswered: 1 } });
    await link.run('true');
    server.freeze();
    const failure = await failureOf(link.run('set server web weight 0'));
    const lostAt = performance.now();

    await link.run('true');

    expect(failure.message).toMatch(/Timeout, server .* not responding/);
    expect(performance.now() - lostAt).toBeGreaterThan(2 * 1_000 + 1_000 - 1);
  });

  it('is not let in: who, and with which keys', async () => {
    const other = join(server.folder, 'other');
    await writeFile(other, newKey().private, { mode: 0o600 });

    const failure = await failureOf(linkTo({ identityFiles: [other] }).run('true'));

    expect(failure.code).toBe('unreachable');
    expect(failure.message).toMatch(
      `Cannot reach ${place}: it does not let root in; the system's ssh tried ${other} ED25519 SHA256:`,
    );
  });

  it('has no key to try', async () => {
    const failure = await failureOf(linkTo({ identityFiles: [] }).run('true'));

    expect(failure.message).toBe(`Cannot reach ${place}: it does not let root in; the system's ssh tried no key`);
  });

  it('cannot ask for a passphrase, and says so', async () => {
    const locked = join(server.folder, 'locked');
    const key = newKey('secret');
    server.allow(key.public);
    await writeFile(locked, key.private, { mode: 0o600 });

    const failure = await failureOf(linkTo({ identityFiles: [locked] }).run('true'));

    expect(failure.code).toBe('unreachable');
    expect(failure.message).toMatch(/would let root in by \S+locked ED25519 \S+, which the system's ssh cannot use: /);
    expect(failure.message).toMatch('add it to ssh-agent with ssh-add');
  });

  it('leaves neither a process nor a file behind', async () => {
    // A folder that nobody else leaves anything in.
    const temporary = join(server.folder, 'tmp');
    await mkdir(temporary);
    vi.stubEnv('TMPDIR', temporary);
    const link = linkTo();
    await link.run('true');
    expect(await readdir(temporary)).toHaveLength(1);

    await link.close();
    vi.unstubAllEnvs();

    expect(await readdir(temporary)).toEqual([]);
  });
});

describe.each(transports)('the host key, by %s', (transport) => {
  useSshServer(transport);

  const name = () => `[127.0.0.1]:${server.port}`;
  const known = () => join(server.folder, 'known_hosts');

  it('that is unknown is refused, with its fingerprint and what to do', async () => {
    await writeFile(known(), '# nothing\n');

    const failure = await failureOf(linkTo().run('true'));

    expect(failure.code).toBe('unreachable');
    expect(failure.message).toMatch(/its host key SHA256:\S{43} \(ssh-ed25519\) is unknown: it is not in /);
    expect(failure.message).toMatch('then add it with sluice hosts trust, or check host keys with --host-key-checking');
  });

  it('that is new is added with accept-new, and known from then on', async () => {
    await writeFile(known(), '# no newline at the end');

    await linkTo({ hostKeyChecking: 'accept-new' }).run('true');

    expect(await readFile(known(), 'utf8')).toBe(`# no newline at the end\n${name()} ${server.hostKey.public}\n`);
    await linkTo().run('true');
  });

  it.each(['yes', 'accept-new'] as const)('that has changed is refused with %s', async (hostKeyChecking) => {
    await writeFile(known(), `# one\n${name()} ${newKey().public}\n`);

    const failure = await failureOf(linkTo({ hostKeyChecking }).run('true'));

    expect(failure.message).toMatch(
      /has changed: it shows SHA256:\S{43} \(ssh-ed25519\), but \S+known_hosts:2 expects/,
    );
    expect(failure.message).toMatch(`ssh-keygen -R '${name()}' -f ${known()}`);
  });

  it.each(['yes', 'no'] as const)('that is revoked is refused with %s', async (hostKeyChecking) => {
    await appendFile(known(), `@revoked * ${server.hostKey.public}\n`);

    const failure = await failureOf(linkTo({ hostKeyChecking }).run('true'));

    expect(failure.message).toMatch(/is revoked by \S+known_hosts:2$/);
  });

  it('is added with its name hashed, where the configuration says so', async () => {
    await writeFile(known(), '');

    await linkTo({ hostKeyChecking: 'accept-new', hashKnownHosts: true }).run('true');

    expect(await readFile(known(), 'utf8')).toMatch(/^\|1\|\S+\|\S+ ssh-ed25519 /);
    await linkTo().run('true');
  });

  it('is known by an alias, in place of name and port', async () => {
    await writeFile(known(), `lab ${server.hostKey.public}\n`);

    await linkTo({ hostKeyAlias: 'lab' }).run('true');

    expect((await failureOf(linkTo().run('true'))).message).toMatch('is unknown');
  });

  it('is known by the name without the port, as OpenSSH has it', async () => {
    await writeFile(known(), `127.0.0.1 ${server.hostKey.public}\n`);

    await linkTo().run('true');

    await writeFile(known(), `127.0.0.1 ${newKey().public}\n`);
    expect((await failureOf(linkTo().run('true'))).message).toMatch('is unknown');
  });

  it('is not looked at with no', async () => {
    await writeFile(known(), `${name()} ${newKey().public}\n`);

    await linkTo({ hostKeyChecking: 'no' }).run('true');

    expect(server.connections).toBe(1);
  });

  it('that only a certificate authority vouches for cannot be verified', async () => {
    await writeFile(known(), `@cert-authority * ${newKey().public}\n`);

    const failure = await failureOf(linkTo().run('true'));

    expect(failure.message).toMatch(
      transport === 'ssh2'
        ? /known_hosts:1 trusts a certificate authority, which only --transport openssh can verify/
        : /known_hosts:1 trusts a certificate authority, but it has no certificate of it for this name/,
    );
  });
});
