import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ourBatches, serialCases } from './serial.ts';

it('batches are those that Ansible has made', () => {
  const recorded = JSON.parse(readFileSync(join(import.meta.dirname, 'serial.json'), 'utf8')) as unknown;

  expect(serialCases.map(ourBatches)).toEqual(recorded);
});

it('a percentage is exact, where Ansible makes 28 of 29 % of 100', () => {
  const [first] = ourBatches({ hosts: 100, serial: '29%', order: 'inventory' });

  expect(first).toHaveLength(29);
});
