import { describe, expect, it } from 'vitest';
import type { RunEvent } from '../../src/rollout/events.ts';
import type { Ramp } from '../../src/rollout/ramp.ts';
import { recoverHosts } from '../../src/runner/recovery/recover-hosts.ts';
import { rollout, type RolloutOptions } from '../../src/runner/rollout.ts';
import type { RunResult } from '../../src/runner/run.ts';
import { FakeFleet } from '../support/fake-fleet.ts';
import { MortalFleet } from '../support/mortal-fleet.ts';
import { resumptionFrom } from '../support/resumption.ts';
import { fleetWith, SECOND, secondOnly } from '../support/second-instance.ts';
import { stepsOf } from '../support/steps.ts';

const ramp: Ramp = { percents: [10, 50], everyMs: 5_000 };

const options: RolloutOptions = { force: false, onPlanned: () => undefined, confirm: async () => true };

async function upWithRamp(): Promise<FakeFleet> {
  return FakeFleet.up(['fe1']);
}

function roll(fleet: FakeFleet, tag: string, onEvent: (event: RunEvent) => void = () => undefined): Promise<RunResult> {
  return rollout([fleet.play(tag, { each: { ramp } })], options, fleet.context(onEvent));
}

/** The weights that a server has had, each once, from the moment it was at 0. */
function weightsOf(fleet: FakeFleet, name: string): number[] {
  const seen: number[] = [];
  fleet.clock.onAdvance(() => {
    const weight = Number(fleet.hosts.get('fe1')?.haproxy.weights()[name]?.split(' ')[0]);
    if (seen.at(-1) !== weight) seen.push(weight);
  });
  return seen;
}

const rampedOf = (fleet: FakeFleet): string[] =>
  fleet.events.flatMap((event) =>
    event.type === 'ramped'
      ? [`${event.subject.name} ${event.servers.map(({ weight, of }) => `${weight}/${of}`).join()} ${event.ms}`]
      : [],
  );

