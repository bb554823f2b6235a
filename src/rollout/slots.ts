/** The two slots of an instance that is replaced `start-first`: which of them its container is in, and which is next. */
import type { DeclaredSlot, Instance, Server, Slot } from './model.ts';
import type { SettingChange } from './observed.ts';

/** What a container would have to change to be as declared in each of the two slots. */
export type SlotChanges = readonly [readonly SettingChange[], readonly SettingChange[]];

/**
 * The slot that a container is in: what it would have to change for the other one is not all that it would for this
 * one. Undefined when that holds for both or for none.
 */
export function occupiedSlot([one, other]: SlotChanges): 0 | 1 | undefined {
  const isFirst = hasMore(other, one);
  const isSecond = hasMore(one, other);
  return isFirst === isSecond ? undefined : isFirst ? 0 : 1;
}

function hasMore(changes: readonly SettingChange[], than: readonly SettingChange[]): boolean {
  const known = new Set(than.map(({ setting }) => setting));
  return changes.some(({ setting }) => !known.has(setting));
}

/** The instance in one of its slots. `leaves`: it goes there from the other one, where its container is. */
export function inSlot(
  instance: Instance,
  [to, from]: readonly [DeclaredSlot, DeclaredSlot],
  { leaves }: { readonly leaves: boolean },
): Instance {
  const { name, servers, leftOut, ready, spec, hooks } = to;
  const other = partOf(from);
  return {
    ...instance,
    slots: undefined,
    slot: name,
    servers,
    ...(leftOut && { leftOut }),
    ready,
    spec,
    hooks,
    other,
    ...(leaves && { leaving: other }),
  };
}

/** An instance that is to be taken back, in the slot in which it was found. `leaves`: its container is in the other. */
export function backInSlot(instance: Instance, found: string, { leaves }: { readonly leaves: boolean }): Instance {
  const { slot, other } = instance;
  if (slot === undefined || !other) return instance;
  const own = partOf({ ...instance, name: slot });
  const [to, from] = found === slot ? [own, other] : [other, own];
  return {
    ...instance,
    ...{ slot: to.name, servers: to.servers, leftOut: to.leftOut, ready: to.ready, other: from },
    leaving: leaves ? from : undefined,
  };
}

/** The slots of an instance, whether or not it is known which of them is taken; none where it has no two. */
export function slotsOf(instance: Omit<Instance, 'spec'>): readonly Slot[] {
  const { slots, slot, other } = instance;
  if (slots) return slots;
  return slot !== undefined && other ? [partOf({ ...instance, name: slot }), other] : [];
}

/** The servers of an instance in the slot of this name, or all where it has no slots. */
export function serversIn(instance: Omit<Instance, 'spec'>, name: string | undefined): readonly Server[] {
  const slots = slotsOf(instance);
  return slots.length === 0 ? instance.servers : (slots.find((slot) => slot.name === name)?.servers ?? []);
}

function partOf({ name, servers, leftOut, ready }: Slot): Slot {
  return { name, servers, ...(leftOut && { leftOut }), ready };
}
