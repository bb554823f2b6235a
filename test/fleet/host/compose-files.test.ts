import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { EngineContainers } from '../../../src/adapters/docker/containers.ts';
import type { ContainerSpec } from '../../../src/rollout/container-spec.ts';
import { theInstance } from '../../config/playbook/fleet.ts';
import { labLink } from '../../support/lab-fleet.ts';
import { own } from '../../support/own-host.ts';

const image = 'registry.lab:5000/pxapp:v1';
const folder = mkdtempSync(join(tmpdir(), 'sluice-compose-'));

const link = labLink(own);
const containers = new EngineContainers(link);

function specOf(compose: string): ContainerSpec {
  writeFileSync(join(folder, 'compose.yml'), `name: sluicetest\n${compose}`);
  const text =
    '- hosts: fe1\n  balancer: { backend: b }\n  apps:\n  - name: sluicetest-web\n    compose: compose.yml\n    service: web\n';
  return theInstance(text, undefined, { playbookDir: folder, controller: {} }).spec;
}

beforeAll(async () => {
  await containers.pull({ reference: image, policy: 'missing', signal: new AbortController().signal });
});

afterEach(async () => {
  const left = (await containers.list()).filter(({ name }) => name.startsWith('sluicetest'));
  await Promise.all(left.map(({ name }) => containers.remove(name)));
  await link.run('docker network prune -f; docker volume rm sluicetest_data');
});

afterAll(async () => {
  rmSync(folder, { recursive: true });
  await link.close();
});

it('a service gets its networks and volumes, which are made where they are missing', async () => {
  const spec = specOf(`services:
  web:
    image: ${image}
    networks: { front: { ipv4_address: 172.29.7.9 } }
    volumes: ["data:/data"]
networks:
  front: { ipam: { config: [{ subnet: 172.29.7.0/24 }] }, labels: { a: b } }
volumes:
  data: { labels: { c: d } }
`);
  expect(await containers.prospects(spec)).toEqual({
    inTheWay: [],
    made: ['network sluicetest_front', 'volume sluicetest_data'],
  });

  await containers.create('sluicetest-web', spec, undefined);
  await containers.start('sluicetest-web');

  expect(await containers.changes('sluicetest-web', spec)).toEqual([]);
  expect(await containers.prospects(spec)).toEqual({ inTheWay: [], made: [] });
  const { stdout } = await link.run(
    'docker network inspect -f "{{.Labels}}" sluicetest_front; docker volume inspect -f "{{.Labels}}" sluicetest_data; docker inspect -f "{{json .NetworkSettings.Networks}}" sluicetest-web',
  );
  const [network, volume, networks] = stdout.split('\n');
  expect([network, volume]).toEqual(['map[a:b]', 'map[c:d]']);
  expect(JSON.parse(networks ?? '')).toMatchObject({
    sluicetest_front: { IPAddress: '172.29.7.9', Aliases: expect.arrayContaining(['web']) as unknown },
  });
});

it('what is external must be there', async () => {
  const spec = specOf(`services:
  web: { image: "${image}", networks: [front], volumes: ["data:/data"] }
networks: { front: { external: true, name: sluicetest-gone } }
volumes: { data: { external: true } }
`);

  expect(await containers.prospects(spec)).toEqual({
    inTheWay: ['there is no network sluicetest-gone, which is external', 'there is no volume data, which is external'],
    made: [],
  });
});

it('a service that another depends on must be there, run, and be healthy', async () => {
  const spec = specOf(`services:
  web: { image: "${image}", network_mode: bridge, depends_on: { db: { condition: service_healthy } } }
  db: { image: db }
`);
  const inTheWay = async () => (await containers.prospects(spec)).inTheWay;
  const name = 'sluicetest-other';
  const labels = { 'com.docker.compose.project': 'sluicetest', 'com.docker.compose.service': 'db' };
  expect(await inTheWay()).toEqual(['it depends on db, of which there is no container']);

  await containers.create(
    name,
    { image, pullPolicy: 'never', labels, healthcheck: { test: ['CMD-SHELL', 'exit 0'], intervalMs: 500 } },
    undefined,
  );
  expect(await inTheWay()).toEqual([`it depends on db, but container ${name} does not run`]);
  await containers.start(name);

  await expect.poll(inTheWay, { timeout: 20_000 }).toEqual([]);
});
