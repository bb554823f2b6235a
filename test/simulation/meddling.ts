import type { RecordEntry } from '../../src/runner/ports/ports.ts';
import { homeOf } from './world/fronts.ts';
import type { SimHost } from './world/host.ts';
import type { ServerLine, Slot } from './world/worker.ts';
import type { World } from './world/world.ts';

/** What somebody else does to the servers of an HAProxy, or has done to them. */
export const meddling = { weigh, meddle, speak, speakAll, reconfigure };

/** Sets a weight, of a server that is not in work. */
function weigh(world: World, host: SimHost, which: number): void {
  const slot = world.setting.isFixed === true ? undefined : slotOf(host, which);
  const name = slot?.line.name ?? '';
  const isIts = ({ server }: RecordEntry): boolean => server.balancer.host === host.name && server.name === name;
  if (!slot || homeOf(host, name).record.some(isIts)) return;
  slot.weight = 7;
  world.watchman.sawOthers(host, slot);
}

/** Sets a weight or a state, whoever is at work with the server. */
function meddle(world: World, host: SimHost, which: number): void {
  const slot = host.isOff ? undefined : slotOf(host, which);
  if (!slot) return;
  if (which % 3 === 0) slot.weight = world.setting.isFixed === true ? 0 : 7;
  else if (which % 3 === 1) {
    host.haproxy.setAdmin(slot, 'ready');
    // What others put in service is not for ours to have proved.
    slot.isProven = true;
  } else host.haproxy.setAdmin(slot, 'maint');
  slot.isUntouched = true;
  world.watchman.sawOthers(host, slot);
}

/** Its agent-check sets the weight, unless it was silenced. */
function speak(world: World, host: SimHost, which: number): void {
  const slot = host.isOff ? undefined : slotOf(host, which);
  if (!slot?.hasAgent || world.setting.isFixed === true) return;
  slot.weight = Math.ceil(slot.line.weight / 2);
  world.watchman.sawOthers(host, slot);
}

/** All agent-checks that are not silent answer, in every other round with less. */
function speakAll(world: World, host: SimHost, round: number): void {
  if (host.isOff || host.haproxy.isDown || world.setting.isFixed === true) return;
  for (const slot of host.haproxy.current.slots.values()) {
    const weight = round % 2 === 0 ? Math.ceil(slot.line.weight / 2) : slot.line.weight;
    if (!slot.hasAgent || slot.weight === weight) continue;
    slot.weight = weight;
    host.disturb();
    world.watchman.sawOthers(host, slot);
  }
}

/** A reload with another configuration: a server is gone, or has another name; or else all is as it was. */
function reconfigure(world: World, host: SimHost, which: number): void {
  // A file that is replaced in the middle of a push is lost.
  if (host.haproxy.isDown || host.isOff || host.pushing.record) return;
  const { servers } = host.setting;
  const [line] = servers.slice(which % servers.length);
  const isAsBefore = host.haproxy.config.lines === servers;
  world.reload(host, { lines: isAsBefore && line ? without(servers, line, which % 2 === 0) : servers });
}

function without(lines: readonly ServerLine[], line: ServerLine, isRenamed: boolean): readonly ServerLine[] {
  if (!isRenamed) return lines.filter((one) => one !== line);
  return lines.map((one) => (one === line ? { ...one, name: `${one.name}-b` } : one));
}

function slotOf(host: SimHost, which: number): Slot | undefined {
  const slots = [...host.haproxy.current.slots.values()];
  return host.haproxy.isDown ? undefined : slots[which % slots.length];
}
