import { describe, expect, it } from 'vitest';
import { drainHosts, type DrainRequest } from '../../src/runner/maintenance/drain-hosts.ts';
import { holdOn } from '../../src/runner/maintenance/hold-on.ts';
import { restoreHosts } from '../../src/runner/recovery/restore-hosts.ts';
import { restoreOverHosts } from '../../src/runner/recovery/restore-over.ts';
import type { RunContext, RunResult } from '../../src/runner/run.ts';
import { plan, rollout } from '../../src/runner/rollout.ts';
import { aLockOwner, aServer } from '../support/builders.ts';
import { FakeFleet, type FakeHost } from '../support/fake-fleet.ts';

const MINUTE_MS = 60_000;
const NEVER = new AbortController().signal;
const yes = { force: false, onPlanned: () => undefined, confirm: async () => true };

function by(fleet: FakeFleet, name: string): RunContext {
  const context = fleet.context();
  return { ...context, identity: { run: `run-of-${name}`, by: `${name}@desk` } };
}

function drain(context: RunContext, over: Partial<DrainRequest> = {}): Promise<RunResult> {
  return drainHosts(
    {
      ...{ hosts: ['fe1'], servers: ['pxApp_2'], place: { socket: undefined, container: undefined } },
      ...{ balancers: undefined, policy: { timeoutMs: 10_000, onTimeout: 'fail' }, note: 'disk swap' },
      confirm: async () => true,
      ...over,
    },
    context,
  );
}

function stateOf({ haproxy }: FakeHost, name = 'pxApp_2'): string {
  return haproxy.weights()[name] ?? '';
}

function remarks(fleet: FakeFleet): string[] {
  return fleet.events.flatMap((event) => (event.type === 'remark' ? [event.remark.about] : []));
}

/** When a drain of so long, that begins now, is over; by a clock that shows seconds. */
function endOf(fleet: FakeFleet, ms: number, aheadMs = 0): string {
  return new Date(Math.floor((fleet.clock.date().getTime() + aheadMs) / 1000) * 1000 + ms).toISOString();
}

describe('a drain for a time', () => {
  it('notes on the host until when, by the clock of the host', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const fe1 = await fleet.host('fe1');
    fe1.aheadMs = 3_600_000;
    const until = endOf(fleet, 30 * MINUTE_MS, fe1.aheadMs);

    const result = await drain(by(fleet, 'ann'), { forMs: 30 * MINUTE_MS });

    expect(result.end).toBe('done');
    expect(fe1.entries).toMatchObject([{ by: 'ann@desk', note: 'disk swap', until }]);
    expect(stateOf(fe1)).toMatch(/^0 maint/);
  });

  it('can be made longer by anybody, who is noted then, and says what was before', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const fe1 = await fleet.host('fe1');
    await drain(by(fleet, 'ann'), { forMs: 10 * MINUTE_MS });
    const [before] = fe1.entries;
    const until = endOf(fleet, 60 * MINUTE_MS);

    const result = await drain(by(fleet, 'bob'), { forMs: 60 * MINUTE_MS, note: '' });

    expect(result.hosts).toMatchObject([{ end: 'updated', updated: 1 }]);
    expect(fe1.entries).toEqual([{ ...before, by: 'bob@desk', run: 'run-of-bob', until }]);
    expect(fleet.events).toContainEqual({
      ...{ type: 'remark', subject: { host: 'fe1', name: 'pxapp_cluster/pxApp_2' } },
      remark: {
        ...{ about: 'held-on', server: aServer('pxApp_2'), until },
        before: { by: 'ann@desk', until: before?.until },
      },
    });
  });

  it('has no end any more once the same is drained without one', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const fe1 = await fleet.host('fe1');
    await drain(by(fleet, 'ann'), { forMs: MINUTE_MS });

    await drain(by(fleet, 'bob'));
    await fleet.clock.sleep(2 * MINUTE_MS, NEVER);
    const result = await restoreOverHosts({ hosts: ['fe1'] }, by(fleet, 'cron'));

    expect(fe1.entries[0]?.until).toBeUndefined();
    expect(result.hosts).toMatchObject([{ end: 'nothingToDo' }]);
    expect(stateOf(fe1)).toMatch(/^0 maint/);
  });

  it('keeps the weight that was first found when it is made longer after a reload', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const fe1 = await fleet.host('fe1');
    await fe1.haproxy.setWeight(aServer('pxApp_2'), 77);
    await drain(by(fleet, 'ann'), { forMs: MINUTE_MS });
    fe1.haproxy.reload();

    await drain(by(fleet, 'bob'), { forMs: MINUTE_MS });
    await fleet.clock.sleep(2 * MINUTE_MS, NEVER);
    await restoreOverHosts({ hosts: ['fe1'] }, by(fleet, 'cron'));

    expect(stateOf(fe1)).toMatch(/^77 ready/);
    expect(fe1.entries).toEqual([]);
  });

  it('can be ended before its time by restore, which drops the note', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const fe1 = await fleet.host('fe1');
    await drain(by(fleet, 'ann'), { forMs: 30 * MINUTE_MS });

    await restoreHosts({ hosts: ['fe1'], servers: [] }, by(fleet, 'bob'));

    expect(fe1.entries).toEqual([]);
    expect(fleet.isWhole()).toBe(true);
    expect(fleet.failures()).toEqual([]);
  });
});

