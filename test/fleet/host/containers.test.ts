import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { EngineContainers } from '../../../src/adapters/docker/containers.ts';
import type { ContainerSpec } from '../../../src/rollout/container-spec.ts';
import { labLink } from '../../support/lab-fleet.ts';
import { own } from '../../support/own-host.ts';

const registry = 'registry.lab:5000/pxapp';
const never = new AbortController().signal;

const link = labLink(own);
const containers = new EngineContainers(link);

let number = 0;
const newName = () => `sluice-test-${process.pid}-${++number}`;

function aSpec(settings: Partial<ContainerSpec> = {}): ContainerSpec {
  return { image: `${registry}:v1`, pullPolicy: 'missing', environment: { START_DELAY_MS: '0' }, ...settings };
}

async function inspection(name: string): Promise<Record<string, Record<string, unknown>>> {
  const { stdout } = await link.run(`docker inspect ${name}`);
  return (JSON.parse(stdout) as Record<string, Record<string, unknown>>[])[0] ?? {};
}

beforeAll(async () => {
  await containers.pull({ reference: `${registry}:v1`, policy: 'missing', signal: never });
  await containers.pull({ reference: `${registry}:v2`, policy: 'missing', signal: never });
});

afterEach(async () => {
  const left = (await containers.list()).filter(({ name }) => name.startsWith('sluice-test-'));
  await Promise.all(left.map(({ name }) => containers.remove(name)));
  await link.run('docker volume rm $(docker volume ls -q --filter name=sluice-test); docker network prune -f');
});

afterAll(() => link.close());

describe('images', () => {
  it('have the digest that the registry tells of them', async () => {
    const image = await containers.pull({ reference: `${registry}:v2`, policy: 'always', signal: never });

    expect(image.digests).toContain((await containers.remoteImage(`${registry}:v2`)).digest);
    expect(image).toEqual(await containers.image(`${registry}:v2`));
  });

  it('that the registry does not have cannot be pulled', async () => {
    await expect(containers.pull({ reference: `${registry}:nope`, policy: 'always', signal: never })).rejects.toThrow(
      /^Cannot pull registry.lab:5000\/pxapp:nope on fe\d: .*manifest unknown/,
    );
    expect(await containers.image(`${registry}:nope`)).toBeUndefined();
  });
});

describe('a container', () => {
  it('lives from create() to remove()', async () => {
    const [name, aside] = [newName(), newName()];
    const spec = aSpec({ healthcheck: { intervalMs: 200 }, stopGraceMs: 5_000 });
    await containers.create(name, spec, undefined);
    expect(await containers.inspect(name)).toMatchObject({ name, running: false, status: 'created', health: 'none' });

    await containers.start(name);
    await containers.start(name);
    await vi.waitFor(async () => expect((await containers.inspect(name))?.health).toBe('healthy'), 20_000);

    expect(await containers.logs(name, 10)).toEqual(['v1 listens on 8080']);
    const said = await containers.exec(name, ['sh', '-c', 'echo out; echo err >&2; exit 3'], 5_000);
    expect(said.exitCode).toBe(3);
    expect(said.output.split('\n').toSorted()).toEqual(['', 'err', 'out']);
    await expect(containers.exec(name, ['sleep', '9'], 100)).rejects.toThrow('it takes longer than 0.1 s');
    await containers.setRestart(name, { name: 'on-failure', maximumRetryCount: 2 });
    await containers.rename(name, aside);
    expect(await containers.inspect(name)).toBeUndefined();
    await containers.stop(aside);
    await containers.stop(aside);
    expect(await containers.inspect(aside)).toMatchObject({
      running: false,
      status: 'exited',
      restart: { name: 'on-failure', maximumRetryCount: 2 },
      image: { reference: `${registry}:v1`, digests: (await containers.image(`${registry}:v1`))?.digests },
    });
    await containers.remove(aside);
    await containers.remove(aside);
    expect((await containers.list()).map((container) => container.name)).not.toContain(aside);
  });

  it('takes from its new image what its predecessor had from the old one', async () => {
    const [old, young] = [newName(), newName()];
    await containers.create(old, aSpec({ environment: { MINE: '1' } }), undefined);

    await containers.create(young, { image: `${registry}:v2`, pullPolicy: 'missing' }, old);

    const { Config } = await inspection(young);
    expect(Config?.['Env']).toEqual(expect.arrayContaining(['MINE=1', 'APP_VERSION=v2']));
  });

  it('keeps its networks, aliases and the data of volumes without a name', async () => {
    const [old, young] = [newName(), newName()];
    await link.run(`docker network create ${old}-a && docker network create ${old}-b`);
    const options = `--network ${old}-a --network-alias web -v /data -e START_DELAY_MS=0`;
    await link.run(`docker run -d --name ${old} ${options} ${registry}:v1`);
    await link.run(`docker network connect --alias db-side ${old}-b ${old}`);
    await containers.exec(old, ['sh', '-c', 'echo kept > /data/file'], 5_000);

    await containers.create(young, { image: `${registry}:v2`, pullPolicy: 'missing' }, old);
    await containers.remove(old);
    await containers.start(young);

    expect((await containers.exec(young, ['cat', '/data/file'], 5_000)).output).toBe('kept\n');
    const { NetworkSettings } = await inspection(young);
    expect(NetworkSettings?.['Networks']).toMatchObject({
      [`${old}-a`]: { Aliases: expect.arrayContaining(['web']) as unknown },
      [`${old}-b`]: { Aliases: expect.arrayContaining(['db-side']) as unknown },
    });
    await link.run(`docker rm -f -v ${young}`);
  });
});

