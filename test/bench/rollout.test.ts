import { describe, expect, it } from 'vitest';
import { ratiosOf } from '../../bench/rollout.ts';

/** A round in which the floor took 100 s. */
function aRound(round: number, seconds: { readonly sluice: number; readonly ansible?: number }) {
  const { sluice, ansible } = seconds;
  return [
    { contender: 'floor' as const, round, ms: 100_000 },
    { contender: 'sluice' as const, round, ms: sluice * 1000 },
    ...(ansible === undefined ? [] : [{ contender: 'ansible' as const, round, ms: ansible * 1000 }]),
  ];
}

describe('ratiosOf()', () => {
  it.each([
    { sluice: 130, isMet: true },
    { sluice: 131, isMet: false },
  ])('has sluice in $sluice s meet the target of 1.3 times the floor: $isMet', ({ sluice, isMet }) => {
    expect(ratiosOf(aRound(1, { sluice }))).toMatchObject([{ of: 'sluice', to: 'floor', target: '≤ 1.3', isMet }]);
  });

  it('tells by how much Ansible is slower, and asks for nothing there', () => {
    const [, ansible] = ratiosOf(aRound(1, { sluice: 120, ansible: 126 }));

    expect(ansible).toMatchObject({ of: 'ansible', to: 'sluice', median: 1.05, target: '', isMet: true });
  });

  it('judges by the median of the rounds', () => {
    const turns = [...aRound(1, { sluice: 120 }), ...aRound(2, { sluice: 200 }), ...aRound(3, { sluice: 125 })];

    expect(ratiosOf(turns)).toMatchObject([{ rounds: [1.2, 2, 1.25], median: 1.25, isMet: true }]);
  });
});
