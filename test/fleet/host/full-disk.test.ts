import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Load } from '../../../lab/load/load.ts';
import type { RunEvent } from '../../../src/rollout/events.ts';
import { smallDisk, smallDiskOn, type SmallDisk } from '../../support/full-disk.ts';
import { serversOf } from '../../support/fleet.ts';
import { loadOwn, own, ownHost, resetOwn } from '../../support/own-host.ts';
import { expectOwnServed } from '../../support/own-whole.ts';
import { shortPlaybook } from '../../support/short-playbook.ts';
import { sluice, start, type Ended } from '../../support/sluice.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-full-disk-'));
const playbook = shortPlaybook(folder);
const rollout = ['rollout', playbook, '-e', 'pxapp_version=v2', '--yes', '--limit', own, '--json'];

let traffic: Load;
const disks: SmallDisk[] = [];

beforeEach(async () => {
  await resetOwn();
  traffic = loadOwn();
});
afterEach(async () => {
  for (const disk of disks.splice(0)) disk.unmount();
  await traffic.stop();
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function disposed(disk: SmallDisk): SmallDisk {
  disks.push(disk);
  return disk;
}

/** Runs a command, and fills `disk` when it takes this step for the first time. */
async function filledAt(
  step: string,
  disk: SmallDisk,
  { args = rollout, env = {} }: { readonly args?: readonly string[]; readonly env?: Record<string, string> } = {},
): Promise<Ended> {
  let isFull = false;
  const onEvent = (event: RunEvent): void => {
    if (isFull || event.type !== 'step-started' || event.step !== step) return;
    isFull = true;
    disk.fill();
  };
  const ended = await start(args, { onEvent, env }).ended;
  expect(isFull, ended.stdout).toBe(true);
  return ended;
}

function eventsOf({ stdout }: Ended): RunEvent[] {
  const lines = stdout.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as RunEvent);
}

function problemsOf(ended: Ended): string[] {
  return eventsOf(ended).flatMap((event) => (event.type === 'problem' ? [event.text] : []));
}

describe('a full disk on the controller', () => {
  it('before the start: the run is refused, nothing is touched, and it leaves no journal', async () => {
    const disk = disposed(smallDisk());
    mkdirSync(join(disk.path, 'runs'));
    disk.fill();

    const ended = await start(rollout, { env: { SLUICE_STATE: disk.path } }).ended;

    expect(ended.status, ended.stderr).toBe(1);
    expect(ended.stderr).toMatch(/^Cannot write the journal \S+: no space is left on the disk \(make room, or/m);
    expect(readdirSync(join(disk.path, 'runs'))).toEqual([]);
    await expectOwnServed(traffic);
  });

  // The journal's last page has room for a few lines still: it fails somewhere between the drain and the soak.
  it('in the middle: said once, no step forward any more, and what is in work goes home', async () => {
    const disk = disposed(smallDisk());

    const ended = await filledAt('drain', disk, { env: { SLUICE_STATE: disk.path } });

    const events = eventsOf(ended);
    expect(ended.status, ended.stdout).toBe(2);
    const told = events.findIndex(({ type }) => type === 'warning');
    expect(events.filter(({ type }) => type === 'warning')).toMatchObject([
      { text: expect.stringMatching(/^Cannot write the journal \S+: no space is left on the disk/) as string },
    ]);
    const forward = events.slice(told).filter((event) => event.type === 'step-ended' && !event.homeward);
    expect(forward).toEqual([]);
    expect(events.at(-1)).toMatchObject({ hosts: [{ host: own, end: 'failed', unchanged: 1 }] });
    await expectOwnServed(traffic);
  });
});

describe('a full disk on a host', () => {
  it('before the start: host and cause are named, nothing is touched', async () => {
    const disk = disposed(smallDiskOn(ownHost(), '/var/lib/sluice'));
    disk.fill();

    const ended = await start(rollout).ended;

    expect(ended.status, ended.stderr).toBe(1);
    expect(problemsOf(ended)).toEqual([
      `Cannot lock ${own}: no space left on device (make room in its state directory)`,
    ]);
    await expectOwnServed(traffic);
  });

  it('after the record was written: the step that wants to write fails, and is put back', async () => {
    const disk = disposed(smallDiskOn(ownHost(), '/var/lib/sluice'));

    const ended = await filledAt('replace', disk);

    expect(ended.status, ended.stdout).toBe(2);
    const [, reason] = /"type":"host-ended",.*"reason":"([^"]*)"/.exec(ended.stdout) ?? [];
    expect(reason).toMatch(/^Cannot write the archive \(\S+\/pxApp_1\) on \S+: no space left on device/);
    await expectOwnServed(traffic);
    expect((await sluice('status', own)).stdout).not.toMatch(/left in work/);
  });

  it('after the archive was written: nothing is to be written any more, and it is updated', async () => {
    const disk = disposed(smallDiskOn(ownHost(), '/var/lib/sluice'));

    const ended = await filledAt('check', disk);

    expect(ended.status, ended.stdout).toBe(0);
    await expectOwnServed(traffic, { containers: ['pxApp_1 v2', 'pxApp_2 v1', 'pxApp_3 v1'] });
    expect((await sluice('status', own)).stdout).not.toMatch(/left in work/);
  });

  it('for the Engine: the pull fails, nothing is touched', async () => {
    const disk = disposed(smallDiskOn(ownHost(), join(ownHost().dir, 'docker/tmp')));
    disk.fill();

    const ended = await start(rollout).ended;

    expect(ended.status, ended.stderr).toBe(1);
    expect(problemsOf(ended)).toEqual([
      expect.stringMatching(/^Cannot pull registry\.lab:5000\/pxapp:v2 on \S+: write \S+: no space left on device$/),
    ]);
    await expectOwnServed(traffic);
  });

  it('for the Engine, once the image is there: the step fails, and is put back', async () => {
    const disk = disposed(smallDiskOn(ownHost(), join(ownHost().dir, 'docker/containers')));

    const ended = await filledAt('replace', disk);

    expect(ended.status, ended.stdout).toBe(2);
    const [, reason] = /"type":"host-ended",.*"reason":"([^"]*)"/.exec(ended.stdout) ?? [];
    expect(reason).toMatch(/no space left on device/);
    disk.clear();
    await expectOwnServed(traffic);
  });

  it('of which one of two servers is restored: it serves, both stay recorded, and the other follows once there is room', async () => {
    const disk = disposed(smallDiskOn(ownHost(), '/var/lib/sluice'));
    const drained = await sluice('drain', own, '--server', 'pxApp_1', '--server', 'pxApp_2');
    expect(drained.status, drained.stderr).toBe(0);

    const ended = await filledAt('restore', disk, { args: ['restore', own, '--server', 'pxApp_1', '--json'] });
    expect(ended.status, ended.stdout).toBe(0);
    expect(eventsOf(ended).filter(({ type }) => type === 'warning')).toMatchObject([
      { host: own, text: expect.stringMatching(/^The undo record stays behind: .* on \S+: no space left/) as string },
    ]);
    expect(eventsOf(ended).at(-1)).toMatchObject({ hosts: [{ end: 'updated', updated: 1, outOfService: 0 }] });
    expect((await serversOf(own))[0]).toBe('pxApp_1 10 0 UP');
    disk.clear();
    const again = await sluice('restore', own);

    expect(again.status, again.stderr).toBe(0);
    await expectOwnServed(traffic);
  });
});
