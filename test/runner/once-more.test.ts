import { describe, expect, it } from 'vitest';
import { Failure } from '../../src/errors.ts';
import { rollout } from '../../src/runner/rollout.ts';
import type { RunResult } from '../../src/runner/run.ts';
import { changed } from '../support/changed.ts';
import type { Behaviour } from '../support/fake-image.ts';
import type { FakeFleet } from '../support/fake-fleet.ts';
import { FlakyFleet } from '../support/flaky-fleet.ts';
import { allWith, containersOf, fleetWith, secondOnly } from '../support/second-instance.ts';

const options = { force: false, onPlanned: () => undefined, confirm: async () => true };

interface Told {
  readonly fleet: FakeFleet;
  readonly lost: string | undefined;
  readonly result: RunResult;
  readonly retried: readonly string[];
}

/** Rolls the second container out, losing call number `atCall` of those that come after the plan. */
async function losing(atCall: number, hasEffect: boolean, behaviour: Behaviour = {}): Promise<Told> {
  const fleet = await fleetWith(behaviour);
  const flaky = new FlakyFleet(fleet, atCall, hasEffect);
  const context = fleet.context((event) => {
    if (event.type === 'step-started') flaky.begin();
  });
  const result = await rollout([secondOnly(fleet)], options, { ...context, fleet: flaky });
  const retried = fleet.events.flatMap((event) => (event.type === 'step-retried' ? [event.step] : []));
  return { fleet, lost: flaky.lost, result, retried };
}

describe('a step that fails in passing', () => {
  it.each([
    { how: 'before it had an effect', hasEffect: false },
    { how: 'and only its answer is missing', hasEffect: true },
  ])('is taken once more: any one call is lost, $how', async ({ hasEffect }) => {
    const seen = new Set<string>();
    const again = new Set<string>();
    for (let atCall = 0; ; atCall += 1) {
      const { fleet, lost, result, retried } = await losing(atCall, hasEffect);
      if (lost === undefined) break;
      seen.add(lost);
      for (const step of retried) again.add(step);
      expect({ atCall, lost, end: result.end, failures: fleet.failures() }).toMatchObject({
        end: 'done',
        failures: [],
      });
      expect({ atCall, lost, is: await containersOf(fleet) }).toEqual({ atCall, lost, is: allWith('next') });
      expect({ atCall, lost, isWhole: fleet.isWhole() }).toEqual({ atCall, lost, isWhole: true });
    }

    const changes = ['setRestart', 'rename', 'stop', 'create', 'start', 'setWeight', 'setAdmin', 'setReadyWhenProven'];
    for (const change of [...changes, 'write', 'remove', 'inspect', 'look', 'backends']) expect(seen).toContain(change);
    expect([...again].toSorted()).toEqual(['drain', 'replace', 'restore']);
  });

  it('goes home all the same, with any one call lost, when the new container is no good', async () => {
    for (let atCall = 0; ; atCall += 1) {
      const { fleet, lost, result } = await losing(atCall, atCall % 2 === 0, { exitsAfterMs: 100 });
      if (lost === undefined) break;
      expect({ atCall, lost, end: result.end, failures: fleet.failures() }).toMatchObject({
        end: 'someFailed',
        failures: [],
      });
      expect({ atCall, lost, is: await containersOf(fleet) }).toEqual({ atCall, lost, is: allWith('v1') });
      expect({ atCall, lost, isWhole: fleet.isWhole() }).toEqual({ atCall, lost, isWhole: true });
    }
  });

  it.each(['drain', 'replace', 'check', 'restore', 'soak', 'retire'])(
    'is taken once more after the host was out of reach for 20 s in %s, and says so',
    async (step) => {
      const fleet = await fleetWith({});
      const cut = cutting(fleet);
      const context = fleet.context((event) => {
        if (event.type === 'step-started' && event.step === step) cut.forMs(20_000);
      });

      const result = await rollout([secondOnly(fleet)], options, { ...context, fleet: cut.fleet });

      expect(result.end).toBe('done');
      expect(await containersOf(fleet)).toEqual(allWith('next'));
      expect(fleet.isWhole()).toBe(true);
      expect(fleet.failures()).toEqual([]);
      const told = fleet.events.filter(({ type }) => type === 'step-waiting' || type === 'step-retried');
      expect(told.map((event) => 'step' in event && event.step)).toContain(step);
    },
  );

  it('goes home when it fails so a second time', async () => {
    const fleet = await fleetWith({});
    const fe1 = await fleet.host('fe1');
    const lost = new Failure('unreachable', 'Cannot reach fe1: connection lost');
    fe1.containers.create = () => Promise.reject(lost);

    const result = await rollout([secondOnly(fleet)], options, fleet.context());

    expect(result).toMatchObject({ end: 'someFailed', hosts: [{ end: 'failed', reason: `pxApp_2: ${lost.message}` }] });
    expect(await containersOf(fleet)).toEqual(allWith('v1'));
    expect(fleet.isWhole()).toBe(true);
    expect(fleet.events.filter(({ type }) => type === 'step-retried')).toHaveLength(1);
  });

  it('is not taken once more when it fails for good', async () => {
    const fleet = await fleetWith({});
    const fe1 = await fleet.host('fe1');
    fe1.containers.create = () => Promise.reject(new Failure('docker', 'no space left on device'));

    const result = await rollout([secondOnly(fleet)], options, fleet.context());

    expect(result.end).toBe('someFailed');
    expect(fleet.isWhole()).toBe(true);
    expect(fleet.events.filter(({ type }) => type === 'step-retried')).toEqual([]);
  });
});

/** The fleet as seen over a network that can be cut; what is asked meanwhile fails at once and has no effect. */
function cutting(fleet: FakeFleet): { readonly fleet: FakeFleet; forMs(ms: number): void } {
  let untilMs = -1;
  const cut = <T extends object>(target: T): T =>
    new Proxy(target, {
      get: (_, key): unknown => {
        const value: unknown = Reflect.get(target, key);
        if (typeof value !== 'function') return value;
        return async (...args: unknown[]): Promise<unknown> => {
          if (fleet.clock.now() < untilMs) throw new Failure('unreachable', 'Cannot reach fe1: connection lost');
          return Reflect.apply(value, target, args) as Promise<unknown>;
        };
      },
    });
  const host: FakeFleet['host'] = async (name) => {
    const one = await fleet.host(name);
    return changed(one, {
      containers: cut(one.containers),
      record: cut(one.record),
      balancer: () => cut(one.haproxy),
    });
  };
  return {
    fleet: changed(fleet, { host }),
    forMs: (ms) => {
      if (untilMs < 0) untilMs = fleet.clock.now() + ms;
    },
  };
}
