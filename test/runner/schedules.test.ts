import { describe, expect, it } from 'vitest';
import { Failure } from '../../src/errors.ts';
import type { RunEvent } from '../../src/rollout/events.ts';
import type { Instance } from '../../src/rollout/model.ts';
import { Barrier } from '../../src/runner/instance/barrier.ts';
import { restoreHosts } from '../../src/runner/recovery/restore-hosts.ts';
import { rollout } from '../../src/runner/rollout.ts';
import type { RunResult } from '../../src/runner/run.ts';
import { untilDrained } from '../../src/runner/instance/traffic.ts';
import { aServer } from '../support/builders.ts';
import { changed } from '../support/changed.ts';
import { FakeFleet, type FakeHost } from '../support/fake-fleet.ts';

/** What happens between two calls, which nobody would think of: see test/simulation/findings.test.ts. */
const options = { force: false, onPlanned: () => undefined, confirm: async () => true };
const never = new AbortController().signal;
const first = aServer('pxApp_1');

interface Story {
  readonly fleet: FakeFleet;
  readonly fe1: FakeHost;
}

async function begin(): Promise<Story> {
  const fleet = await FakeFleet.up(['fe1']);
  return { fleet, fe1: await fleet.host('fe1') };
}

/** Rolls pxApp_1 of fe1 out. */
async function roll(
  { fleet }: Story,
  { tag = 'v2', each = {}, onEvent }: { tag?: string; each?: Partial<Instance>; onEvent?: (event: RunEvent) => void },
): Promise<RunResult> {
  const play = fleet.play(tag, { each });
  const hosts = play.hosts.map((host) => ({ ...host, instances: host.instances.slice(0, 1) }));
  return rollout([{ ...play, hosts }], options, fleet.context(onEvent));
}

/** Once, when the first event of this kind of pxApp_1 comes. */
function once(type: RunEvent['type'], step: string | undefined, then: () => void): (event: RunEvent) => void {
  let isDone = false;
  return (event) => {
    if (isDone || event.type !== type || (step !== undefined && (!('step' in event) || event.step !== step))) return;
    isDone = true;
    then();
  };
}

describe('the weight that a server had', () => {
  it('is put back also when HAProxy is reloaded after the server was, on the way home', async () => {
    const story = await begin();
    const { fleet, fe1 } = story;
    fleet.addImage('bad', { exitsAfterMs: 100 });
    await fe1.haproxy.setWeight(first, 77);
    const isHome = (event: RunEvent): boolean => event.type === 'step-ended' && event.step === 'restore';

    const result = await roll(story, {
      tag: 'bad',
      onEvent: (event) => {
        if (isHome(event)) fe1.haproxy.reload();
      },
    });

    expect(result.hosts).toMatchObject([{ end: 'failed', unchanged: 1 }]);
    expect(fe1.haproxy.weights()['pxApp_1']).toBe('77 ready UP');
    expect(fe1.entries).toEqual([]);
  });

  it('is put back also when HAProxy is reloaded while another server is waited for, by restore', async () => {
    const { fleet, fe1 } = await begin();
    const entry = { kind: 'drain', by: 'bob@laptop', note: '', at: '2026-11-21T08:00:00Z', run: 'earlier' } as const;
    fe1.entries = [first, aServer('pxApp_2')].map((server) => ({
      ...entry,
      ...{ server, standing: { weight: 77, admin: 'ready' }, wasUp: true },
    }));
    for (const { server } of fe1.entries) await fe1.haproxy.setWeight(server, 0);
    await fe1.haproxy.setAdmin(aServer('pxApp_2'), 'maint');
    const onEvent = once('step-ended', 'restore', () => {
      fe1.haproxy.reload();
    });

    const result = await restoreHosts({ hosts: ['fe1'], servers: [] }, fleet.context(onEvent));

    expect(result.end).toBe('done');
    expect(fe1.haproxy.weights()).toMatchObject({ pxApp_1: '77 ready UP', pxApp_2: '77 ready UP' });
  });

  it('is what somebody has set after it was looked at and before it was taken', async () => {
    const story = await begin();
    const { fleet, fe1 } = story;
    const onEvent = once('found', undefined, () => void fe1.haproxy.setWeight(first, 7));

    const result = await roll(story, { onEvent });

    expect(result.end).toBe('done');
    expect(fe1.haproxy.weights()['pxApp_1']).toBe('7 ready UP');
    const found = fleet.events.flatMap((event) => (event.type === 'found' ? event.servers : []));
    expect(found.map(({ weight }) => weight)).toEqual([10, 7]);
  });

  it('is not what a reload has brought then', async () => {
    const story = await begin();
    const { fe1 } = story;
    await fe1.haproxy.setWeight(first, 77);
    const onEvent = once('found', undefined, () => {
      fe1.haproxy.reload();
    });

    const result = await roll(story, { onEvent });

    expect(result.end).toBe('done');
    expect(fe1.haproxy.weights()['pxApp_1']).toBe('77 ready UP');
  });
});

