import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { complaintsOf, places, values } from './probes.ts';

/** By place, the values that the schema of Compose refuses there; kept by live.schema.ts. */
const verdicts = readFileSync(join(import.meta.dirname, 'verdicts.txt'), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => {
    const [place = '', refused = ''] = line.split(': ');
    return [place, refused === '' ? [] : refused.split(', ')] as const;
  });

it('there is a verdict on every place', () => {
  expect(verdicts.map(([place]) => place)).toEqual(expect.arrayContaining([...places]));
  expect(verdicts.length).toBeGreaterThan(200);
});

it.each(verdicts)('at %s sluice refuses what the schema does', (place, refused) => {
  const taken = refused.filter((name) => complaintsOf(place, values[name]).length === 0);

  expect(taken).toEqual([]);
});

it.each<[string, unknown]>([
  ['services.web.labels', { a: 'x' }],
  ['services.web.user', '2'],
  ['services.web.ports.*.published', 2],
  ['services.web.networks.n.priority', 2],
  ['networks.n.internal', true],
  ['volumes.v.driver_opts', { a: 'x' }],
  ['secrets.s.environment', 'x'],
])('at %s it takes what the schema takes', (place, value) => {
  expect(complaintsOf(place, value)).toEqual([]);
});
