import { beforeEach, describe, expect, it } from 'vitest';
import type { RunEvent } from '../../src/rollout/events.ts';
import type { HookPoint } from '../../src/rollout/hooks.ts';
import type { MonitorPolicy } from '../../src/rollout/model.ts';
import { rollout } from '../../src/runner/rollout.ts';
import type { RunResult } from '../../src/runner/run.ts';
import { badOn, playOf } from '../support/at-once.ts';
import { FakeFleet } from '../support/fake-fleet.ts';
import { aGate, aHook, hooksTold, playWithHooks, type AskedHooks } from '../support/hooks.ts';
import { resumptionFrom } from '../support/resumption.ts';

const URL_OF_ERRORS = 'http://metrics/errors';
const options = { force: false, onPlanned: () => undefined, confirm: async () => true };

let fleet: FakeFleet;

beforeEach(async () => {
  fleet = await FakeFleet.up(['fe1', 'fe2']);
});

/** A fleet of which the run has updated the first hosts, so many. */
async function fleetWith(updated: number, hosts = ['fe1', 'fe2']): Promise<FakeFleet> {
  const other = await FakeFleet.up(hosts);
  const play = playWithHooks(other, {});
  if (updated > 0) await rollout([{ ...play, hosts: play.hosts.slice(0, updated) }], options, other.context());
  other.commands.programs.set('tell', {});
  return other;
}

interface Resumed {
  readonly result: RunResult;
  /** Of the second part. */
  readonly told: readonly string[];
  readonly course: readonly string[];
}

/** Goes on from these events with a number that is wrong, or right. */
async function resumed(events: readonly RunEvent[], on: FakeFleet, asked: AskedHooks, number = '7'): Promise<Resumed> {
  on.commands.addresses.set(URL_OF_ERRORS, () => number);
  const [first, ran] = [on.events.length, on.commands.ran.length];
  const going = { ...options, resumption: resumptionFrom(events) };
  const result = await rollout([playWithHooks(on, asked)], going, on.context());
  expect(on.failures()).toEqual([]);
  const course = on.commands.ran.slice(ran).map(({ env }) => `${env['SLUICE_POINT']} ${env['SLUICE_RESULT']}`);
  return { result, told: hooksTold(on.events.slice(first)), course };
}

const isStarted = (events: readonly RunEvent[]): readonly string[] =>
  events.flatMap((event) => (event.type === 'instance-started' ? [event.subject.host] : []));

describe('a run gone on with after a gate of a batch', () => {
  const hooks = { after_batch: [aGate({ timeoutMs: 10_000 })] };

  it.each([
    ['cut by a stop', 'interrupted', true],
    ['not passed', 'stopped', false],
  ])('that was %s asks it again before the next batch begins', async (_, end, isCut) => {
    fleet.commands.addresses.set(URL_OF_ERRORS, () => '7');
    const first = await rollout(
      [playWithHooks(fleet, { hooks })],
      options,
      fleet.context((event) => {
        if (isCut && event.type === 'hook-waiting') fleet.stop(1);
      }),
    );
    expect(first.end).toBe(end);

    const then = await fleetWith(1);
    const before = then.events.length;
    const bad = await resumed(fleet.events, then, { hooks });

    expect(bad.result.end).toBe('stopped');
    expect(bad.told).toEqual(['after_batch gate failed']);
    expect(isStarted(then.events.slice(before))).toEqual([]);

    // And once more, from where that left it.
    const good = await resumed([...fleet.events, ...then.events.slice(before)], await fleetWith(1), { hooks }, '0');
    expect(good.result.end).toBe('done');
    expect(good.told).toEqual(['after_batch gate ok', 'after_batch gate ok']);
  });

  it.each([
    ['after_host', { hooks: { after_host: [aGate({ timeoutMs: 10_000 })] } }],
    ['after_instance', { instance: { after_instance: [aGate({ timeoutMs: 10_000 })] } }],
  ])('that was cut in %s asks it again', async (point, asked) => {
    fleet.commands.addresses.set(URL_OF_ERRORS, () => '7');
    const context = fleet.context((event) => {
      if (event.type === 'hook-waiting') fleet.stop(1);
    });
    await rollout([playWithHooks(fleet, asked)], options, context);

    const then = await fleetWith(1);
    const { result, told } = await resumed(fleet.events, then, asked);

    expect(result.end).toBe('stopped');
    expect(told).toEqual([expect.stringMatching(`^${point} gate .*failed$`)]);
  });

  it('has it over once the run goes on all the same', async () => {
    fleet.commands.addresses.set(URL_OF_ERRORS, () => '7');
    const ignored = { after_batch: [aGate({ timeoutMs: 10_000, onFailure: 'ignore' })] };
    await rollout([playWithHooks(fleet, { hooks: ignored })], options, fleet.context());
    const at = fleet.events.findIndex(({ type }) => type === 'batch-ended');

    const { told } = await resumed(fleet.events.slice(0, at + 1), await fleetWith(1), { hooks: ignored });

    expect(told).toEqual(['after_batch gate ignored']);
  });
});

