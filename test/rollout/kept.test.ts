import { describe, expect, it } from 'vitest';
import { keptOver, keptSets, keptText, letIn, letInText, type KeptNote } from '../../src/rollout/kept.ts';
import { aServer, aServerState } from '../support/builders.ts';

const NOON = new Date(2026, 10, 21, 12, 0, 0);

function after(ms: number): string {
  return new Date(NOON.getTime() + ms).toISOString();
}

function kept(container: string, ms: number, over: Partial<KeptNote> = {}): KeptNote {
  return { kind: 'kept', run: 'r1', by: 'ann@ci', container, keptUntil: after(ms), ...over };
}

describe('keptSets()', () => {
  it('has what one run has kept as one, until the last of it is over', () => {
    const entries = [kept('app_10', 1_000), kept('app_2', 1_100), kept('app_1', 1_000), kept('app_1', 1_000)];

    expect(keptSets(entries)).toEqual([
      { run: 'r1', by: 'ann@ci', containers: ['app_1', 'app_2', 'app_10'], until: after(1_100), entries },
    ]);
  });

  it('has those of several runs apart, and nothing of what is not kept', () => {
    const entries = [
      kept('app_1', 1_000),
      kept('shop_1', 5_000, { run: 'r2' }),
      kept('app_2', 0, { kind: 'rollout' }),
      kept('app_3', 0, { kind: 'drain' }),
    ];

    expect(keptSets(entries).map(({ run, containers }) => [run, containers])).toEqual([
      ['r1', ['app_1']],
      ['r2', ['shop_1']],
    ]);
  });
});

describe('letIn()', () => {
  const set = keptSets(
    (['next', 'leaving'] as const).map((slot) => ({ ...kept('app_1', 1_000), slot, server: aServer(`app_1_${slot}`) })),
  );

  // prettier-ignore
  it.each([
    { of: 'leaving', admin: 'ready', says: ['leaving'] },
    { of: 'leaving', admin: 'drain', says: ['leaving'] },
    { of: 'leaving', admin: 'maint', says: [] },
    { of: 'next',    admin: 'ready', says: [] },
    { of: 'unknown', admin: 'ready', says: [] },
  ] as const)('has $says where the server of the slot "$of" is in $admin', ({ of, admin, says }) => {
    const inside = set.flatMap((one) => letIn(one, [aServerState({ server: aServer(`app_1_${of}`), admin })]));

    expect(inside.map(({ slot }) => slot)).toEqual(says);
  });

  it('has none that was told to stop: its server stands as a free one does', () => {
    const ended = set.map((one) => ({
      ...one,
      entries: one.entries.map((entry) => ({ ...entry, ending: true as const })),
    }));
    const state = aServerState({ server: aServer('app_1_leaving'), admin: 'ready' });

    expect(ended.flatMap((one) => letIn(one, [state]))).toEqual([]);
  });
});

describe('keptOver()', () => {
  // prettier-ignore
  it.each([
    { first: -1_000, last: 1,   runs: [] },
    { first: -1_000, last: 0,   runs: ['r1'] },
    { first: -1_000, last: -1,  runs: ['r1'] },
  ])('of one over for $first ms and one for $last ms is $runs', ({ first, last, runs }) => {
    expect(keptOver([kept('app_1', first), kept('app_2', last)], NOON).map(({ run }) => run)).toEqual(runs);
  });
});

describe('letInText()', () => {
  it('names them in their order, each once', () => {
    const entries = ['s10', 's2', 's2', 's1'].map((name) => ({ server: aServer(name) }));
    expect(letInText(entries)).toMatch(/^\S+\/s1, \S+\/s2, \S+\/s10 are in service again/);
    expect(letInText(entries.slice(0, 1))).toMatch(/s10 is in service again/);
  });
});

describe('keptText()', () => {
  // prettier-ignore
  it.each([
    { containers: ['app_1'],                   ms: 720_000,   says: 'the old app_1 is kept until 12:12 by ann@ci (in 12 min)' },
    { containers: ['app_1', 'app_2'],          ms: 40_000,    says: 'the old app_1 and app_2 are kept until 12:00 by ann@ci (in 40 s)' },
    { containers: ['app_1', 'app_2', 'app_3'], ms: -180_000,  says: 'the old app_1, app_2 and app_3 are kept until 11:57 by ann@ci (over for 3 min)' },
  ])('says "$says"', ({ containers, ms, says }) => {
    expect(keptText({ containers, until: after(ms), by: 'ann@ci' }, NOON)).toBe(says);
  });

  it('says the time as it is written where nobody knows what time it is there', () => {
    expect(keptText({ containers: ['app_1'], until: after(0), by: 'ann@ci' }, undefined)).toBe(
      `the old app_1 is kept until ${after(0)} by ann@ci`,
    );
  });
});
