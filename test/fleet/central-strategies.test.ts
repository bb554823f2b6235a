import type { ChildProcess } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kill, labReset, reload, start } from '../../lab/lab.ts';
import type { Load } from '../../lab/load/load.ts';
import type { Step } from '../../src/rollout/lifecycle.ts';
import type { DrainPolicy } from '../../src/rollout/model.ts';
import { atStep } from '../support/at-step.ts';
import { BALANCERS, centralPair, inService, inSlots } from '../support/central-pair.ts';
import { folderWith } from '../support/command-line.ts';
import { SLOTS, UNFORGIVING_SLOTS } from '../support/haproxy-templates.ts';
import { containersOf, hostNamed, load, serversOf, untilServers } from '../support/fleet.ts';
import { occupied } from '../support/long-requests.ts';
import { sampleUsable } from '../support/sampled.ts';
import { sluice } from '../support/sluice.ts';
import { socketsUntil, type Fate } from '../support/web-sockets.ts';

const folder = folderWith({});
const [, SECOND = ''] = BALANCERS;

type Change = readonly [found: string, by: string];

interface Row {
  readonly strategy: string;
  /** When the second HAProxy begins anew: in a drain, once the first server has weight 0. */
  readonly at: Step;
  /** The step that says which strategy it was. */
  readonly does: Step;
  /** Usable servers of the six that each HAProxy has at any time. */
  readonly least: number;
  readonly changes: readonly Change[];
}

const SERVER = "server: '{{ inventory_hostname }}_pxApp_{{ id }}";
/** What is done to one instance takes seconds. */
const OF_ONE: Change = ['instances: 2', 'instances: 1'];
const COMMAND: Change = [
  'strategy: run',
  "$&\n  run: { name: clear the cache, where: container, command: 'rm -rf /tmp/cache' }",
];

/** With the servers of slots.cfg.example. */
const IN_A: readonly Change[] = [
  [SERVER, `${SERVER}a`],
  ['min_up: 50%', 'min_up: 3'],
];
const TWO_SLOTS: readonly Change[] = [
  [SERVER, `slots: [a, b]\n      ${SERVER}{{ slot }}`],
  ['pxapp_version: v1', 'pxapp_version: v1\n    first_port: { a: 8080, b: 8180 }'],
  ['{{ 8080 + id }}', '{{ first_port[slot] + id }}'],
];

/** The example for a central pair with another strategy, and enough time for the longest request. */
function playbook({ strategy, changes }: Row): string {
  const path = join(folder, 'strategy.yml');
  const all: readonly Change[] = [
    ['serial: 2', `serial: 2\n  strategy: ${strategy}`],
    ['timeout: 5s', 'timeout: 20s'],
  ];
  const text = [...all, ...changes].reduce(
    (before, [found, by]) => {
      if (!before.includes(found)) throw new Error(`the example has no "${found}"`);
      return before.replaceAll(found, by);
    },
    readFileSync('playbooks/central-balancers.yml', 'utf8'),
  );
  writeFileSync(path, text);
  return path;
}

/**
 * Rolls fe3 out to a version, or to none, under load, and does something afterwards. Meanwhile the second HAProxy begins
 * anew: by a reload, with a long request in hand for `server`, or after its end.
 */
async function underLoad<Then>(
  row: Row,
  { server, version, by = 'reload' }: { server: string; version: string; by?: 'reload' | 'end' },
  then: () => Promise<Then>,
): Promise<Then> {
  const second = hostNamed(SECOND);
  const traffic = load({ on: BALANCERS });
  const samples = BALANCERS.map((name) => sampleUsable(hostNamed(name)));
  const long = by === 'reload' ? await occupied({ host: SECOND, server, ms: 5_000 }) : [];
  // sluice stands still meanwhile, so that it is in that step, however long it takes.
  const beginAnew = async (child: ChildProcess): Promise<void> => {
    const isOut = (all: readonly string[]): boolean => all.some((line) => line.startsWith(`${server} 0 `));
    if (row.at === 'drain' || row.at === 'release') await untilServers(second, isOut);
    child.kill('SIGSTOP');
    await (by === 'reload' ? reload(second) : endAndStart(traffic)).finally(() => child.kill('SIGCONT'));
  };
  const args = ['rollout', playbook(row), '-e', `pxapp_version=${version}`, '--limit', 'fe3', '--yes'];
  const ended = await atStep(args, row.at, beginAnew);
  const afterwards = await then();
  const least = await Promise.all(samples.map(async (stop) => stop()));
  const report = await traffic.stop();
  expect(ended.status, ended.stdout).toBe(0);
  // Which of both it was cannot be told any more once the old worker has ended.
  expect(ended.stdout).toMatch(/"balancer-re(loaded|started)"/);
  expect(ended.stdout).toContain(`"step":"${row.does}"`);
  expect(report.failures).toEqual([]);
  expect(report.requests).toBeGreaterThan(500);
  for (const status of await Promise.all(long)) expect(status).toBe(200);
  expect(least).toEqual([row.least, row.least]);
  return afterwards;
}

