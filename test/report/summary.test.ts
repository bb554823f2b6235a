import { describe, expect, it } from 'vitest';
import { paintFor } from '../../src/report/paint.ts';
import { summaryText, verdictText } from '../../src/report/summary.ts';
import type { HostSummary } from '../../src/rollout/events.ts';
import type { HostEnd, RunEnd } from '../../src/rollout/verdict.ts';

function aSummary(over: Partial<HostSummary> = {}): HostSummary {
  const counts = { updated: 3, left: 0, unchanged: 0, outOfService: 0, notReached: 0 };
  return { host: 'fe1', end: 'updated', ...counts, ms: 12_300, reason: '', ...over };
}

const table = (hosts: readonly HostSummary[]): string[] => summaryText(hosts, 'rollout', paintFor(false));

describe('summaryText()', () => {
  it('leaves out the columns that are 0 everywhere', () => {
    expect(table([aSummary(), aSummary({ host: 'fe10' })])).toEqual([
      '',
      'HOST  RESULT  UPDATED  TIME',
      'fe1   ok      3        12 s',
      'fe10  ok      3        12 s',
    ]);
  });

  it('calls restarted what was only restarted, in the table and in the last line', () => {
    const hosts = [aSummary({ only: { restart: 3 } })];
    const mixed = [...hosts, aSummary({ host: 'fe2' })];
    const lastOf = (all: readonly HostSummary[]): string =>
      verdictText({ end: 'done', hosts: all }, 'rollout', { run: 'r', ms: 12_300 });

    expect(table(hosts)[1]).toBe('HOST  RESULT  RESTARTED  TIME');
    expect(table(mixed)[1]).toBe('HOST  RESULT  UPDATED  TIME');
    expect([lastOf(hosts), lastOf(mixed)]).toEqual([
      'rollout: 3 restarted in 12 s',
      'rollout: 3 updated, 3 restarted in 12 s',
    ]);
    expect(lastOf([aSummary({ only: { run: 3 } })])).toBe('rollout: 3 done in 12 s');
  });

  it('names the play where there are several', () => {
    expect(table([aSummary({ play: 'Canary' }), aSummary({ play: 'Front ends' }), aSummary({ host: 'fe2' })])).toEqual([
      '',
      'HOST  PLAY        RESULT  UPDATED  TIME',
      'fe1   Canary      ok      3        12 s',
      'fe1   Front ends  ok      3        12 s',
      'fe2               ok      3        12 s',
    ]);
  });

  it('shows every column in which one host has something, and the first reason of each host', () => {
    const hosts = [
      aSummary({ left: 1, updated: 2 }),
      aSummary({ host: 'fe2', end: 'failed', updated: 0, unchanged: 1, notReached: 2, reason: 'it is sick' }),
      aSummary({ host: 'fe3', end: 'outOfService', updated: 1, outOfService: 1, notReached: 1, reason: 'it is gone' }),
      aSummary({ host: 'fe4', end: 'notReached', updated: 0, notReached: 3, ms: 0 }),
    ];

    expect(table(hosts)).toEqual([
      '',
      'HOST  RESULT            UPDATED  LEFT ALONE  PUT BACK  OUT OF SERVICE  NOT REACHED  TIME',
      'fe1   ok                2        1           0         0               0            12 s',
      'fe2   failed, put back  0        0           1         0               2            12 s',
      'fe3   OUT OF SERVICE    1        0           0         1               1            12 s',
      'fe4   not reached       0        0           0         0               3',
      'fe2: it is sick',
      'fe3: it is gone',
    ]);
  });

  it.each([
    { command: 'rollout' as const, title: 'UPDATED' },
    { command: 'drain' as const, title: 'DRAINED' },
    { command: 'restore' as const, title: 'RESTORED' },
    { command: 'recover' as const, title: 'RECOVERED' },
  ])('counts in the words of $command, also when it is nothing', ({ command, title }) => {
    const lines = summaryText([aSummary({ updated: 0, end: 'nothingToDo' })], command, paintFor(false));

    expect(lines).toEqual([
      '',
      `HOST  RESULT         ${title}  TIME`,
      `fe1   nothing to do  0${' '.repeat(title.length + 1)}12 s`,
    ]);
  });

  it('is empty when there are no hosts', () => {
    expect(table([])).toEqual([]);
  });

  const tones: Readonly<Record<HostEnd, string>> = {
    updated: 'good',
    nothingToDo: 'quiet',
    failed: 'bad',
    outOfService: 'bad',
    interrupted: 'warning',
    notReached: 'warning',
    unreachable: 'warning',
    rolledBack: 'warning',
  };
  it.each(Object.entries(tones))('colours a host that is %s as %s', (end, tone) => {
    const lines = summaryText([aSummary({ end: end as HostEnd })], 'rollout', (as, text) => `${as}|${text}`);

    expect(lines[2]).toMatch(new RegExp(`^${tone}\\|fe1`));
  });
});

