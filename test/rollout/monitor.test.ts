import { describe, expect, it } from 'vitest';
import { tallyAfter, tallyText, whyFallen, whyNotUp, whyTooManyErrors, type Tally } from '../../src/rollout/monitor.ts';
import type { ServerCounters } from '../../src/rollout/observed.ts';
import { aContainer, aServer } from '../support/builders.ts';

function counters(over: Partial<ServerCounters> = {}): ServerCounters {
  return {
    ...{ server: aServer(), pid: 100, status: 'UP', isUp: true, lastCheck: 'L7OK/200' },
    ...{ requests: 0, serverErrors: 0, connectionErrors: 0, responseErrors: 0 },
    ...over,
  };
}

function tally(requests: number, serverErrors = 0, over: Partial<Tally> = {}): Tally {
  return { requests, serverErrors, connectionErrors: 0, responseErrors: 0, upTo: counters(), ...over };
}

describe('tallyAfter()', () => {
  const after = (...looks: readonly Partial<ServerCounters>[]): string => {
    const result = looks.map(counters).reduce<Tally | undefined>(tallyAfter, undefined);
    return result ? tallyText(result) : '';
  };

  // prettier-ignore
  it.each([
    { case: 'begins from nothing',                    looks: [{ requests: 900, serverErrors: 70 }],                                                       is: '0 of 0 requests failed' },
    { case: 'counts what was added',                  looks: [{ requests: 900, serverErrors: 70 }, { requests: 910, serverErrors: 72 }],                  is: '2 of 10 requests failed (2 × 5xx)' },
    { case: 'tells the kinds of errors',              looks: [{}, { requests: 9, serverErrors: 1, connectionErrors: 2, responseErrors: 3 }],               is: '6 of 9 requests failed (1 × 5xx, 2 × no connection, 3 × no answer)' },
    { case: 'goes on over several looks',             looks: [{}, { requests: 5 }, { requests: 9, serverErrors: 1 }],                                     is: '1 of 9 requests failed (1 × 5xx)' },
    { case: 'keeps what it has through a reload',     looks: [{}, { requests: 5, serverErrors: 1 }, { pid: 101, requests: 2 }, { pid: 101, requests: 6 }], is: '1 of 9 requests failed (1 × 5xx)' },
    { case: 'begins anew in a worker with more',      looks: [{ requests: 5 }, { pid: 101, requests: 500, serverErrors: 90 }],                            is: '0 of 0 requests failed' },
    { case: 'begins anew after `clear counters`',     looks: [{ requests: 50 }, { requests: 3, serverErrors: 1 }, { requests: 4, serverErrors: 2 }],      is: '1 of 1 request failed (1 × 5xx)' },
  ])('$case', ({ looks, is }) => {
    expect(after(...looks)).toBe(is);
  });
});

