import type { Step } from '../../../src/rollout/lifecycle.ts';
import type { Controller } from './controller.ts';
import { homeOf, isWhole } from './fronts.ts';
import type { SimHost } from './host.ts';
import type { Change } from './watchman.ts';
import { isUsable, pathOf, type Slot } from './worker.ts';

/** Steps that take what a backend can spare; what a withdraw takes serves badly. */
const TAKES: readonly Step[] = ['drain', 'release'];

/** What a backend has, and whether the server of it that a change is about was out of service already. */
export interface Usable {
  readonly usable: number;
  readonly isOut: boolean;
}

export function usableAt(host: SimHost, change: Change): Usable {
  if (change.what !== 'weight' && change.what !== 'admin') return { usable: 0, isOut: false };
  const slots = host.haproxy.slots(change.server.backend);
  const own = slots.find(({ line }) => line.name === change.server.name);
  return { usable: slots.filter(isUsable).length, isOut: own !== undefined && isOut(host, own) };
}

/** What a reload has brought back was out of service already, and what failed, or has nothing behind it, serves nobody. */
function isOut(host: SimHost, { line, isUntouched }: Slot): boolean {
  const home = homeOf(host, line.name);
  if (isUntouched || !home.answers(line.port)) return true;
  return isWhole(line) && [...home.haproxy.current.backends.values()].some((slots) => !slots.some(isUsable));
}

/**
 * Whether a change has brought a backend below its floor, as text. Judged by what the controller has last seen of the
 * backend: others may have failed in this very moment.
 */
export function belowFloor(
  controller: Controller,
  host: SimHost,
  { change, before }: { readonly change: Change; readonly before: Usable },
): string | undefined {
  if ((change.what !== 'weight' && change.what !== 'admin') || host.haproxy.isDown) return undefined;
  const { usable } = usableAt(host, change);
  const { floor } = host.setting;
  const dealing = controller.dealing(host);
  if (usable >= before.usable || usable >= floor || before.isOut) return undefined;
  if (controller.dealings.stepsOf(host, change).every(({ step }) => !TAKES.includes(step))) return undefined;
  // Whoever drains by hand was asked, and has said yes; what a host has of its own goes with it.
  const isWhole = controller.command === 'maintain' && homeOf(host, change.server.name) === host;
  if (controller.command === 'drain' || isWhole) return undefined;
  const seen = dealing.usable.get(change.server.backend);
  if (seen && seen.count > floor && seen.pid === host.haproxy.current.pid) return undefined;
  return `${pathOf(change.server)} on ${host.name} is taken: ${usable} usable servers are left of ${floor}`;
}
