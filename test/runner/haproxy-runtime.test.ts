import { beforeEach, describe, expect, it } from 'vitest';
import { askRuntime } from '../../src/runner/haproxy/ask-runtime.ts';
import { lookAtRuntime } from '../../src/runner/haproxy/look-at-runtime.ts';
import { setWeights, type WeightSet } from '../../src/runner/haproxy/set-weights.ts';
import { Failure } from '../../src/errors.ts';
import { aLockOwner, aRecordEntry, aServer } from '../support/builders.ts';
import { FakeFleet } from '../support/fake-fleet.ts';

const place = { socket: undefined, container: undefined };

async function weights(fleet: FakeFleet, host = 'fe1'): Promise<readonly string[]> {
  return Object.values((await fleet.host(host)).haproxy.weights());
}

describe('setWeights()', () => {
  const set: WeightSet[] = [];
  const request = {
    ...{ hosts: ['fe1', 'fe2'], place, weights: [{ path: 'pxapp_cluster/pxApp_1', weight: 5 }] },
    onSet: (one: WeightSet) => void set.push(one),
  };
  beforeEach(() => {
    set.length = 0;
  });

  it('has told of those that are set when it fails in the middle', async () => {
    const fleet = await FakeFleet.up(['fe1', 'fe2']);
    (await fleet.host('fe2')).haproxy.setWeight = async () => {
      throw new Failure('haproxy', 'Cannot set it');
    };

    await expect(setWeights(request, fleet.context())).rejects.toThrow('Cannot set it');

    expect(set.map(({ host, from, to }) => `${host} ${from} ${to}`)).toEqual(['fe1 10 5']);
  });

  it('sets none before that is in the journal', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const told: string[] = [];
    const journal = {
      settled: async (): Promise<void> => {
        if (fleet.events.some(({ type }) => type === 'runtime-asked')) throw new Failure('error', 'the disk is full');
      },
    };

    const setting = setWeights({ ...request, hosts: ['fe1'] }, { ...fleet.context(), journal });

    await expect(setting).rejects.toThrow('the disk is full');
    for (const event of fleet.events) if (event.type === 'runtime-asked') told.push(event.text);
    expect(told).toEqual(['set weight pxapp_cluster/pxApp_1 5']);
    expect((await weights(fleet))[0]).toBe('10 ready UP');
  });

  it('says that it is not known where the answer was lost', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    (await fleet.host('fe1')).haproxy.setWeight = async () => {
      throw new Failure('unreachable', 'Cannot reach fe1: the connection was lost');
    };

    await expect(setWeights({ ...request, hosts: ['fe1'] }, fleet.context())).rejects.toMatchObject({
      code: 'some-failed',
      message:
        'Whether pxapp_cluster/pxApp_1 on fe1 has weight 5 is not known: Cannot reach fe1: the connection was lost',
    });
  });

  it('sets them on each host, tells what they were, and lets go of the hosts', async () => {
    const fleet = await FakeFleet.up(['fe1', 'fe2']);

    await setWeights(request, fleet.context());

    expect(set.map(({ host, from, to }) => `${host} ${from} ${to}`)).toEqual(['fe1 10 5', 'fe2 10 5']);
    expect((await weights(fleet))[0]).toBe('5 ready UP');
    expect((await fleet.host('fe1')).lock.isFree).toBe(true);
  });

  it('sets none when one of the hosts has no such server', async () => {
    const fleet = await FakeFleet.up(['fe1', 'fe2']);
    (await fleet.host('fe2')).haproxy.reload({ without: ['pxApp_1'] });

    await expect(setWeights(request, fleet.context())).rejects.toThrow(
      'Cannot set the weight of pxapp_cluster/pxApp_1: HAProxy on fe2 has no such server',
    );

    expect((await weights(fleet))[0]).toBe('10 ready UP');
  });

  it('is refused while a run has a host, and for a server that was taken out', async () => {
    const fleet = await FakeFleet.up(['fe1', 'fe2']);
    const { lock, record } = await fleet.host('fe1');
    lock.heldBy(aLockOwner());

    await expect(setWeights(request, fleet.context())).rejects.toMatchObject({ code: 'locked' });
    lock.die();
    await record.write([aRecordEntry({ kind: 'rollout', server: aServer('pxApp_1') })]);
    await expect(setWeights({ ...request, hosts: ['fe1'] }, fleet.context())).rejects.toThrow(Failure);

    expect((await weights(fleet))[0]).toBe('10 ready UP');
  });

  it('leaves alone what a drain has taken out, and sets the others', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const { record } = await fleet.host('fe1');
    await record.write([aRecordEntry({ kind: 'drain', server: aServer('pxApp_2') })]);

    await setWeights({ ...request, hosts: ['fe1'] }, fleet.context());
    const drained = { ...request, hosts: ['fe1'], weights: [{ path: 'pxapp_cluster/pxApp_2', weight: 9 }] };

    await expect(setWeights(drained, fleet.context())).rejects.toThrow(/pxApp_2 was taken out .*"sluice restore fe1"/);
    expect(await weights(fleet)).toEqual(['5 ready UP', '20 ready UP', '30 ready UP']);
  });
});

describe('askRuntime()', () => {
  it('asks while the hosts are held only what may change something', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const { lock } = await fleet.host('fe1');
    const ask = async (): Promise<string> => (lock.isFree ? 'free' : 'held');

    const [look] = await askRuntime({ hosts: ['fe1'], changing: undefined, ask }, fleet.context());
    const [change] = await askRuntime({ hosts: ['fe1'], changing: 'clear counters', ask }, fleet.context());

    expect([look?.answer, change?.answer, lock.isFree]).toEqual(['free', 'held', true]);
  });

  it('sends nothing that may change something once somebody else has the host', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const fe1 = await fleet.host('fe1');
    fe1.pushes = async () => {
      fe1.lock.heldBy(aLockOwner());
      return [];
    };
    const sent: string[] = [];
    const ask = async (host: string): Promise<string> => {
      sent.push(host);
      return '';
    };

    const [answer] = await askRuntime({ hosts: ['fe1'], changing: 'clear counters', ask }, fleet.context());

    expect(answer?.failure).toMatchObject({ code: 'locked' });
    expect(sent).toEqual([]);
  });

  it('tells of each host what it says, also when another does not answer', async () => {
    const fleet = await FakeFleet.up(['fe1', 'fe2']);
    const ask = async (host: string): Promise<string> => {
      if (host === 'fe1') throw new Failure('unreachable', 'Cannot ask fe1');
      return 'ok';
    };

    const answers = await askRuntime({ hosts: ['fe1', 'fe2'], changing: undefined, ask }, fleet.context());

    expect(answers.map(({ failure, answer }) => failure?.message ?? answer)).toEqual(['Cannot ask fe1', 'ok']);
  });
});

describe('lookAtRuntime()', () => {
  it('counts sessions, and those that old workers still have', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const { haproxy } = await fleet.host('fe1');
    haproxy.open(60_000);
    haproxy.reload();
    const wants = { hosts: ['fe1'], place, forks: 1, sessions: true };

    const [look] = await lookAtRuntime(wants, fleet);

    const old = look?.sessions.flatMap((one) => one.old ?? []) ?? [];
    expect(look?.sessions.map(({ current }) => current)).toEqual([0, 0, 0]);
    expect(old.map(({ pid }) => pid)).toEqual([100, 100, 100]);
    expect(old.reduce((sum, { current = 0 }) => sum + current, 0)).toBeGreaterThan(0);
  });
});
