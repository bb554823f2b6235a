import { describe, expect, it } from 'vitest';
import { Failure } from '../../src/errors.ts';
import type { RunEvent } from '../../src/rollout/events.ts';
import type { Play } from '../../src/rollout/play.ts';
import type { Policy } from '../../src/rollout/policy.ts';
import { FakeFleet } from '../support/fake-fleet.ts';
import { aPlay, endsOf, eventsOf, roll } from '../support/policy-story.ts';

describe('on_failure', () => {
  // prettier-ignore
  it.each<{ policy: Partial<Policy>; bad: string[]; ends: string; end: string; why?: string }>([
    { policy: { onFailure: 'pause' },    bad: ['fe2'],        ends: 'fe1 updated, fe2 failed, fe3 notReached', end: 'stopped', why: 'more hosts failed than max_fail_percentage allows' },
    { policy: { onFailure: 'continue' }, bad: ['fe1', 'fe2'], ends: 'fe1 failed, fe2 failed, fe3 updated',     end: 'someFailed' },
    { policy: { onFailure: 'continue', maxFailures: { hosts: 1 } }, bad: ['fe1', 'fe2'], ends: 'fe1 failed, fe2 failed, fe3 notReached', end: 'stopped', why: 'more hosts of the run failed than max_failures allows' },
    { policy: { onFailure: 'continue', maxFailures: { percent: 34 } }, bad: ['fe1'],     ends: 'fe1 failed, fe2 updated, fe3 updated',   end: 'someFailed' },
    { policy: { onFailure: 'continue', maxFailures: { percent: 33 } }, bad: ['fe1'],     ends: 'fe1 failed, fe2 notReached, fe3 notReached', end: 'stopped', why: 'more hosts of the run failed than max_failures allows' },
    { policy: { onFailure: 'ask' },      bad: ['fe1'],        ends: 'fe1 failed, fe2 notReached, fe3 notReached', end: 'stopped', why: 'more hosts failed than max_fail_percentage allows' },
  ])('$policy with $bad bad: $ends', async ({ policy, bad, ends, end, why }) => {
    const fleet = await FakeFleet.up();

    const result = await roll(fleet, [aPlay(fleet, policy, bad)]);

    expect(endsOf(result)).toBe(ends);
    expect(result).toMatchObject({ end });
    expect(result.why).toBe(why);
    expect(fleet.isWhole()).toBe(true);
    expect(fleet.failures()).toEqual([]);
  });

  it('stops at a server that is left out of service, whatever is said', async () => {
    const fleet = await FakeFleet.up();
    const fe1 = await fleet.host('fe1');
    const onEvent = (event: RunEvent): void => {
      // The old container cannot come back.
      if (event.type === 'step-failed') fe1.containers.start = () => Promise.reject(new Error('no room'));
    };

    const playing = roll(fleet, [aPlay(fleet, { onFailure: 'continue' }, ['fe1'])], { onEvent });

    expect(endsOf(await playing)).toBe('fe1 outOfService, fe2 notReached, fe3 notReached');
  });

  // prettier-ignore
  it.each<{ why: string; back: readonly (Play['back'])[]; batches: readonly (readonly string[])[] }>([
    { why: 'as the play says',                      back: [{ serial: [{ percent: 100 }], pauseMs: 0, onFailure: 'pause' }], batches: [['fe2', 'fe1']] },
    { why: 'one host at a time unless said',        back: [undefined],                                                      batches: [['fe2'], ['fe1']] },
    { why: 'one host at a time where plays differ', back: [{ serial: [{ percent: 100 }], pauseMs: 0, onFailure: 'pause' }, undefined], batches: [['fe2'], ['fe1']] },
  ])('takes back $why', async ({ back, batches }) => {
    const fleet = await FakeFleet.up();
    const [first, ...others] = back;
    const bad = { ...aPlay(fleet, { onFailure: 'rollback' }, ['fe3']), back: first };
    const only = (play: Play, host: string): Play => ({ ...play, hosts: play.hosts.filter((one) => one.host === host) });
    const plays = others.length === 0 ? [bad] : [{ ...only(bad, 'fe1'), back: others[0] }, bad];

    expect(endsOf(await roll(fleet, plays))).toContain('fe2 rolledBack, fe3 failed');

    const told = fleet.events.slice(fleet.events.findIndex(({ type }) => type === 'rollback-started'));
    expect(told.flatMap((event) => (event.type === 'batch-started' ? [event.hosts] : []))).toEqual(batches);
  });

  it('counts max_failures over all plays, a host once', async () => {
    const fleet = await FakeFleet.up();
    const policy = { onFailure: 'continue' as const, maxFailures: { hosts: 1 } };
    const first = { ...aPlay(fleet, policy, ['fe1']), maxFailPercentage: undefined };

    const same = await roll(fleet, [first, first]);
    expect(endsOf(same)).toBe('fe1 failed, fe2 updated, fe3 updated, fe1 failed, fe2 nothingToDo, fe3 nothingToDo');

    const both = [aPlay(fleet, policy, ['fe1']), aPlay(fleet, policy, ['fe2'])];
    expect(endsOf(await roll(fleet, both))).toBe(
      'fe1 failed, fe2 nothingToDo, fe3 nothingToDo, fe1 updated, fe2 failed, fe3 notReached',
    );
  });

  it('lets a batch fail as a whole where only the run has a limit', async () => {
    const fleet = await FakeFleet.up();
    const play = { ...aPlay(fleet, { maxFailures: { hosts: 1 } }, ['fe1']), maxFailPercentage: undefined };

    expect(endsOf(await roll(fleet, [play]))).toBe('fe1 failed, fe2 updated, fe3 updated');
  });
});

