import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseHaproxys, seenHaproxys } from '../../../src/adapters/haproxy/declared-sockets.ts';
import { runOn } from '../../../src/cli/config-access.ts';
import { LocalLink } from '../../support/local-link.ts';

/** What the host prints of one HAProxy with these lines in its configuration. */
function printed(...lines: readonly string[]): string {
  const numbered = lines.map((line, index) => `S ${index + 1}:${line}`);
  return ['P 10 1 /usr/sbin/haproxy', 'A haproxy', 'N', 'F /etc/h.cfg', ...numbered, 'P 11 10 ', 'A haproxy', ''].join(
    '\n',
  );
}

describe('parseHaproxys()', () => {
  it.each([
    { line: 'stats socket /run/a.sock mode 660 level admin', socket: '/run/a.sock', level: 'admin' },
    { line: '  stats   socket unix@/run/a.sock', socket: '/run/a.sock', level: 'operator' },
    { line: 'stats socket "/run/a b.sock" level user # level admin', socket: '/run/a b.sock', level: 'user' },
    { line: 'stats socket ipv4@127.0.0.1:9999 level admin', socket: 'ipv4@127.0.0.1:9999', level: 'admin' },
    { line: 'stats socket *:9999', socket: 'ipv4@127.0.0.1:9999', level: 'operator' },
    { line: 'stats socket ipv6@:9999', socket: 'ipv6@[::1]:9999', level: 'operator' },
    { line: 'stats socket 192.0.2.1:9999', socket: '192.0.2.1:9999', level: 'operator' },
  ])('reads $line', ({ line, socket, level }) => {
    const [haproxy, ...more] = parseHaproxys(printed(line));

    expect(more).toEqual([]);
    expect(haproxy?.sockets).toMatchObject([{ socket, level, isReachable: true, from: '/etc/h.cfg:1' }]);
  });

  it.each(['stats socket abns@haproxy level admin', 'stats socket fd@5', 'stats socket "${ADMIN_SOCKET}" level admin'])(
    'has no way to %s',
    (line) => {
      expect(parseHaproxys(printed(line))[0]?.sockets).toMatchObject([{ isReachable: false }]);
    },
  );

  it('tells a socket that nobody listens on, whatever suffix it was bound with', () => {
    const bound = 'L 0000000000000000: 00000002 00000000 00010000 0001 01 4711 /run/a.sock.10.tmp\n';
    const [haproxy] = parseHaproxys(
      printed('stats socket /run/a.sock', 'stats socket /run/b.sock').replace('F /etc', `${bound}F /etc`),
    );

    expect(haproxy?.sockets.map(({ isListened }) => isListened)).toEqual([true, false]);
    expect(haproxy?.listened).toEqual(['/run/a.sock']);
  });

  it('reads the container, what cannot be read, and the socket of a master', () => {
    const id = 'ab'.repeat(32);
    const words = ['A haproxy', 'A -W', 'A -S', 'A /run/m.sock,mode,600,level,operator'];

    const [haproxy] = parseHaproxys(['P 10 7 ', ...words, `C ${id}`, 'X /etc/h.cfg', ''].join('\n'));

    expect(haproxy).toMatchObject({ pid: 10, container: id, hasHostNetwork: false, unreadable: ['/etc/h.cfg'] });
    expect(haproxy?.sockets).toMatchObject([{ socket: '/run/m.sock', isMaster: true, level: 'operator', from: '-S' }]);
  });
});

describe('seenHaproxys()', () => {
  let folder: string;
  let child: ChildProcess | undefined;
  let server: Server | undefined;
  const link = new LocalLink();
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-sockets-'));
  });
  afterEach(() => {
    child?.kill('SIGKILL');
    server?.close();
    rmSync(folder, { recursive: true });
  });

  it('reads files and folders that a process was started with, and what is listened on', async () => {
    const program = join(folder, 'haproxy');
    copyFileSync('/bin/sh', program);
    chmodSync(program, 0o755);
    const socket = join(folder, 'a.sock');
    server = createServer().listen(`${socket}.1.tmp`);
    await once(server, 'listening');
    renameSync(`${socket}.1.tmp`, socket);
    writeFileSync(join(folder, 'first.cfg'), `global\n  stats socket ${socket} level admin\n`);
    mkdirSync(join(folder, 'more'));
    writeFileSync(join(folder, 'more/b.cfg'), '# nothing\n  stats socket /nowhere/b.sock\n');
    writeFileSync(join(folder, 'more/left-out.txt'), '  stats socket /nowhere/c.sock\n');
    const files = ['-f', 'first.cfg', '-f', `${folder}/more/`, '--', `${folder}/lost.cfg`];
    child = spawn(program, ['-c', 'echo .; read x', 'haproxy', ...files], { cwd: folder, stdio: 'pipe' });
    await once(child.stdout ?? child, 'data');

    const seen = (await seenHaproxys(runOn(link))).find(({ pid }) => pid === child?.pid);

    expect(seen?.sockets).toMatchObject([
      { socket, level: 'admin', from: 'first.cfg:2', isListened: true },
      { socket: '/nowhere/b.sock', level: 'operator', from: `${folder}/more/b.cfg:2`, isListened: false },
    ]);
    expect(seen?.unreadable).toEqual([`${folder}/lost.cfg`]);
    expect(seen?.listened).toContain(socket);
  });
});
