import { spawn } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ServerChannel } from 'ssh2';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { readArguments } from '../../src/cli/arguments.ts';
import type { Command } from '../../src/cli/command.ts';
import { build, commandLine, folderWith } from '../support/command-line.ts';
import type { Ended } from '../support/sluice.ts';
import { TestSshServer } from '../support/ssh-server.ts';

function read(line: string): Promise<Command | undefined> {
  return readArguments(line.split(' '), { version: '1.2.3', environment: {} });
}

describe('the arguments of locks', () => {
  // prettier-ignore
  it.each<{ line: string; gives: object }>([
    { line: 'lock list -i a',                          gives: { name: 'lock', action: 'list', pattern: 'all', note: '', force: false } },
    { line: 'lock list fe:!fe1 -i a --json',           gives: { action: 'list', pattern: 'fe:!fe1', json: true } },
    { line: 'lock take fe -i a -m disk',               gives: { action: 'take', pattern: 'fe', note: 'disk' } },
    { line: 'lock release fe1 -i a',                   gives: { action: 'release', pattern: 'fe1' } },
    { line: 'lock break fe1 -i a -y',                  gives: { action: 'break', force: false, yes: true } },
    { line: 'lock break fe1 -i a --force',             gives: { action: 'break', force: true, yes: false } },
    { line: 'rollout p -i a --lock-wait 10m',          gives: { locking: { waitMs: 600_000, takeOver: false } } },
    { line: 'rollout p -i a --take-over',              gives: { locking: { waitMs: 0, takeOver: true } } },
    { line: 'rollback --take-over',                    gives: { locking: { waitMs: 0, takeOver: true } } },
    { line: 'resume --take-over',                      gives: { locking: { waitMs: 0, takeOver: true } } },
    { line: 'switch-back h -i a --take-over',          gives: { locking: { waitMs: 0, takeOver: true } } },
    { line: 'retire h -i a --take-over',               gives: { locking: { waitMs: 0, takeOver: true } } },
    { line: 'haproxy push p -i a --take-over',         gives: { locking: { waitMs: 0, takeOver: true } } },
    { line: 'haproxy weights h b/s=5 -i a --take-over', gives: { locking: { waitMs: 0, takeOver: true } } },
    { line: 'haproxy exec h -i a --take-over -- clear counters', gives: { locking: { waitMs: 0, takeOver: true } } },
    { line: 'recover h -i a --lock-wait 1m30s',        gives: { locking: { waitMs: 90_000, takeOver: false } } },
    { line: 'drain h -i a --take-over --lock-wait 5s', gives: { locking: { waitMs: 5_000, takeOver: true } } },
    { line: 'restore h -i a --lock-wait 5s',           gives: { locking: { waitMs: 5_000, takeOver: false } } },
  ])('are understood: $line', async ({ line, gives }) => {
    expect(await read(line)).toMatchObject(gives);
  });

  // prettier-ignore
  it.each<{ line: string; says: RegExp }>([
    { line: 'lock -i a',                      says: /: lock needs an action: list, take, release or break \(/ },
    { line: 'lock steal fe -i a',             says: /"steal".*"list", "take", "release", "break"/ },
    { line: 'lock take -i a -m x',            says: /^Cannot take locks: say which hosts$/ },
    { line: 'lock release -i a',              says: /^Cannot release locks: say which hosts$/ },
    { line: 'lock break -i a --yes',          says: /^Cannot break locks: say which hosts$/ },
    { line: 'lock take fe -i a',              says: /^Cannot take locks: say why with -m/ },
    { line: 'lock release fe -i a -m x',      says: /-m goes with take only/ },
    { line: 'lock release fe -i a --force',   says: /--force goes with break only/ },
    { line: 'lock list fe fe1 -i a',          says: /fe1/ },
    { line: 'lock list -i a --lock-wait 5s',  says: /lock-wait/ },
    { line: 'rollout p -i a --lock-wait 5',   says: /^Cannot use --lock-wait "5": it must be a duration/ },
    { line: 'rollout p -i a --lock-wait',     says: /: --lock-wait needs a value / },
    { line: 'status -i a --take-over',        says: /take-over/ },
    { line: 'recover h -i a --take-over',     says: /take-over/ },
    { line: 'restore h -i a --take-over',     says: /take-over/ },
    { line: 'haproxy show h -i a --take-over', says: /--take-over goes with what changes something/ },
  ])('are refused: $line', async ({ line, says }) => {
    await expect(read(line)).rejects.toMatchObject({ code: 'config', message: expect.stringMatching(says) as unknown });
  });
});

/** A host of which only the shell is real: its command lines run here, with a state directory of their own. */
function hostIn(server: TestSshServer): void {
  server.command = (line: string, channel: ServerChannel) => {
    const child = spawn('sh', ['-c', line.replaceAll('/var/lib/sluice', join(server.folder, 'state'))]);
    channel.on('error', () => undefined).pipe(child.stdin.on('error', () => undefined));
    child.stdout.pipe(channel, { end: false });
    child.stderr.pipe(channel.stderr, { end: false });
    child.on('close', (code) => {
      channel.exit(code ?? 137);
      channel.end();
    });
  };
}

describe('sluice lock', () => {
  const servers: TestSshServer[] = [];
  let cwd = '';
  beforeAll(async () => {
    build();
    servers.push(await TestSshServer.start(), await TestSshServer.start());
    servers.forEach(hostIn);
    const hosts = servers.map(
      ({ folder, port }, index) =>
        `fe${index + 1} ansible_host=127.0.0.1 ansible_port=${port} ansible_user=root ` +
        `ansible_ssh_private_key_file=${folder}/id ` +
        `ansible_ssh_common_args='-o UserKnownHostsFile=${folder}/known_hosts'\n`,
    );
    const nobody = 'fe3 ansible_host=127.0.0.1 ansible_port=1 ansible_ssh_private_key_file=nosuch\n';
    cwd = folderWith({ 'two.ini': hosts.join(''), 'three.ini': hosts.join('') + nobody });
  });
  afterEach(async () => {
    for (const { folder } of servers) rmSync(join(folder, 'state'), { recursive: true, force: true });
  });
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.stop()));
    rmSync(cwd, { recursive: true });
  });

  const sluice = (...args: readonly string[]): Promise<Ended> => commandLine([...args, '-i', 'two.ini'], { cwd });
  /** A run that died there has left this. */
  const leave = async (): Promise<void> => {
    await sluice('lock', 'take', 'fe1', '-m', 'x');
    await sluice('lock', 'release', 'fe1');
    const owner = { schema: 1, run: '20261121-1', machine: 'desk', pid: 1, by: 'bob@desk', reason: 'rollout p.yml' };
    const lock = { ...owner, kind: 'run', since: '2026-11-21T09:00:00.000Z', ttlMs: 45_000, holder: 1 };
    writeFileSync(join(servers[0]?.folder ?? '', 'state/lock.json'), `${JSON.stringify(lock)}\n`);
  };

  it('takes hosts, shows who has them and why, and releases them', async () => {
    expect(await sluice('lock', 'take', 'fe1', '-m', 'disk swap')).toMatchObject({
      ...{ status: 0, stdout: 'held on purpose: fe1\n', stderr: '' },
    });
    const list = await sluice('lock', 'list');
    expect(list.status).toBe(0);
    const [title, fe1, fe2] = list.stdout.split('\n').map((line) => line.split(/ {2,}/));
    expect(title).toEqual(['HOST', 'STATE', 'BY', 'RUN', 'REASON', 'SINCE', 'HEARTBEAT']);
    expect(fe1?.slice(0, 5)).toMatchObject(['fe1', 'held on purpose', /@/, /^\d{8}-/, 'disk swap'].map(matching));
    expect(fe2).toEqual(['fe2', 'free']);

    expect(await sluice('lock', 'release', 'all')).toMatchObject({ status: 0, stdout: 'locks released: 1\n' });
    expect((await sluice('lock', 'list')).stdout).toMatch(/^fe1 +free\nfe2 +free\n$/m);
  });

  it('takes all of the hosts or none, and says who is in the way', async () => {
    await sluice('lock', 'take', 'fe2', '-m', 'disk swap');

    const { status, stdout, stderr } = await sluice('lock', 'take', 'all', '-m', 'freeze');

    expect({ status, stdout }).toEqual({ status: 75, stdout: '' });
    expect(stderr).toMatch(/fe2.* it is held on purpose by \S+@\S+ \("disk swap"\)/);
    expect((await sluice('lock', 'list')).stdout).toMatch(/^fe1 +free$/m);
  });

  it('tells of each host on a line with --json', async () => {
    await sluice('lock', 'take', 'fe1', '-m', 'disk swap');

    const { stdout } = await sluice('lock', 'list', '--json');

    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
    expect(lines).toMatchObject([
      { schema: 1, type: 'host-lock', host: 'fe1', state: 'held', owner: { kind: 'hold', reason: 'disk swap' } },
      { schema: 1, type: 'host-lock', host: 'fe2', state: 'free' },
    ]);
  });

  it('shows the others when a host cannot be looked at, and ends with its status', async () => {
    const { status, stdout } = await commandLine(['lock', 'list', '-i', 'three.ini'], { cwd });

    expect(status).toBe(4);
    expect(stdout).toMatch(/^fe1 +free\nfe2 +free\nCannot reach fe3 .*\n$/m);
  });

  it('releases nothing of what others have, and breaks it once that is confirmed', async () => {
    await leave();
    expect((await sluice('lock', 'list')).stdout).toMatch(/^fe1 +dead +bob@desk +20261121-1 +rollout p\.yml /m);

    const released = await sluice('lock', 'release', 'fe1');
    expect(released.status).toBe(75);
    expect(released.stderr).toMatch(/bob@desk, run 20261121-1, .* only "sluice lock break" can remove it/);
    const unasked = await sluice('lock', 'break', 'fe1');
    expect(unasked.status).toBe(5);
    expect(unasked.stderr).toMatch(/fe1: bob@desk, run 20261121-1.*\nBreak it\?.*--yes/);
    expect(await sluice('lock', 'break', 'fe1', '--yes')).toMatchObject({ status: 0, stdout: 'locks broken: 1\n' });
    expect((await sluice('lock', 'list', 'fe1')).stdout).toMatch(/^fe1 +free$/m);
  });
});

function matching(what: string | RegExp): unknown {
  return typeof what === 'string' ? what : (expect.stringMatching(what) as unknown);
}
