/** What must not become of a request: that it is cut off by a stop, or sent where nobody answers. */
import type { RunEvent } from '../../../src/rollout/events.ts';
import { isAtAnyOf } from './at-work.ts';
import type { Controller } from './controller.ts';
import { containerOf, homeOf, isWhole, keyIn, keyOf, type Front } from './fronts.ts';
import type { Lost } from './haproxy.ts';
import { containerAt, isNew, type SimHost } from './host.ts';
import type { SimContainer } from './sim-container.ts';
import { CLOSE_MS } from './telling.ts';
import type { Sent } from './traffic.ts';
import type { Watchman } from './watchman.ts';
import type { Request, Slot, Worker } from './worker.ts';
import type { World } from './world.ts';

/** How soon whoever works on a host must have noticed a reload. */
const NOTICED_WITHIN_MS = 1_000;

export class Requests {
  readonly #world: World;
  readonly #watchman: Watchman;
  /** Servers whose requests were given up on, and said so, and the hosts of their containers. */
  readonly #given = new Map<string, string>();

  constructor(world: World, watchman: Watchman) {
    this.#world = world;
    this.#watchman = watchman;
  }

  sawEvent(controller: Controller, event: RunEvent): void {
    if (event.type === 'step-started' && (event.step === 'drain' || event.step === 'withdraw')) {
      for (const [key, home] of this.#given) if (home === event.subject.host) this.#given.delete(key);
    }
    if (event.type !== 'remark' || event.remark.about !== 'not-drained') return;
    this.#given.set(keyIn(event.remark.server), event.subject.host);
    controller.gaveUp = true;
  }

  /** A container that runs is asked to stop, or removed as it runs. */
  sawStop(host: SimHost, container: SimContainer, by = this.#watchman.acting): void {
    const cut = host.cut(container.port);
    if (!container.answers) return;
    for (const { at, slot, worker, request } of cut) {
      const key = keyOf(at, slot.line);
      if (this.#given.has(key)) continue;
      if (!at.setting.servers.some(({ name }) => name === slot.line.name) || this.#isDoneWithout(at, slot)) continue;
      if (isUnseen(request, by?.dealing(at).firstLookMs.get(slot.path))) continue;
      if (request.isByReload && !this.#mustHaveNoticed({ at, slot, worker }, request.openedMs)) continue;
      const age = this.#world.timeline.nowMs - request.openedMs;
      const where = worker === at.haproxy.current ? 'the worker' : 'an old worker';
      const text = `${container.name} is stopped while ${where} ${worker.pid} has a request of ${age} ms at ${key}`;
      this.#watchman.violate('sessions', `${text} (by ${by?.name ?? 'nobody'})`);
    }
  }

  /** A request was sent where nobody answers, or nowhere. */
  sawLost(at: SimHost, { slot, worker }: Lost): void {
    // A server that was renamed is nobody's whom a playbook knows.
    if (!slot || !at.setting.servers.some(({ name }) => name === slot.line.name)) return;
    const host = homeOf(at, slot.line.name);
    const setting = containerAt(host, slot.line.port);
    if (!setting) return;
    const container = host.engine.at(slot.line.port);
    const named = setting.name;
    if (this.#isDoneWithout(at, slot)) return;
    const own = host.engine.find(named);
    const atPort =
      own?.port === slot.line.port ? own : host.engine.containers.find(({ port }) => port === slot.line.port);
    const behind = container ?? atPort ?? own;
    const { interMs, fall } = at.setting.checking;
    const noticedMs = this.#world.timeline.nowMs - interMs * fall;
    // HAProxy may not have noticed yet, and whoever starts it again in the meantime does not make that worse.
    if (behind && (behind.isBroken || behind.brokeMs >= noticedMs)) return;
    // HAProxy takes every server for UP when it begins, also one that has nothing behind it yet.
    if (isNew(host, named) && (slot.isUntouched || (worker.startedMs >= noticedMs && this.#isByHand(at)))) return;
    // So it does with a free slot: such an HAProxy is told to send to another server what cannot connect.
    // So it does with all that it has a state of its own for, whoever has it reloaded.
    if (at.haproxy.runsWith.isStateful && worker.startedMs >= noticedMs) return;
    if (setting.otherPort !== undefined && (slot.isUntouched || worker.startedMs >= noticedMs)) return;
    if (slot.isUntouched && !this.#mustHaveNoticed({ at, slot, worker }, this.#world.timeline.nowMs)) return;
    const who = container ? `${container.name} does not answer` : 'nothing runs there';
    this.#watchman.violate('requests', `a request is sent to ${slot.path} on ${at.name}, and ${who}`);
  }

  /** A tier in front has sent a request to a host that serves nobody. */
  sawNowhere(home: SimHost, { at, slot, worker, request }: Sent): void {
    const key = keyOf(at, slot.line);
    const { nowMs } = this.#world.timeline;
    const { interMs, fall } = at.setting.checking;
    const isByItself =
      nowMs - home.disturbedMs <= interMs * fall + CLOSE_MS || home.engine.containers.some(({ isBroken }) => isBroken);
    if (isByItself || this.#given.has(key) || this.#isDoneWithout(at, slot)) return;
    if (slot.isUntouched && !this.#mustHaveNoticed({ at, slot, worker }, nowMs)) return;
    const one = this.#watchman.controllers.find((controller) => isAtAnyOf(controller, home));
    if (!one || isUnseen(request, one.dealing(at).firstLookMs.get(slot.path))) return;
    this.#watchman.violate('requests', `${key} sends a request to ${home.name}, where nothing serves (by ${one.name})`);
  }

  /** A run that has changed what is behind the server has said that it does so without this HAProxy. */
  #isDoneWithout(at: SimHost, { line }: Slot): boolean {
    const home = homeOf(at, line.name);
    const names = isWhole(line) ? home.setting.containers.map(({ name }) => name) : [containerOf(line.name)];
    const isInSlots = home.setting.containers.some(({ otherPort }) => otherPort !== undefined);
    const now = { nowMs: this.#world.timeline.nowMs, isInSlots };
    return this.#watchman.controllers.some((one) =>
      names.some((name) => {
        const about = `${home.name} ${name}`;
        return one.without.excuses(at.name, about, now) && this.#watchman.touches.has(one.run, about);
      }),
    );
  }

  /** Who restores what was drained by hand, or gives it back, knows the server, and not what is behind it. */
  #isByHand(host: SimHost): boolean {
    const at = (one: Controller): number => one.dealing(host).lastChangeMs;
    const last = this.#watchman.controllers.toSorted((one, other) => at(other) - at(one))[0]?.command;
    return last === 'restore' || last === 'drain';
  }

  /** Whether somebody works on the host who has had time to notice this worker. */
  #mustHaveNoticed({ at, slot, worker }: Front & { readonly worker: Worker }, atMs: number): boolean {
    const home = homeOf(at, slot.line.name);
    return this.#watchman.controllers.some((controller) => {
      if (!controller.isWorkingOn({ at, home })) return false;
      const { startedMs, disturbedMs } = controller;
      const sinceMs = Math.max(worker.startedMs, startedMs, at.disturbedMs, home.disturbedMs, disturbedMs);
      return atMs - sinceMs > NOTICED_WITHIN_MS;
    });
  }
}

/** A retry that began before the first look of the drain leaves no trace that the drain could see. */
function isUnseen({ unseen }: Request, firstLookMs = 0): boolean {
  return unseen !== undefined && unseen.fromMs <= firstLookMs;
}