/** What it has in hand ends with it, and until it runs again nobody is served there. */
async function endAndStart(traffic: Load): Promise<void> {
  const over = traffic.outage(SECOND);
  await kill(hostNamed(SECOND), 'haproxy');
  await start(hostNamed(SECOND), 'haproxy');
  over();
}

/** The servers of each, sorted. */
async function servers(): Promise<readonly (readonly string[])[]> {
  const all = await Promise.all(BALANCERS.map(serversOf));
  return all.map((one) => one.toSorted());
}

// They go on from one another: nothing has to be put back for the next.
describe('one of a pair of central HAProxys begins anew during a run, and no request fails', () => {
  afterAll(async () => {
    await labReset({ apps: 3 });
  });

  describe('with HAProxys that send nothing twice', () => {
    beforeAll(async () => {
      await labReset(centralPair(folder));
    });

    // prettier-ignore
    it.each<Row & { readonly version: string; readonly leaves: readonly string[] }>([
      { strategy: 'restart',       at: 'drain', does: 'restart', least: 5, changes: [OF_ONE],          version: 'v1', leaves: ['pxApp_1 v1', 'pxApp_2 v1'] },
      { strategy: 'run',           at: 'drain', does: 'run',     least: 5, changes: [OF_ONE, COMMAND], version: 'v1', leaves: ['pxApp_1 v1', 'pxApp_2 v1'] },
      { strategy: 'recreate-host', at: 'drain', does: 'commit',  least: 4, changes: [],                version: 'v2', leaves: ['pxApp_1 v2', 'pxApp_2 v2'] },
      { strategy: 'in-place',      at: 'drain', does: 'replace', least: 5, changes: [OF_ONE],          version: 'v1', leaves: ['pxApp_1 v1', 'pxApp_2 v2'] },
    ])('strategy: $strategy, by a reload in a drain', async ({ version, leaves, ...row }) => {
      const seen = await underLoad(row, { server: 'fe3_pxApp_1', version }, servers);

      expect(seen).toEqual([inService().toSorted(), inService().toSorted()]);
      expect(await containersOf('fe3')).toEqual(leaves);
    });

    // prettier-ignore
    it.each<{ policy: DrainPolicy['onTimeout']; status: number; fate: Fate; version: string; leaves: string }>([
      { policy: 'fail',              status: 2, fate: 'open',       version: 'v2', leaves: 'v1' },
      { policy: 'continue',          status: 0, fate: 'going-away', version: 'v2', leaves: 'v2' },
      { policy: 'shutdown_sessions', status: 0, fate: 'cut',        version: 'v1', leaves: 'v1' },
    ])('web sockets by both, on_timeout: $policy', async ({ policy, status, fate, version, leaves }) => {
      const changes: readonly Change[] = [OF_ONE, ['timeout: 20s', 'timeout: 4s'], ['on_timeout: shutdown_sessions', `on_timeout: ${policy}`]];
      const path = playbook({ strategy: 'in-place', at: 'drain', does: 'replace', least: 5, changes });
      const traffic = load({ on: BALANCERS });
      const sockets = await Promise.all(BALANCERS.map((name) => socketsUntil(name, 'fe3_pxApp_1')));

      const ended = await sluice('rollout', path, '-e', `pxapp_version=${version}`, '--limit', 'fe3', '--yes');

      const report = await traffic.stop();
      const fates = await Promise.all(sockets.map((its) => Promise.all(its.map(async (one) => `${one.server} ${await one.fate()}`))));
      for (const socket of sockets.flat()) socket.close();
      expect(ended.status, ended.stdout + ended.stderr).toBe(status);
      expect(fates.map((its) => its.at(-1))).toEqual([`fe3_pxApp_1 ${fate}`, `fe3_pxApp_1 ${fate}`]);
      expect(fates.flatMap((its) => its.slice(0, -1)).filter((one) => !one.endsWith(' open'))).toEqual([]);
      expect(report.failures).toEqual([]);
      expect(await servers()).toEqual([inService().toSorted(), inService().toSorted()]);
      expect((await containersOf('fe3'))[0]).toBe(`pxApp_1 ${leaves}`);
    });
  });

  describe('or not, with two slots, and HAProxys that send nothing twice', () => {
    beforeAll(async () => {
      await labReset(centralPair(folder, UNFORGIVING_SLOTS));
      // They have just begun, and take the free ones for UP until their checks have failed.
      const areChecked = (all: readonly string[]): boolean => all.toSorted().join() === inSlots().join();
      for (const name of BALANCERS) await untilServers(hostNamed(name), areChecked);
    });

    it.each([
      { strategy: 'start-first', does: 'vacate', back: ['rollback', '--yes'] },
      { strategy: 'blue-green', does: 'keep', back: ['switch-back', 'fe3'] },
    ] as const)('strategy: $strategy, and back, with never a server less', async ({ strategy, does, back }) => {
      const path = playbook({ strategy, at: 'check', does, least: 6, changes: TWO_SLOTS });
      const traffic = load({ on: BALANCERS });
      const samples = BALANCERS.map((name) => sampleUsable(hostNamed(name)));

      const out = await sluice('rollout', path, '-e', 'pxapp_version=v2', '--limit', 'fe3', '--yes');
      const outOn = await containersOf('fe3');
      const home = await sluice(...back);

      const least = await Promise.all(samples.map(async (stop) => stop()));
      const report = await traffic.stop();
      expect(out, out.stderr).toMatchObject({ status: 0 });
      expect(outOn.slice(0, 2)).toEqual(['pxApp_1 v2', expect.stringMatching(/^pxApp_(2 v2|1\.replaced)/)]);
      expect(home, home.stderr).toMatchObject({ status: 0 });
      expect(report.failures).toEqual([]);
      expect(least).toEqual([6, 6]);
      expect(await servers()).toEqual([inSlots(), inSlots()]);
      expect(await containersOf('fe3')).toEqual(['pxApp_1 v1', 'pxApp_2 v1']);
    });
  });

  describe('with HAProxys that redispatch', () => {
    beforeAll(async () => {
      await labReset(centralPair(folder, SLOTS));
    });

    it('strategy: blue-green, by a reload in a release, and switched back, with never a server less', async () => {
      const row: Row = { strategy: 'blue-green', at: 'release', does: 'keep', least: 6, changes: TWO_SLOTS };

      const { kept, back } = await underLoad(row, { server: 'fe3_pxApp_1a', version: 'v2' }, async () => ({
        kept: await servers(),
        back: await sluice('switch-back', 'fe3'),
      }));

      const inB = inSlots(['fe3_pxApp_1', 'fe3_pxApp_2'], 'kept');
      expect(kept).toEqual([inB, inB]);
      expect(back, back.stderr).toMatchObject({ status: 0 });
      expect(await servers()).toEqual([inSlots(), inSlots()]);
      expect(await containersOf('fe3')).toEqual(['pxApp_1 v1', 'pxApp_2 v1']);
    });

    it('strategy: recreate-host, by a reload in a check, with nothing behind two servers', async () => {
      const row: Row = { strategy: 'recreate-host', at: 'check', does: 'commit', least: 4, changes: IN_A };

      const seen = await underLoad(row, { server: 'fe3_pxApp_1a', version: 'v2' }, servers);

      expect(seen).toEqual([inSlots(), inSlots()]);
      expect(await containersOf('fe3')).toEqual(['pxApp_1 v2', 'pxApp_2 v2']);
    });

    it('strategy: in-place, by its end in a check, with nothing behind its server', async () => {
      const row: Row = { strategy: 'in-place', at: 'check', does: 'replace', least: 5, changes: [OF_ONE, ...IN_A] };

      const seen = await underLoad(row, { server: 'fe3_pxApp_1a', version: 'v1', by: 'end' }, servers);

      expect(seen).toEqual([inSlots(), inSlots()]);
      expect(await containersOf('fe3')).toEqual(['pxApp_1 v1', 'pxApp_2 v2']);
    });

    it('strategy: start-first, by a reload in a check, with never a server less', async () => {
      const changes = [OF_ONE, ...TWO_SLOTS];
      const row: Row = { strategy: 'start-first', at: 'check', does: 'vacate', least: 6, changes };

      const seen = await underLoad(row, { server: 'fe3_pxApp_1a', version: 'v2' }, servers);

      const inB = inSlots(['fe3_pxApp_1']);
      expect(seen).toEqual([inB, inB]);
      expect(await containersOf('fe3')).toEqual(['pxApp_1 v2', 'pxApp_2 v2']);
    });
  });
});
