import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../../../lab/wait.ts';
import { describeHostLock } from '../../support/contracts/host-lock.ts';
import { FlockLock } from '../../../src/adapters/host/lock.ts';
import type { SshLink } from '../../../src/adapters/ssh/connection.ts';
import { SshNetwork } from '../../../src/adapters/ssh/network.ts';
import { connectionOf } from '../../../src/config/inventory/connection.ts';
import { loadInventory } from '../../../src/config/inventory/load.ts';
import { ALL_IN_SERVICE, containersOf, containersOn, serversOf } from '../../support/fleet.ts';
import { network } from '../../support/lab-fleet.ts';
import { loadOwn, own, ownHost, resetOwn } from '../../support/own-host.ts';
import { SECOND_PORT, Workshop } from '../../support/second-server.ts';
import { rolloutTo, sluice, start } from '../../support/sluice.ts';

/** The `ssh` that have a connection of this test's, by their number. */
function masters(workshop: Workshop): readonly string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`UserKnownHostsFile=${workshop.folder}`);
      } catch {
        return false;
      }
    });
}

describe('a host that lets in certificates only, and is known by one', () => {
  let workshop: Workshop;
  let stop: () => Promise<void>;
  let inventory: string;
  /** As the command line is told to use it. */
  let by: readonly string[];

  beforeAll(async () => {
    await resetOwn();
    workshop = new Workshop(ownHost());
    const [hostCa, userCa, hostKey, userKey] = [
      ...[workshop.key('host-ca'), workshop.key('user-ca'), workshop.key('host'), workshop.key('user')],
    ] as [string, string, string, string];
    workshop.sign(['-s', hostCa, '-h', '-I', own, '-n', ownHost().address, `${hostKey}.pub`]);
    workshop.sign(['-s', userCa, '-I', 'ann', '-n', 'root', `${userKey}.pub`]);
    const known = workshop.file('known_hosts', `@cert-authority * ${workshop.publicKey(hostCa)}\n`);
    const config = workshop.file(
      'sshd_config',
      [
        ...[`Port ${SECOND_PORT}`, `HostKey ${hostKey}`, `HostCertificate ${hostKey}-cert.pub`, 'PidFile none'],
        ...[`TrustedUserCAKeys ${userCa}.pub`, 'AuthorizedKeysFile none', 'StrictModes no', 'UsePAM no', ''],
      ].join('\n'),
    );
    stop = await workshop.serve(['/usr/sbin/sshd', '-D', '-e', '-f', config]);
    const options = `-F none -o UserKnownHostsFile=${known} -o GlobalKnownHostsFile=none -o IdentityAgent=none`;
    inventory = workshop.inventory({ ansible_ssh_private_key_file: userKey, ansible_ssh_common_args: options });
    by = ['-i', inventory, '--transport', 'openssh'];
  });

  afterAll(async () => {
    await stop();
    workshop.remove();
  });

  it('is refused by ssh2, which names the way out', async () => {
    const unknown = await sluice('status', own, '-i', inventory);
    const notLetIn = await sluice('status', own, '-i', inventory, '--host-key-checking', 'no');

    expect(unknown.status).toBe(4);
    expect(unknown.stdout + unknown.stderr).toMatch(
      /known_hosts:1 trusts a certificate authority, which only --transport openssh can verify/,
    );
    expect(notLetIn.status).toBe(4);
    expect(notLetIn.stdout + notLetIn.stderr).toMatch(
      /not the certificate \S+user-cert.pub, which only --transport openssh can use/,
    );
  });

  it("is reached by the system's ssh, and doctor tells by what", async () => {
    const { status, stdout, stderr } = await sluice('doctor', own, ...by);

    expect(status, stderr).toBe(0);
    expect(stdout).toMatch(/login +fe\d \(root@.*:2222\), \S+user ED25519-CERT SHA256:\S+, by the system's ssh/);
    expect(stdout).toMatch(/host key +SHA256:\S+ \(ssh-ed25519-cert-v01@openssh.com\), certified by \S+known_hosts:1/);
    expect(stdout).toMatch(/docker +Engine \S+, API \S+, direct/);
    expect(masters(workshop)).toEqual([]);
  });

  it('is drained and restored', async () => {
    const drained = await sluice('drain', own, '--server', 'pxApp_1', ...by);
    const between = await serversOf(own);
    const restored = await sluice('restore', own, ...by);

    expect(drained.status, drained.stderr).toBe(0);
    expect(between).not.toEqual(ALL_IN_SERVICE);
    expect(restored.status, restored.stderr).toBe(0);
    expect(await serversOf(own)).toEqual(ALL_IN_SERVICE);
  });

  it('is rolled under load without a failed request', async () => {
    const traffic = loadOwn();

    const ended = await sluice(...rolloutTo('v2', '--limit', own), ...by);

    const report = await traffic.stop();
    expect(ended, ended.stderr).toMatchObject({ status: 0 });
    expect(report.failures).toEqual([]);
    expect(await containersOf(own)).toEqual(containersOn('v2'));
    expect(await serversOf(own)).toEqual(ALL_IN_SERVICE);
    expect(masters(workshop)).toEqual([]);
  });

  it('is let go of by a run that is killed: no ssh stays, and its lock is dead', async () => {
    const killed = await start([...rolloutTo('v1', '--limit', own), '--json', ...by], {
      onEvent: (event, child) => {
        if (event.type === 'step-started') child.kill('SIGKILL');
      },
    }).ended;
    expect(killed.status, killed.stderr).toBeNull();

    await until('the end of ssh', async () => masters(workshop).length === 0, { withinMs: 10_000, everyMs: 50 });
    expect((await sluice('lock', 'list', own)).stdout).toMatch(/dead/);
    const recovered = await sluice('recover', own, ...by);
    expect(recovered.status, recovered.stderr).toBe(0);
    expect(await serversOf(own)).toEqual(ALL_IN_SERVICE);
  });

  describe('its lock', () => {
    let links: SshLink[] = [];
    beforeEach(async () => {
      await sluice('lock', 'break', own, '--yes');
    });
    const die = async (): Promise<void> => {
      await Promise.all(links.map((link) => link.close()));
      links = [];
    };
    afterEach(die);

    describeHostLock("over the system's ssh", () => {
      const host = loadInventory([inventory, 'inventory/lab.ini']).hosts.get(own);
      if (!host) throw new Error(`the inventory has no ${own}`);
      const lock = (): FlockLock => {
        const link = new SshNetwork(network).linkTo(connectionOf(host, { transport: 'openssh' }));
        links.push(link);
        return new FlockLock(link);
      };
      return { lock, die };
    });
  });
});
