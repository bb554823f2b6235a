import { describe, expect, it } from 'vitest';
import { Failure } from '../../src/errors.ts';
import type { RunEvent } from '../../src/rollout/events.ts';
import { THE_HOST } from '../../src/rollout/maintenance.ts';
import { drainHosts } from '../../src/runner/maintenance/drain-hosts.ts';
import { recoverHosts } from '../../src/runner/recovery/recover-hosts.ts';
import { rollout } from '../../src/runner/rollout.ts';
import { changed } from '../support/changed.ts';
import { FRONT_WHOLE, frontPair, type FrontPair } from '../support/front-pair.ts';
import { MortalFleet } from '../support/mortal-fleet.ts';
import { resumptionFrom } from '../support/resumption.ts';

const options = { force: false, onPlanned: () => undefined, confirm: async () => true };
const never = new AbortController().signal;
const OUT = { fe1: '0 maint UP', fe2: FRONT_WHOLE.fe2 };

/** The instances of both hosts on this version, of those that are in the play. */
function imagesOf({ fleet }: FrontPair, count = 1): readonly string[] {
  return fleet.images().filter((one) => one.startsWith('fe') && Number(/_(\d)/.exec(one)?.[1]) <= count);
}

describe('a host behind a tier of front HAProxys', () => {
  it('is out at all of them before its first container is touched, and back after its last one', async () => {
    const pair = await frontPair({ servers: 2 });
    const { fleet, fronts, weights, play } = pair;
    const seen: string[] = [];
    const context = fleet.context((event) => {
      if (event.type !== 'instance-started' && event.type !== 'instance-ended') return;
      if (event.subject.host === 'fe1') seen.push(`${event.type} ${event.subject.name} ${JSON.stringify(weights())}`);
    });

    const result = await rollout([play('v2')], options, context);

    const out = JSON.stringify({ lb1: OUT, lb2: OUT });
    const back = JSON.stringify({ lb1: FRONT_WHOLE, lb2: FRONT_WHOLE });
    expect(seen).toEqual([
      `instance-started pxApp_1 ${out}`,
      `instance-ended pxApp_1 ${out}`,
      `instance-started pxApp_2 ${out}`,
      `instance-ended pxApp_2 ${out}`,
      `instance-ended ${THE_HOST} ${back}`,
    ]);
    expect(result).toMatchObject({ end: 'done', hosts: [{ updated: 2 }, { updated: 2 }] });
    expect(imagesOf(pair, 2)).toEqual([...['fe1 pxApp_1 v2', 'fe1 pxApp_2 v2', 'fe2 pxApp_1 v2', 'fe2 pxApp_2 v2']]);
    expect(pair.failures()).toEqual([]);
    expect(pair.isWhole()).toBe(true);
    expect(fronts.size).toBe(2);
  });

  it('is not touched there when nothing is to be changed on it', async () => {
    const { fleet, play, isWhole } = await frontPair();
    const steps: string[] = [];
    const context = fleet.context((event) => {
      if (event.type === 'step-started') steps.push(event.step);
    });

    const result = await rollout([play('v1')], options, context);

    expect(result).toMatchObject({ end: 'done', hosts: [{ end: 'nothingToDo' }, { end: 'nothingToDo' }] });
    expect(steps).toEqual([]);
    expect(isWhole()).toBe(true);
  });

  it('is refused before anything is touched when a batch would leave less than min_up in front', async () => {
    const { fleet, play, isWhole } = await frontPair();

    await expect(rollout([play('v2', { serial: 2 })], options, fleet.context())).rejects.toMatchObject({
      code: 'error',
    });

    const problems = fleet.events.flatMap((event) => (event.type === 'problem' ? [`${event.host} ${event.text}`] : []));
    expect(problems).toHaveLength(2);
    expect(problems[0]).toMatch(/^lb1 .*pxapp_cluster/);
    expect(isWhole()).toBe(true);
  });

  it('is back in front when its container was put back', async () => {
    const pair = await frontPair();
    pair.fleet.addImage('bad', { exitsAfterMs: 900 });

    const result = await rollout([pair.play('bad')], options, pair.fleet.context());

    expect(result).toMatchObject({ end: 'stopped', hosts: [{ host: 'fe1', end: 'failed', unchanged: 1 }, {}] });
    expect(pair.failures()).toEqual([]);
    expect(pair.isWhole()).toBe(true);
  });

  it('is back with what was found first where a connection was lost just after its weight was taken', async () => {
    const pair = await frontPair();
    const lb1 = await pair.fleet.host('lb1');
    const front = lb1.balancer();
    let isLost = false;
    lb1.balancer = () =>
      changed(front, {
        setWeight: async (server, weight) => {
          await front.setWeight(server, weight);
          if (weight > 0 || isLost) return;
          isLost = true;
          throw new Failure('unreachable', 'Cannot reach lb1: the connection was lost');
        },
      });

    const result = await rollout([pair.play('v2')], options, pair.fleet.context());

    expect(isLost).toBe(true);
    expect(result).toMatchObject({ end: 'done', hosts: [{ updated: 1 }, { updated: 1 }] });
    expect(pair.failures()).toEqual([]);
    expect(pair.isWhole()).toBe(true);
  });

  it('stays out, named and recorded, at one of them that dies meanwhile, and recover brings it back', async () => {
    const pair = await frontPair();
    const { fleet, fe1, play, weights } = pair;
    const lb2 = await fleet.host('lb2');
    const front = lb2.balancer();
    const dead = (): never => {
      throw new Failure('unreachable', 'Cannot reach lb2: connection refused');
    };
    lb2.balancer = () =>
      new Proxy(front, {
        get: (target, key): unknown => {
          const value: unknown = Reflect.get(target, key);
          if (typeof value !== 'function') return value;
          return lb2.isUnreachable ? async () => dead() : (value.bind(target) as unknown);
        },
      });
    const context = fleet.context((event) => {
      if (event.type === 'step-started' && event.step === 'check') lb2.isUnreachable = true;
    });

    const result = await rollout([play('v2')], options, context);

    expect(result).toMatchObject({
      end: 'outOfService',
      hosts: [{ host: 'fe1', end: 'outOfService', updated: 1 }, {}],
    });
    expect(weights()['lb1']).toEqual(FRONT_WHOLE);
    expect(fe1.entries).toMatchObject([{ kind: 'front', server: { name: 'fe1', balancer: { host: 'lb2' } } }]);

    lb2.isUnreachable = false;
    const recovered = await recoverHosts({ hosts: ['fe1'] }, fleet.context());

    expect(recovered.end).toBe('done');
    expect(pair.isWhole()).toBe(true);
  });

  it('goes on with the other one when it may do without one that is dead before the start', async () => {
    const pair = await frontPair();
    const { fleet, weights } = pair;
    (await fleet.host('lb2')).isUnreachable = true;
    const play = pair.play('v2');
    const lenient = { ...play, policy: { ...play.policy, unreachableBalancer: 'skip' as const } };

    const result = await rollout([lenient], options, fleet.context());

    expect(result.end).toBe('done');
    expect(weights()['lb1']).toEqual(FRONT_WHOLE);
    expect(pair.isWhole()).toBe(true);
  });

  it('is taken out at one that was left out as soon as that answers again, and is back there in the end', async () => {
    const pair = await frontPair();
    const { fleet, fe1, weights } = pair;
    fleet.addImage('slow', { answersAfterMs: 5_000 });
    const lb2 = await fleet.host('lb2');
    lb2.isUnreachable = true;
    const play = pair.play('slow');
    const lenient = { ...play, policy: { ...play.policy, unreachableBalancer: 'skip' as const } };
    const front = pair.fronts.get('lb2');
    if (!front) throw new Error('there are two');
    // The first attempt does what it should, and its answer is lost.
    const setWeight = front.setWeight.bind(front);
    let asked = 0;
    front.setWeight = async (server, weight) => {
      await setWeight(server, weight);
      asked += 1;
      if (asked === 1) throw new Failure('unreachable', 'Cannot reach lb2: the connection was lost');
    };
    const seen: unknown[] = [];
    const onEvent = (event: RunEvent): void => {
      if (!('subject' in event) || event.subject.host !== 'fe1' || !('step' in event) || event.step !== 'check') return;
      if (event.type === 'step-started') lb2.isUnreachable = false;
      if (event.type === 'step-ended')
        seen.push(
          weights()['lb2'],
          fe1.entries.map(({ server }) => server.balancer.host),
        );
    };

    const result = await rollout([lenient], options, fleet.context(onEvent));

    expect(result.end).toBe('done');
    expect(seen).toEqual([
      { ...FRONT_WHOLE, fe1: expect.stringMatching(/^0 maint/) as unknown },
      ['lb1', 'fe1', 'lb2'],
    ]);
    expect(weights()).toEqual({ lb1: FRONT_WHOLE, lb2: FRONT_WHOLE });
    expect(pair.isWhole()).toBe(true);
    expect(fe1.entries).toEqual([]);
  });

  it('is taken out there alone by drain, which recover leaves alone', async () => {
    const { fleet, weights } = await frontPair();
    const request = {
      ...{ hosts: ['fe1'], servers: ['fe1'], note: 'disk', confirm: async () => true },
      ...{ place: { socket: undefined, container: undefined }, balancers: ['lb1', 'lb2'] },
      policy: { timeoutMs: 5_000, onTimeout: 'fail' as const },
    };
    // The fakes have one address for all.
    const host = await fleet.host('fe1');
    host.addresses = async () => ['127.0.0.1'];

    const drained = await drainHosts(request, fleet.context());

    expect(drained.end).toBe('done');
    expect(weights()).toEqual({ lb1: OUT, lb2: OUT });
  });
});