describe('restoreOverHosts()', () => {
  it('puts back what is over, by the clock of each host, and leaves the rest', async () => {
    const fleet = await FakeFleet.up(['fe1', 'fe2', 'fe3']);
    const hosts = ['fe1', 'fe2', 'fe3'];
    await drain(by(fleet, 'ann'), { hosts: ['fe1', 'fe2'], forMs: 10 * MINUTE_MS });
    await drain(by(fleet, 'ann'), { hosts: ['fe1'], servers: ['pxApp_3'] });
    // Set right meanwhile.
    (await fleet.host('fe2')).aheadMs = 11 * MINUTE_MS;

    const early = await restoreOverHosts({ hosts }, by(fleet, 'cron'));
    await fleet.clock.sleep(10 * MINUTE_MS, NEVER);
    const late = await restoreOverHosts({ hosts }, by(fleet, 'cron'));

    expect(early.hosts.map(({ host, updated }) => `${host} ${updated}`).toSorted()).toEqual([
      'fe1 0',
      'fe2 1',
      'fe3 0',
    ]);
    expect(late.hosts.map(({ host, updated }) => `${host} ${updated}`).toSorted()).toEqual(['fe1 1', 'fe2 0', 'fe3 0']);
    expect((await fleet.host('fe1')).entries.map(({ server }) => server.name)).toEqual(['pxApp_3']);
    expect(fleet.failures()).toEqual([]);
  });

  it('is kept by no host that cannot be had, or that somebody holds, from the others', async () => {
    const fleet = await FakeFleet.up(['fe1', 'fe2', 'fe3']);
    const [fe1, fe2, fe3] = await Promise.all(['fe1', 'fe2', 'fe3'].map((name) => fleet.host(name)));
    await drain(by(fleet, 'ann'), { hosts: ['fe1', 'fe2', 'fe3'], forMs: MINUTE_MS });
    await fleet.clock.sleep(2 * MINUTE_MS, NEVER);
    fe1?.lock.heldBy(aLockOwner());
    if (fe2) fe2.isUnreachable = true;

    const result = await restoreOverHosts({ hosts: ['fe1', 'fe2', 'fe3'] }, by(fleet, 'cron'));

    expect(result.end).toBe('unreachable');
    expect(result.hosts.map(({ host, end }) => `${host} ${end}`).toSorted()).toEqual([
      ...['fe1 unreachable', 'fe2 unreachable', 'fe3 updated'],
    ]);
    expect(fe3 && stateOf(fe3)).toMatch(/^20 ready/);
    expect(fe1?.entries).toHaveLength(1);
  });

  it('takes no lock where nothing is over', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const fe1 = await fleet.host('fe1');
    await drain(by(fleet, 'ann'), { forMs: 10 * MINUTE_MS });
    const { asked } = fe1.lock;

    const result = await restoreOverHosts({ hosts: ['fe1'] }, by(fleet, 'cron'));

    expect(result.end).toBe('done');
    expect(fe1.lock.asked).toBe(asked);
  });
});