describe('a later play that cannot begin any more', () => {
  // prettier-ignore
  it.each<{ onFailure: Policy['onFailure']; types: string[]; ends: string; refusals: number }>([
    { onFailure: 'pause',    types: [],                    ends: 'fe2 updated, fe3 updated, fe1 notReached', refusals: 1 },
    { onFailure: 'continue', types: [],                    ends: 'fe2 updated, fe3 updated, fe1 notReached', refusals: 1 },
    { onFailure: 'rollback', types: [],                    ends: 'fe2 rolledBack, fe3 rolledBack, fe1 notReached', refusals: 1 },
    { onFailure: 'ask',      types: [],                    ends: 'fe2 updated, fe3 updated, fe1 notReached', refusals: 1 },
    { onFailure: 'ask',      types: ['roll back'],         ends: 'fe2 rolledBack, fe3 rolledBack, fe1 notReached', refusals: 1 },
    { onFailure: 'ask',      types: ['go on', 'stop'],     ends: 'fe2 updated, fe3 updated, fe1 notReached', refusals: 2 },
  ])('$onFailure, answered with $types: $ends', async ({ onFailure, types, ends, refusals }) => {
    const fleet = await FakeFleet.up();
    fleet.operator.types(...types);
    const play = aPlay(fleet, { onFailure });
    const fe1 = await fleet.host('fe1');
    const onEvent = (event: RunEvent): void => {
      if (event.type !== 'batch-ended') return;
      fe1.containers.version = () => Promise.reject(new Failure('docker', 'Docker is down on fe1'));
    };
    const [first, ...others] = play.hosts;
    const plays = [
      { ...play, hosts: others },
      { ...play, name: 'later', hosts: first ? [first] : [] },
    ];

    const result = await roll(fleet, plays, { onEvent });

    expect(endsOf(result)).toBe(ends);
    expect(result).toMatchObject({ end: 'stopped', why: 'the play "later" cannot begin any more' });
    expect(eventsOf(fleet, 'problem').map(({ text }) => text)).toEqual(Array(refusals).fill('Docker is down on fe1'));
    expect(fleet.failures()).toEqual([]);
  });
});

describe('on_failure: ask', () => {
  // prettier-ignore
  it.each<{ types: string[]; bad: string[]; ends: string; asked: number }>([
    { types: ['go on'],         bad: ['fe1'],        ends: 'fe1 failed, fe2 updated, fe3 updated',       asked: 1 },
    { types: ['what?', 'g'],    bad: ['fe1'],        ends: 'fe1 failed, fe2 updated, fe3 updated',       asked: 2 },
    { types: ['go on', 'stop'], bad: ['fe1', 'fe2'], ends: 'fe1 failed, fe2 failed, fe3 notReached',     asked: 2 },
    { types: ['stop'],          bad: ['fe1'],        ends: 'fe1 failed, fe2 notReached, fe3 notReached', asked: 1 },
  ])('answered with $types: $ends', async ({ types, bad, ends, asked }) => {
    const fleet = await FakeFleet.up();
    fleet.operator.types(...types);

    const result = await roll(fleet, [aPlay(fleet, { onFailure: 'ask' }, bad)]);

    expect(endsOf(result)).toBe(ends);
    expect(fleet.operator.asked).toHaveLength(asked);
  });

  it('asks once for what has failed of the run, and again only for more', async () => {
    const fleet = await FakeFleet.up();
    fleet.operator.types('go on');
    const play = {
      ...aPlay(fleet, { onFailure: 'ask', maxFailures: { hosts: 0 } }, ['fe1']),
      maxFailPercentage: undefined,
    };

    expect(endsOf(await roll(fleet, [play]))).toBe('fe1 failed, fe2 updated, fe3 updated');
    expect(eventsOf(fleet, 'question-asked')).toHaveLength(1);
    expect(eventsOf(fleet, 'question-answered')).toMatchObject([{ answer: 'go on' }]);
  });

  it('is stopped by Ctrl-C', async () => {
    const fleet = await FakeFleet.up();
    fleet.operator.types('go on');
    fleet.operator.onAsk = () => {
      fleet.stop(1);
    };

    const result = await roll(fleet, [aPlay(fleet, { onFailure: 'ask' }, ['fe1'])]);

    expect(endsOf(result)).toBe('fe1 failed, fe2 notReached, fe3 notReached');
    expect(result.why).toBeUndefined();
  });
});