describe('a server that is away', () => {
  it('is kept away from a reload on, also while a step waits to be taken once more', async () => {
    const story = await begin();
    const { fleet, fe1 } = story;
    const { containers } = fe1;
    const create = containers.create.bind(containers);
    let isLost = false;
    containers.create = async (...args) => {
      if (isLost) return create(...args);
      isLost = true;
      void fleet.clock.sleep(400, never).then(() => {
        fe1.haproxy.reload();
      });
      throw new Failure('unreachable', 'Cannot reach fe1: connection lost');
    };

    const result = await roll(story, {});

    expect(result.end).toBe('done');
    // A request every 50 ms, of which the server gets a third until we have seen it.
    expect(fleet.failures().length).toBeLessThanOrEqual(2);
    expect(fleet.isWhole()).toBe(true);
  });

  it('is kept away from a reload on, also while another server is drained', async () => {
    const story = await begin();
    const { fleet, fe1 } = story;
    const weights: string[] = [];
    const onEvent = once('step-started', 'drain', () => {
      for (;;) if (fe1.haproxy.open(3_000) === 'pxApp_1') break;
      void fleet.clock.sleep(500, never).then(async () => {
        fe1.haproxy.reload();
        await fleet.clock.sleep(200, never);
        weights.push(fe1.haproxy.weights()['pxApp_2'] ?? '');
      });
    });

    const result = await roll(story, { each: { servers: [first, aServer('pxApp_2')] }, onEvent });

    expect(result.end).toBe('done');
    expect(weights).toEqual(['0 ready UP']);
    expect(fleet.failures()).toEqual([]);
    expect(fleet.isWhole()).toBe(true);
  });

  it('has its requests finished, which a reload has let in, before the new container stops on the way home', async () => {
    const story = await begin();
    const { fleet, fe1 } = story;
    // It serves, and never says that it is ready.
    fe1.probe = async () => ({ ok: false, why: '404' });
    const ready = { probe: { kind: 'tcp' as const, host: '127.0.0.1', port: 1 }, withinMs: 2_000, everyMs: 250 };
    const onEvent = once('step-started', 'rollBack', () => {
      fe1.haproxy.reload();
      for (;;) if (fe1.haproxy.open(2_000) === 'pxApp_1') break;
    });

    const result = await roll(story, { each: { ready }, onEvent });

    expect(result.hosts).toMatchObject([{ end: 'failed', unchanged: 1 }]);
    expect(fleet.failures()).toEqual([]);
    expect(fleet.isWhole()).toBe(true);
  });

  it('goes home also when HAProxy says nothing that is understood', async () => {
    const story = await begin();
    const { fleet, fe1 } = story;
    fleet.addImage('bad', { exitsAfterMs: 100 });
    const look = fe1.haproxy.look.bind(fe1.haproxy);
    let isMad = false;
    fe1.haproxy.look = async (server) => {
      if (isMad) throw new Failure('haproxy', 'Cannot look at pxApp_1 on fe1: the answer is not understood');
      return look(server);
    };
    const onEvent = (event: RunEvent): void => {
      if (event.type === 'step-started') isMad = event.step === 'rollBack';
    };

    const result = await roll(story, { tag: 'bad', onEvent });

    expect(result.hosts).toMatchObject([{ end: 'failed', unchanged: 1 }]);
    expect(fleet.isWhole()).toBe(true);
  });
});

describe('a server that is taken', () => {
  it('is taken by what was last seen of its backend, and not by what was seen before that', async () => {
    const story = await begin();
    const { fe1 } = story;
    const { haproxy } = fe1;
    const [backends, setWeight] = [haproxy.backends.bind(haproxy), haproxy.setWeight.bind(haproxy)];
    let usable = 0;
    const takenAt: number[] = [];
    haproxy.backends = async (name) => {
      const seen = await backends(name);
      usable = seen.flatMap(({ servers }) => servers).filter(({ isUp }) => isUp).length;
      // As soon as it is recorded, another one fails after every look.
      if (fe1.entries.length > 0 && takenAt.length === 0) await haproxy.setAdmin(aServer('pxApp_2'), 'maint');
      return seen;
    };
    haproxy.setWeight = async (server, weight) => {
      if (weight === 0 && takenAt.length === 0) {
        takenAt.push(usable);
        await haproxy.setAdmin(aServer('pxApp_2'), 'ready');
      }
      await setWeight(server, weight);
    };

    const result = await roll(story, { each: { minUp: { servers: 2 } } });

    expect(result.end).toBe('done');
    expect(takenAt).toEqual([3]);
  });

  it('is not drained for 1.2 s after a retry that a new process has counted since the drain began', async () => {
    const { fleet, fe1 } = await begin();
    const { haproxy } = fe1;
    const look = async (server: typeof first) => ({ ...(await haproxy.look(server)), retries: 1 });
    const access = { server: first, host: fe1, balancer: changed(haproxy, { look }) };
    const now = await look(first);
    const watch = { clock: fleet.clock, signal: never, waiting: () => undefined, remark: () => undefined };

    const barrier = await Barrier.raise(access, watch, { before: { ...now, pid: now.pid - 1, retries: 0 } });
    await fleet.clock.sleep(500, never);
    const began = fleet.clock.now();
    const { end } = await untilDrained(barrier, 5_000, watch);

    expect(end).toBe('drained');
    expect(fleet.clock.now() - began).toBeGreaterThanOrEqual(1_200);
  });
});
