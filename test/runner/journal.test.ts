import { describe, expect, it } from 'vitest';
import { Failure } from '../../src/errors.ts';
import type { RunEvent } from '../../src/rollout/events.ts';
import { drainHosts } from '../../src/runner/maintenance/drain-hosts.ts';
import { restoreHosts } from '../../src/runner/recovery/restore-hosts.ts';
import { rollout } from '../../src/runner/rollout.ts';
import { aJournal } from '../support/contracts/journal.ts';
import { FakeFleet } from '../support/fake-fleet.ts';
import { FakeJournal } from '../support/fake-journal.ts';

const options = { force: false, onPlanned: () => undefined, confirm: async () => true };

/** Rolls fe1 to v2 on a controller whose disk is full from the moment in which this event is told. */
async function rolledUntilFull(fillsDisk: (event: RunEvent) => boolean): Promise<FakeFleet> {
  const fleet = await FakeFleet.up(['fe1']);
  const context = fleet.context((event) => {
    if (fillsDisk(event)) fleet.journal.isFull = true;
  });
  await rollout([fleet.play('v2')], options, context);
  return fleet;
}

function happened(fleet: FakeFleet): string[] {
  return fleet.events.flatMap((event) => {
    if (event.type === 'step-ended') return [event.step];
    if (event.type === 'step-failed') return [`${event.step}: ${event.reason}`];
    if (event.type === 'instance-ended') return [event.state];
    return [];
  });
}

const FULL = 'Cannot write the journal: no space left on device';

describe('FakeJournal, as every journal,', () => {
  aJournal(async () => {
    const journal = new FakeJournal();
    const fillDisk = (): void => {
      journal.isFull = true;
    };
    return { journal, tell: () => undefined, fillDisk };
  });
});

describe('a rollout whose journal cannot be written any more', () => {
  it('touches nothing when that happens before the first step', async () => {
    const fleet = await rolledUntilFull(({ type }) => type === 'instance-started');

    expect(happened(fleet)).toEqual([`drain: ${FULL}`, 'unchanged']);
    expect(fleet.isWhole()).toBe(true);
    expect(fleet.failures()).toEqual([]);
    expect(fleet.images()).toEqual(['fe1 pxApp_1 v1', 'fe1 pxApp_2 v1', 'fe1 pxApp_3 v1']);
  });

  it('takes no step forward that is not written down, and goes home', async () => {
    const fleet = await rolledUntilFull((event) => event.type === 'step-started' && event.step === 'replace');

    expect(happened(fleet)).toEqual(['drain', `replace: ${FULL}`, 'rollBack', 'check', 'restore', 'unchanged']);
    expect(fleet.isWhole()).toBe(true);
    expect(fleet.failures()).toEqual([]);
  });

  it('goes home from a container that serves already', async () => {
    const fleet = await rolledUntilFull((event) => event.type === 'step-ended' && event.step === 'restore');

    expect(happened(fleet).slice(3)).toEqual([
      'restore',
      `soak: ${FULL}`,
      ...['withdraw', 'rollBack', 'check', 'restore', 'unchanged'],
    ]);
    expect(fleet.isWhole()).toBe(true);
  });

  it('ends what is as good as done', async () => {
    const fleet = await rolledUntilFull((event) => event.type === 'step-started' && event.step === 'retire');

    expect(happened(fleet).slice(4, 7)).toEqual(['soak', 'retire', 'updated']);
    expect(fleet.isWhole()).toBe(true);
    expect(fleet.images()).toContain('fe1 pxApp_1 v2');
  });
});

it('a rollout pulls no image before its plan is written down', async () => {
  const fleet = await FakeFleet.up(['fe1']);
  fleet.journal.isFull = true;

  await expect(rollout([fleet.play('v2')], options, fleet.context())).rejects.toThrow(new Failure('error', FULL));

  expect(fleet.events.filter(({ type }) => type === 'image-pulled' || type === 'step-started')).toEqual([]);
  expect(fleet.hosts.get('fe1')?.lock.isFree).toBe(true);
});

describe('what was found', () => {
  it('is told before the record is written, with all that is to be put back', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const before = fleet.hosts.get('fe1');
    const entries: number[] = [];
    const context = fleet.context(({ type }) => {
      if (type === 'found') entries.push(before?.entries.length ?? -1);
    });

    await rollout([fleet.play('v2')], options, context);

    expect(entries).toEqual([0, 0, 0]);
    const [found] = fleet.events.filter((event) => event.type === 'found');
    expect(found).toMatchObject({
      subject: { host: 'fe1', name: 'pxApp_1' },
      servers: [{ server: { backend: 'pxapp_cluster', name: 'pxApp_1' }, weight: 10, admin: 'ready', wasUp: true }],
      old: { running: true, digest: 'sha256:digest-v1', aside: 'pxApp_1.replaced-20261121-090000-test' },
    });
  });
});

describe('drain and restore', () => {
  const request = {
    ...{
      hosts: ['fe1'],
      servers: ['pxApp_2'],
      place: { socket: undefined, container: undefined },
      balancers: undefined,
      note: 'disk swap',
    },
    policy: { timeoutMs: 60_000, onTimeout: 'fail' as const },
    confirm: async () => true,
  };

  it('takes nothing out that is not written down', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    fleet.journal.isFull = true;

    const { end } = await drainHosts(request, fleet.context());

    expect(end).toBe('someFailed');
    expect(fleet.isWhole()).toBe(true);
  });

  it('puts back all the same', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    await drainHosts(request, fleet.context());
    fleet.journal.isFull = true;

    const { end } = await restoreHosts({ hosts: ['fe1'], servers: [] }, fleet.context());

    expect(end).toBe('done');
    expect(fleet.isWhole()).toBe(true);
    expect(fleet.events.find(({ type }) => type === 'found')).toMatchObject({
      subject: { host: 'fe1', name: 'pxapp_cluster/pxApp_2' },
      servers: [{ weight: 20, admin: 'ready', wasUp: true }],
    });
  });
});