describe('on_failure: rollback', () => {
  const allOnV1 = ['fe1', 'fe2', 'fe3'].flatMap((host) => [1, 2, 3].map((id) => `${host} pxApp_${id} v1`));

  it('takes back every host that the run has updated', async () => {
    const fleet = await FakeFleet.up();

    const result = await roll(fleet, [aPlay(fleet, { onFailure: 'rollback' }, ['fe3'])]);

    expect(endsOf(result)).toBe('fe1 rolledBack, fe2 rolledBack, fe3 failed');
    expect(result).toMatchObject({ end: 'stopped', why: 'more hosts failed than max_fail_percentage allows' });
    expect(fleet.images()).toEqual(allOnV1);
    expect(fleet.isWhole()).toBe(true);
    expect(fleet.failures()).toEqual([]);
  });

  it('takes back what the failed host itself had updated before, and is stopped by that also in the last batch', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const good = aPlay(fleet, { onFailure: 'rollback' });
    const bad = aPlay(fleet, {}, ['fe1']);
    const [first] = good.hosts[0]?.instances ?? [];
    const [, ...rest] = bad.hosts[0]?.instances ?? [];
    const instances = [...(first ? [first] : []), ...rest];

    const result = await roll(fleet, [{ ...good, hosts: [{ host: 'fe1', instances }] }]);

    expect(endsOf(result)).toBe('fe1 failed');
    expect(result).toMatchObject({ end: 'stopped', why: 'more hosts failed than max_fail_percentage allows' });
    expect(fleet.images()).toEqual(allOnV1.slice(0, 3));
    expect(fleet.isWhole()).toBe(true);
  });

  it('has nothing to take back where only what failed was begun: some failed', async () => {
    const fleet = await FakeFleet.up(['fe1']);

    expect(await roll(fleet, [aPlay(fleet, { onFailure: 'rollback' }, ['fe1'])])).toMatchObject({ end: 'someFailed' });
  });

  it('takes back what earlier plays have updated', async () => {
    const fleet = await FakeFleet.up();
    const good = aPlay(fleet, {});
    const bad = aPlay(fleet, { onFailure: 'rollback' }, ['fe3']);
    const plays = [
      { ...good, hosts: good.hosts.slice(0, 1) },
      { ...bad, hosts: bad.hosts.slice(1).toReversed() },
    ];

    const result = await roll(fleet, plays);

    expect(endsOf(result)).toBe('fe1 rolledBack, fe3 failed, fe2 notReached');
    expect(fleet.images()).toEqual(allOnV1);
  });

  it('is one of the answers', async () => {
    const fleet = await FakeFleet.up();
    fleet.operator.types('roll back');

    const result = await roll(fleet, [aPlay(fleet, { onFailure: 'ask' }, ['fe2'])]);

    expect(endsOf(result)).toBe('fe1 rolledBack, fe2 failed, fe3 notReached');
    expect(fleet.images()).toEqual(allOnV1);
  });

  it('does not begin once somebody has stopped the run', async () => {
    const fleet = await FakeFleet.up();
    const onEvent = (event: RunEvent): void => {
      if (event.type === 'host-ended' && event.end === 'failed') fleet.stop(1);
    };

    const result = await roll(fleet, [aPlay(fleet, { onFailure: 'rollback' }, ['fe2'])], { onEvent });

    expect(endsOf(result)).toBe('fe1 updated, fe2 failed, fe3 notReached');
  });
});