describe('a ramp', () => {
  it('brings the weight back step by step, and exactly in the end', async () => {
    const fleet = await upWithRamp();
    const seen = weightsOf(fleet, 'pxApp_3');

    const result = await roll(fleet, 'v2');

    expect(result.end).toBe('done');
    expect(seen).toEqual([30, 0, 3, 15, 30]);
    expect(rampedOf(fleet)).toEqual([
      ...['pxApp_1 1/10 5000', 'pxApp_1 5/10 5000', 'pxApp_2 2/20 5000', 'pxApp_2 10/20 5000'],
      ...['pxApp_3 3/30 5000', 'pxApp_3 15/30 5000'],
    ]);
    expect(stepsOf(fleet, 'fe1', 'pxApp_1')).toBe('drain replace check restore ramp soak retire → updated');
    expect(fleet.failures()).toEqual([]);
    expect(fleet.isWhole()).toBe(true);
  });

  it('is none where a step would be the weight itself', async () => {
    const fleet = await upWithRamp();
    const play = fleet.play('v2', { each: { ramp: { percents: [95], everyMs: 5_000 } } });

    await rollout([play], options, fleet.context());

    expect(stepsOf(fleet, 'fe1', 'pxApp_1')).toBe('drain replace check restore soak retire → updated');
    expect(stepsOf(fleet, 'fe1', 'pxApp_3')).toBe('drain replace check restore ramp soak retire → updated');
  });

  it('takes out again a container that falls over in it, and the old one has its whole weight at once', async () => {
    const fleet = await upWithRamp();
    fleet.addImage('bad', { exitsAfterMs: 6_000 });

    const result = await roll(fleet, 'bad');

    expect(result.end).toBe('someFailed');
    expect(stepsOf(fleet, 'fe1', 'pxApp_1')).toBe(
      'drain replace check restore ramp! withdraw rollBack check restore → unchanged',
    );
    expect(fleet.isWhole()).toBe(true);
  });

  it('puts the weight of its step back after a reload, and says so', async () => {
    const fleet = await upWithRamp();
    const { haproxy } = await fleet.host('fe1');
    const seen = weightsOf(fleet, 'pxApp_1');
    let isReloaded = false;

    const result = await roll(fleet, 'v2', (event) => {
      if (event.type !== 'ramped' || event.percent !== 50 || isReloaded) return;
      isReloaded = true;
      void fleet.clock.sleep(2_000, new AbortController().signal).then(() => {
        haproxy.reload();
      });
    });

    expect(result.end).toBe('done');
    expect(seen).toEqual([0, 1, 5, 10]);
    expect(fleet.events).toContainEqual(
      expect.objectContaining({
        remark: expect.objectContaining({ about: 'weight-reset', weight: 10, to: 5 }) as object,
      }),
    );
    expect(fleet.isWhole()).toBe(true);
  });

  it('puts back a weight that somebody else sets meanwhile once, and ends with the one that was found', async () => {
    const fleet = await upWithRamp();
    const { haproxy } = await fleet.host('fe1');

    const result = await roll(fleet, 'v2', (event) => {
      if (event.type !== 'ramped' || event.subject.name !== 'pxApp_2') return;
      const [server] = event.servers;
      void fleet.clock
        .sleep(1_000, new AbortController().signal)
        .then(() => server && haproxy.setWeight(server.server, 77));
    });

    expect(result.end).toBe('done');
    const remarks = fleet.events.flatMap((event) => (event.type === 'remark' ? [event.remark] : []));
    expect(remarks.map((remark) => ('then' in remark ? `${remark.about} ${remark.then}` : remark.about))).toEqual([
      ...['changed-by-another put back', 'changed-by-another put back'],
    ]);
    expect(fleet.isWhole()).toBe(true);
  });

  it('keeps an agent-check silent until the last step', async () => {
    const fleet = await upWithRamp();
    const { haproxy } = await fleet.host('fe1');
    haproxy.giveAgent('pxApp_1');
    const seen = weightsOf(fleet, 'pxApp_1');

    const result = await roll(fleet, 'v2');

    expect(result.end).toBe('done');
    expect(seen).toEqual([0, 1, 5, 10]);
    const [backend] = await haproxy.backends();
    expect(backend?.servers[0]?.hasAgent).toBe(true);
  });

  it.each(['forward', 'beforeNext'] as const)('that is stopped %s leaves every weight exact', async (stop) => {
    const fleet = await upWithRamp();

    const result = await roll(fleet, 'v2', (event) => {
      if (event.type === 'ramped' && event.percent === 50) fleet.stop(stop === 'forward' ? 2 : 1);
    });

    expect(result.end).toBe('interrupted');
    expect(stepsOf(fleet, 'fe1', 'pxApp_1')).toMatch(
      stop === 'forward' ? /ramp! withdraw .*unchanged/ : /ramp soak .*updated/,
    );
    expect(fleet.isWhole()).toBe(true);
  });

  it('does not count for the deadline of an instance', async () => {
    const fleet = await upWithRamp();
    const play = fleet.play('v2', { each: { ramp }, policy: { instanceDeadlineMs: 9_000 } });

    const result = await rollout([play], options, fleet.context());

    expect(result.end).toBe('done');
  });

  it('is of no use to what is taken back', async () => {
    const fleet = await upWithRamp();
    fleet.addImage('bad', { errsAfterMs: 14_000 });
    const monitor = { forMs: 60_000, everyMs: 1_000, maxErrors: { errors: 0 }, compare: undefined };
    const play = fleet.play('bad', { each: { ramp, monitor } });

    await rollout([play], options, fleet.context());

    const back = fleet.events.filter((event) => 'isRevert' in event && event.type === 'instance-ended');
    expect(back.length).toBeGreaterThan(0);
    expect(stepsOf(fleet, 'fe1', 'pxApp_1').split('→').at(-2)).not.toContain('ramp');
    expect(fleet.isWhole()).toBe(true);
  });

  // prettier-ignore
  it.each([
    { weights: 'fixed',    why: /Cannot ramp the weight of pxApp_1: backend pxapp_cluster .* has a static algorithm/ },
    { weights: 'unheeded', why: /has "balance first", which does not heed weights/ },
    { weights: 'unknown',  why: /HAProxy does not tell: leave ramp out/ },
  ] as const)('is refused before anything is touched where weights are $weights', async ({ weights, why }) => {
    const fleet = await upWithRamp();
    (await fleet.host('fe1')).haproxy.weightsAre = weights;

    await expect(roll(fleet, 'v2')).rejects.toMatchObject({ code: 'error' });

    const problems = fleet.events.flatMap((event) => (event.type === 'problem' ? [event.text] : []));
    expect(problems).toHaveLength(3);
    expect(problems[0]).toMatch(why);
    expect(fleet.events.filter(({ type }) => type === 'step-started')).toEqual([]);
  });
});

