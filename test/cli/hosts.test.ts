import { readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { build, commandLine, folderWith } from '../support/command-line.ts';
import type { Ended } from '../support/sluice.ts';
import { newKey, TestSshServer } from '../support/ssh-server.ts';

let bastion: TestSshServer;
let target: TestSshServer;
let cwd: string;

beforeAll(build, 120_000);

beforeEach(async () => {
  [bastion, target] = await Promise.all([TestSshServer.start(), TestSshServer.start()]);
  const config = bastion.config('bastion') + target.config('fe*', ['ProxyJump bastion']);
  cwd = folderWith({ 'hosts.ini': 'fe1\nfe2\n', config });
});

afterEach(async () => {
  await Promise.all([bastion.stop(), target.stop(), rm(cwd, { recursive: true })]);
});

async function trust(...more: readonly string[]): Promise<Ended> {
  return commandLine(['hosts', 'trust', 'all', '-i', 'hosts.ini', '--ssh-config', 'config', ...more], { cwd });
}

function knownHosts(server: TestSshServer): string {
  return join(server.folder, 'known_hosts');
}

async function forget(): Promise<void> {
  await Promise.all([bastion, target].map((server) => writeFile(knownHosts(server), '')));
}

describe('sluice hosts trust', () => {
  it('adds the keys that are not known, of jump hosts too, each once', async () => {
    await forget();

    const { status, stdout } = await trust('--yes');

    expect(stdout).toMatch(/added: bastion \(root@127.0.0.1:\d+\) {2}SHA256:\S{43} \(ssh-ed25519\)/);
    expect(stdout).toMatch(/added: fe1 \(root@127.0.0.1:\d+ through bastion\) {2}SHA256:/);
    expect(status).toBe(0);
    for (const server of [bastion, target]) {
      const lines = (await readFile(knownHosts(server), 'utf8')).trim().split('\n');
      expect(lines).toEqual([`[127.0.0.1]:${server.port} ${server.hostKey.public}`]);
    }
    expect(await trust()).toMatchObject({ status: 0, stdout: 'known: fe1\nknown: fe2\n' });
  });

  it('never adds a key that has changed', async () => {
    const other = `[127.0.0.1]:${target.port} ${newKey().public}\n`;
    await writeFile(knownHosts(target), other);

    const { status, stdout } = await trust('--yes');

    expect(status).toBe(4);
    expect(stdout).toMatch(/its host key has changed: .*remove the line with ssh-keygen -R /);
    expect(await readFile(knownHosts(target), 'utf8')).toBe(other);
  });

  it('says of no key that it was added that could not be', async () => {
    await symlink(join(cwd, 'gone', 'known_hosts'), join(cwd, 'known_hosts'));
    const config = await readFile(join(cwd, 'config'), 'utf8');
    await writeFile(join(cwd, 'config'), `Host *\n  UserKnownHostsFile ${join(cwd, 'known_hosts')}\n${config}`);

    const { status, stdout } = await trust('--yes', '--limit', 'fe1');

    expect(status).toBe(4);
    expect(stdout).toMatch(/is new and cannot be added to .*\/known_hosts \(there is no such file/);
    expect(stdout).not.toMatch(/^added/m);
  });

  it('adds nothing when there is nobody to ask', async () => {
    await forget();

    const { status, stderr } = await trust();

    expect(status).toBe(5);
    expect(stderr).toMatch('say --yes to go on without asking');
    expect(await readFile(knownHosts(bastion), 'utf8')).toBe('');
  });

  it('needs no key to log in with on the host itself', async () => {
    await forget();
    await writeFile(join(target.folder, 'id'), newKey().private);

    expect((await trust('--yes', '--limit', 'fe1')).status).toBe(0);
  });

  it('tells a program, a line for each host', async () => {
    await writeFile(knownHosts(target), '');

    const { stdout } = await trust('--yes', '--json');

    const lines = stdout.trim().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { type: 'host-key', host: 'fe1' },
      { type: 'host-key', host: 'fe2' },
    ]);
  });
});
