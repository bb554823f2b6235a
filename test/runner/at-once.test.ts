import { describe, expect, it } from 'vitest';
import { rollout, type RolloutOptions } from '../../src/runner/rollout.ts';
import type { RunResult } from '../../src/runner/run.ts';
import { badOn, playOf, watched } from '../support/at-once.ts';
import { FakeFleet } from '../support/fake-fleet.ts';

const options: RolloutOptions = { force: false, onPlanned: () => undefined, confirm: async () => true };
const HOSTS = ['fe1', 'fe2', 'fe3', 'fe4', 'fe5', 'fe6'];

const orderOf = (fleet: FakeFleet, type: 'instance-started' | 'instance-ended'): string[] =>
  fleet.events.flatMap((event) => (event.type === type ? [`${event.subject.host} ${event.subject.name}`] : []));

describe('parallelism', () => {
  it('has so many instances of a host in work, above its floor, and fails no request', async () => {
    const fleet = await FakeFleet.up(['fe1', 'fe2']);
    let result: RunResult | undefined;

    const most = await watched(fleet, async (onEvent) => {
      result = await rollout([playOf(fleet, 'v2', { perHost: 2 })], options, fleet.context(onEvent));
    });

    expect(result?.end).toBe('done');
    expect(most).toEqual({ ofOneHost: 2, inAll: 4, hosts: 2, usable: 1 });
    expect(fleet.images().every((image) => image.endsWith(' v2'))).toBe(true);
    expect(fleet.failures()).toEqual([]);
    expect(fleet.isWhole()).toBe(true);
  });

  it('is refused where it would take a backend below its floor, and not where it just keeps it', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const play = playOf(fleet, 'v2', { perHost: 2 }, { each: { minUp: { servers: 2 } } });

    await expect(rollout([play], options, fleet.context())).rejects.toMatchObject({ code: 'error' });

    expect(fleet.events).toContainEqual(
      expect.objectContaining({
        text: expect.stringMatching(/would leave 1 of 3 usable servers .* min_up asks for 2/) as string,
      }),
    );
    const one = playOf(fleet, 'v2', { perHost: 1 }, { each: { minUp: { servers: 2 } } });
    expect((await rollout([one], options, fleet.context())).end).toBe('done');
  });

  it('waits for capacity when others have failed since the plan', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const play = playOf(fleet, 'v2', { perHost: 2 });
    let isBroken = false;

    const most = await watched(fleet, (onEvent) =>
      rollout([play], options, {
        ...fleet.context((event) => {
          onEvent(event);
          if (event.type !== 'instance-started' || isBroken) return;
          isBroken = true;
          void fleet.hosts
            .get('fe1')
            ?.haproxy.setAdmin(
              { balancer: { host: 'fe1', socket: '' }, backend: 'pxapp_cluster', name: 'pxApp_3' },
              'maint',
            );
        }),
      }),
    );

    expect(most.usable).toBe(1);
    expect(fleet.failures()).toEqual([]);
  });

  it('lets those in work end when one fails, and begins no further one', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    fleet.addImage('bad', { exitsAfterMs: 100 });
    const play = badOn(playOf(fleet, 'v2', { perHost: 2 }), ['fe1'], ['pxApp_1']);

    const result = await rollout([play], options, fleet.context());

    expect(result.hosts).toMatchObject([{ end: 'failed', updated: 1, unchanged: 1, notReached: 1 }]);
    expect(fleet.images()).toEqual(['fe1 pxApp_1 v1', 'fe1 pxApp_2 v2', 'fe1 pxApp_3 v1']);
    expect(fleet.failures()).toEqual([]);
    expect(fleet.isWhole()).toBe(true);
  });

  it('takes back what a monitor finds bad while no other instance of the host is in work', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    fleet.addImage('bad', { errsAfterMs: 6_000 });
    const monitor = { forMs: 30_000, everyMs: 500, maxErrors: { errors: 0 }, compare: undefined };
    const play = playOf(fleet, 'bad', { perHost: 2 }, { each: { monitor } });

    const result = await rollout([play], options, fleet.context());

    expect(result.hosts[0]?.end).toBe('failed');
    expect(fleet.images().every((image) => image.endsWith(' v1'))).toBe(true);
    const running = new Map<string, boolean>();
    for (const event of fleet.events) {
      if (event.type === 'instance-started') {
        const isRevert = event.isRevert ?? false;
        if (isRevert || [...running.values()].includes(true)) expect(running.size).toBe(0);
        running.set(event.subject.name, isRevert);
      }
      if (event.type === 'instance-ended') running.delete(event.subject.name);
    }
    expect(fleet.isWhole()).toBe(true);
  });
});