const never = new AbortController().signal;

interface Died {
  readonly fleet: FakeFleet;
  /** The change it died after, or undefined when it came to its end. */
  readonly change: string | undefined;
  readonly events: readonly RunEvent[];
}

/** Rolls the second container of fe1 out with a ramp, in a process that dies after its change number `at`. */
async function died(at: number): Promise<Died> {
  const fleet = await fleetWith({});
  const mortal = new MortalFleet(fleet, { at, when: 'after' });
  const events: RunEvent[] = [];
  const context = mortal.context(fleet.context((event) => events.push(event)));
  const ended = rollout([secondOnly(fleet, { each: { ramp } })], options, context);
  const change = await Promise.race([mortal.death, ended.then(() => undefined)]);
  const told = [...events];
  await fleet.clock.sleep(3_000, never);
  return { fleet, change, events: told };
}

/** The first change of the ramp: the one before has put the server back at its first step. */
const FIRST = 12;

describe('a run that dies in a ramp', () => {
  // prettier-ignore
  it.each([
    { after: 'its first step',  at: FIRST - 1, change: 'setReadyWhenProven', weight: 2 },
    { after: 'its second step', at: FIRST,     change: 'setWeight',          weight: 10 },
    { after: 'the last of it',  at: FIRST + 1, change: 'setWeight',          weight: 20 },
  ])('after $after is recovered to exactly the weight that was found', async ({ at, change, weight }) => {
    const dead = await died(at);
    expect(dead.change).toBe(change);
    expect(dead.fleet.hosts.get('fe1')?.haproxy.weights()[SECOND]).toBe(`${weight} ready UP`);

    const result = await recoverHosts({ hosts: ['fe1'] }, dead.fleet.context());

    expect(result.end).toBe('done');
    expect(dead.fleet.isWhole()).toBe(true);
    expect(dead.fleet.failures()).toEqual([]);
  });

  // prettier-ignore
  it.each([
    { after: 'its first step',  at: FIRST - 1, steps: 'ramp soak retire', weights: [2, 10, 20] },
    { after: 'its second step', at: FIRST,     steps: 'ramp soak retire', weights: [10, 20] },
    { after: 'the last of it',  at: FIRST + 1, steps: 'soak retire',      weights: [] },
  ])('after $after goes on there, and never back to a smaller weight', async ({ at, steps, weights }) => {
    const { fleet, events } = await died(at);
    const seen = weightsOf(fleet, SECOND);
    const before = fleet.events.length;

    const again = { ...options, resumption: resumptionFrom(events) };
    const result = await rollout([secondOnly(fleet, { each: { ramp } })], again, fleet.context());

    expect(result.end).toBe('done');
    const taken = fleet.events.slice(before).flatMap((event) => (event.type === 'step-started' ? [event.step] : []));
    expect(taken.join(' ')).toBe(steps);
    expect(seen).toEqual(weights.length === 0 ? [20] : weights);
    expect(fleet.isWhole()).toBe(true);
    expect(fleet.failures()).toEqual([]);
  });
});
