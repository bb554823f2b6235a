import { describe, expect, it } from 'vitest';
import { inOrder } from '../../../src/config/playbook/host-order.ts';

const hosts = ['b', 'c', 'a', 'd', 'e'].map((name) => ({ name, vars: {}, groups: [] }));

function shuffled(by: string): string[] {
  return inOrder(hosts, 'shuffle', by).map(({ name }) => name);
}

describe('inOrder()', () => {
  it('shuffles the same way for the same run, and otherwise for another', () => {
    expect(shuffled('run-1')).toEqual(shuffled('run-1'));
    expect(shuffled('run-1').toSorted()).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(new Set(['1', '2', '3', '4'].map((run) => shuffled(run).join())).size).toBeGreaterThan(1);
  });
});