describe('holdOn()', () => {
  it('puts back what was drained when its time is over, and holds no lock until then', async () => {
    const fleet = await FakeFleet.up(['fe1', 'fe2']);
    const context = by(fleet, 'ann');
    await drain(context, { hosts: ['fe1', 'fe2'], forMs: 5 * MINUTE_MS });
    const began = fleet.clock.now();

    const holding = holdOn(['fe1', 'fe2'], 5 * MINUTE_MS, context);
    await fleet.clock.sleep(MINUTE_MS, NEVER);
    const isFree = (await fleet.host('fe1')).lock.isFree;
    const result = await holding;

    expect(isFree).toBe(true);
    expect(result).toMatchObject({ end: 'done', hosts: [{ updated: 1 }, { updated: 1 }] });
    expect(fleet.clock.now() - began).toBeGreaterThanOrEqual(5 * MINUTE_MS - 2_000);
    expect(fleet.clock.now() - began).toBeLessThan(5 * MINUTE_MS + 5_000);
    expect(fleet.isWhole()).toBe(true);
    expect(fleet.failures()).toEqual([]);
    expect((await fleet.host('fe1')).entries).toEqual([]);
  });

  it('puts back at once when it is stopped', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const context = by(fleet, 'ann');
    await drain(context, { forMs: 5 * MINUTE_MS });
    const began = fleet.clock.now();

    const holding = holdOn(['fe1'], 5 * MINUTE_MS, context);
    await fleet.clock.sleep(10_000, NEVER);
    fleet.stop(1);
    const result = await holding;

    expect(result).toMatchObject({ end: 'interrupted', hosts: [{ end: 'updated', updated: 1 }] });
    expect(fleet.clock.now() - began).toBeLessThan(15_000);
    expect(fleet.isWhole()).toBe(true);
  });

  it.each(['restored', 'drained for longer'])('ends when others have %s it, and leaves that alone', async (how) => {
    const fleet = await FakeFleet.up(['fe1']);
    const fe1 = await fleet.host('fe1');
    const context = by(fleet, 'ann');
    await drain(context, { forMs: 5 * MINUTE_MS });

    const holding = holdOn(['fe1'], 5 * MINUTE_MS, context);
    await fleet.clock.sleep(10_000, NEVER);
    if (how === 'restored') await restoreHosts({ hosts: ['fe1'], servers: [] }, by(fleet, 'bob'));
    else await drain(by(fleet, 'bob'), { forMs: 60 * MINUTE_MS });
    const state = stateOf(fe1);
    const result = await holding;

    expect(result).toMatchObject({ end: 'done', hosts: [{ end: 'nothingToDo', updated: 0 }] });
    expect(stateOf(fe1)).toBe(state);
  });

  it('waits for a host that cannot be had when its time is over', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const fe1 = await fleet.host('fe1');
    const context = by(fleet, 'ann');
    await drain(context, { forMs: MINUTE_MS });

    const holding = holdOn(['fe1'], MINUTE_MS, context);
    fe1.isUnreachable = true;
    await fleet.clock.sleep(3 * MINUTE_MS, NEVER);
    fe1.isUnreachable = false;
    const result = await holding;

    expect(result).toMatchObject({ end: 'done', hosts: [{ updated: 1 }] });
    expect(fleet.events.filter(({ type }) => type === 'warning')).toMatchObject([
      { host: 'fe1', text: expect.stringMatching(/^Its time is over, and it cannot be had yet: /) as unknown },
    ]);
  });

  it('gives up on one that does not come back, which stays noted', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const fe1 = await fleet.host('fe1');
    const context = by(fleet, 'ann');
    await drain(context, { forMs: MINUTE_MS });
    fe1.isUnreachable = true;

    const result = await holdOn(['fe1'], MINUTE_MS, context);

    expect(result).toMatchObject({ end: 'outOfService', hosts: [{ end: 'outOfService' }] });
    expect(fe1.entries).toHaveLength(1);
  });
});

describe('a rollout that meets a drain for a time', () => {
  it('puts back first what is over, and says so', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    await drain(by(fleet, 'ann'), { forMs: MINUTE_MS });
    await fleet.clock.sleep(2 * MINUTE_MS, NEVER);
    fleet.events.length = 0;

    const result = await rollout([fleet.play('v2')], yes, by(fleet, 'bob'));

    expect(result.end).toBe('done');
    expect(remarks(fleet)).toEqual(['hold-over']);
    expect(fleet.isWhole()).toBe(true);
    expect(fleet.failures()).toEqual([]);
  });

  it('is only told of it when it plans', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    await drain(by(fleet, 'ann'), { forMs: MINUTE_MS });
    await fleet.clock.sleep(2 * MINUTE_MS, NEVER);
    fleet.events.length = 0;

    const [planned] = await plan([fleet.play('v2')], false, by(fleet, 'bob'));

    const [warning] = fleet.events.filter(({ type }) => type === 'warning');
    expect(warning).toMatchObject({
      text: expect.stringMatching(
        /^pxapp_cluster\/pxApp_2 is drained until .* \(over for 1 min\): a rollout puts it back first$/,
      ) as unknown,
    });
    expect(planned?.capacity).toMatchObject([{ usable: 3 }]);
  });

  it('refuses where it is not over, and says by whom, why and until when', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    await drain(by(fleet, 'ann'), { forMs: 20 * MINUTE_MS });

    await expect(rollout([fleet.play('v2')], yes, by(fleet, 'bob'))).rejects.toMatchObject({ code: 'error' });

    const [problem] = fleet.events.filter(({ type }) => type === 'problem');
    expect(problem).toMatchObject({
      text: expect.stringMatching(
        /^pxapp_cluster\/pxApp_2 is drained until .* by ann@desk: "disk swap" \(in 20 min\): see to it with "sluice restore fe1"$/,
      ) as unknown,
    });
  });
});
