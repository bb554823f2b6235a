import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { inside, type Host } from '../../../lab/host.ts';
import { docker } from '../../../lab/lab.ts';
import { run } from '../../../lab/shell.ts';
import { folderWith } from '../../support/command-line.ts';
import { filesWith } from '../../support/files-with.ts';
import { ALL_IN_SERVICE, serversOf } from '../../support/fleet.ts';
import { loadOwn, own, ownHost, resetOwn } from '../../support/own-host.ts';
import { openPrivateRegistry, openTlsRegistry, type PrivateRegistry } from '../../support/private-registry.ts';
import { shortPlaybook } from '../../support/short-playbook.ts';
import { sluice, start, type Ended, type RunOptions } from '../../support/sluice.ts';

const PASSWORD = 'open-sesame-4711';

describe('a registry that wants a login', () => {
  let door: PrivateRegistry;
  let folder: string;
  beforeAll(async () => {
    door = await openPrivateRegistry({ username: 'ci', password: PASSWORD });
  });
  afterAll(async () => {
    await door.close();
  });
  beforeEach(async () => {
    await resetOwn();
    folder = folderWith({});
  });

  /** The short playbook, from behind the door. */
  function rollout(logins: string, options: RunOptions = {}): Promise<Ended> {
    const playbook = shortPlaybook(folder);
    const [image = ''] = door.imageOf('').split(/:$/);
    const text = readFileSync(playbook, 'utf8').replace('registry.lab:5000/pxapp', image);
    writeFileSync(playbook, text.replace(/^( +)hosts: fe$/m, `$&\n${logins}`));
    const args = ['rollout', playbook, '-e', 'pxapp_version=v2', '-e', `registry_password=${PASSWORD}`, '--yes'];
    return start([...args, '--limit', own, '--json'], { ...options, env: { DOCKER_CONFIG: folder, ...options.env } })
      .ended;
  }

  const registryOf = (): string => door.imageOf('').split('/')[0] ?? '';
  const withLogin = (): string =>
    `  registries: { '${registryOf()}': { username: ci, password: '{{ registry_password }}' } }`;

  it('is not asked in vain: what is missing is said, and nothing is touched', async () => {
    const { status, stdout } = await rollout('');

    expect(status, stdout).toBe(1);
    expect(stdout).toContain(`there is no login for ${registryOf()}: give one in`);
    expect(await serversOf(own)).toEqual(ALL_IN_SERVICE);
  });

  it('gets the login of the playbook, gives the bytes of the plan, and leaves no trace of the login', async () => {
    const traffic = loadOwn();

    const ended = await rollout(withLogin(), {
      onEvent: ({ type }) => {
        if (type === 'planned') door.move('v2', 'v3');
      },
    });

    const report = await traffic.stop();
    expect(ended.status, ended.stdout).toBe(0);
    const made = await docker(ownHost(), 'inspect', '-f', '{{.Config.Image}} {{json .Config.Env}}', 'pxApp_1');
    expect(made).toContain(`${door.imageOf('v2')} `);
    expect(made).toContain('APP_VERSION=v2');
    expect(report.failures).toEqual([]);
    expect(ended.stdout + ended.stderr).not.toContain(PASSWORD);
    for (const dir of [process.env['SLUICE_STATE'] ?? '', join(ownHost().dir, 'sluice'), join(ownHost().dir, 'root')]) {
      expect(await filesWith(PASSWORD, dir), dir).toBe('');
    }
  });

  it('gets the login that docker login has left on this machine', async () => {
    const auth = Buffer.from(`ci:${PASSWORD}`).toString('base64');
    writeFileSync(join(folder, 'config.json'), JSON.stringify({ auths: { [registryOf()]: { auth } } }));

    const { status, stdout } = await rollout('');

    expect(status, stdout).toBe(0);
    expect(stdout).not.toContain(PASSWORD);
  });
});

describe('a registry with a certificate by a private CA', () => {
  it('is named where the host does not trust it, and serves where its certificate is in certs.d', async () => {
    await resetOwn();
    const door = await openTlsRegistry();
    const folder = folderWith({});
    const playbook = shortPlaybook(folder);
    const text = readFileSync(playbook, 'utf8').replace('registry.lab:5000/pxapp', `${door.name}/pxapp`);
    writeFileSync(playbook, text);
    const args = ['rollout', playbook, '-e', 'pxapp_version=v2', '--yes', '--limit', own];

    let forget: (() => Promise<void>) | undefined;
    try {
      const before = await sluice(...args);
      forget = await trusted(ownHost(), door.name, door.ca);
      const after = await sluice(...args);

      expect(before, before.stdout).toMatchObject({ status: 1 });
      expect(before.stderr).toContain(`put the CA's certificate into /etc/docker/certs.d/${door.name}/ca.crt there`);
      expect(after, after.stderr).toMatchObject({ status: 0 });
      expect(await docker(ownHost(), 'inspect', '-f', '{{.Config.Image}}', 'pxApp_1')).toBe(`${door.name}/pxapp:v2\n`);
      expect(await serversOf(own)).toEqual(ALL_IN_SERVICE);
    } finally {
      await forget?.();
      await door.close();
    }
  });
});

/** Has the Engine of the host trust a CA, in a folder of its own: its /etc is the machine's. */
async function trusted(host: Host, name: string, ca: string): Promise<() => Promise<void>> {
  const dir = folderWith({});
  mkdirSync(join(dir, 'certs.d', name), { recursive: true });
  writeFileSync(join(dir, 'certs.d', name, 'ca.crt'), ca);
  await run('nsenter', inside(host, ['mount', '--bind', dir, '/etc/docker']));
  return async () => {
    await run('nsenter', inside(host, ['umount', '/etc/docker']));
  };
}
