import { describe, expect, it } from 'vitest';
import { Failure } from '../../src/errors.ts';
import type { RunEvent } from '../../src/rollout/events.ts';
import { recoverHosts } from '../../src/runner/recovery/recover-hosts.ts';
import { rollout } from '../../src/runner/rollout.ts';
import type { RunResult } from '../../src/runner/run.ts';
import type { Behaviour } from '../support/fake-image.ts';
import { IMAGE, type FakeFleet } from '../support/fake-fleet.ts';
import { FlakyFleet } from '../support/flaky-fleet.ts';
import { MortalFleet, type Death } from '../support/mortal-fleet.ts';
import { resumptionFrom } from '../support/resumption.ts';
import { allWith, containersOf, fleetWith, SECOND, secondOnly } from '../support/second-instance.ts';

const never = new AbortController().signal;
const options = { force: false, onPlanned: () => undefined, confirm: async () => true };

interface Died {
  readonly fleet: FakeFleet;
  /** The change it died at, or undefined when it came to its end. */
  readonly change: string | undefined;
  readonly events: readonly RunEvent[];
}

/** Rolls the second container of fe1 out, in a process that dies at its change number `at`. */
async function died(death: Death, behaviour: Behaviour = {}, soakMs?: number): Promise<Died> {
  const fleet = await fleetWith(behaviour);
  const mortal = new MortalFleet(fleet, death);
  const events: RunEvent[] = [];
  const context = fleet.context((event) => events.push(event));
  const play = secondOnly(fleet, { each: { soakMs } });
  const ended = rollout([play], options, mortal.context(context));
  const change = await Promise.race([mortal.death, ended.then(() => undefined)]);
  const seen = [...events];
  // The world goes on without it.
  await fleet.clock.sleep(3_000, never);
  return { fleet, change, events: seen };
}

async function resume(fleet: FakeFleet, events: readonly RunEvent[], skipFailed = false): Promise<RunResult> {
  const resumption = resumptionFrom(events, skipFailed);
  return rollout([secondOnly(fleet)], { ...options, resumption }, fleet.context());
}

async function expectWhole(fleet: FakeFleet, tags: readonly string[], where: object): Promise<void> {
  const fe1 = await fleet.host('fe1');
  const { failures, containers } = { failures: fleet.failures(), containers: await containersOf(fleet) };
  expect({ ...where, failures }).toEqual({ ...where, failures: [] });
  expect(tags.map(allWith), JSON.stringify(where)).toContainEqual(containers);
  expect({ ...where, entries: fe1.entries, isWhole: fleet.isWhole() }).toEqual({
    ...where,
    entries: [],
    isWhole: true,
  });
  expect(fe1.lock.isFree).toBe(true);
}

const deaths = [
  { when: 'before' as const, says: 'just before any one of its changes' },
  { when: 'after' as const, says: 'just after any one of its changes' },
];

