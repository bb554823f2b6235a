import { describe, expect, it } from 'vitest';
import { notAfterOf, paced, pacingOf, type Pacing, type PacingArgs } from '../../src/cli/pacing.ts';
import type { Play } from '../../src/rollout/play.ts';
import { defaultPolicy, type Policy } from '../../src/rollout/policy.ts';
import { wallText } from '../../src/rollout/wall-clock.ts';

function pacing(args: Partial<PacingArgs>): Pacing {
  return pacingOf(args);
}

function aPlay(policy: Partial<Policy> = {}): Play {
  return {
    name: 'p',
    hosts: [],
    serial: [{ hosts: 1 }],
    maxFailPercentage: 30,
    policy: { ...defaultPolicy, ...policy },
  };
}

describe('paced()', () => {
  // prettier-ignore
  it.each<{ why: string; args: Partial<PacingArgs>; policy?: Partial<Policy>; yes?: boolean; is: Partial<Policy>; percentage?: number | undefined }>([
    { why: 'nothing said',                    args: {},                             policy: { pause: 5 },     is: { pause: 5 } },
    { why: 'on-failure',                      args: { 'on-failure': 'continue' },                             is: { onFailure: 'continue' } },
    { why: 'max-failures, for both limits',   args: { 'max-failures': '2' },                                  is: { maxFailures: { hosts: 2 } }, percentage: undefined },
    { why: 'max-failures as a percentage',    args: { 'max-failures': '10%' },                                is: { maxFailures: { percent: 10 } }, percentage: undefined },
    { why: 'pause',                           args: { pause: '10m' },               policy: { pause: 'ask' }, is: { pause: 600_000 } },
    { why: 'pause: ask',                      args: { pause: 'ask' },                                         is: { pause: 'ask' } },
    { why: '--yes does not ask',              args: {}, yes: true,                  policy: { pause: 'ask' }, is: { pause: 0 } },
    { why: 'ignore-freeze',                   args: { 'ignore-freeze': true },      policy: { freeze: { windows: [], timezone: 'UTC' } }, is: { freeze: undefined } },
    { why: '--yes waits all the same',        args: { pause: '1s' }, yes: true,                               is: { pause: 1_000 } },
  ])('$why', ({ args, policy = {}, yes = false, is, ...rest }) => {
    const [play] = paced([aPlay(policy)], pacing(args), { yes });

    expect(play?.policy).toEqual({ ...defaultPolicy, ...policy, ...is });
    expect(play?.maxFailPercentage).toBe('percentage' in rest ? rest.percentage : 30);
  });
});

describe('pacingOf() refuses', () => {
  // prettier-ignore
  it.each<{ args: Partial<PacingArgs>; says: RegExp }>([
    { args: { 'max-failures': 'few' }, says: /^Cannot use --max-failures few: it must be a number of hosts or a percentage$/ },
    { args: { 'max-failures': '-1' },  says: /--max-failures -1/ },
    { args: { pause: '10' },           says: /^Cannot use --pause "10": it must be a duration/ },
  ])('$args', ({ args, says }) => {
    expect(() => pacing(args)).toThrow(says);
  });
});

describe('notAfterOf()', () => {
  const morning = new Date(2026, 10, 20, 9, 0);

  it('reads a time by the clock of this machine', () => {
    const read = notAfterOf('16:00', morning);

    expect(read && wallText(read.wall)).toBe('Fri 2026-11-20 16:00');
    expect(notAfterOf(undefined, morning)).toBeUndefined();
  });

  it.each([
    { written: '4pm', code: 'config', says: /^Cannot use --not-after "4pm": it must be a time such as 16:00/ },
    { written: '08:00', code: 'error', says: /^Cannot start: 08:00 \(--not-after\) has passed .*nothing was touched$/ },
  ])('refuses $written', ({ written, code, says }) => {
    expect(() => notAfterOf(written, morning)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(says) as unknown }),
    );
  });
});
