import { describe, expect, it } from 'vitest';
import { Conflict, Failure } from '../../src/errors.ts';
import type { RunEvent } from '../../src/rollout/events.ts';
import { instancesOf } from '../../src/rollout/plan.ts';
import type { Play } from '../../src/rollout/play.ts';
import { rollout } from '../../src/runner/rollout.ts';
import type { RunResult } from '../../src/runner/run.ts';
import { FakeFleet, type FakeHost } from '../support/fake-fleet.ts';

const options = { force: false, onPlanned: () => undefined, confirm: async () => true };

function roll(fleet: FakeFleet, ...plays: Play[]): Promise<RunResult> {
  return rollout(plays, options, fleet.context());
}

/** The host cannot be reached for the next `times` looks at a container. */
function losing(host: FakeHost, times: number): void {
  const { containers } = host;
  const inspect = containers.inspect.bind(containers);
  let left = times;
  containers.inspect = async (name) => {
    if (left === 0) return inspect(name);
    left -= 1;
    throw new Failure('unreachable', `Cannot reach ${host.name}: connection lost`);
  };
}

/** A container that is being made has the name of the old one for so many attempts to take it back. */
function takingName({ containers }: FakeHost, times: number): void {
  const rename = containers.rename.bind(containers);
  let left = times;
  containers.rename = async (from, to) => {
    if (to !== 'pxApp_1' || left === 0) return rename(from, to);
    left -= 1;
    throw new Conflict('docker', `Cannot rename ${from} to ${to}: the name is in use`);
  };
}

/** What runs there is told of as unhealthy for so long. */
function ailing({ containers }: FakeHost, clock: FakeFleet['clock'], forMs: number): void {
  const inspect = containers.inspect.bind(containers);
  const wellAt = clock.now() + forMs;
  containers.inspect = async (name) => {
    const one = await inspect(name);
    return one && clock.now() < wellAt ? { ...one, health: 'unhealthy' } : one;
  };
}

describe('the way home', () => {
  it.each<{ what: string; befalls: (host: FakeHost) => void }>([
    { what: 'lost answers', befalls: (host) => losing(host, 20) },
    { what: 'a container that is being made still, and has the name', befalls: (host) => takingName(host, 5) },
  ])('outlasts $what', async ({ befalls }) => {
    const fleet = await FakeFleet.up(['fe1']);
    const fe1 = await fleet.host('fe1');
    fleet.addImage('bad', { exitsAfterMs: 100 });

    const result = await rollout(
      [fleet.play('bad')],
      options,
      fleet.context((event) => {
        if (event.type === 'step-started' && event.step === 'rollBack') befalls(fe1);
      }),
    );

    expect(result.end).toBe('someFailed');
    expect(fleet.isWhole()).toBe(true);
    expect(fleet.failures()).toEqual([]);
  });

  it('gives an old container that is unhealthy the time to get well', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const fe1 = await fleet.host('fe1');
    fleet.addImage('bad', { exitsAfterMs: 100 });

    const result = await rollout(
      [fleet.play('bad')],
      options,
      fleet.context((event) => {
        if (event.type === 'step-ended' && event.step === 'rollBack') ailing(fe1, fleet.clock, 3_000);
      }),
    );

    expect(result.hosts).toMatchObject([{ end: 'failed', unchanged: 1, outOfService: 0 }]);
    expect(fleet.isWhole()).toBe(true);
  });

  it('leaves out of service an old container that does not get well', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const fe1 = await fleet.host('fe1');
    const reasons: string[] = [];
    fleet.addImage('bad', { exitsAfterMs: 100 });

    const result = await rollout(
      [fleet.play('bad')],
      options,
      fleet.context((event) => {
        if (event.type === 'step-failed') reasons.push(event.reason);
        if (event.type === 'step-ended' && event.step === 'rollBack') ailing(fe1, fleet.clock, Infinity);
      }),
    );

    expect(result.hosts).toMatchObject([{ outOfService: 1 }]);
    expect(reasons).toContainEqual(expect.stringMatching(/is not ready after \d+ s: it is unhealthy/));
  });

  it('waits for a stop whose answer was lost, which would meet the old container under its name', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const { containers } = await fleet.host('fe1');
    fleet.addImage('bad', { neverAnswers: true });
    const stop = containers.stop.bind(containers);
    let isLost = false;
    const onEvent = (event: RunEvent): void => {
      if (event.type !== 'step-started' || event.step !== 'rollBack' || isLost) return;
      containers.stop = async (name) => {
        containers.stop = stop;
        isLost = true;
        void fleet.clock.sleep(200, new AbortController().signal).then(() => stop(name).catch(() => undefined));
        throw new Failure('unreachable', 'Cannot reach fe1: connection lost');
      };
    };

    const result = await rollout([fleet.play('bad')], options, fleet.context(onEvent));

    expect(isLost).toBe(true);
    expect(result.hosts).toMatchObject([{ end: 'failed', unchanged: 1, outOfService: 0 }]);
    expect(fleet.isWhole()).toBe(true);
  });

  it('does not ask of the old container what it could not do before', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    fleet.addImage('bad', { neverAnswers: true });
    const probe = { kind: 'http', url: 'http://127.0.0.1:9999/new-health', status: [200, 399] } as const;
    const each = { ready: { probe, withinMs: 5_000, everyMs: 250 } };

    const result = await roll(fleet, fleet.play('bad', { each }));

    expect(result.end).toBe('someFailed');
    expect(fleet.isWhole()).toBe(true);
    expect(fleet.failures()).toEqual([]);
  });

  it('is not tried for a soak in which the host was out of reach for a moment', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const fe1 = await fleet.host('fe1');

    const result = await rollout(
      [fleet.play('v2')],
      options,
      fleet.context((event) => {
        if (event.type === 'step-started' && event.step === 'soak') losing(fe1, 50);
      }),
    );

    expect(result.end).toBe('done');
    expect(fleet.isWhole()).toBe(true);
  });
});

