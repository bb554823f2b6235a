import { describe, expect, it } from 'vitest';
import { Failure } from '../../src/errors.ts';
import type { RunEvent } from '../../src/rollout/events.ts';
import type { Play } from '../../src/rollout/play.ts';
import { recoverHosts } from '../../src/runner/recover-hosts.ts';
import { rollout } from '../../src/runner/rollout.ts';
import { aServer } from '../support/builders.ts';
import { FakeFleet, type FakeHost } from '../support/fake-fleet.ts';

const options = { force: false, onPlanned: () => undefined, confirm: async () => true };
const WHY = 'Cannot reach lb2: connection refused';

interface Pair {
  readonly fleet: FakeFleet;
  readonly fe1: FakeHost;
  readonly lb1: FakeHost;
  readonly lb2: FakeHost;
  readonly set: (isDead: boolean) => void;
}

/** The containers of fe1 are behind the HAProxys of lb1 and lb2, and lb2 may be dead. */
async function pair(): Promise<Pair> {
  const fleet = await FakeFleet.up(['fe1', 'lb1', 'lb2']);
  const [fe1, lb1, lb2] = await Promise.all(['fe1', 'lb1', 'lb2'].map((name) => fleet.host(name)));
  if (!fe1 || !lb1 || !lb2) throw new Error('they are up');
  const { haproxy } = lb2;
  lb2.balancer = () =>
    new Proxy(haproxy, {
      get: (target, key): unknown => {
        const value: unknown = Reflect.get(target, key);
        if (typeof value !== 'function') return value;
        if (lb2.isUnreachable) return () => Promise.reject(new Failure('unreachable', WHY));
        return value.bind(target) as unknown;
      },
    });
  return { fleet, fe1, lb1, lb2, set: (isDead) => (lb2.isUnreachable = isDead) };
}

function playOf(fleet: FakeFleet, unreachableBalancer: 'fail' | 'skip', balancers = ['lb1', 'lb2']): Play {
  const play = fleet.play('v2', { each: { minUp: { servers: 1 } }, policy: { unreachableBalancer } });
  const instances = (play.hosts[0]?.instances ?? []).map((one) => ({
    ...one,
    servers: balancers.map((host) => aServer(one.container, host)),
  }));
  return { ...play, hosts: [{ host: 'fe1', instances }] };
}

function warnings(fleet: FakeFleet): readonly string[] {
  return fleet.events.flatMap((event) => (event.type === 'warning' ? [`${event.host}: ${event.text}`] : []));
}

const leftOut = `lb2: lb2 is left out (unreachable_balancer: skip): ${WHY}: if its HAProxy still has requests, those to a container that is being replaced fail`;
const WHOLE = { pxApp_1: '10 ready UP', pxApp_2: '20 ready UP', pxApp_3: '30 ready UP' };

/** When the first instance is at this step. */
function atFirst(step: string, then: () => void): (event: RunEvent) => void {
  return (event) => {
    if (event.type === 'step-started' && event.step === step && event.subject.name === 'pxApp_1') then();
  };
}

describe('a central HAProxy that does not answer from the beginning', () => {
  it('is left out of the run where the play says skip, and told of once', async () => {
    const { fleet, fe1, lb1, set } = await pair();
    set(true);

    const result = await rollout([playOf(fleet, 'skip')], options, fleet.context());

    expect(result).toMatchObject({ end: 'done', hosts: [{ host: 'fe1', updated: 3 }] });
    expect(warnings(fleet).filter((text) => text === leftOut)).toHaveLength(1);
    expect(lb1.haproxy.weights()).toEqual(WHOLE);
    expect(fe1.entries).toEqual([]);
  });

  it('keeps the run from starting where the play says fail', async () => {
    const { fleet, set } = await pair();
    set(true);

    await expect(rollout([playOf(fleet, 'fail')], options, fleet.context())).rejects.toThrow(
      'Cannot start: one host cannot be had (above); nothing was touched',
    );
  });

  it('keeps it from starting also with skip when it is the only one', async () => {
    const { fleet, set } = await pair();
    set(true);

    await expect(rollout([playOf(fleet, 'skip', ['lb2'])], options, fleet.context())).rejects.toThrow(
      'Cannot start: one host cannot be had (above); nothing was touched',
    );
  });

  it('keeps it from starting when another play needs it', async () => {
    const { fleet, set } = await pair();
    set(true);
    const plays = [playOf(fleet, 'skip'), playOf(fleet, 'fail')];

    await expect(rollout(plays, options, fleet.context())).rejects.toThrow('nothing was touched');
  });
});

