import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ALL_IN_SERVICE, containersOf, containersOn, serversOf } from '../../support/fleet.ts';
import { loadOwn, own, ownHost, resetOwn } from '../../support/own-host.ts';
import { SECOND_PORT, Workshop } from '../../support/second-server.ts';
import { rolloutTo, sluice } from '../../support/sluice.ts';

describe('a host whose SSH server is Dropbear', () => {
  let workshop: Workshop;
  let stop: () => Promise<void>;
  let inventory: string;

  beforeAll(async () => {
    await resetOwn();
    workshop = new Workshop(ownHost());
    const user = workshop.key('user');
    const hostKey = `${workshop.folder}/host`;
    const said = execFileSync('dropbearkey', ['-t', 'ed25519', '-f', hostKey], { encoding: 'utf8', stdio: 'pipe' });
    const [publicKey = ''] = /^ssh-ed25519 \S+/m.exec(said) ?? [];
    const known = workshop.file('known_hosts', `[${ownHost().address}]:${SECOND_PORT} ${publicKey}\n`);
    // It wants the keys to be root's alone, in root's home.
    const home = `${workshop.folder}/root`;
    mkdirSync(`${home}/.ssh`, { recursive: true, mode: 0o700 });
    workshop.file('root/.ssh/authorized_keys', `${workshop.publicKey(user)}\n`, 0o600);
    stop = await workshop.serve(
      [
        '/usr/sbin/dropbear',
        '-F',
        '-E',
        '-s',
        '-r',
        hostKey,
        '-P',
        `${workshop.folder}/pid`,
        '-p',
        String(SECOND_PORT),
      ],
      [[home, '/root']],
    );
    inventory = workshop.inventory({
      ansible_ssh_private_key_file: user,
      ansible_ssh_common_args: `-F none -o UserKnownHostsFile=${known}`,
    });
  });

  afterAll(async () => {
    await stop();
    workshop.remove();
  });

  it.each(['ssh2', 'openssh'])('is reached by commands on it, by %s', async (transport) => {
    const { status, stdout, stderr } = await sluice('doctor', own, '-i', inventory, '--transport', transport);

    expect(status, stdout + stderr).toBe(0);
    expect(stdout).toMatch(/docker +Engine \S+, API \S+, command: docker -H 'unix:\S+ system dial-stdio/);
    expect(stdout).toMatch(/haproxy +\S+, \S+, level admin, command: socat -t0 - UNIX-CONNECT:/);
  });

  it('is rolled under load without a failed request', async () => {
    const traffic = loadOwn();

    const ended = await sluice(...rolloutTo('v2', '--limit', own), '-i', inventory);

    const report = await traffic.stop();
    expect(ended, ended.stderr).toMatchObject({ status: 0 });
    expect(report.failures).toEqual([]);
    expect(await containersOf(own)).toEqual(containersOn('v2'));
    expect(await serversOf(own)).toEqual(ALL_IN_SERVICE);
  });
});