describe('a gate that was passed before the run died', () => {
  it.each(['before_run', 'before_batch', 'before_host', 'before_instance'] as const)(
    'is asked again when it is gone on with: %s',
    async (point) => {
      fleet = await FakeFleet.up(['fe1']);
      const gate = [aGate({ timeoutMs: 10_000 })];
      const asked =
        point === 'before_instance' ? { instance: { before_instance: gate } } : { hooks: { [point]: gate } };
      fleet.commands.addresses.set(URL_OF_ERRORS, () => '0');
      await rollout([playWithHooks(fleet, asked)], options, fleet.context());
      const at = fleet.events.findIndex(({ type }) => type === 'hook-ended');
      const then = await fleetWith(0, ['fe1']);
      const going = resumed(fleet.events.slice(0, at + 1), then, asked);

      if (point === 'before_run') await expect(going).rejects.toThrow(/was not passed within 10s/);
      else expect((await going).result.end).not.toBe('done');

      expect(then.images()).toEqual((await fleetWith(0, ['fe1'])).images());
    },
  );
});

describe('the hooks of a batch that was not over when the run died', () => {
  const tell = (point: HookPoint) => ({ [point]: [aHook({ name: 'tell', timeoutMs: 90_000 })] });

  it('are told that its hosts were updated in the first part', async () => {
    fleet = await fleetWith(0, ['fe1']);
    const hooks = { ...tell('after_host'), ...tell('after_batch') };
    await rollout([playWithHooks(fleet, { hooks })], options, fleet.context());
    const at = fleet.events.findIndex(({ type }) => type === 'instance-ended');

    const { course } = await resumed(fleet.events.slice(0, at + 1), fleet, { hooks });

    expect(course).toEqual(['after_host updated', 'after_batch updated']);
  });

  it('are run again where a host of a window did not begin after them', async () => {
    fleet = await FakeFleet.up(['fe1', 'fe2', 'fe3']);
    fleet.addImage('bad', { exitsAfterMs: 100 });
    // Longer than the host beside it takes to fail.
    fleet.commands.programs.set('tell', ({ env }) => ({ takesMs: env['SLUICE_HOSTS'] === 'fe2' ? 50_000 : 0 }));
    const play = { ...playOf(fleet, 'v2', { window: 2 }), hooks: { ...tell('before_batch'), ...tell('after_batch') } };
    await rollout([badOn(play, ['fe1'])], options, fleet.context());
    const resumption = resumptionFrom(fleet.events);
    const first = fleet.events.length;

    const result = await rollout([play], { ...options, resumption }, fleet.context());

    expect(result.end).toBe('done');
    expect(hooksTold(fleet.events.slice(first)).toSorted()).toEqual([
      ...Array.from({ length: 3 }, () => 'after_batch tell ok'),
      ...Array.from({ length: 3 }, () => 'before_batch tell ok'),
    ]);
  });

  it('are not taken for over, though a monitor had another host taken back meanwhile', async () => {
    fleet = await fleetWith(0);
    let begunMs = 0;
    fleet.commands.addresses.set(URL_OF_ERRORS, () => {
      begunMs ||= fleet.clock.now();
      return fleet.clock.now() - begunMs > 8_000 ? '7' : '0';
    });
    const isSlow = (env: Readonly<Record<string, string>>) =>
      env['SLUICE_HOST'] === 'fe2' && env['SLUICE_POINT'] === 'after_host';
    fleet.commands.programs.set('tell', ({ env }) => ({ takesMs: isSlow(env) ? 60_000 : 0 }));
    const metric = {
      ...{ url: URL_OF_ERRORS, limits: { below: 1 }, everyMs: 5_000, spec: { headers: {} } },
      where: 'controller' as const,
    };
    const monitor: MonitorPolicy = {
      ...{ forMs: 40_000, everyMs: 1_000, maxErrors: { percent: 100 }, compare: undefined, metric },
    };
    const hooks = { ...tell('before_batch'), ...tell('before_host'), ...tell('after_host'), ...tell('after_batch') };
    const base = { ...playWithHooks(fleet, { hooks }), maxFailPercentage: 100 };
    const [fe1, ...others] = base.hosts.map((host) => ({
      ...host,
      instances: host.instances.map((one) => (host.host === 'fe1' ? { ...one, monitor } : one)),
    }));
    if (!fe1) throw new Error('no fe1');
    const play = { ...base, hosts: [fe1, ...others] };
    const context = fleet.context();
    await rollout([play], options, context);
    const taken = fleet.events.findIndex((event) => event.type === 'batch-ended' && event.isRevert === true);
    const slow = fleet.events.findIndex(
      (event) => event.type === 'hook-started' && event.hook.host === 'fe2' && event.hook.point === 'after_host',
    );
    expect(slow).toBeGreaterThan(0);
    expect(taken).toBeGreaterThan(slow);

    // It dies while the hook after fe2 is running, and fe1 was taken back.
    const { open, hooks: known } = resumptionFrom(fleet.events.slice(0, taken + 1));

    expect([...open]).toEqual([JSON.stringify(['Front ends', 2]), JSON.stringify(['Front ends', 'fe2'])]);
    expect([...known.done]).toEqual([
      expect.stringContaining('"before_batch","tell",2'),
      expect.stringContaining('"before_host","tell",2'),
    ]);
  });
});
