import { inOrder, type HostOrder } from '../../../../src/config/playbook/host-order.ts';
import { serial as serialLeaf } from '../../../../src/config/playbook/leaves.ts';
import { batchesOf, type Serial } from '../../../../src/rollout/serial.ts';

export interface SerialCase {
  readonly hosts: number;
  readonly serial: unknown;
  readonly order: Exclude<HostOrder, 'shuffle'>;
}

const serials = [
  ...[1, 2, 3, 10, '2', '1%', '10%', '30%', '33%', '50%', '66%', '100%'],
  ...[[1], [1, 5, 10], ['1', '30%', '100%'], [2, '50%'], ['10%', 3], ['20%', '40%', '1']],
];

/** Each serial with few and with many hosts, and each order. */
export const serialCases: readonly SerialCase[] = [
  ...[1, 7, 10, 50].flatMap((hosts) => serials.map((serial) => ({ hosts, serial, order: 'inventory' as const }))),
  ...(['inventory', 'reverse_inventory', 'sorted', 'reverse_sorted'] as const).map((order) => {
    return { hosts: 12, serial: 5, order };
  }),
];

export function namesOf(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `h${((index * 7) % count) + 1}`);
}

export function ourBatches({ hosts, serial, order }: SerialCase): readonly (readonly string[])[] {
  const ordered = inOrder(
    [...new Set(namesOf(hosts))].map((name) => ({ name, vars: {}, groups: [] })),
    order,
    '',
  );
  const names = ordered.map(({ name }) => name);
  return batchesOf(names, serialLeaf.parse(serial) as Serial);
}

/** The same as plays of Ansible's. */
export function playbookOf(cases: readonly SerialCase[]): string {
  const plays = cases.map(({ serial, order }) => ({ hosts: 'all', gather_facts: false, serial, order, tasks: [] }));
  return JSON.stringify(plays);
}
