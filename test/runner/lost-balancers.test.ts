import { describe, expect, it } from 'vitest';
import type { RunEvent } from '../../src/rollout/events.ts';
import type { Step } from '../../src/rollout/lifecycle.ts';
import type { Play } from '../../src/rollout/play.ts';
import { recoverHosts } from '../../src/runner/recovery/recover-hosts.ts';
import { rollout } from '../../src/runner/rollout.ts';
import { balancerPair } from '../support/balancer-pair.ts';
import { aLockOwner, aServer } from '../support/builders.ts';
import { IMAGE, type FakeFleet } from '../support/fake-fleet.ts';
import { resumptionFrom } from '../support/resumption.ts';

const options = { force: false, onPlanned: () => undefined, confirm: async () => true };
const WHY = 'Cannot reach lb2: connection refused';

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

describe('a central HAProxy that does not answer from the beginning', () => {
  it('is left out of the run where the play says skip, and told of once', async () => {
    const { fleet, fe1, lb1, setDead } = await balancerPair();
    setDead(true);

    const result = await rollout([playOf(fleet, 'skip')], options, fleet.context());

    expect(result).toMatchObject({ end: 'done', hosts: [{ host: 'fe1', updated: 3 }] });
    expect(warnings(fleet).filter((text) => text === leftOut)).toHaveLength(1);
    expect(lb1.haproxy.weights()).toEqual(WHOLE);
    expect(fe1.entries).toEqual([]);
  });

  it('keeps the run from starting where the play says fail', async () => {
    const { fleet, setDead } = await balancerPair();
    setDead(true);

    await expect(rollout([playOf(fleet, 'fail')], options, fleet.context())).rejects.toThrow(
      'Cannot start: one host cannot be had (above); nothing was touched',
    );
  });

  it('keeps it from starting also with skip when it is the only one', async () => {
    const { fleet, setDead } = await balancerPair();
    setDead(true);

    await expect(rollout([playOf(fleet, 'skip', ['lb2'])], options, fleet.context())).rejects.toThrow(
      'Cannot start: one host cannot be had (above); nothing was touched',
    );
  });

  it('keeps it from starting when another play needs it', async () => {
    const { fleet, setDead } = await balancerPair();
    setDead(true);
    const plays = [playOf(fleet, 'skip'), playOf(fleet, 'fail')];

    await expect(rollout(plays, options, fleet.context())).rejects.toThrow('nothing was touched');
  });

  it('leaves alone what has nothing to change, and takes back what it has updated', async () => {
    const { fleet, fe1, lb1, setDead } = await balancerPair();
    setDead(true);
    fleet.addImage('bad', { exitsAfterMs: 200 });
    const play = playOf(fleet, 'skip');
    const [one, two, three] = play.hosts[0]?.instances ?? [];
    if (!one || !two || !three) throw new Error('there are three');
    const hosts = [
      {
        host: 'fe1',
        instances: [
          { ...one, spec: { ...one.spec, image: `${IMAGE}:v1` } },
          two,
          { ...three, spec: { ...three.spec, image: `${IMAGE}:bad` } },
        ],
      },
    ];
    const policy = { ...play.policy, onFailure: 'rollback' as const };

    const result = await rollout([{ ...play, hosts, policy }], options, fleet.context());

    const ends = fleet.events.flatMap((event) =>
      event.type === 'instance-left' || event.type === 'instance-ended'
        ? [`${event.subject.name} ${event.type === 'instance-left' ? 'left' : event.state}`]
        : [],
    );
    expect(ends).toEqual(['pxApp_1 left', 'pxApp_2 updated', 'pxApp_3 unchanged', 'pxApp_2 updated']);
    expect(result.hosts).toMatchObject([{ host: 'fe1', end: 'failed' }]);
    expect(fleet.images().filter((line) => line.startsWith('fe1'))).toEqual([
      'fe1 pxApp_1 v1',
      'fe1 pxApp_2 v1',
      'fe1 pxApp_3 v1',
    ]);
    expect(lb1.haproxy.weights()).toEqual(WHOLE);
    expect(fe1.entries).toEqual([]);
  });

  it('keeps a run from being gone on with where that has left something in work, also with skip', async () => {
    const { fleet, setDead } = await balancerPair();
    setDead(true);
    const resumption = { ...resumptionFrom([]), inWork: new Set(['fe1 pxApp_1']) };

    await expect(rollout([playOf(fleet, 'skip')], { ...options, resumption }, fleet.context())).rejects.toThrow(
      'Cannot start: one host cannot be had (above); nothing was touched',
    );
  });

  it('that is out of reach while a new container serves well has nothing taken from it', async () => {
    const { fleet, fe1, lb1, setDead } = await balancerPair();
    const onEvent = (event: RunEvent): void => {
      if (event.type === 'step-started' && event.step === 'soak') setDead(true);
    };

    const result = await rollout([playOf(fleet, 'skip')], options, fleet.context(onEvent));

    expect(result).toMatchObject({ end: 'outOfService', hosts: [{ host: 'fe1', outOfService: 1 }] });
    expect(fe1.containers.imageOf('pxApp_1')).toMatch(/:v2$/);
    expect(lb1.haproxy.weights()).toEqual(WHOLE);
    expect(fe1.entries.map(({ server }) => server.balancer.host)).toEqual(['lb1', 'lb2']);
    const why =
      'Cannot take out the new container of pxApp_1 on fe1: pxapp_cluster/pxApp_1 on lb2 may send it requests, and Cannot reach lb2: connection refused';
    expect(fleet.events).toContainEqual(
      expect.objectContaining({ type: 'step-failed', step: 'withdraw', reason: why }),
    );

    const stays = await recoverHosts({ hosts: ['fe1'] }, fleet.context());

    expect(stays).toMatchObject({ end: 'outOfService', hosts: [{ host: 'fe1', reason: why }] });
    expect(fe1.containers.imageOf('pxApp_1')).toMatch(/:v2$/);

    const forgotten = await recoverHosts({ hosts: ['fe1'], forget: ['lb2'] }, fleet.context());

    expect(forgotten.end).toBe('done');
    expect(fe1.containers.imageOf('pxApp_1')).toMatch(/:v1$/);
    expect(lb1.haproxy.weights()).toEqual(WHOLE);
    expect(fe1.entries).toEqual([]);
  });

  it('that dies on the way has what is in work go home, as without it', async () => {
    const { fleet, fe1, lb1, setDead } = await balancerPair();
    const onEvent = (event: RunEvent): void => {
      if (event.type === 'step-started' && event.step === 'check') setDead(true);
    };

    const result = await rollout([playOf(fleet, 'skip')], options, fleet.context(onEvent));

    expect(result).toMatchObject({ end: 'outOfService', hosts: [{ host: 'fe1', outOfService: 1 }] });
    expect(fe1.containers.imageOf('pxApp_1')).toMatch(/:v1$/);
    expect(lb1.haproxy.weights()).toEqual(WHOLE);
    expect(fe1.entries.length).toBeGreaterThan(0);
  });
});