describe('several plays', () => {
  it('leave alone what an earlier one has done', async () => {
    const fleet = await FakeFleet.up();
    const all = fleet.play('v2');
    const canary = { ...all, name: 'Canary', hosts: all.hosts.slice(0, 1) };

    const result = await roll(fleet, canary, all);

    expect(result.end).toBe('done');
    expect(result.hosts.map(({ host, play, updated, left }) => ({ host, play, updated, left }))).toEqual([
      { host: 'fe1', play: 'Canary', updated: 3, left: 0 },
      { host: 'fe1', play: all.name, updated: 0, left: 3 },
      { host: 'fe2', play: all.name, updated: 3, left: 0 },
      { host: 'fe3', play: all.name, updated: 3, left: 0 },
    ]);
  });

  it('bring the image of the plan, whatever has become of its tag and the registry meanwhile', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const all = fleet.play('v2');
    const [fe1] = all.hosts;
    const parts = [fe1?.instances.slice(0, 1), fe1?.instances.slice(1)];
    const plays = parts.map((instances = []) => ({ ...all, hosts: [{ host: 'fe1', instances }] }));
    let batches = 0;
    const onEvent = ({ type }: RunEvent): void => {
      if (type === 'batch-started' && (batches += 1) === 1) fleet.registry.clear();
    };

    const result = await rollout(plays, options, fleet.context(onEvent));

    expect(result.hosts).toMatchObject([{ updated: 1 }, { updated: 2 }]);
    const planned = fleet.events.flatMap((event) => (event.type === 'planned' ? instancesOf(event.plan) : []));
    expect(new Set(planned.map(({ to }) => to.digest))).toEqual(new Set(['sha256:digest-v2']));
  });

  it('go on after a failure within max_fail_percentage, and not after one beyond it', async () => {
    const fleet = await FakeFleet.up();
    fleet.addImage('bad', { exitsAfterMs: 100 });
    const good = fleet.play('v2', { serial: [{ hosts: 3 }] });
    const image = 'registry.lab:5000/pxapp:bad';
    const hosts = good.hosts.map((host, index) =>
      index > 0
        ? host
        : { ...host, instances: host.instances.map((one) => ({ ...one, spec: { ...one.spec, image } })) },
    );
    const last = { ...good, name: 'Last', hosts: good.hosts.slice(2) };

    const tolerated = await roll(fleet, { ...good, hosts, maxFailPercentage: 34 }, last);
    expect(tolerated.hosts.map(({ end }) => end)).toEqual(['failed', 'updated', 'updated', 'nothingToDo']);

    const strict = await roll(fleet, { ...good, hosts, maxFailPercentage: 0 }, last);
    expect(strict.hosts.map(({ end }) => end)).toEqual(['failed', 'nothingToDo', 'nothingToDo', 'notReached']);
    expect(strict.end).toBe('stopped');
  });
});

it('a bug in a step goes home first and is then told as a bug', async () => {
  const fleet = await FakeFleet.up(['fe1']);
  const fe1 = await fleet.host('fe1');
  fe1.containers.create = () => Promise.reject(new TypeError('undefined is not a function'));

  await expect(roll(fleet, fleet.play('v2'))).rejects.toThrow(TypeError);

  expect(fleet.isWhole()).toBe(true);
  expect(fleet.failures()).toEqual([]);
});
