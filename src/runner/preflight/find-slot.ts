import { Failure } from '../../errors.ts';
import { onlyOf, sameServer, type DeclaredSlot, type Instance, type Slot } from '../../rollout/model.ts';
import type { Container, SettingChange } from '../../rollout/observed.ts';
import { inSlot, occupiedSlot } from '../../rollout/slots.ts';
import type { Finding } from '../hosts/findings.ts';
import type { HostAccess, RecordEntry } from '../ports/ports.ts';

interface Sighting {
  readonly container: Container | undefined;
  readonly own: readonly RecordEntry[];
  readonly host: HostAccess;
}

export interface FoundSlot {
  /** Of two slots, the one that is taken now; in the other one what is next. Both are the same without slots. */
  readonly now: Instance;
  readonly next: Instance;
  /** What is to change in the slot that is taken, and in the other one. */
  readonly changesNow: readonly SettingChange[];
  readonly changesNext: readonly SettingChange[];
}

/**
 * Finds out which of its slots an instance is in, if it has two.
 *
 * What this very run has in work stays in the slot that it was going to: `own` is what it has recorded.
 *
 * @throws Failure `docker` when its container fits neither
 */
export async function findSlot(
  instance: Instance,
  { container, own, host: { containers, name: host } }: Sighting,
): Promise<FoundSlot> {
  const { slots, spec } = instance;
  if (!slots) {
    const changes = container ? await containers.changes(container.name, spec) : [];
    return { now: instance, next: instance, changesNow: changes, changesNext: changes };
  }
  const [one, other] = slots;
  const kept = slots.findIndex((slot) => isMadeIn(slot, instance, own));
  if (kept !== -1) {
    // It is being created there, with nothing to leave.
    const there = inSlot(instance, kept === 0 ? [one, other] : [other, one], { leaves: false });
    const changes = container ? await containers.changes(container.name, there.spec) : [];
    return { now: there, next: there, changesNow: changes, changesNext: changes };
  }
  const begun = ([0, 1] as const).find((index) => isLeaving(slots[index], own));
  if (!container && begun === undefined) {
    const first = inSlot(instance, slots, { leaves: false });
    return { now: first, next: first, changesNow: [], changesNext: [] };
  }
  const changesFor = async ({ spec: wanted }: DeclaredSlot): Promise<readonly SettingChange[]> =>
    container ? containers.changes(container.name, wanted) : [];
  const changes = await Promise.all([changesFor(one), changesFor(other)]);
  const taken = begun ?? occupiedSlot(changes);
  if (taken === undefined) {
    const settings = [...new Set(changes.flat().map(({ setting }) => setting))].join(', ');
    const why = `it is as far from slot ${one.name} as from slot ${other.name} (${settings})`;
    const how = 'give it what tells the slots apart, such as its ports, by a rollout with strategy: in-place first';
    throw new Failure('docker', `Cannot tell which slot ${instance.container} on ${host} is in: ${why}: ${how}`);
  }
  const [from, to] = taken === 0 ? [one, other] : [other, one];
  return {
    now: inSlot(instance, [from, to], { leaves: false }),
    next: inSlot(instance, [to, from], { leaves: true }),
    changesNow: changes[taken],
    changesNext: changes[1 - taken] ?? [],
  };
}

/** Whether the run is at making a container in this slot where there was none. */
function isMadeIn({ servers }: Slot, { container }: Instance, own: readonly RecordEntry[]): boolean {
  const its = own.filter((entry) => entry.container === container && entry.slot === undefined);
  return its.some((entry) => servers.some((server) => sameServer(server, entry.server)));
}

/** The playbook has another strategy, or other slots, than what this run has recorded of the instance was recorded by. */
export function recordedOtherwise(instance: Instance, own: readonly RecordEntry[]): Finding[] {
  const { host, container, servers, leaving } = instance;
  const its = own.filter((entry) => entry.container === container);
  const what = onlyOf(instance);
  const isSame = ({ only, company }: RecordEntry): boolean =>
    only?.what === what && (company !== undefined) === (instance.strategy === 'recreate-host');
  if (!leaving && its.every((entry) => entry.slot === undefined && isSame(entry))) return [];
  const isAlike = (entry: RecordEntry): boolean => {
    const { slot, server } = entry;
    if (!isSame(entry)) return false;
    const expected = slot === 'leaving' ? leaving?.servers : servers;
    return (
      (slot !== undefined) === (leaving !== undefined) && expected?.some((one) => sameServer(one, server)) === true
    );
  };
  if (its.every(isAlike)) return [];
  const why = 'was left in work by this run with another strategy or other slots than it has now';
  return [{ kind: 'problem', host, text: `${container} ${why}: put it back with "sluice recover ${host}" first` }];
}

/** Whether the run is at having its container leave this slot. */
export function isLeaving({ servers }: Slot, own: readonly RecordEntry[]): boolean {
  const left = own.filter(({ slot }) => slot === 'leaving');
  return left.some((entry) => servers.some((server) => sameServer(server, entry.server)));
}
