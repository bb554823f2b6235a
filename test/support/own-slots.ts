/** The worker's host with two slots for each container, as haproxy/slots.cfg.example has them. */
import { serversOf } from './fleet.ts';
import { own } from './own-host.ts';

type Slot = 'a' | 'b';

/**
 * Every server as `name weight admin-bits health`: of each container the one in its slot serves, and the other is free.
 * The slots are those of the three containers, the last one said also of those after it.
 */
export function inSlots(first: Slot, second = first, third = second): string[] {
  const of = (name: Slot): string[] =>
    [first, second, third].map((slot, index) => {
      return `pxApp_${index + 1}${name} ${10 * (index + 1)} 0 ${slot === name ? 'UP' : 'DOWN'}`;
    });
  return [...of('a'), ...of('b')].toSorted();
}

export async function ownServers(): Promise<string[]> {
  return (await serversOf(own)).toSorted();
}
