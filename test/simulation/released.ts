/** What becomes of locks: the kernel frees one by itself when a process ends, but `lock.json` is for its run to remove. */
import type { Controller } from './world/controller.ts';
import type { SimHost } from './world/host.ts';
import type { World } from './world/world.ts';

/**
 * At the very end of a run, while its process lives still: what it has not let go of it never will. Whoever comes next
 * finds it dead and takes it without a word, so that nobody would notice later.
 */
export function checkReleased(controller: Controller): void {
  const { world, name, dealings } = controller;
  for (const [host, { lockedMs, isLockUnsure }] of dealings) {
    if (lockedMs === undefined || isLockUnsure || !isHeldBy(controller, host)) continue;
    world.watchman.violate('locks-free', `${name} has ended, and has not let go of ${host.name}`);
  }
}

/** When everybody has gone home: `last` is who came last. Nobody need come to a host that it had nothing to do on. */
export function checkFree({ hosts, watchman }: World, last: Controller | undefined): void {
  for (const host of hosts.values()) {
    const { lock, lockedBy } = host;
    if (lock) watchman.violate('locks-free', `${host.name} is locked by ${lock.holder}`);
    if (!lockedBy || last?.dealings.get(host)?.lockedMs === undefined) continue;
    watchman.violate('locks-free', `${host.name} has the lock of ${lockedBy.by} still`);
  }
}

/** An earlier process of the same number may have left one, of another run. */
function isHeldBy({ number, name, run }: Controller, { lock, lockedBy }: SimHost): boolean {
  return lock?.by === number || (lockedBy?.machine === name && lockedBy.run === run);
}
