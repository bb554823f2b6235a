import { describe, expect, it } from 'vitest';
import type { RunEvent } from '../../src/rollout/events.ts';
import { recoverHosts } from '../../src/runner/recovery/recover-hosts.ts';
import { rollout } from '../../src/runner/rollout.ts';
import { balancerPair, playOf, warnings, WHOLE } from '../support/balancer-pair.ts';
import { IMAGE } from '../support/fake-fleet.ts';
import { resumptionFrom } from '../support/resumption.ts';

const options = { force: false, onPlanned: () => undefined, confirm: async () => true };
const WHY = 'Cannot reach lb2: connection refused';

const leftOut = `lb2: lb2 is left out (unreachable_balancer: skip): ${WHY}: if its HAProxy still has requests, those to a container that is being replaced fail`;

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