describe('a rollout behind a front tier whose controller dies', () => {
  interface Died {
    readonly pair: FrontPair;
    readonly change: string | undefined;
    readonly events: readonly RunEvent[];
  }

  /** Of the first host alone, in a process that dies at its change number `at`. */
  async function died(at: number, when: 'before' | 'after'): Promise<Died> {
    const pair = await frontPair();
    const mortal = new MortalFleet(pair.fleet, { at, when });
    const events: RunEvent[] = [];
    const context = pair.fleet.context((event) => events.push(event));
    const ended = rollout([onlyFe1(pair)], options, mortal.context(context));
    const change = await Promise.race([mortal.death, ended.then(() => undefined)]);
    const seen = [...events];
    await pair.fleet.clock.sleep(3_000, never);
    return { pair, change, events: seen };
  }

  function onlyFe1({ play }: FrontPair): ReturnType<FrontPair['play']> {
    const whole = play('v2');
    return { ...whole, hosts: whole.hosts.slice(0, 1) };
  }

  it.each(['before', 'after'] as const)(
    'just %s any one of its changes is put right by recover, and gone on with by resume',
    async (when) => {
      const whole: string[] = [];
      for (let at = 1; ; at += 1) {
        const one = await died(at, when);
        if (one.change === undefined) break;
        const recovered = await recoverHosts({ hosts: ['fe1'] }, one.pair.fleet.context());
        const two = await died(at, when);
        const resumption = resumptionFrom(two.events);
        const resumed = await rollout([onlyFe1(two.pair)], { ...options, resumption }, two.pair.fleet.context());
        const told = { at, when, change: one.change };
        expect({ ...told, failures: [...one.pair.failures(), ...two.pair.failures()] }).toEqual({
          ...told,
          failures: [],
        });
        expect({ ...told, whole: [one.pair.isWhole(), two.pair.isWhole()] }).toEqual({ ...told, whole: [true, true] });
        expect({ ...told, ends: [recovered.end, resumed.end] }).toMatchObject({
          ...told,
          ends: [expect.stringMatching(/^(done|nothingToDo)$/), expect.stringMatching(/^(done|nothingToDo)$/)],
        });
        expect(imagesOf(two.pair)).toContain('fe1 pxApp_1 v2');
        whole.push(one.change);
      }
      expect(whole.length).toBeGreaterThan(15);
      expect(whole.filter((change) => change.includes('setWeight')).length).toBeGreaterThan(5);
    },
  );
});