describe('changes() after create()', () => {
  // prettier-ignore
  const declared: Partial<ContainerSpec>[] = [
    { command: ['/usr/bin/node', '/app/app.js', '--verbose'] },
    { command: [] },
    { entrypoint: ['/usr/bin/node'], command: ['/app/app.js'] },
    { entrypoint: [], command: ['/usr/bin/node', '/app/app.js'] },
    { environment: { A: '1', APP_VERSION: 'mine', EMPTY: '', 'WITH': 'a=b c' } },
    { labels: { 'com.example.one': 'a', two: '' } },
    { ports: [] },
    { ports: [{ hostIp: '', hostPort: 19_001, containerPort: 8080, protocol: 'tcp' },
              { hostIp: '127.0.0.1', hostPort: 19_002, containerPort: 8080, protocol: 'tcp' },
              { hostIp: '127.0.0.1', hostPort: undefined, containerPort: 53, protocol: 'udp' }] },
    { volumes: [] },
    { volumes: ['/var/log:/log:ro', 'sluice-test-data:/data', '/tmp/:/t/:rw', '/usr:/u:z,ro'] },
    { networkMode: 'bridge' },
    { networkMode: 'host', ports: [{ hostIp: '', hostPort: 19_001, containerPort: 8080, protocol: 'tcp' }] },
    { networkMode: 'host', hostname: 'mine' },
    { networkMode: 'none' },
    { networkMode: 'container:pxApp_1' },
    { restart: { name: 'no', maximumRetryCount: 0 } },
    { restart: { name: 'always', maximumRetryCount: 0 } },
    { restart: { name: 'unless-stopped', maximumRetryCount: 0 } },
    { restart: { name: 'on-failure', maximumRetryCount: 3 } },
    { healthcheck: { test: ['CMD', 'true'], intervalMs: 500, timeoutMs: 1500, startPeriodMs: 2500, retries: 4 } },
    { healthcheck: { test: ['CMD-SHELL', 'exit 0'] } },
    { healthcheck: { intervalMs: 700 } },
    { healthcheck: { startPeriodMs: 0, retries: 0 } },
    { healthcheck: { test: ['NONE'] } },
    { healthcheck: { test: ['NONE'], intervalMs: 700 } },
    { user: '1000:1000' },
    { user: '' },
    { workingDir: '/tmp' },
    { workingDir: '/app/' },
    { hostname: 'px1' },
    { extraHosts: ['db:10.0.0.1', 'cache:10.0.0.2'] },
    { stopSignal: 'SIGINT' },
    { stopSignal: 'TERM' },
    { stopSignal: '15' },
    { stopGraceMs: 2500 },
    { stopGraceMs: 10_000 },
    { init: true },
    { init: false },
    { readOnly: true },
    { privileged: true },
    { privileged: false },
    { capAdd: ['NET_ADMIN', 'cap_sys_time'], capDrop: ['ALL'] },
    { capAdd: [], capDrop: [] },
    { memoryBytes: 64 * 1024 * 1024 },
    { memoryBytes: 0 },
    { cpus: 0.5 },
    { cpus: 0 },
    { logging: { driver: 'json-file', options: { 'max-size': '1m', 'max-file': '2' } } },
    { logging: { driver: 'none', options: {} } },
  ];
  const cases = declared.map((settings) => ({ settings, words: JSON.stringify(settings) }));

  it.each(cases)('are none for $words, new, and made like another', async ({ settings }) => {
    const [first, plain, second] = [newName(), newName(), newName()];

    await containers.create(first, aSpec(settings), undefined);
    await containers.create(plain, { image: `${registry}:v1`, pullPolicy: 'missing' }, undefined);
    await containers.create(second, aSpec({ ...settings, image: `${registry}:v2` }), plain);

    expect(await containers.changes(first, aSpec(settings))).toEqual([]);
    expect(await containers.changes(second, aSpec(settings))).toEqual([]);
  });

  it.each(cases)('are none for a likeness that declares nothing of $words', async ({ settings }) => {
    const [first, second, third] = [newName(), newName(), newName()];
    await containers.create(first, aSpec(settings), undefined);

    await containers.create(second, { image: `${registry}:v1`, pullPolicy: 'missing' }, first);
    await containers.create(third, { image: `${registry}:v1`, pullPolicy: 'missing' }, second);

    expect(await containers.changes(second, aSpec(settings))).toEqual([]);
    expect(await containers.changes(third, aSpec(settings))).toEqual([]);
    const [one, other] = await Promise.all([inspection(second), inspection(third)]);
    expect(other['HostConfig']).toEqual(one['HostConfig']);
    expect({ ...other['Config'], Hostname: '' }).toEqual({ ...one['Config'], Hostname: '' });
  });
});