describe('a run that was killed', () => {
  describe.each(deaths)('$says', ({ when }) => {
    it('is gone on with under its own id, to the new container', async () => {
      const changes: string[] = [];
      for (let at = 0; ; at += 1) {
        const { fleet, change, events } = await died({ at, when });
        if (change === undefined) break;
        changes.push(change);

        const result = await resume(fleet, events);

        expect({ at, change, end: result.end }).toEqual({ at, change, end: 'done' });
        await expectWhole(fleet, ['next'], { at, change });
      }
      expect(changes.length).toBeGreaterThan(10);
    });

    it('can be recovered instead, by one who is killed at any of their changes, too', async () => {
      for (let at = 0; ; at += 1) {
        const first = await died({ at, when });
        if (first.change === undefined) break;
        for (let second = 0; ; second += 1) {
          const { fleet, change } = await died({ at, when });
          const mortal = new MortalFleet(fleet, { at: second, when });
          const dying = recoverHosts({ hosts: ['fe1'] }, mortal.context(fleet.context()));
          const died2 = await Promise.race([mortal.death, dying.then(() => undefined)]);
          await fleet.clock.sleep(1_000, never);

          const result = await recoverHosts({ hosts: ['fe1'] }, fleet.context());

          expect({ at, change, second, died2, end: result.end }).toMatchObject({ end: 'done' });
          await expectWhole(fleet, ['v1', 'next'], { at, change, second, died2 });
          if (died2 === undefined) break;
        }
      }
    });

    it('can be gone on with by one who is killed, too, and then again', async () => {
      for (let at = 0; at < 12; at += 3) {
        for (let second = 0; ; second += 1) {
          const { fleet, events } = await died({ at, when });
          const mortal = new MortalFleet(fleet, { at: second, when });
          const more: RunEvent[] = [];
          const context = fleet.context((event) => more.push(event));
          const resumption = resumptionFrom(events);
          const going = rollout([secondOnly(fleet)], { ...options, resumption }, mortal.context(context));
          const change = await Promise.race([mortal.death, going.then(() => undefined)]);
          const all = [...events, ...more];
          await fleet.clock.sleep(1_000, never);

          const result = await resume(fleet, all);

          expect({ at, second, change, end: result.end }).toMatchObject({ end: 'done' });
          await expectWhole(fleet, ['next'], { at, second, change });
          if (change === undefined) break;
        }
      }
    });

    it('is gone on with to the old container when the new one is no good', async () => {
      for (let at = 0; ; at += 1) {
        const { fleet, change, events } = await died({ at, when }, { exitsAfterMs: 100 });
        if (change === undefined) break;

        const result = await resume(fleet, events);

        expect({ at, change, end: result.end }).toEqual({ at, change, end: 'someFailed' });
        await expectWhole(fleet, ['v1'], { at, change });
      }
    });
  });

  it('gets the image of its plan also when the tag has moved meanwhile', async () => {
    for (let at = 0; ; at += 1) {
      const { fleet, change, events } = await died({ at, when: 'after' });
      if (change === undefined) break;
      const planned = fleet.registry.get(`${IMAGE}:next`);
      if (!planned) throw new Error('there is a next');
      fleet.addImage('moved', {});
      const moved = fleet.registry.get(`${IMAGE}:moved`) ?? planned;
      fleet.registry.set(`${IMAGE}:moved`, planned).set(`${IMAGE}:next`, moved);

      const result = await resume(fleet, events);

      const container = await (await fleet.host('fe1')).containers.inspect(SECOND);
      expect({ at, change, end: result.end, image: container?.image.id }).toEqual({
        ...{ at, change, end: 'done' },
        image: planned.id,
      });
    }
  });

  it('goes home to what is recorded when it cannot write its journal, whatever it had come to', async () => {
    for (let at = 0; ; at += 1) {
      const { fleet, change, events } = await died({ at, when: 'after' });
      if (change === undefined) break;
      let isFull = false;
      const context = fleet.context(({ type }) => {
        isFull ||= type === 'found';
      });
      const settled = async (): Promise<void> => {
        if (isFull) throw new Failure('error', 'Cannot write the journal: no space left on device');
      };
      const resumption = resumptionFrom(events);

      await rollout([secondOnly(fleet)], { ...options, resumption }, { ...context, journal: { settled } });

      await expectWhole(fleet, ['v1', 'next'], { at, change });
    }
  });

  it('is named as out of service where it is gone on with, and stops before it gets there', async () => {
    const { fleet, change, events } = await died({ at: 5, when: 'after' });
    expect(change).toBeDefined();
    const play = secondOnly(fleet);
    const late = { ...play, policy: { ...play.policy, runDeadlineMs: 0 } };
    const resumption = resumptionFrom(events);

    const result = await rollout([late], { ...options, resumption }, fleet.context());

    expect(result).toMatchObject({
      end: 'outOfService',
      hosts: [{ host: 'fe1', end: 'outOfService', outOfService: 1, notReached: 0 }],
    });
    expect(result.hosts[0]?.reason).toMatch(/is still in work since the run broke off: .*"sluice recover fe1"/);
  });

  it.each([5, 11])('is gone on with after change %i also when the answer to any look or change is lost', async (at) => {
    for (let lost = 0; ; lost += 1) {
      const { fleet, events } = await died({ at, when: 'after' }, {}, 8_000);
      const flaky = new FlakyFleet(fleet, lost, true);
      const resumption = resumptionFrom(events);
      const context = fleet.context(({ type }) => {
        if (type === 'instance-started') flaky.begin();
      });

      const result = await rollout([secondOnly(fleet)], { ...options, resumption }, { ...context, fleet: flaky });

      if (flaky.lost === undefined) break;
      expect({ lost, what: flaky.lost, ...result }).toMatchObject({ lost, what: flaky.lost, end: 'done' });
      await expectWhole(fleet, ['next'], { lost, what: flaky.lost });
    }
  });

  it('is told as out of service where nobody can find out how it stands', async () => {
    const { fleet, events } = await died({ at: 5, when: 'after' });
    const resumption = resumptionFrom(events);
    const before = fleet.events.length;
    const { containers } = await fleet.host('fe1');
    const context = fleet.context(({ type }) => {
      if (type !== 'instance-started') return;
      containers.inspect = async () => {
        throw new Failure('docker', 'Cannot look at pxApp_2 on fe1: the answer is not understood');
      };
    });

    const result = await rollout([secondOnly(fleet)], { ...options, resumption }, context);

    expect(result).toMatchObject({ end: 'outOfService', hosts: [{ outOfService: 1 }] });
    expect(fleet.events.slice(before)).toContainEqual(
      expect.objectContaining({ type: 'instance-ended', state: 'outOfService' }),
    );
  });

  it('goes on at the soak when the new container is in service already', async () => {
    const { fleet, change, events } = await died({ at: 11, when: 'after' }, {}, 8_000);
    expect(change).toBe('setReadyWhenProven');
    const before = fleet.events.length;

    await resume(fleet, events);

    const steps = fleet.events.slice(before).flatMap((event) => (event.type === 'step-started' ? [event.step] : []));
    expect(steps).toEqual(['soak', 'retire']);
    await expectWhole(fleet, ['next'], {});
  });
});