describe('whyTooManyErrors()', () => {
  const five = { maxErrors: { percent: 5 }, compare: undefined };
  const three = { maxErrors: { errors: 3 }, compare: undefined };
  const none = { maxErrors: { errors: 0 }, compare: undefined };
  const triple = { maxErrors: { percent: 5 }, compare: 3 };

  // prettier-ignore
  it.each([
    { case: 'as many as the number',                     policy: three,  own: tally(10, 3),    siblings: [],                             why: undefined },
    { case: 'one more than the number',                  policy: three,  own: tally(10, 4),    siblings: [],                             why: '4 of 10 requests failed (4 × 5xx); max_errors allows 3' },
    { case: 'a single one where none is allowed',        policy: none,   own: tally(1, 1),     siblings: [],                             why: '1 of 1 request failed (1 × 5xx); max_errors allows 0' },
    { case: 'no requests at all',                        policy: five,   own: tally(0),        siblings: [],                             why: undefined },
    { case: 'exactly the percentage',                    policy: five,   own: tally(100, 5),   siblings: [],                             why: undefined },
    { case: 'more than the percentage',                  policy: five,   own: tally(100, 6),   siblings: [],                             why: '6 of 100 requests failed (6 × 5xx); max_errors allows 5%' },
    { case: 'all of too few for a rate',                 policy: five,   own: tally(19, 19),   siblings: [],                             why: undefined },
    { case: 'all of just enough for a rate',             policy: five,   own: tally(20, 20),   siblings: [],                             why: '20 of 20 requests failed (20 × 5xx); max_errors allows 5%' },
    { case: 'a single one, whatever its rate',           policy: { maxErrors: { percent: 0 }, compare: undefined }, own: tally(20, 1), siblings: [], why: undefined },
    { case: 'connections that could not be made',        policy: five,   own: tally(30, 0, { connectionErrors: 30 }), siblings: [],      why: '30 of 30 requests failed (30 × no connection); max_errors allows 5%' },
    { case: 'more than the siblings bear',               policy: triple, own: tally(100, 40),  siblings: [tally(100, 4), tally(100, 4)], why: '40 of 100 requests failed (40 × 5xx), of its untouched siblings 8 of 200; compare allows 3 times as many' },
    { case: 'three times the siblings, one more granted', policy: triple, own: tally(200, 15), siblings: [tally(200, 4)],                why: undefined },
    { case: 'siblings that fail alike',                  policy: triple, own: tally(100, 90),  siblings: [tally(100, 90)],               why: undefined },
    { case: 'siblings without an error, own with many',  policy: triple, own: tally(50, 10),   siblings: [tally(500)],                   why: '10 of 50 requests failed (10 × 5xx), of its untouched siblings 0 of 500; compare allows 3 times as many' },
    { case: 'siblings without an error, own with one',   policy: triple, own: tally(50, 1),    siblings: [tally(500)],                   why: undefined },
    { case: 'siblings without an error, own with few of many', policy: triple, own: tally(9000, 3), siblings: [tally(9000)],             why: undefined },
    { case: 'too few of its own to compare',             policy: triple, own: tally(3, 2),     siblings: [tally(500)],                   why: undefined },
    { case: 'no siblings: max_errors decides',           policy: triple, own: tally(100, 6),   siblings: [],                             why: '6 of 100 requests failed (6 × 5xx); max_errors allows 5%' },
    { case: 'siblings with too few: max_errors decides', policy: triple, own: tally(100, 6),   siblings: [tally(19, 19)],                why: '6 of 100 requests failed (6 × 5xx); max_errors allows 5%' },
    { case: 'siblings that make up for max_errors',      policy: triple, own: tally(100, 6),   siblings: [tally(100, 3)],                why: undefined },
  ])('$case', ({ policy, own, siblings, why }) => {
    expect(whyTooManyErrors(own, siblings, policy)).toBe(why);
  });
});

describe('whyNotUp()', () => {
  it.each([
    ['UP', true, undefined],
    ['UP 1/2', true, undefined],
    ['no check', true, undefined],
    ['DOWN', false, 'did not stay UP: DOWN, last check L7STS/503'],
    ['DOWN 1/2', false, 'did not stay UP: DOWN 1/2, last check L7STS/503'],
    ['NOLB', false, 'did not stay UP: NOLB, last check L7STS/503'],
    ['MAINT', false, undefined],
    ['MAINT (via b/s)', false, undefined],
    ['DRAIN', false, undefined],
  ])('of a server that is %s', (status, isUp, why) => {
    expect(whyNotUp(counters({ status, isUp, lastCheck: 'L7STS/503' }))).toBe(why);
  });

  it('of one that its agent has set DOWN, which has no last check', () => {
    const down = counters({ status: 'DOWN (agent)', isUp: false, lastCheck: '' });
    expect(whyNotUp(down)).toBe('did not stay UP: DOWN (agent)');
  });
});

describe('whyFallen()', () => {
  const { startedAt } = aContainer();

  it.each([
    ['runs as it did', aContainer(), undefined],
    ['is gone', undefined, 'is gone'],
    ['has exited', aContainer({ running: false, status: 'exited' }), 'did not stay up: exited'],
    ['is being restarted', aContainer({ status: 'restarting' }), 'did not stay up: restarting'],
    ['was restarted', aContainer({ startedAt: '2026-11-21T09:10:00Z' }), 'did not stay up: it was started again'],
    ['is unhealthy', aContainer({ health: 'unhealthy' }), 'turned unhealthy'],
    ['has not proved its health yet', aContainer({ health: 'starting' }), undefined],
  ])('of a container that %s', (_case, container, why) => {
    expect(whyFallen(container, startedAt)).toBe(why);
  });
});
