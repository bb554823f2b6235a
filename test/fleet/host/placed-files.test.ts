import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { EngineContainers } from '../../../src/adapters/docker/containers.ts';
import type { ContainerSpec } from '../../../src/rollout/container-spec.ts';
import { theInstance } from '../../config/playbook/fleet.ts';
import { labLink } from '../../support/lab-fleet.ts';
import { own } from '../../support/own-host.ts';

const image = 'registry.lab:5000/pxapp:v1';
const folder = mkdtempSync(join(tmpdir(), 'sluice-placed-'));
const [web, other] = ['sluicefile-web', 'sluicefile-web.replaced-1'];

const link = labLink(own);
const containers = new EngineContainers(link);

interface Words {
  readonly secret?: string;
  readonly config?: string;
  /** Of the secret. */
  readonly how?: string;
  readonly more?: string;
}

/** A service with a secret at /run/secrets/db and a config at /etc/shop.ini. */
function specOf({
  secret = 'first words',
  config = 'listen 80',
  how = 'mode: 0400',
  more = '',
}: Words = {}): ContainerSpec {
  writeFileSync(join(folder, 'db.txt'), secret);
  const files = `    secrets: [{ source: db, ${how} }]\n    configs: [{ source: shop, target: /etc/shop.ini }]\n`;
  const top = `secrets: { db: { file: db.txt } }\nconfigs: { shop: { content: "${config}" } }\n`;
  return composed(`${files}${more}`, top);
}

function composed(lines: string, top = ''): ContainerSpec {
  const service = `services:\n  web:\n    image: ${image}\n    network_mode: bridge\n${lines}`;
  writeFileSync(join(folder, 'compose.yml'), `name: sluicefile\n${service}${top}`);
  const text = `- hosts: fe1\n  balancer: { backend: b }\n  apps:\n  - name: ${web}\n    compose: compose.yml\n    service: web\n`;
  return theInstance(text, undefined, { playbookDir: folder, controller: {} }).spec;
}

const inside = async (name: string, command: string): Promise<string> =>
  (await containers.exec(name, ['sh', '-c', command], 10_000)).output.trim();

beforeAll(async () => {
  await containers.pull({ reference: image, policy: 'missing', signal: new AbortController().signal });
});

afterEach(async () => {
  const left = (await containers.list()).filter(({ name }) => name.startsWith('sluicefile'));
  await Promise.all(left.map(({ name }) => containers.remove(name)));
});

afterAll(async () => {
  rmSync(folder, { recursive: true });
  await link.close();
});

describe('files that are put into a container', () => {
  it('are there before it starts, with their bytes, mode and owner, and stay', async () => {
    const spec = specOf({ how: 'uid: "1000", gid: "7", mode: 0400' });

    await containers.create(web, spec, undefined);
    expect(await containers.changes(web, spec)).toEqual([]);
    await containers.start(web);

    const look =
      'ls -ln /run/secrets/db /etc/shop.ini | tr -s " " | cut -d" " -f1,3-5; cat /run/secrets/db; cat /etc/shop.ini';
    const seen = '-r--r--r-- 0 0 9\n-r-------- 1000 7 11\nfirst wordslisten 80';
    expect(await inside(web, look)).toBe(seen);
    await containers.stop(web);
    await containers.start(web);
    expect(await inside(web, 'cat /run/secrets/db')).toBe('first words');
    expect(await containers.changes(web, spec)).toEqual([]);
  });

  it('are compared by bytes, mode and owner, and never shown', async () => {
    await containers.create(web, specOf(), undefined);

    expect(await containers.changes(web, specOf({ secret: 'first wordz' }))).toEqual([
      { setting: 'secrets./run/secrets/db', from: '(hidden)', to: '(hidden)' },
    ]);
    expect(await containers.changes(web, specOf({ config: 'listen 81' }))).toEqual([
      { setting: 'configs./etc/shop.ini', from: '(hidden)', to: '(hidden)' },
    ]);
    expect(await containers.changes(web, specOf({ how: 'mode: 0440, uid: "5"' }))).toEqual([
      { setting: 'secrets./run/secrets/db', from: 'mode 0400, owner 0:0', to: 'mode 0440, owner 5:0' },
    ]);
    expect(await containers.changes(web, composed('    secrets: []\n'))).toEqual([
      { setting: 'files./etc/shop.ini', from: '(hidden)', to: '(not set)' },
      { setting: 'files./run/secrets/db', from: '(hidden)', to: '(not set)' },
    ]);
  });

  it('are not there yet in a container that has none, and stay where they are not declared', async () => {
    const none = composed('');
    await containers.create(web, none, undefined);
    expect((await containers.changes(web, specOf())).map(({ from }) => from)).toEqual(['(not set)', '(not set)']);
    await containers.remove(web);

    await containers.create(other, specOf(), undefined);
    await containers.create(web, none, other);

    expect(await containers.changes(web, specOf())).toEqual([]);
    expect(await containers.changes(web, none)).toEqual([]);
  });

  it('are in no file of the host outside of the container, and no word of them in its inspection', async () => {
    await containers.create(web, specOf({ secret: 'planted-words-4711' }), undefined);

    const { stdout } = await link.run(
      `docker inspect ${web} | grep -c planted-words; root=$(docker inspect -f '{{.GraphDriver.Data.UpperDir}}' ${web}); grep -rls planted-words-4711 /var/lib/docker /var/lib/sluice /var/tmp/sluice | grep -vc "^$root"`,
    );

    expect(stdout.trim().split('\n')).toEqual(['0', '0']);
  });

  it('come back from whichever container has them', async () => {
    await containers.create(other, specOf(), undefined);
    const snapshot = await containers.snapshot(other);
    expect(snapshot).not.toContain('first words');
    expect(await containers.holdsAlone(other)).toBe(true);

    await containers.createFrom(web, snapshot);

    expect(await containers.isAsIn(web, snapshot)).toBe(true);
    expect(await containers.changes(web, specOf())).toEqual([]);
    expect(await containers.holdsAlone(other)).toBe(false);
  });

  it('that no container has any more are missed before anything is made', async () => {
    await containers.create(other, specOf(), undefined);
    const snapshot = await containers.snapshot(other);
    await containers.remove(other);
    await containers.create(web, specOf({ secret: 'later words' }), undefined);

    expect(await containers.isAsIn(web, snapshot)).toBe(false);
    const why = 'no container on the host has its /run/secrets/db any more';
    expect(await containers.lostOf(snapshot)).toBe(why);
    await expect(containers.createFrom(other, snapshot)).rejects.toThrow(
      `Cannot create container ${other} as it was before on ${own}: ${why}`,
    );
    expect(await containers.inspect(other)).toBeUndefined();
  });

  it('cannot be put where something is mounted, or where nothing may be written; nothing half-made stays', async () => {
    await containers.create(other, composed('    volumes: ["/srv:/etc"]\n    read_only: true\n'), undefined);
    await expect(containers.create(web, specOf(), other)).rejects.toThrow(
      'what is mounted at /etc would hide /etc/shop.ini, or keep it on the host',
    );
    await containers.remove(other);
    await containers.create(other, composed('    read_only: true\n'), undefined);
    await expect(containers.create(web, specOf(), other)).rejects.toThrow('container rootfs is marked read-only');

    expect(await containers.inspect(web)).toBeUndefined();
  });
});