describe('throttle', () => {
  it('has so many instances of all hosts in work', async () => {
    const fleet = await FakeFleet.up(HOSTS);
    const atOnce = { perHost: 2, inAll: 3 };

    const most = await watched(fleet, (onEvent) =>
      rollout([playOf(fleet, 'v2', atOnce)], options, fleet.context(onEvent)),
    );

    expect(most.inAll).toBe(3);
    expect(fleet.images().every((image) => image.endsWith(' v2'))).toBe(true);
    expect(fleet.failures()).toEqual([]);
  });

  it('begins nothing that waited for its turn once the run is stopped', async () => {
    const fleet = await FakeFleet.up(['fe1', 'fe2']);

    const result = await rollout([playOf(fleet, 'v2', { inAll: 1 })], options, {
      ...fleet.context(({ type }) => {
        if (type === 'instance-started') fleet.stop(1);
      }),
    });

    expect(result.end).toBe('interrupted');
    expect(orderOf(fleet, 'instance-started')).toEqual(['fe1 pxApp_1']);
    expect(fleet.isWhole()).toBe(true);
  });
});

describe('lockstep', () => {
  it('goes on to the next container when all hosts of the batch have ended the one before', async () => {
    const fleet = await FakeFleet.up(['fe1', 'fe2', 'fe3', 'fe4']);
    const play = playOf(fleet, 'v2', { isLockstep: true }, { serial: [{ hosts: 2 }] });

    await rollout([play], options, fleet.context());

    const all = fleet.events.flatMap((event) =>
      event.type === 'instance-started' || event.type === 'instance-ended' ? [{ event, name: event.subject.name }] : [],
    );
    const first = all.slice(0, 12);
    expect(first.slice(0, 4).every(({ name }) => name === 'pxApp_1')).toBe(true);
    expect(first.slice(4, 8).every(({ name }) => name === 'pxApp_2')).toBe(true);
    expect(first.slice(8).every(({ name }) => name === 'pxApp_3')).toBe(true);
    expect(fleet.images().every((image) => image.endsWith(' v2'))).toBe(true);
  });

  it('goes on without a host that failed, and without what has nothing to change', async () => {
    const fleet = await FakeFleet.up(['fe1', 'fe2', 'fe3']);
    fleet.addImage('bad', { exitsAfterMs: 100 });
    const play = badOn(playOf(fleet, 'v2', { isLockstep: true }), ['fe1'], ['pxApp_1']);

    const result = await rollout([play], options, fleet.context());

    expect(result.hosts.map(({ end }) => end)).toEqual(['failed', 'updated', 'updated']);
    expect(fleet.isWhole()).toBe(true);
  });

  it('comes through with fewer hosts at a time than wait for one another', async () => {
    const fleet = await FakeFleet.up(HOSTS);
    const context = { ...fleet.context(), forks: 2 };

    const most = await watched(fleet, (onEvent) =>
      rollout([playOf(fleet, 'v2', { isLockstep: true })], options, {
        ...context,
        report: (event) => {
          context.report(event);
          onEvent(event);
        },
      }),
    );

    expect(most.inAll).toBe(2);
    expect(fleet.images().every((image) => image.endsWith(' v2'))).toBe(true);
  });
});