/** Has lb2 answer again as soon as a step is begun, the first of its kind. */
function backAt(step: Step, setDead: (isDead: boolean) => void): (event: RunEvent) => void {
  return (event) => {
    if (event.type === 'step-started' && event.step === step) setDead(false);
  };
}

function takenAt(fleet: FakeFleet, balancer: string): readonly string[] {
  const found = fleet.events.flatMap((event) => (event.type === 'found' ? event.servers : []));
  return found.filter(({ server }) => server.balancer.host === balancer).map(({ server }) => server.name);
}

const BACK = 'lb2: lb2 answers again: its HAProxy is brought in line, and belongs to the run from here on';

describe('a central HAProxy that was left out and answers again', () => {
  it.each<Step>(['drain', 'replace', 'check', 'restore', 'soak', 'retire'])(
    'in the step %s belongs to the run from then on, and has its weights in the end',
    async (step) => {
      const { fleet, fe1, lb1, lb2, setDead } = await balancerPair();
      setDead(true);

      const result = await rollout([playOf(fleet, 'skip')], options, fleet.context(backAt(step, setDead)));

      expect(result).toMatchObject({ end: 'done', hosts: [{ host: 'fe1', updated: 3 }] });
      expect(warnings(fleet).filter((text) => text === BACK)).toHaveLength(1);
      expect(takenAt(fleet, 'lb2')).toEqual(expect.arrayContaining(['pxApp_2', 'pxApp_3']));
      expect([lb1.haproxy.weights(), lb2.haproxy.weights()]).toEqual([WHOLE, WHOLE]);
      expect(fe1.entries).toEqual([]);
      expect(lb2.lock.isFree).toBe(true);
    },
  );

  it('sends nothing to the container that is away at that moment, and is recorded so before', async () => {
    const { fleet, fe1, lb2, setDead } = await balancerPair();
    setDead(true);
    fleet.addImage('slow', { answersAfterMs: 5_000 });
    const play = playOf(fleet, 'skip');
    const instances = play.hosts.flatMap((host) => host.instances);
    const slow = instances.map((one) => ({ ...one, spec: { ...one.spec, image: `${IMAGE}:slow` } }));
    const seen: unknown[] = [];
    const onEvent = (event: RunEvent): void => {
      if (event.type === 'step-started' && event.step === 'check' && event.subject.name === 'pxApp_1') setDead(false);
      if (event.type === 'step-ended' && event.step === 'check' && event.subject.name === 'pxApp_1') {
        const recorded = fe1.entries.filter(({ server }) => server.balancer.host === 'lb2');
        seen.push(
          lb2.haproxy.weights()['pxApp_1'],
          recorded.map(({ standing }) => standing),
        );
      }
    };

    const result = await rollout(
      [{ ...play, hosts: [{ host: 'fe1', instances: slow }] }],
      options,
      fleet.context(onEvent),
    );

    expect(result.end).toBe('done');
    expect(seen).toEqual([expect.stringMatching(/^0 maint/), [{ weight: 10, admin: 'ready' }]]);
    expect(lb2.haproxy.weights()).toEqual(WHOLE);
  });

  it('goes home with an instance that fails', async () => {
    const { fleet, fe1, lb1, lb2, setDead } = await balancerPair();
    setDead(true);
    fleet.addImage('bad', { exitsAfterMs: 3_000 });
    const play = playOf(fleet, 'skip');
    const instances = play.hosts.flatMap((host) => host.instances);
    const bad = instances.map((one) => ({ ...one, spec: { ...one.spec, image: `${IMAGE}:bad` } }));

    const result = await rollout(
      [{ ...play, hosts: [{ host: 'fe1', instances: bad }] }],
      options,
      fleet.context(backAt('replace', setDead)),
    );

    expect(result).toMatchObject({ end: 'someFailed', hosts: [{ host: 'fe1', unchanged: 1 }] });
    expect(takenAt(fleet, 'lb2')).toEqual(['pxApp_1']);
    expect([lb1.haproxy.weights(), lb2.haproxy.weights()]).toEqual([WHOLE, WHOLE]);
    expect(fe1.entries).toEqual([]);
  });

  it('stays left out, which is said once, where it cannot be worked with', async () => {
    const { fleet, fe1, lb2, setDead } = await balancerPair();
    setDead(true);
    lb2.haproxy.level = 'user';

    const result = await rollout([playOf(fleet, 'skip')], options, fleet.context(backAt('drain', setDead)));

    expect(result.end).toBe('done');
    const told = warnings(fleet).filter((text) => text.includes('stays left out'));
    expect(told).toEqual([
      expect.stringMatching(/^lb2: lb2 answers again, but stays left out: HAProxy's socket .* is at level user: /),
    ]);
    expect(takenAt(fleet, 'lb2')).toEqual([]);
    expect(lb2.haproxy.weights()).toEqual(WHOLE);
    expect(fe1.entries).toEqual([]);
  });

  it('stays left out while somebody else has its host', async () => {
    const { fleet, lb2, setDead } = await balancerPair();
    setDead(true);
    lb2.lock.heldBy(aLockOwner({ kind: 'hold', ttlMs: 0 }));

    const result = await rollout([playOf(fleet, 'skip')], options, fleet.context(backAt('drain', setDead)));

    expect(result.end).toBe('done');
    expect(warnings(fleet)).toContainEqual(expect.stringContaining('but stays left out: Cannot lock lb2: '));
    expect(takenAt(fleet, 'lb2')).toEqual([]);
  });
});
