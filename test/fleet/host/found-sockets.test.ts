import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { docker } from '../../../lab/lab.ts';
import { folderWith } from '../../support/command-line.ts';
import { haproxyInContainer } from '../../support/haproxy-in-container.ts';
import { own, ownHost, resetOwn } from '../../support/own-host.ts';
import { sluice } from '../../support/sluice.ts';

/** The lab's configuration with two more sockets. */
async function resetWithMore(): Promise<void> {
  const haproxyTemplate = join(folderWith({}), 'haproxy.cfg');
  const template = readFileSync('haproxy/haproxy.cfg.example', 'utf8');
  const more = "    stats socket '/run/watch.sock' level user # for graphs\n    stats socket :9999 level admin\n";
  writeFileSync(haproxyTemplate, template.replace('    stats timeout', `${more}    stats timeout`));
  await resetOwn({ haproxyTemplate });
}

describe('the sockets of a real host', () => {
  afterAll(async () => {
    await docker(ownHost(), 'rm', '-f', 'lb').catch(() => undefined);
    await resetOwn();
  });

  it('are found, and each is asked for its level and its version', async () => {
    await resetWithMore();

    const { status, stdout } = await sluice('doctor', own);
    const json = await sluice('doctor', own, '--json');

    expect(status, stdout).toBe(0);
    const by = 'by /etc/haproxy/haproxy\\.cfg:\\d+ of process \\d+';
    expect(stdout).toMatch(new RegExp(`socket +/var/run/haproxy\\.sock, [23]\\.\\S+, level admin, ${by}, used$`, 'm'));
    expect(stdout).toMatch(new RegExp(`socket +/run/watch\\.sock, [23]\\.\\S+, level user, ${by}, too low`, 'm'));
    expect(stdout).toMatch(new RegExp(`socket +ipv4@127\\.0\\.0\\.1:9999, [23]\\.\\S+, level admin, ${by}$`, 'm'));
    expect(stdout).toMatch(
      /socket +\/run\/haproxy-master\.sock, the master of \d+ workers?, [23]\.\S+, level admin, by -S of process \d+, used$/m,
    );
    const { sockets } = JSON.parse(json.stdout.trim()) as { readonly sockets: readonly unknown[] };
    expect(sockets).toContainEqual(
      expect.objectContaining({ socket: '/run/watch.sock', kind: 'stats', level: 'user', isUsed: false }),
    );
  });

  it('are not all to be seen by everybody, which is told', async () => {
    await resetWithMore();
    chmodSync(join(ownHost().dir, 'haproxy/haproxy.cfg'), 0o600);

    const { stdout } = await sluice('doctor', own, '--user', 'deploy');

    expect(stdout).toMatch(
      /socket +the sockets of process \d+ are not known, as we cannot read \/etc\/haproxy\/haproxy\.cfg; what is listened on there is .*\/run\/watch\.sock/,
    );
    expect(stdout).toMatch(/socket +\/run\/haproxy-master\.sock, a master, level admin, .* deploy may not use it/);
  });

  it('are found in a container, and how to name them is told', async () => {
    await resetOwn();
    await haproxyInContainer(['--tmpfs', '/var/run']);
    rmSync(ownHost().haproxySocket, { force: true });
    const found = /socket +lb:\/var\/run\/haproxy\.sock, [23]\.\S+, level admin/;
    await expect.poll(async () => (await sluice('doctor', own)).stdout, { timeout: 30_000 }).toMatch(found);

    const unnamed = await sluice('doctor', own);
    const named = await sluice('doctor', own, '--haproxy-container', 'lb');

    expect(unnamed.status).toBe(1);
    expect(unnamed.stdout).toContain('say --socket /var/run/haproxy.sock --haproxy-container lb');
    expect(named.status, named.stdout).toBe(0);
    expect(named.stdout).toMatch(/socket +lb:\/var\/run\/haproxy\.sock, .*, used$/m);
    expect(named.stdout).toMatch(/socket +lb:\/var\/run\/haproxy-master\.sock, the master of 1 worker, .*, used$/m);
  });
});
