import type { Run } from './playing.ts';
import { isRecorded, keyOf } from './world/fronts.ts';
import type { World } from './world/world.ts';

/** After a push that came to its end: what was out of service, and recorded as that, is so still. */
export function checkCarried(world: World, { act, controller, result, stood }: Run): void {
  const ended = result();
  if (act.command !== 'haproxy push' || ended === undefined || ended instanceof Error) return;
  for (const { host, end } of ended.hosts) {
    const at = world.host(host);
    const isSettled = end === 'updated' || end === 'failed' || end === 'nothingToDo';
    if (!isSettled || at.haproxy.isDown || at.disturbedMs >= controller.startedMs) continue;
    for (const slot of at.haproxy.current.slots.values()) {
      const key = keyOf(at, slot.line);
      const before = stood.get(key);
      if (!before || !isRecorded(at, slot.line) || (before.weight > 0 && before.admin === 'ready')) continue;
      if ((before.weight > 0 || slot.weight === 0) && slot.admin === before.admin) continue;
      const text = `${key} was ${before.weight} ${before.admin}, and is ${slot.weight} ${slot.admin}`;
      world.watchman.violate('carried', `${controller.name} says ${end} of ${host}, and ${text}`);
    }
  }
}