describe('a central HAProxy that dies on the way', () => {
  it.each(['drain', 'replace', 'check', 'restore', 'soak'])(
    'in %s is left out, and the run goes on with the other one; what is recorded there is told of',
    async (step) => {
      const { fleet, fe1, lb1, lb2, set } = await pair();
      const dies = atFirst(step, () => {
        set(true);
      });

      const result = await rollout([playOf(fleet, 'skip')], options, fleet.context(dies));

      expect(result).toMatchObject({ end: 'done', hosts: [{ host: 'fe1', updated: 3 }] });
      expect(lb1.haproxy.weights()).toEqual(WHOLE);
      expect(warnings(fleet)).toContain(leftOut);
      expect(lb2.haproxy.weights()['pxApp_2']).toBe('20 ready UP');
      const left = fe1.entries.map(({ server, container }) => `${container ?? ''} at ${server.balancer.host}`);
      // Of one that had nothing recorded yet there is nothing to undo.
      expect(left).toEqual(step === 'drain' ? [] : ['pxApp_1 at lb2']);
      const stays =
        'fe1: The record of pxapp_cluster/pxApp_1 on lb2 stays behind: it does not answer: when it is back, see to it with "sluice recover fe1"';
      expect(warnings(fleet).filter((text) => text === stays)).toHaveLength(left.length);

      set(false);
      const recovered = await recoverHosts({ hosts: ['fe1'] }, fleet.context());

      expect(recovered.end).toBe('done');
      expect(lb2.haproxy.weights()).toEqual(WHOLE);
      expect(fe1.containers.imageOf('pxApp_1')).toMatch(/:v2$/);
      expect(fe1.entries).toEqual([]);
    },
  );

  it('is brought in line when it answers again, before the next instance, and at the end', async () => {
    const { fleet, fe1, lb1, lb2, set } = await pair();
    const onEvent = (event: RunEvent): void => {
      atFirst('replace', () => {
        set(true);
      })(event);
      if (event.type === 'instance-ended' && event.subject.name === 'pxApp_1') set(false);
    };

    const result = await rollout([playOf(fleet, 'skip')], options, fleet.context(onEvent));

    expect(result).toMatchObject({ end: 'done', hosts: [{ host: 'fe1', updated: 3 }] });
    expect(warnings(fleet)).toContain('lb2: lb2 answers again, and is not left out any more');
    // Those that follow are taken out there as well.
    const drained = fleet.events.flatMap((event) =>
      event.type === 'found' && event.subject.name === 'pxApp_3' ? event.servers.map(({ server }) => server) : [],
    );
    expect(drained.map(({ balancer }) => balancer.host)).toEqual(['lb1', 'lb2']);
    expect(lb1.haproxy.weights()).toEqual(WHOLE);
    expect(lb2.haproxy.weights()).toEqual(WHOLE);
    expect(fe1.entries).toEqual([]);
  });

  it('fails the instance where the play says fail', async () => {
    const { fleet, set } = await pair();
    const dies = atFirst('replace', () => {
      set(true);
    });

    const result = await rollout([playOf(fleet, 'fail')], options, fleet.context(dies));

    expect(result.end).not.toBe('done');
  });
});
