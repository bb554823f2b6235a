import { describe, expect, it } from 'vitest';
import { Failure } from '../../src/errors.ts';
import type { RunEvent } from '../../src/rollout/events.ts';
import type { Policy } from '../../src/rollout/policy.ts';
import { rollout } from '../../src/runner/rollout.ts';
import { aLockOwner, aRecordEntry, aServer } from '../support/builders.ts';
import { changed } from '../support/changed.ts';
import { FakeFleet } from '../support/fake-fleet.ts';
import { aPlay, endsOf, eventsOf, roll } from '../support/policy-story.ts';

describe('unreachable: skip', () => {
  it('leaves out what cannot be reached at the start, says so, and makes the batches without it', async () => {
    const fleet = await FakeFleet.up();
    (await fleet.host('fe1')).isUnreachable = true;

    const result = await roll(fleet, [{ ...aPlay(fleet, { unreachable: 'skip' }), serial: [{ hosts: 2 }] }]);

    expect(result.end).toBe('unreachable');
    expect(endsOf(result)).toBe('fe2 updated, fe3 updated, fe1 unreachable');
    expect(result.hosts.at(-1)).toMatchObject({ notReached: 3, reason: 'Cannot reach fe1: connection refused' });
    expect(eventsOf(fleet, 'batch-started').map(({ hosts }) => hosts)).toEqual([['fe2', 'fe3']]);
    expect(eventsOf(fleet, 'host-skipped')).toEqual([
      { type: 'host-skipped', host: 'fe1', reason: 'Cannot reach fe1: connection refused' },
    ]);
  });

  it('is not for a host of which another play says otherwise', async () => {
    const fleet = await FakeFleet.up();
    (await fleet.host('fe1')).isUnreachable = true;
    const plays = [aPlay(fleet, { unreachable: 'skip' }), aPlay(fleet, {})];

    await expect(roll(fleet, plays)).rejects.toMatchObject({ code: 'unreachable' });
  });

  it('is not for a host whose HAProxy serves the containers of others', async () => {
    const fleet = await FakeFleet.up();
    (await fleet.host('fe2')).isUnreachable = true;
    const servers = [aServer('pxApp_1', 'fe1'), aServer('pxApp_1', 'fe2')];
    const play = aPlay(fleet, { unreachable: 'skip' });
    const [first, ...others] = play.hosts;
    const central = { host: 'fe1', instances: first?.instances.slice(0, 1).map((one) => ({ ...one, servers })) ?? [] };

    await expect(roll(fleet, [{ ...play, hosts: [central, ...others] }])).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining('one host cannot be had') as unknown,
    });
    expect(eventsOf(fleet, 'host-skipped')).toEqual([]);
  });

  it('is not for a host whose HAProxy still has what a run that died has taken out', async () => {
    const fleet = await FakeFleet.up();
    const fe1 = await fleet.host('fe1');
    fe1.entries = [aRecordEntry({ server: aServer('pxApp_1', 'fe2') })];
    (await fleet.host('fe2')).isUnreachable = true;
    let looks = 0;
    const context = {
      ...fleet.context(),
      locking: { ...fleet.context().locking, takeOver: true },
      fleet: changed(fleet, {
        host: async (name: string) => {
          if ((looks += 1) > 100) throw new Error(`asks for ${name} again and again`);
          return fleet.host(name);
        },
      }),
    };
    const options = { force: false, onPlanned: () => undefined, confirm: async () => true };

    await expect(rollout([aPlay(fleet, { unreachable: 'skip' })], options, context)).rejects.toMatchObject({
      code: 'unreachable',
    });
  });

  it('is no way past a lock that somebody holds', async () => {
    const fleet = await FakeFleet.up();
    (await fleet.host('fe1')).lock.heldBy(aLockOwner());

    await expect(roll(fleet, [aPlay(fleet, { unreachable: 'skip' })])).rejects.toMatchObject({ code: 'locked' });
  });

  // prettier-ignore
  it.each<{ why: string; down: string[]; policy: Partial<Policy>; says: RegExp }>([
    { why: 'nothing is left',                 down: ['fe1', 'fe2', 'fe3'], policy: {},                          says: /no host can be reached; nothing was touched/ },
    { why: 'more is missing than may fail',   down: ['fe1', 'fe2'],        policy: { maxFailures: { hosts: 1 } }, says: /2 of 3 hosts cannot be reached, which is more than max_failures allows/ },
  ])('starts nothing when $why', async ({ down, policy, says }) => {
    const fleet = await FakeFleet.up();
    for (const name of down) (await fleet.host(name)).isUnreachable = true;

    const playing = roll(fleet, [aPlay(fleet, { unreachable: 'skip', ...policy })]);

    await expect(playing).rejects.toMatchObject({ code: 'unreachable', message: expect.stringMatching(says) as unknown });
    expect(fleet.images().filter((image) => image.endsWith('v2'))).toEqual([]);
  });

  it('does not count them with count_unreachable: false', async () => {
    const fleet = await FakeFleet.up();
    for (const name of ['fe1', 'fe2']) (await fleet.host(name)).isUnreachable = true;
    const policy = { unreachable: 'skip' as const, maxFailures: { hosts: 0 }, countUnreachable: false };

    expect(endsOf(await roll(fleet, [aPlay(fleet, policy)]))).toBe('fe3 updated, fe1 unreachable, fe2 unreachable');
  });

  it.each([
    { what: 'goes away', failure: new Failure('unreachable', 'Cannot reach fe2: no route to host') },
    {
      what: 'does not answer in time',
      failure: new Failure('late', 'Cannot use Docker on fe2: it takes longer than 15 s'),
    },
  ])('skips a host that $what before its turn', async ({ failure }) => {
    const fleet = await FakeFleet.up();
    const fe2 = await fleet.host('fe2');
    const onEvent = ({ type }: RunEvent): void => {
      if (type === 'batch-ended') {
        fe2.containers.version = () => Promise.reject(failure);
      }
    };

    const result = await roll(fleet, [aPlay(fleet, { unreachable: 'skip' })], { onEvent });

    expect(endsOf(result)).toBe('fe1 updated, fe2 unreachable, fe3 updated');
    expect(result.end).toBe('unreachable');
    expect(eventsOf(fleet, 'host-skipped')).toMatchObject([{ host: 'fe2' }]);
  });
});
