import { describe, expect, it } from 'vitest';
import { readPlaybook } from '../../../src/config/playbook/read.ts';
import { aFleet, aPlaybook, linesOf, theInstance } from './fleet.ts';

const usual = { percents: [10, 50], everyMs: 30_000 };

describe('ramp', () => {
  it('is none unless said', () => {
    expect(theInstance(aPlaybook()).ramp).toBeUndefined();
  });

  it.each([
    ['{}', usual],
    ['{ steps: [10%, 50%, 100%], every: 30s }', usual],
    ['{ steps: [5%, 20%, 60%] }', { ...usual, percents: [5, 20, 60] }],
    ['{ every: 2m }', { ...usual, everyMs: 120_000 }],
    ['{ every: "{{ slowly }}" }', { ...usual, everyMs: 7_000 }],
    ['{ every: 0s }', undefined],
  ])('%s is understood', (written, ramp) => {
    const inventory = aFleet({ fe1: { slowly: '7s' } });
    expect(theInstance(aPlaybook(`    ramp: ${written}\n`), inventory).ramp).toEqual(ramp);
  });

  it("takes the app's word before the play's, key by key", () => {
    const play = '  ramp: { steps: [25%], every: 10s }\n';

    expect(theInstance(aPlaybook('', play)).ramp).toEqual({ percents: [25], everyMs: 10_000 });
    expect(theInstance(aPlaybook('    ramp: { every: 1s }\n', play)).ramp).toEqual({ percents: [25], everyMs: 1_000 });
    expect(theInstance(aPlaybook('    ramp: { every: 0s }\n', play)).ramp).toBeUndefined();
  });

  it.each([
    ['30s', /^p\.yml:3:\d+: ramp: should be a mapping, is "30s"$/],
    ['{ steps: 10% }', /ramp\.steps: should be a list of rising percentages such as \["10%", "50%"\], is "10%"$/],
    ['{ steps: [] }', /ramp\.steps: .* is an empty list \(at least one step below "100%"\)$/],
    ['{ steps: [100%] }', /ramp\.steps: .* \(at least one step below "100%"\)$/],
    ['{ steps: [0%, 50%] }', /ramp\.steps\[0\]: .* is "0%" \(a server at weight 0 would take no request at all\)$/],
    ['{ steps: [50%, 10%] }', /ramp\.steps\[1\]: should be a percentage .* is "10%" \(more than the step before\)$/],
    ['{ steps: [10, 50%] }', /ramp\.steps\[0\]: should be a percentage of the weight such as "10%", is 10$/],
    ['{ every: 30 }', /ramp\.every: should be a duration .* is 30 \(30s or 30ms\?\)$/],
    ['{ step: [10%] }', /ramp\.step: is no known key \(did you mean "steps"\?\)$/],
  ])('is refused as %s, with its place', (written, message) => {
    const lines = linesOf(() => readPlaybook('p.yml', aPlaybook('', `  ramp: ${written}\n`)));
    expect(lines).toEqual([expect.stringMatching(message)]);
  });
});
