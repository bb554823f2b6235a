import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { serverStates } from '../../lab/haproxy.ts';
import { hostNamed, hosts, labReset } from '../../lab/lab.ts';
import type { RunEvent } from '../../src/rollout/events.ts';
import { folderWith } from '../support/command-line.ts';
import { containersOf, containersOn, load, namesOnEitherVersion } from '../support/fleet.ts';
import { FRONTS, frontTier, hostsAt, inFront } from '../support/front-tier.ts';
import { sluice, start } from '../support/sluice.ts';

const folder = folderWith({});

const PLAYBOOK = 'playbooks/front-tier.yml';
const AT = ['--balancer-hosts', 'fe[0:1]'];

/** How those in front have the hosts while this one is out: weight 0, in maintenance. */
function without(name: string): readonly string[] {
  return inFront().map((line) => (line.startsWith(name) ? `${name} 0 1` : line));
}

async function seenInFront(): Promise<readonly (readonly string[])[]> {
  return Promise.all(FRONTS.map(hostsAt));
}

/** The lab waits for servers with containers; those in front see the hosts UP a moment later. */
async function areUpInFront(): Promise<boolean> {
  const states = await Promise.all(FRONTS.map((name) => serverStates(hostNamed(name))));
  return states.flat().every(({ backend, operation }) => backend !== 'web' || operation === 2);
}

describe('hosts behind a tier of front HAProxys', () => {
  beforeEach(async () => {
    await labReset(frontTier(folder));
    await expect.poll(areUpInFront, { timeout: 30_000 }).toBe(true);
  });
  afterAll(async () => {
    await labReset({ apps: 3 });
  });

  it('are out there while anything on them is replaced, without a failed request', async () => {
    const traffic = load({ on: FRONTS });
    const looks: Promise<void>[] = [];
    const seen = new Map<string, readonly (readonly string[])[]>();
    const onEvent = (event: RunEvent): void => {
      if (event.type !== 'step-started' || event.step !== 'check') return;
      const { host, name } = event.subject;
      looks.push(seenInFront().then((look) => void seen.set(`${host} ${name}`, look)));
    };

    const plan = await sluice('plan', PLAYBOOK, '-e', 'pxapp_version=v2');
    const ended = await start(['rollout', PLAYBOOK, '-e', 'pxapp_version=v2', '--yes', '--json'], { onEvent }).ended;

    await Promise.all(looks);
    const report = await traffic.stop();
    expect(plan.stdout).toMatch(
      /~ fe3 +the host +out of service first, back last +web\/fe3 on fe1 weight 60 UP .*, web\/fe3 on fe2 weight 60 UP/,
    );
    expect(plan.stdout).toMatch(/fe2 web +3 of 3 usable now +2 at the worst moment +min_up 2/);
    expect(ended, ended.stderr).toMatchObject({ status: 0 });
    expect(report.failures).toEqual([]);
    expect(report.requests).toBeGreaterThan(500);
    expect([...seen.keys()]).toHaveLength(6);
    for (const [name, look] of seen) {
      const out = without(name.split(' ')[0] ?? '');
      expect({ name, look }).toEqual({ name, look: [out, out] });
    }
    for (const { name } of hosts()) expect(await containersOf(name)).toEqual(containersOn('v2').slice(0, 2));
    expect(await seenInFront()).toEqual([inFront(), inFront()]);
  });

  it('are back in front with every weight after the controller was killed, by recover', async () => {
    const traffic = load({ on: FRONTS });
    const onEvent = (event: RunEvent, child: { kill: (signal: 'SIGKILL') => void }): void => {
      if (event.type === 'step-started' && event.step === 'check') child.kill('SIGKILL');
    };
    const died = await start(['rollout', PLAYBOOK, '-e', 'pxapp_version=v2', '--yes', '--json'], { onEvent }).ended;
    expect(died.status, died.stdout + died.stderr).toBeNull();
    const left = await seenInFront();

    const status = await sluice('status', 'fe1', ...AT);
    const recovered = await sluice('recover', 'fe1');

    const report = await traffic.stop();
    expect(left).toEqual([without('fe1'), without('fe1')]);
    expect(status.stdout).toMatch(/web\/fe1 was taken out in front of its host by a rollout by .*recover puts back/);
    expect(recovered, recovered.stderr).toMatchObject({ status: 0 });
    expect(report.failures).toEqual([]);
    expect(await seenInFront()).toEqual([inFront(), inFront()]);
    expect(await namesOnEitherVersion('fe1')).toEqual(['pxApp_1', 'pxApp_2']);
  });

  it('are gone on with by resume, and taken back by rollback, out in front all the while', async () => {
    const traffic = load({ on: FRONTS });
    const kill = (event: RunEvent, child: { kill: (signal: 'SIGKILL') => void }): void => {
      if (event.type === 'step-started' && event.step === 'soak') child.kill('SIGKILL');
    };
    const args = ['rollout', PLAYBOOK, '-e', 'pxapp_version=v2', '--limit', 'fe3', '--yes', '--json'];
    const died = await start(args, { onEvent: kill }).ended;
    expect(died.status, died.stdout + died.stderr).toBeNull();

    const resumed = await sluice('resume', '--yes');
    const onV2 = await containersOf('fe3');
    const afterwards = await seenInFront();
    const back = await sluice('rollback', '--yes');

    const report = await traffic.stop();
    expect(resumed, resumed.stderr).toMatchObject({ status: 0 });
    expect(onV2).toEqual(containersOn('v2').slice(0, 2));
    expect(afterwards).toEqual([inFront(), inFront()]);
    expect(back, back.stderr).toMatchObject({ status: 0 });
    expect(back.stdout).toMatch(/~ fe3 +the host +out of service first, back last/);
    expect(await containersOf('fe3')).toEqual(containersOn('v1').slice(0, 2));
    expect(await seenInFront()).toEqual([inFront(), inFront()]);
    expect(report.failures).toEqual([]);
  });

  it('are taken out and put back there by drain, restore and maintain', async () => {
    const traffic = load({ on: FRONTS });

    const drained = await sluice('drain', 'fe3', ...AT, '-m', 'disk swap');
    const out = await seenInFront();
    const restored = await sluice('restore', 'fe3');
    const maintained = await sluice('maintain', 'fe3', ...AT, '--yes', '--', 'true');

    const report = await traffic.stop();
    expect(drained, drained.stderr).toMatchObject({ status: 0 });
    expect(out).toEqual([without('fe3'), without('fe3')]);
    expect(restored, restored.stderr).toMatchObject({ status: 0 });
    expect(maintained, maintained.stderr).toMatchObject({ status: 0 });
    expect(report.failures).toEqual([]);
    expect(await seenInFront()).toEqual([inFront(), inFront()]);
  });
});
