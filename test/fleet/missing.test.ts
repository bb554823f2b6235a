import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inside, type Host } from '../../lab/host.ts';
import { cut, heal, labReset } from '../../lab/lab.ts';
import { killRegistry, startRegistry } from '../../lab/registry.ts';
import type { RunEvent } from '../../src/rollout/events.ts';
import {
  allServers,
  containersOf,
  containersOn,
  everyHostInService,
  hostNamed,
  load,
  namesOnEitherVersion,
} from '../support/fleet.ts';
import { rolloutTo, sluice, start, type Ended } from '../support/sluice.ts';

/** Rolls one host out, and does something to the fleet when its first instance takes this step. */
async function struckAt(step: string, strike: (host: Host) => Promise<void>): Promise<Ended> {
  const host = hostNamed('fe1');
  let struck: Promise<void> | undefined;
  const onEvent = (event: RunEvent): void => {
    if (event.type === 'step-started' && event.step === step) struck ??= strike(host);
  };
  const ended = await start(rolloutTo('v2', '--limit', 'fe1', '--json'), { onEvent }).ended;
  await struck;
  return ended;
}

/** Whatever it came to, `recover` brings the rest home: each container once, old or new, and every weight exact. */
async function expectWholeAfterRecovery(ended: Ended): Promise<void> {
  const recovered = await sluice('recover', 'fe1');
  expect(recovered.status, ended.stdout + recovered.stderr).toBe(0);
  expect(await allServers()).toEqual(everyHostInService);
  expect(await namesOnEitherVersion('fe1')).toEqual(['pxApp_1', 'pxApp_2', 'pxApp_3']);
}

/** Runs a shell line as root in the host's namespaces. */
function onHost(host: Host, line: string): void {
  const { status, stderr } = spawnSync('nsenter', inside(host, ['sh', '-c', line]), { encoding: 'utf8' });
  if (status !== 0) throw new Error(`"${line}" on ${host.name}: ${stderr}`);
}

describe('a rollout while something is missing', () => {
  let host: Host;
  beforeEach(async () => {
    await labReset();
    host = hostNamed('fe1');
  });
  afterEach(async () => {
    await heal(host);
    await startRegistry();
  });

  it('names the host that was switched off for the rest of the run, and the others serve', async () => {
    const traffic = load();
    const ended = await struckAt('check', cut);
    expect(ended.status, ended.stdout).toBe(7);
    expect(ended.stdout).toMatch(/"type":"host-ended","host":"fe1","end":"outOfService"/);
    await heal(host);

    await expectWholeAfterRecovery(ended);
    expect((await traffic.stop()).failures.filter((failure) => !JSON.stringify(failure).includes('fe1'))).toEqual([]);
  });

  it('touches nothing when the registry does not answer', async () => {
    await killRegistry();
    const ended = await sluice(...rolloutTo('v2'));
    expect(ended.status, ended.stderr).toBe(1);
    expect(ended.stderr).toMatch(/problem: fe1: .*registry\.lab:5000\/pxapp:v2/);
    expect(await allServers()).toEqual(everyHostInService);
  });

  it('touches nothing when the disk of a host is full', async () => {
    const dir = '/var/lib/sluice';
    onHost(
      host,
      `mkdir -p ${dir} && mount -t tmpfs -o size=4k,mode=2770 tmpfs ${dir} && head -c 4096 /dev/zero > ${dir}/full`,
    );
    try {
      const ended = await sluice(...rolloutTo('v2', '--limit', 'fe1'));
      expect(ended.status, ended.stderr).toBe(1);
      expect(ended.stderr).toMatch(/fe1: .*No space left on device/);
    } finally {
      onHost(host, `umount ${dir}`);
    }
    expect(await containersOf('fe1')).toEqual(containersOn('v1'));
    expect(await allServers()).toEqual(everyHostInService);
  });

  // prettier-ignore
  it.each([
    { when: 'from the start', size: '4k', status: 1 },
    { when: 'in the middle of the run', size: '24k', status: 2 },
  ])('goes home when the disk of the controller is full $when', async ({ size, status }) => {
    const traffic = load();
    const state = mkdtempSync(join(tmpdir(), 'sluice-full-'));
    spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', state]);
    try {
      const ended = await start(rolloutTo('v2', '--limit', 'fe1'), { env: { SLUICE_STATE: state } }).ended;
      expect(ended.status, ended.stderr).toBe(status);
      expect(ended.stderr).toMatch(/no space left on device/i);
    } finally {
      spawnSync('umount', [state]);
      rmSync(state, { recursive: true });
    }
    expect((await traffic.stop()).failures).toEqual([]);
    expect(await allServers()).toEqual(everyHostInService);
  });
});
