import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../../lab/wait.ts';
import { own, ownHost, resetOwn } from '../../support/own-host.ts';
import { SECOND_PORT, Workshop } from '../../support/second-server.ts';
import { Terminal } from '../../support/terminal.ts';

describe('a key with a passphrase, on a terminal', () => {
  let workshop: Workshop;
  let stop: () => Promise<void>;
  let line: string;

  beforeAll(async () => {
    await resetOwn();
    workshop = new Workshop(ownHost());
    const [host, user] = [workshop.key('host'), workshop.key('user')];
    execFileSync('ssh-keygen', ['-q', '-p', '-P', '', '-N', 'open sesame', '-f', user]);
    const known = workshop.file('known_hosts', `[${ownHost().address}]:${SECOND_PORT} ${workshop.publicKey(host)}\n`);
    const config = workshop.file(
      'sshd_config',
      [
        ...[`Port ${SECOND_PORT}`, `HostKey ${host}`, 'PidFile none', 'StrictModes no', 'UsePAM no'],
        ...[`AuthorizedKeysFile ${user}.pub`, ''],
      ].join('\n'),
    );
    stop = await workshop.serve(['/usr/sbin/sshd', '-D', '-e', '-f', config]);
    const inventory = workshop.inventory({
      ansible_ssh_private_key_file: user,
      ansible_ssh_common_args: `-F none -o UserKnownHostsFile=${known} -o IdentityAgent=none`,
    });
    line = `bin/sluice doctor ${own} -i ${inventory} -i inventory/lab.ini`;
  });

  afterAll(async () => {
    await stop();
    workshop.remove();
  });

  it('is asked for again when it was wrong, and not shown', async () => {
    const terminal = new Terminal(line);
    await terminal.shows('Passphrase of ');
    terminal.type('abracadabra\r');
    await terminal.shows('That is not it. Passphrase of ');

    terminal.type('open sesame\r');

    expect(await terminal.ended, terminal.screen).toBe(0);
    expect(terminal.screen).toMatch(/login +fe\d \(root@.*:2222\), \S+user SHA256:/);
    expect(terminal.screen).not.toMatch(/abracadabra|sesame/);
  });

  it('is asked for three times', async () => {
    const terminal = new Terminal(line);
    for (const [index, wrong] of ['one', 'two', 'three'].entries()) {
      const asked = (): number => terminal.screen.split('Passphrase of ').length - 1;
      await until('the question', async () => asked() > index, { withinMs: 60_000, everyMs: 20 });
      terminal.type(`${wrong}\r`);
    }

    expect(await terminal.ended).toBe(4);
    expect(terminal.screen).toMatch(/Cannot reach fe\d .*: no key to log in with: \S+user \(has another passphrase\)/);
  });

  it('need not be told: Ctrl-C ends the run', async () => {
    const terminal = new Terminal(line);
    await terminal.shows('Passphrase of ');

    terminal.type('open\x03');

    expect(await terminal.ended).toBe(99);
    expect(terminal.screen).toMatch(/Passphrase of \S+:\s*\n.*SIGINT/);
    expect(terminal.screen).toMatch(/Stopped by SIGINT\n/);
    expect(terminal.screen).not.toMatch('open');
  });
});
