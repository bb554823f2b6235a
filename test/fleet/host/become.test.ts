import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ALL_IN_SERVICE, containersOf, containersOn, serversOf } from '../../support/fleet.ts';
import { loadOwn, own, ownHost, resetOwn } from '../../support/own-host.ts';
import { SECOND_PORT, Workshop } from '../../support/second-server.ts';
import { rolloutTo, sluice } from '../../support/sluice.ts';

describe('users who may use neither socket', () => {
  let workshop: Workshop;
  let stop: () => Promise<void>;
  /** As the command line is told to be `plain`, who may sudo without a password, or `bare`, who may not. */
  const as: Record<'plain' | 'bare', (become: boolean) => readonly string[]> = {
    plain: (become) => ['-i', inventoryFor('plain', become)],
    bare: (become) => ['-i', inventoryFor('bare', become)],
  };

  beforeAll(async () => {
    await resetOwn();
    workshop = new Workshop(ownHost());
    workshop.key('host');
    workshop.key('user');
    const etc = (name: string): string => readFileSync(join(ownHost().dir, 'etc', name), 'utf8').trimEnd();
    const users = [`plain:*:7801:7801::${workshop.folder}:/bin/sh`, `bare:*:7802:7802::${workshop.folder}:/bin/sh`];
    const passwd = workshop.file('passwd', `${[etc('passwd'), ...users].join('\n')}\n`);
    workshop.file('sudoers/plain', 'plain ALL=(root) NOPASSWD: ALL\n', 0o440);
    const config = workshop.file(
      'sshd_config',
      [
        ...[`Port ${SECOND_PORT}`, `HostKey ${workshop.folder}/host`, 'PidFile none', 'StrictModes no', 'UsePAM no'],
        ...[`AuthorizedKeysFile ${workshop.folder}/user.pub`, ''],
      ].join('\n'),
    );
    stop = await workshop.serve(
      ['/usr/sbin/sshd', '-D', '-e', '-f', config],
      [
        [passwd, '/etc/passwd'],
        [`${workshop.folder}/sudoers`, '/etc/sudoers.d'],
      ],
    );
  });

  afterAll(async () => {
    await stop();
    workshop.remove();
  });

  function inventoryFor(user: string, become: boolean): string {
    const line = `[${ownHost().address}]:${SECOND_PORT} ${workshop.publicKey(`${workshop.folder}/host`)}\n`;
    return workshop.inventory({
      ...{ ansible_user: user, ansible_become: String(become) },
      ansible_ssh_private_key_file: `${workshop.folder}/user`,
      ansible_ssh_common_args: `-F none -o UserKnownHostsFile=${workshop.file('known_hosts', line)}`,
    });
  }

  it('are told whom the sockets belong to, and what to do', async () => {
    const { status, stdout } = await sluice('doctor', own, ...as.plain(false));

    expect(status).toBe(1);
    expect(stdout).toMatch(
      /Cannot open \/var\/run\/docker.sock on fe\d: plain may not use it \(it belongs to root:docker, mode 660\): put plain into its group, or let sluice become root \(ansible_become\)/,
    );
  });

  it('become root by sudo, where they may, and the sockets are carried by commands', async () => {
    const { status, stdout, stderr } = await sluice('doctor', own, ...as.plain(true));

    expect(status, stdout + stderr).toBe(0);
    expect(stdout).toMatch(/docker +Engine \S+, API \S+, command: sudo -n -- docker -H \S+ system dial-stdio/);
    expect(stdout).toMatch(/haproxy +\S+, \S+, level admin, command: sudo -n -- socat/);
    expect(stdout).toMatch(/state +\/var\/lib\/sluice/);
  });

  it('roll out under load without a failed request', async () => {
    const traffic = loadOwn();

    const ended = await sluice(...rolloutTo('v2', '--limit', own), ...as.plain(true));

    const report = await traffic.stop();
    expect(ended, ended.stderr).toMatchObject({ status: 0 });
    expect(report.failures).toEqual([]);
    expect(await containersOf(own)).toEqual(containersOn('v2'));
    expect(await serversOf(own)).toEqual(ALL_IN_SERVICE);
  });

  it('are told what sudo says, where they may not', async () => {
    const { status, stdout, stderr } = await sluice('status', own, ...as.bare(true));

    expect(status).not.toBe(0);
    expect(stdout + stderr).toMatch(/Cannot become root on fe\d: sudo -n says: .*\(bare needs NOPASSWD in sudoers\)/);
  });
});