describe('verdictText()', () => {
  const verdicts: Readonly<Record<RunEnd, string>> = {
    done: 'rollout: 5 updated in 2 min 05 s',
    someFailed: 'rollout: some hosts failed in 2 min 05 s; what failed was put back',
    stopped:
      'rollout: stopped after 2 min 05 s: it is late; the hosts not reached are as they were; "sluice resume R1" goes on',
    outOfService:
      'rollout: a server is left out of service after 2 min 05 s: see "sluice status", then "sluice recover"',
    interrupted: 'rollout: interrupted after 2 min 05 s; what was in work is finished or put back',
    unreachable: 'rollout: 5 updated in 2 min 05 s; some hosts could not be reached and were left out',
  };
  it.each(Object.entries(verdicts))('says what it means that a run is %s', (end, says) => {
    const hosts = [aSummary(), aSummary({ updated: 2 })];
    const result = { end: end as RunEnd, why: 'it is late', hosts };
    expect(verdictText(result, 'rollout', { run: 'R1', ms: 125_000 })).toBe(says);
  });

  // prettier-ignore
  it.each<{ ends: HostEnd[]; says: string }>([
    { ends: ['updated', 'failed', 'notReached'], says: 'rollout: stopped after 0.4 s: W; what failed was put back, the hosts not reached are as they were; "sluice resume R1" goes on' },
    { ends: ['rolledBack', 'failed'],            says: 'rollout: stopped after 0.4 s: W; what was updated is rolled back' },
    { ends: ['rolledBack', 'updated'],           says: 'rollout: stopped after 0.4 s: W; part of what was updated could not be rolled back' },
  ])('says of a run that stopped with $ends: "$says"', ({ ends, says }) => {
    const hosts = ends.map((end) => aSummary({ end, updated: end === 'updated' ? 3 : 0 }));
    expect(verdictText({ end: 'stopped', why: 'W', hosts }, 'rollout', { run: 'R1', ms: 400 })).toBe(says);
  });

  it.each([
    { command: 'rollback' as const, says: /are as they were; the same command goes on$/ },
    { command: 'maintain' as const, says: /are as they were$/ },
  ])('does not name resume for a $command that stopped', ({ command, says }) => {
    const hosts = [aSummary({ end: 'notReached' })];
    expect(verdictText({ end: 'stopped', why: 'W', hosts }, command, { run: 'R1', ms: 400 })).toMatch(says);
  });

  // prettier-ignore
  it.each([
    { command: 'rollout' as const, updated: 0, says: 'rollout: nothing to do in 0.4 s' },
    { command: 'drain' as const,   updated: 1, says: 'drain: 1 drained in 0.4 s' },
    { command: 'restore' as const, updated: 2, says: 'restore: 2 restored in 0.4 s' },
    { command: 'recover' as const, updated: 1, says: 'recover: 1 recovered in 0.4 s' },
  ])('says "$says"', ({ command, updated, says }) => {
    const result = { end: 'done' as const, hosts: [aSummary({ updated })] };
    expect(verdictText(result, command, { run: 'R1', ms: 400 })).toBe(says);
  });
});
