import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { hosts, kill, labReset, powerOff, powerOn, reload, runtime, start as startDaemon } from '../../lab/lab.ts';
import type { RunEvent } from '../../src/rollout/events.ts';
import { BALANCERS, centralPair, inService } from '../support/central-pair.ts';
import { changedCopy } from '../support/changed-copy.ts';
import { folderWith } from '../support/command-line.ts';
import { edited } from '../support/edited.ts';
import {
  containersOf,
  containersOn,
  hostNamed,
  load,
  namesOnEitherVersion,
  serversOf,
  untilServers,
} from '../support/fleet.ts';
import { sluice, start } from '../support/sluice.ts';

const folder = folderWith({});

const PLAYBOOK = 'playbooks/central-balancers.yml';

/** The playbook of a run that may do without one of them. */
function skipping(): string {
  return changedCopy(PLAYBOOK, [['unreachable_balancer: fail', 'unreachable_balancer: skip']]);
}

describe('a pair of central balancers', () => {
  beforeEach(async () => {
    await labReset(centralPair(folder));
  });
  afterAll(async () => {
    // How many containers there are is kept from one reset to the next.
    await labReset({ apps: 3 });
  });

  it('both let go of a container before it stops, and get back the weights they had, which are not those configured', async () => {
    for (const name of BALANCERS) await runtime(hostNamed(name), 'set server pxapp_cluster/fe3_pxApp_1 weight 7');
    const reweighed = inService().map((line) => line.replace(/^fe3_pxApp_1 \d+/, 'fe3_pxApp_1 7'));
    const traffic = load({ on: BALANCERS });

    const plan = await sluice('plan', PLAYBOOK, '-e', 'pxapp_version=v2');
    const ended = await sluice('rollout', PLAYBOOK, '-e', 'pxapp_version=v2', '--yes');

    const report = await traffic.stop();
    expect(plan.stdout).toMatch(/fe3_pxApp_1 on fe1 weight 7 UP .*, pxapp_cluster\/fe3_pxApp_1 on fe2 weight 7 UP/);
    for (const name of BALANCERS) {
      expect(plan.stdout).toMatch(
        new RegExp(`${name} pxapp_cluster +6 of 6 usable now +4 at the worst moment +min_up 3`),
      );
    }
    expect(ended, ended.stderr).toMatchObject({ status: 0 });
    expect(report.failures).toEqual([]);
    for (const { name } of hosts()) expect(await containersOf(name)).toEqual(containersOn('v2').slice(0, 2));
    for (const name of BALANCERS) expect(await serversOf(name)).toEqual(reweighed);
  });

  it('both have let go before a container stops, and both see it UP before it is restored, however long one takes', async () => {
    const [, fe2] = hosts();
    if (!fe2) throw new Error('there are three');
    const config = join(fe2.dir, 'haproxy/haproxy.cfg');
    writeFileSync(config, edited(readFileSync(config, 'utf8'), [['rise 2', 'rise 8']]));
    await reload(fe2);
    await expect.poll(() => serversOf('fe2'), { timeout: 30_000 }).toEqual(inService());
    const looks: Promise<string>[] = [];
    const onEvent = (event: RunEvent): void => {
      if (event.type !== 'step-started' || !['replace', 'soak'].includes(event.step)) return;
      const { step, subject } = event;
      const look = async (name: string): Promise<string> => {
        const line = (await serversOf(name)).find((one) => one.startsWith(`fe3_${subject.name} `));
        return `${step} ${name} ${line ?? ''}`;
      };
      looks.push(...BALANCERS.map(look));
    };
    const traffic = load({ on: BALANCERS });

    const asked = ['rollout', PLAYBOOK, '--limit', 'fe3', '-e', 'pxapp_version=v2', '--yes', '--json'];
    const ended = await start(asked, { onEvent }).ended;

    const report = await traffic.stop();
    expect(ended, ended.stdout + ended.stderr).toMatchObject({ status: 0 });
    const [one, two] = inService().slice(4);
    const atBoth = (step: string, line: string): string[] => BALANCERS.map((name) => `${step} ${name} ${line}`);
    expect(await Promise.all(looks)).toEqual([
      ...atBoth('replace', 'fe3_pxApp_1 0 1 DOWN'),
      ...atBoth('soak', one ?? ''),
      ...atBoth('replace', 'fe3_pxApp_2 0 1 DOWN'),
      ...atBoth('soak', two ?? ''),
    ]);
    expect(report.failures).toEqual([]);
  });

  it('let go of all servers of a host that is drained, and get back every weight when it is restored', async () => {
    const at = ['--balancer-hosts', 'fe[0:1]'];
    const traffic = load({ on: BALANCERS });

    const drained = await sluice('drain', 'fe3', ...at, '-m', 'disk swap');

    const out = inService().map((line) => line.replace(/^(fe3_\S+) \d+ 0 UP/, '$1 0 1 DOWN'));
    const seen = await Promise.all(BALANCERS.map(serversOf));
    const status = await sluice('status', 'fe3', ...at);
    const restored = await sluice('restore', 'fe3');
    const report = await traffic.stop();
    expect(drained, drained.stderr).toMatchObject({ status: 0 });
    expect(seen).toEqual([out, out]);
    expect(status.stdout).toMatch(/pxApp_1 .*fe3_pxApp_1 .*MAINT/);
    expect(status.stdout).toMatch(/fe3_pxApp_1 was drained by .*disk swap/);
    expect(restored, restored.stderr).toMatchObject({ status: 0 });
    expect(report.failures).toEqual([]);
    for (const name of BALANCERS) expect(await serversOf(name)).toEqual(inService());
  });

  it('get back every weight after the controller was killed, by recover of the hosts alone', async () => {
    const traffic = load({ on: BALANCERS });
    const onEvent = (event: RunEvent, child: { kill: (signal: 'SIGKILL') => void }): void => {
      if (event.type === 'step-started' && event.step === 'check') child.kill('SIGKILL');
    };
    const died = await start(['rollout', PLAYBOOK, '-e', 'pxapp_version=v2', '--yes', '--json'], { onEvent }).ended;
    expect(died.status, died.stdout + died.stderr).toBeNull();

    const recovered = await sluice('recover', 'fe');

    const report = await traffic.stop();
    expect(recovered, recovered.stderr).toMatchObject({ status: 0 });
    expect(report.failures).toEqual([]);
    for (const name of BALANCERS) expect(await serversOf(name)).toEqual(inService());
    const names = ['pxApp_1', 'pxApp_2'];
    for (const { name } of hosts()) expect(await namesOnEitherVersion(name)).toEqual(names);
    expect((await sluice('lock', 'list', 'fe')).stdout.match(/ free$/gm)).toHaveLength(3);
  });

  it('one of them dead, recover of the hosts brings back the rest, and says what stays recorded for it', async () => {
    const [, fe2] = hosts();
    if (!fe2) throw new Error('there are three');
    const onEvent = (event: RunEvent, child: { kill: (signal: 'SIGKILL') => void }): void => {
      if (event.type === 'step-started' && event.step === 'check') child.kill('SIGKILL');
    };
    const asked = ['rollout', PLAYBOOK, '-e', 'pxapp_version=v2', '--limit', 'fe3', '--yes', '--json'];
    const died = await start(asked, { onEvent }).ended;
    expect(died.status, died.stdout + died.stderr).toBeNull();
    await powerOff(fe2);

    const without = await sluice('recover', 'fe3');
    const atOther = await serversOf('fe1');
    await powerOn(fe2);
    const again = await sluice('recover', 'fe3');

    expect(without, without.stderr).toMatchObject({ status: 7 });
    const left =
      /warning: fe3: The record of pxapp_cluster\/fe3_pxApp_1 on fe2 stays behind: Cannot reach fe2.*"sluice recover fe3"/;
    expect(without.stderr).toMatch(left);
    expect(atOther.filter((line) => line.startsWith('fe3'))).toEqual(inService().slice(4));
    expect(again, again.stderr).toMatchObject({ status: 0 });
    // The containers of the host that was off take a while to answer again.
    for (const name of BALANCERS) {
      await expect.poll(() => serversOf(name), { timeout: 90_000, interval: 100 }).toEqual(inService());
    }
    expect(await namesOnEitherVersion('fe3')).toEqual(['pxApp_1', 'pxApp_2']);
  });

  it('one of them dead, a run that may do without it goes on with the other', async () => {
    const [, fe2] = hosts();
    if (!fe2) throw new Error('there are three');
    const playbook = skipping();
    await kill(fe2, 'haproxy');
    const traffic = load({ on: ['fe1'] });

    const asked = ['--limit', 'fe3', '-e', 'pxapp_version=v2', '--yes'];
    const without = await sluice('rollout', PLAYBOOK, ...asked);
    const ended = await sluice('rollout', playbook, ...asked);

    const report = await traffic.stop();
    const atOther = await serversOf('fe1');
    await startDaemon(fe2, 'haproxy');
    expect(without.status, without.stdout).toBe(1);
    expect(ended, ended.stderr).toMatchObject({ status: 0 });
    expect(ended.stderr).toMatch(/fe2 is left out \(unreachable_balancer: skip\): Cannot/);
    expect(await containersOf('fe3')).toEqual(containersOn('v2').slice(0, 2));
    expect(atOther).toEqual(inService());
    expect(report.failures).toEqual([]);
    for (const name of BALANCERS) await expect.poll(() => serversOf(name), { timeout: 90_000 }).toEqual(inService());
  });

  it('one of them left out, it is brought in line as soon as it answers again', async () => {
    const [, fe2] = hosts();
    if (!fe2) throw new Error('there are three');
    const playbook = skipping();
    await kill(fe2, 'haproxy');
    const atFirst = load({ on: ['fe1'] });
    const events: RunEvent[] = [];
    let back: Promise<void> | undefined;
    let broughtInLine: Promise<void> | undefined;
    let atBoth: ReturnType<typeof load> | undefined;
    const onEvent = (event: RunEvent): void => {
      events.push(event);
      if (event.type === 'step-started' && event.step === 'replace') {
        back ??= startDaemon(fe2, 'haproxy');
        // The one in work is away there, too, as soon as that is seen.
        broughtInLine ??= back.then(() => untilServers(fe2, (servers) => servers.includes('fe3_pxApp_1 0 1 DOWN')));
      }
      // What it was sent in the moment before it was seen may have met the container that was away.
      if (event.type === 'instance-started' && event.subject.name === 'pxApp_2') atBoth = load({ on: BALANCERS });
    };

    const asked = ['rollout', playbook, '--limit', 'fe3', '-e', 'pxapp_version=v2', '--yes', '--json'];
    const ended = await start(asked, { onEvent }).ended;

    await broughtInLine;
    const reports = [await atFirst.stop(), await atBoth?.stop()];
    expect(ended, ended.stdout + ended.stderr).toMatchObject({ status: 0 });
    const taken = events.flatMap((event) => (event.type === 'found' ? event.servers : []));
    const atBack = taken.filter(({ server }) => server.balancer.host === 'fe2').map(({ server }) => server.name);
    expect(ended.stdout).toContain('fe2 answers again: its HAProxy is brought in line');
    expect(atBack).toContain('fe3_pxApp_2');
    expect(await containersOf('fe3')).toEqual(containersOn('v2').slice(0, 2));
    expect(reports.map((report) => report?.failures)).toEqual([[], []]);
    for (const name of BALANCERS) await expect.poll(() => serversOf(name), { timeout: 90_000 }).toEqual(inService());
  });
});
