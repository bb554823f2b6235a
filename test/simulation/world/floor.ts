import type { Step } from '../../../src/rollout/lifecycle.ts';
import type { Controller } from './controller.ts';
import { homeOf, isWhole } from './fronts.ts';
import type { SimHost } from './host.ts';
import { CLOSE_MS } from './telling.ts';
import type { Change } from './watchman.ts';
import { isUsable, pathOf, type Slot } from './worker.ts';

/** Steps that take what a backend can spare; what a withdraw takes serves badly. */
const TAKES: readonly Step[] = ['drain', 'release'];

/** Between the look at what can be spared and the taking there is nothing but the silencing of an agent-check. */
const JUST_NOW_MS = 300;

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

/** It has looked at a backend. */
export function sawUsable(
  controller: Controller,
  host: SimHost,
  { name, slots }: { readonly name: string; readonly slots: readonly Slot[] },
): void {
  const { usable } = controller.dealing(host);
  const count = slots.filter(isUsable).length;
  const { nowMs: ms } = controller.world.timeline;
  const shortMs = count < host.setting.floor ? (usable.get(name)?.shortMs ?? ms) : undefined;
  usable.set(name, { count, pid: host.haproxy.current.pid, ms, shortMs });
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
  // What is taken is what was seen just now; who hears nothing, or is frozen, acts on it when it hears again.
  const isOld = seen && controller.world.timeline.nowMs - Math.max(seen.ms, controller.disturbedMs) > JUST_NOW_MS;
  if (seen && !isOld && seen.count > floor && seen.pid === host.haproxy.current.pid) return undefined;
  return `${pathOf(change.server)} on ${host.name} is taken: ${usable} usable servers are left of ${floor}`;
}

/**
 * Whether a container that answers is put away for good though it has been seen for a while that one of its backends is
 * below the floor, as text: its servers were to be given back.
 */
export function notGivenBack(controller: Controller, host: SimHost, change: Change): string | undefined {
  if (change.what !== 'container' || change.verb !== 'rename') return undefined;
  const old = host.engine.find(change.name);
  const own = host.record.filter(({ container, slot }) => container === change.name && slot === undefined);
  if (own.length === 0 || !old?.answers || !isForward(controller, host, change)) return undefined;
  const { nowMs } = controller.world.timeline;
  for (const { server, standing, wasUp } of own) {
    if (!wasUp || standing.admin !== 'ready' || standing.weight === 0) continue;
    const at = controller.world.host(server.balancer.host);
    const seen = controller.dealings.get(at)?.usable.get(server.backend);
    if (seen?.shortMs === undefined || nowMs - Math.max(seen.shortMs, controller.disturbedMs) <= CLOSE_MS) continue;
    return `${change.name} on ${host.name} is put away: ${seen.count} usable servers of ${at.setting.floor} are left in ${server.backend}`;
  }
  return undefined;
}

function isForward(controller: Controller, host: SimHost, change: Change): boolean {
  const steps = controller.dealings.stepsOf(host, change);
  return steps.length > 0 && steps.every(({ isHomeward }) => !isHomeward);
}
