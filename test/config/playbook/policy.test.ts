import { describe, expect, it } from 'vitest';
import { defaultPolicy, type Policy } from '../../../src/rollout/policy.ts';
import { aPlaybook, linesOf, resolved } from './fleet.ts';

function written(lines: string): { policy: Policy | undefined; maxFailPercentage: number | undefined } {
  const [play] = resolved(aPlaybook('', `  ${lines}\n`));
  return { policy: play?.policy, maxFailPercentage: play?.maxFailPercentage };
}

describe('a policy that is good', () => {
  // prettier-ignore
  it.each<{ line: string; policy: Partial<Policy>; percentage?: number | undefined }>([
    { line: 'on_failure: rollback',                       policy: { onFailure: 'rollback' } },
    { line: 'on_failure: ask',                            policy: { onFailure: 'ask' } },
    { line: 'max_failures: 0',                            policy: { maxFailures: { hosts: 0 } },     percentage: undefined },
    { line: 'max_failures: 10%',                          policy: { maxFailures: { percent: 10 } },  percentage: undefined },
    { line: 'max_failures: 2\n  max_fail_percentage: 30', policy: { maxFailures: { hosts: 2 } },     percentage: 30 },
    { line: 'count_unreachable: false',                   policy: { countUnreachable: false } },
    { line: 'unreachable: skip',                          policy: { unreachable: 'skip' } },
    { line: 'deadline: { instance: 10m }',                policy: { instanceDeadlineMs: 600_000 } },
    { line: 'deadline: { run: 2h }',                      policy: { runDeadlineMs: 7_200_000 } },
    { line: 'pause: 1m30s',                               policy: { pause: 90_000 } },
    { line: 'pause: ask',                                 policy: { pause: 'ask' } },
    { line: 'freeze: { timezone: UTC }',                  policy: {} },
  ])('$line', ({ line, policy, ...rest }) => {
    const maxFailPercentage = 'percentage' in rest ? rest.percentage : 0;

    expect(written(line)).toEqual({ policy: { ...defaultPolicy, ...policy }, maxFailPercentage });
  });

  it('freeze: windows of both kinds, by the clock of a zone', () => {
    const { policy } = written(
      'freeze: { windows: [Fri 16:00 - Mon 08:00, 2026-12-20 - 2027-01-02], timezone: Europe/Berlin }',
    );

    expect(policy?.freeze?.timezone).toBe('Europe/Berlin');
    expect(policy?.freeze?.windows.map(({ kind, written: text }) => `${kind} ${text}`)).toEqual([
      'weekly Fri 16:00 - Mon 08:00',
      'dated 2026-12-20 - 2027-01-02',
    ]);
  });
});

const duration = 'a duration with its unit, such as "30s", "500ms" or "1m30s"';
const share = 'a number of hosts such as 2, or a percentage such as "10%"';
const window = 'a window such as "Fri 16:00 - Mon 08:00" or "2026-12-20 - 2027-01-02"';

describe('a policy that is wrong', () => {
  // prettier-ignore
  it.each([
    ['on_failure: stop',              '3:15: on_failure: should be pause, rollback, continue or ask, is "stop"'],
    ['max_failures: -1',              `3:17: max_failures: should be ${share}, is -1`],
    ['max_failures: 1.5',             `3:17: max_failures: should be ${share}, is 1.5`],
    ['max_failures: few',             `3:17: max_failures: should be ${share}, is "few"`],
    ['count_unreachable: 1',          '3:22: count_unreachable: should be true or false, is 1'],
    ['unreachable: ignore',           '3:16: unreachable: should be fail or skip, is "ignore"'],
    ['deadline: 10m',                 '3:13: deadline: should be a mapping, is "10m"'],
    ['deadline: { instance: 10 }',    `3:25: deadline.instance: should be ${duration}, is 10 (10s or 10ms?)`],
    ['deadline: { run: 0s }',         `3:20: deadline.run: should be ${duration}, is "0s" (it must be above 0)`],
    ['deadline: { host: 1m }',        '3:15: deadline.host: is no known key'],
    ['pause: 10',                     '3:10: pause: should be a duration with its unit, such as "10m", or ask, is 10 (10s or 10ms?)'],
    ['freeze: { windows: [Friday] }', `3:23: freeze.windows[0]: should be ${window}, is "Friday"`],
    ['freeze: { windows: [2027-01-02 - 2026-12-20] }', `3:23: freeze.windows[0]: should be ${window}, is "2027-01-02 - 2026-12-20" (it ends before it begins)`],
    ['freeze: { timezone: Berlin }',  '3:23: freeze.timezone: should be a time zone such as Europe/Berlin, is "Berlin"'],
  ])('%s', (line, complaint) => {
    expect(linesOf(() => resolved(aPlaybook('', `  ${line}\n`)))).toEqual([`p.yml:${complaint}`]);
  });
});
