export type BatchSize = { readonly hosts: number } | { readonly percent: number };

/** How many hosts to update at a time, batch by batch; the last size repeats. All sizes are above 0. */
export type Serial = readonly [BatchSize, ...BatchSize[]];

/**
 * Splits `hosts`, in order, into the batches of a rollout. Every host lands in exactly one batch.
 *
 * A percentage is of all hosts, rounded down, and never less than one host: Ansible's rule, so that a playbook
 * brought over from Ansible keeps its batches. One difference, on purpose: the arithmetic is exact, so 29 % of
 * 100 hosts is 29 and not the 28 that 0.29 × 100 floors to.
 */
export function batchesOf<Host>(hosts: readonly Host[], serial: Serial): Host[][] {
  const batches: Host[][] = [];
  let size: BatchSize = serial[0];
  let start = 0;
  while (start < hosts.length) {
    size = serial[batches.length] ?? size;
    const end = start + hostsIn(size, hosts.length);
    batches.push(hosts.slice(start, end));
    start = end;
  }
  return batches;
}

/**
 * The same within each group of hosts, one group after the other in the order in which they appear; hosts without one are
 * one more. `serial` begins anew in each, and a percentage is of its hosts.
 */
export function groupedBatchesOf<Host extends { readonly group?: string | undefined }>(
  hosts: readonly Host[],
  serial: Serial,
): { readonly group: string | undefined; readonly hosts: readonly Host[] }[] {
  const groups = [...new Set(hosts.map(({ group }) => group))];
  return groups.flatMap((group) =>
    batchesOf(
      hosts.filter((host) => host.group === group),
      serial,
    ).map((batch) => ({ group, hosts: batch })),
  );
}

function hostsIn(size: BatchSize, all: number): number {
  return 'hosts' in size ? size.hosts : Math.max(1, Math.floor((size.percent * all) / 100));
}
