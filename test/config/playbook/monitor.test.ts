import { describe, expect, it } from 'vitest';
import { readPlaybook } from '../../../src/config/playbook/read.ts';
import type { MonitorPolicy } from '../../../src/rollout/model.ts';
import { aFleet, aPlaybook, linesOf, theInstance } from './fleet.ts';

const usual: MonitorPolicy = { forMs: 30_000, everyMs: 1_000, maxErrors: { percent: 5 }, compare: undefined };

describe('monitor', () => {
  it('is off unless said', () => {
    expect(theInstance(aPlaybook()).monitor).toBeUndefined();
  });

  it.each([
    ['20s', { ...usual, forMs: 20_000 }],
    ['{ for: 1m, every: 500ms }', { ...usual, forMs: 60_000, everyMs: 500 }],
    ['{ max_errors: 5 }', { ...usual, maxErrors: { errors: 5 } }],
    ['{ max_errors: 0 }', { ...usual, maxErrors: { errors: 0 } }],
    ['{ max_errors: 0.5% }', { ...usual, maxErrors: { percent: 0.5 } }],
    ['{ compare: 1.5 }', { ...usual, compare: 1.5 }],
    ['"{{ watched }}"', { ...usual, forMs: 7_000 }],
    ['0s', undefined],
    ['{ for: 0s, compare: 3 }', undefined],
  ])('%s is understood', (written, policy) => {
    const inventory = aFleet({ fe1: { watched: '7s' } });
    expect(theInstance(aPlaybook(`    monitor: ${written}\n`), inventory).monitor).toEqual(policy);
  });

  it("takes the app's word before the play's, key by key", () => {
    const play = '  monitor: { for: 10s, compare: 3 }\n';

    expect(theInstance(aPlaybook('', play)).monitor).toEqual({ ...usual, forMs: 10_000, compare: 3 });
    expect(theInstance(aPlaybook('    monitor: 20s\n', play)).monitor).toEqual({ ...usual, forMs: 20_000, compare: 3 });
    expect(theInstance(aPlaybook('    monitor: 0s\n', play)).monitor).toBeUndefined();
  });

  it.each([
    ['30', /^p\.yml:3:\d+: monitor\.for: should be a duration .* is 30 \(30s or 30ms\?\)$/],
    ['true', /monitor\.for: should be a duration .* is true$/],
    ['[30s]', /monitor\.for: should be a duration .* is a list$/],
    ['', /monitor\.for: should be a duration .* is empty$/],
    ['{ every: 0s }', /monitor\.every: .* \(it must be above 0\)$/],
    ['{ max_errors: 101% }', /monitor\.max_errors: should be a number of errors .* \(at most "100%"\)$/],
    ['{ max_errors: 1.5 }', /monitor\.max_errors: .* \(whole numbers only\)$/],
    ['{ max_errors: few }', /monitor\.max_errors: should be a number of errors such as 5, .* is "few"$/],
    ['{ compare: 0.5 }', /monitor\.compare: should be a number from 1 to 1000 such as 3, is 0\.5$/],
    ['{ max_error: 5 }', /monitor\.max_error: is no known key \(.*max_errors.*\)$/],
  ])('is refused as %s, with its place', (written, message) => {
    const lines = linesOf(() => readPlaybook('p.yml', aPlaybook('', `  monitor: ${written}\n`)));
    expect(lines).toEqual([expect.stringMatching(message)]);
  });
});
