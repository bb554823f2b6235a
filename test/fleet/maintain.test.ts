import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { docker, labReset, powerOff, powerOn, runtime } from '../../lab/lab.ts';
import type { RunEvent } from '../../src/rollout/events.ts';
import { BALANCERS, centralPair, inService } from '../support/central-pair.ts';
import { folderWith } from '../support/command-line.ts';
import { containersOf, containersOn, hostNamed, load, serversOf } from '../support/fleet.ts';
import { sluice, start } from '../support/sluice.ts';

const folder = folderWith({});
const AT = ['--balancer-hosts', 'fe[0:1]', '--min-up', '3', '--yes'];
/** The lab has nobody who could reboot a host from within: it is told so, and waited for. */
const WANTED = '/var/lib/sluice/reboot-wanted';

/** How both balancers show their servers, one of which somebody has given another weight. */
const REWEIGHED = inService().map((line) => line.replace(/^fe3_pxApp_1 \d+/, 'fe3_pxApp_1 7'));

function wanted(): string {
  return join(hostNamed('fe3').dir, 'sluice/reboot-wanted');
}

async function untilWanted(): Promise<void> {
  while (!existsSync(wanted())) await sleep(20);
  rmSync(wanted());
}

describe('maintenance of a host behind a pair of central balancers', () => {
  beforeEach(async () => {
    await labReset(centralPair(folder));
    for (const name of BALANCERS) await runtime(hostNamed(name), 'set server pxapp_cluster/fe3_pxApp_1 weight 7');
  });
  afterAll(async () => {
    await labReset({ apps: 3 });
  });

  it('runs a command there while both send it nothing, and gives back every weight', async () => {
    const traffic = load({ on: BALANCERS });
    let during: readonly (readonly string[])[] = [];
    let running: string | undefined;
    const onEvent = (event: RunEvent): void => {
      if (event.type !== 'output') return;
      void Promise.all(BALANCERS.map(serversOf)).then((seen) => (during = seen));
      void docker(hostNamed('fe3'), 'ps', '--format', '{{.Names}}').then((names) => (running = names.trim()));
    };

    const plan = await sluice('maintain', 'fe3', ...AT, '--check', '--reboot', '--', 'true');
    const args = ['maintain', 'fe3', ...AT, '--containers', 'stop', '--json'];
    const ended = await start([...args, '--', 'sh', '-c', 'echo begun; sleep 3; id -un'], { onEvent }).ended;

    const report = await traffic.stop();
    const out = inService().map((line) => line.replace(/^(fe3_\S+) \d+ 0 UP/, '$1 0 1 DOWN'));
    expect(plan.stdout).toMatch(/fe3 {2}pxapp_cluster\/fe3_pxApp_1 on fe1 {2}weight 7 UP/);
    expect(plan.stdout).toContain('reboot   systemctl reboot || reboot');
    expect(ended.status, ended.stdout).toBe(0);
    expect(during).toEqual([out, out]);
    expect(running).toBe('');
    expect(report.failures).toEqual([]);
    for (const name of BALANCERS) expect(await serversOf(name)).toEqual(REWEIGHED);
    expect(await containersOf('fe3')).toEqual(containersOn('v1').slice(0, 2));
  });

  it('goes from host to host, and puts one back whose command fails with every weight', async () => {
    const [balancer = ''] = BALANCERS;
    const traffic = load({ on: [balancer] });
    const events: RunEvent[] = [];

    const at = ['--balancer-hosts', balancer, '--min-up', '3', '--serial', '1', '--yes', '--json'];
    const command = ['--', 'sh', '-c', 'echo "it is $(uname -n)"; test "$(uname -n)" = fe2'];
    const ended = await start(['maintain', 'fe2:fe3', ...at, ...command], { onEvent: (event) => events.push(event) })
      .ended;

    const report = await traffic.stop();
    expect(ended.status, ended.stdout + ended.stderr).toBe(2);
    const course = events.flatMap((event) => {
      if (event.type === 'batch-started') return [`batch ${event.number} of ${event.of}: ${event.hosts.join(' ')}`];
      if (event.type === 'output') return [`${event.subject.host} says ${event.details.join(' ')}`];
      if (event.type === 'step-failed') return [`${event.subject.host} fails in ${event.step}`];
      return event.type === 'instance-ended' ? [`${event.subject.host} ends ${event.state}`] : [];
    });
    expect(course).toEqual([
      ...['batch 1 of 2: fe2', 'fe2 says it is fe2', 'fe2 ends updated'],
      ...['batch 2 of 2: fe3', 'fe3 says it is fe3', 'fe3 fails in command', 'fe3 ends unchanged'],
    ]);
    expect(events.find((event) => event.type === 'step-failed')?.reason).toMatch(/ on fe3 ended with status 1$/);
    expect(report.failures).toEqual([]);
    for (const name of BALANCERS) expect(await serversOf(name)).toEqual(REWEIGHED);
    for (const name of ['fe2', 'fe3']) expect(await containersOf(name)).toEqual(containersOn('v1').slice(0, 2));
    expect((await sluice('lock', 'list', 'fe')).stdout.match(/ free$/gm)).toHaveLength(3);
  });

  it('has its power cycled, waits for the other boot, and gives back every weight', { timeout: 300_000 }, async () => {
    const traffic = load({ on: BALANCERS });
    const cycled = untilWanted().then(async () => {
      await powerOff(hostNamed('fe3'));
      await powerOn(hostNamed('fe3'));
    });

    const ended = await sluice('maintain', 'fe3', ...AT, '--reboot', '--reboot-command', `touch ${WANTED}`);

    await cycled;
    const report = await traffic.stop();
    expect(ended.status, ended.stdout + ended.stderr).toBe(0);
    expect(ended.stdout).toContain('maintain: 1 maintained');
    expect(report.failures).toEqual([]);
    for (const name of BALANCERS) expect(await serversOf(name)).toEqual(REWEIGHED);
    expect(await serversOf('fe3')).toEqual(inService());
    expect(await containersOf('fe3')).toEqual(containersOn('v1').slice(0, 2));
    expect((await sluice('lock', 'list', 'fe')).stdout.match(/ free$/gm)).toHaveLength(3);
  });

  it('killed while the host is off, it is brought back by recover', { timeout: 300_000 }, async () => {
    const traffic = load({ on: BALANCERS });
    const running = start(['maintain', 'fe3', ...AT, '--reboot', '--reboot-command', `touch ${WANTED}`, '--json']);
    await untilWanted();
    await powerOff(hostNamed('fe3'));
    running.child.kill('SIGKILL');
    await running.ended;
    await powerOn(hostNamed('fe3'));

    const others = await sluice('maintain', 'fe3', ...AT, '--', 'true');
    const recovered = await sluice('recover', 'fe3');

    const report = await traffic.stop();
    expect(others.status, others.stderr).toBe(75);
    expect(recovered.status, recovered.stdout + recovered.stderr).toBe(0);
    expect(report.failures).toEqual([]);
    for (const name of BALANCERS) expect(await serversOf(name)).toEqual(REWEIGHED);
    expect(await containersOf('fe3')).toEqual(containersOn('v1').slice(0, 2));
  });
});
