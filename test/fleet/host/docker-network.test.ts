import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { docker, reload } from '../../../lab/lab.ts';
import { imageOf } from '../../../lab/settings.ts';
import { changedCopy } from '../../support/changed-copy.ts';
import type { Change } from '../../support/edited.ts';
import { ALL_IN_SERVICE, containersOf, containersOn, serversOf, untilServers } from '../../support/fleet.ts';
import { loadOwn, own, ownHost, resetOwn } from '../../support/own-host.ts';
import { inSlots, ownServers } from '../../support/own-slots.ts';
import { sampleUsable } from '../../support/sampled.ts';
import { sluice, type Ended } from '../../support/sluice.ts';

const IDS = [1, 2, 3];

/** Containers that publish nothing: HAProxy reaches them by their addresses in a network of the host's Docker. */
async function inNetwork(): Promise<void> {
  const host = ownHost();
  await docker(host, 'rm', '-f', ...IDS.map((id) => `pxApp_${id}`));
  await docker(host, 'network', 'create', '--subnet', '172.29.9.0/24', 'front');
  for (const id of IDS) {
    const where = ['--network', 'front', '--ip', `172.29.9.1${id}`, '--restart', 'always'];
    await docker(host, 'run', '-d', '--name', `pxApp_${id}`, ...where, imageOf('v1'));
  }
}

/** Its configuration with these servers in the backend, and all of them looked at. */
async function withServers(servers: readonly string[]): Promise<void> {
  const path = join(ownHost().dir, 'haproxy/haproxy.cfg');
  const [head] = readFileSync(path, 'utf8').split('    server pxApp_1');
  writeFileSync(path, `${head ?? ''}${servers.map((line) => `    server ${line}\n`).join('')}`);
  await reload(ownHost());
}

const OF_TWO: Change = ['instances: 3', 'instances: 2'];
/** Its servers have no names to make it of. */
const WITHOUT_CONFIG: Change = [
  '    config:\n      template: ../haproxy/slots.cfg.j2\n      path: /etc/haproxy/haproxy.cfg\n',
  '',
];

function rollout(path: string): Promise<Ended> {
  return sluice('rollout', path, '-e', 'pxapp_version=v2', '--limit', own, '--yes');
}

describe('containers that HAProxy reaches by their addresses in a Docker network', () => {
  beforeEach(async () => {
    await resetOwn();
    await inNetwork();
  });
  afterAll(async () => {
    // Those of the lab are in no network of a test's.
    await docker(ownHost(), 'rm', '-f', ...IDS.map((id) => `pxApp_${id}`));
    await resetOwn();
  });

  it('are replaced in place, their servers found by where they send requests', async () => {
    await withServers(IDS.map((id) => `pxApp_${id} 172.29.9.1${id}:8080 weight ${id}0`));
    await untilServers(ownHost(), (servers) => servers.join() === ALL_IN_SERVICE.join());
    const playbook = changedCopy('playbooks/discover.yml', [
      OF_TWO,
      ["ports: ['127.0.0.1:{{ 8080 + id }}:8080']", "networks: { front: { ipv4_address: '172.29.9.1{{ id }}' } }"],
      ['http://127.0.0.1:{{ 8080 + id }}/health', 'http://172.29.9.1{{ id }}:8080/health'],
    ]);
    const traffic = loadOwn();

    const ended = await rollout(playbook);
    const again = await rollout(playbook);

    const report = await traffic.stop();
    expect(ended.status, ended.stdout + ended.stderr).toBe(0);
    expect(again.stdout, again.stderr).toContain('nothing to do');
    expect(report.failures).toEqual([]);
    expect(await serversOf(own)).toEqual(ALL_IN_SERVICE);
    expect(await containersOf(own)).toEqual([...containersOn('v2').slice(0, 2), 'pxApp_3 v1']);
  });

  it('are replaced start-first, in slots that are addresses, and go back', async () => {
    const slots = { a: 1, b: 2 };
    const serversIn = (slot: 'a' | 'b') =>
      IDS.map((id) => `pxApp_${id}${slot} 172.29.9.${slots[slot]}${id}:8080 weight ${id}0`);
    await withServers([...serversIn('a'), ...serversIn('b')]);
    await untilServers(ownHost(), (servers) => servers.toSorted().join() === inSlots('a').join());
    const playbook = changedCopy('playbooks/start-first.yml', [
      OF_TWO,
      WITHOUT_CONFIG,
      ['first_port: { a: 8080, b: 8180 }', 'first_address: { a: 10, b: 20 }'],
      ['server: pxApp_{{ id }}{{ slot }}', 'server: discover'],
      [
        "ports: ['127.0.0.1:{{ first_port[slot] + id }}:8080']",
        "networks: { front: { ipv4_address: '172.29.9.{{ first_address[slot] + id }}' } }",
      ],
      [
        'http://127.0.0.1:{{ first_port[slot] + id }}/health',
        'http://172.29.9.{{ first_address[slot] + id }}:8080/health',
      ],
    ]);
    const traffic = loadOwn();
    const least = sampleUsable(ownHost());

    const ended = await rollout(playbook);
    const afterwards = await ownServers();
    const back = await sluice('rollback', '--yes');

    const [fewest, report] = [await least(), await traffic.stop()];
    expect(ended.status, ended.stdout + ended.stderr).toBe(0);
    expect(afterwards).toEqual(inSlots('b', 'b', 'a'));
    expect(back.status, back.stdout + back.stderr).toBe(0);
    expect(await ownServers()).toEqual(inSlots('a'));
    expect(await containersOf(own)).toEqual(containersOn('v1'));
    expect(report.failures).toEqual([]);
    expect(fewest).toBe(3);
  });
});
