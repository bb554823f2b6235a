import { rm } from 'node:fs/promises';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { build, commandLine, folderWith } from '../support/command-line.ts';
import type { Ended } from '../support/sluice.ts';
import { TestSshServer } from '../support/ssh-server.ts';

let server: TestSshServer;
let cwd: string;

beforeAll(build, 120_000);

beforeEach(async () => {
  server = await TestSshServer.start();
  server.forwarding = 'refused';
  // A host with a state directory, and an HAProxy whose socket was removed.
  server.command = (line, channel) => {
    if (line.includes('test -S')) channel.write('missing\n');
    if (line.includes('command -v flock')) channel.write('/var/lib/sluice, writable, with flock\n');
    if (line.includes('/cmdline'))
      channel.write('P 42 1 \nA haproxy\nF /opt/h.cfg\nS 7:stats socket /opt/h.sock level admin\n');
    channel.exit(0);
    channel.end();
  };
  // Nothing listens on port 1.
  const config = `${server.config('fe1')}Host fe2\n  HostName 127.0.0.1\n  Port 1\n`;
  cwd = folderWith({ 'hosts.ini': 'fe1\nfe2\n', config });
});

afterEach(async () => {
  await Promise.all([server.stop(), rm(cwd, { recursive: true })]);
});

async function doctor(...more: readonly string[]): Promise<Ended> {
  return commandLine(['doctor', ...more, '-i', 'hosts.ini', '--ssh-config', 'config'], { cwd });
}

describe('sluice doctor', () => {
  it('shows how a host is reached, and all that is wrong on it', async () => {
    const { status, stdout } = await doctor('fe1');

    expect(
      stdout
        .replaceAll(/SHA256:\S{43}/g, 'SHA256:KEY')
        .trim()
        .split('\n'),
    ).toEqual([
      `fe1  login     fe1 (root@127.0.0.1:${server.port}), ${server.folder}/id SHA256:KEY`,
      `fe1  host key  SHA256:KEY (ssh-ed25519), known by ${server.folder}/known_hosts:1`,
      'fe1  socket    /opt/h.sock, level admin, by /opt/h.cfg:7 of process 42, ' +
        'Cannot open /opt/h.sock on fe1: there is no such file',
      'fe1  state     /var/lib/sluice, writable, with flock',
      'problem: Cannot open /var/run/docker.sock on fe1: there is no such file',
      "problem: Cannot find HAProxy's socket on fe1: there is none at /var/run/haproxy.sock, /run/haproxy.sock, " +
        '/run/haproxy/admin.sock; name it with --socket',
    ]);
    expect(status).toBe(1);
  });

  it('ends with 4 when a host cannot be reached, and shows the others', async () => {
    const { status, stdout } = await doctor();

    expect(status).toBe(4);
    expect(stdout).toMatch(/^fe1 {2}login /m);
    expect(stdout).toMatch(/^problem: Cannot reach fe2 .*: connection refused/m);
  });

  it('tells a program, a line for each host', async () => {
    const { stdout } = await doctor('--json');

    const lines = stdout.trim().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      {
        type: 'host-doctor',
        host: 'fe1',
        facts: [{ name: 'login' }, { name: 'host key' }, {}, {}, {}, {}],
        sockets: [{ socket: '/opt/h.sock', pid: 42 }],
      },
      { type: 'host-doctor', host: 'fe2', facts: [{ name: 'login', found: '' }], sockets: [] },
    ]);
  });
});
