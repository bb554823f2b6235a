import type { RunEvent } from '../../../src/rollout/events.ts';
import type { AdminState, Server, Standing } from '../../../src/rollout/model.ts';
import type { RecordEntry } from '../../../src/runner/ports/ports.ts';
import type { Controller } from './controller.ts';
import type { SimContainer } from './engine.ts';
import type { Arrived } from './haproxy.ts';
import { belowFloor, usableAt } from './floor.ts';
import { missingBefore } from './missing-before.ts';
import { containerOf, homeOf, isRecorded, keyIn, keyOf, type Front } from './fronts.ts';
import { containerAt, isNew, type SimHost } from './host.ts';
import { besideOthers } from './side-by-side.ts';
import { Standings, standingText } from './standings.ts';
import { CLOSE_MS, sawTold } from './telling.ts';
import { Touches } from './touches.ts';
import { pathOf, type Slot, type Worker } from './worker.ts';
import type { World } from './world.ts';

/** What must hold, by name; worded in invariants.ts. */
export type Invariant =
  | 'ends'
  | 'recorded-first'
  | 'named'
  | 'exact'
  | 'proven'
  | 'sessions'
  | 'requests'
  | 'floor'
  | 'one-version'
  | 'no-mix'
  | 'nothing-left'
  | 'locks-free'
  | 'one-owner'
  | 'journalled-first'
  | 'archived-first'
  | 'asked'
  | 'watched'
  | 'limits'
  | 'back-in-time'
  | 'journal';

export interface Violation {
  readonly invariant: Invariant;
  readonly atMs: number;
  readonly text: string;
}

/** What a controller does to a host, at the moment at which it takes effect. */
export type Change =
  | { readonly what: 'weight'; readonly server: Server; readonly weight: number }
  | { readonly what: 'admin'; readonly server: Server; readonly admin: AdminState }
  | { readonly what: 'ready' | 'shutdown'; readonly server: Server }
  | { readonly what: 'agent'; readonly server: Server; readonly isEnabled: boolean }
  | { readonly what: 'container'; readonly verb: string; readonly name: string }
  /** Something begins to run there by itself. */
  | { readonly what: 'job'; readonly id: string }
  | { readonly what: 'record'; readonly entries: readonly RecordEntry[] };

interface Act<T> {
  readonly change: Change;
  readonly run: () => T;
  /** When the command left the controller. */
  readonly sentMs: number;
}

/** How soon whoever works on a host must have noticed a reload. */
const NOTICED_WITHIN_MS = 1_000;

/** Sees everything that happens, and knows what must not. */
export class Watchman {
  readonly #world: World;
  readonly violations: Violation[] = [];
  readonly controllers: Controller[] = [];
  readonly touches = new Touches();
  readonly #standings: Standings;
  readonly #droppedMs = new Map<string, number>();
  readonly #reloadedMs = new Map<string, number>();
  /** Servers whose requests were given up on, and said so, and the hosts of their containers. */
  readonly #given = new Map<string, string>();
  /** Servers of HAProxys that somebody has said are gone for good. */
  readonly #forgotten = new Set<string>();
  #acting: Controller | undefined;

  constructor(world: World) {
    this.#world = world;
    this.#standings = new Standings(world.standings());
  }

  violate(invariant: Invariant, text: string): void {
    this.violations.push({ invariant, atMs: this.#world.timeline.nowMs, text });
    this.#world.tell(() => `!! ${invariant}: ${text}`);
  }

  mayStand(key: string, standing: Standing): boolean {
    return this.#forgotten.has(key) || this.#standings.allow(key, standing);
  }

  /** Of one that is gone for good nobody knows any more how it stood, should it come back. */
  isForgotten(key: string): boolean {
    return this.#forgotten.has(key);
  }

  #sawForgotten(text: string): void {
    const [, path, host] = /^Forgot (\S+) on (\S+), as asked/.exec(text) ?? [];
    if (path !== undefined && host !== undefined) this.#forgotten.add(`${host} ${path}`);
  }

  /** The same of both slots of an instance together, by the key of the first. */
  mayStandBoth(key: string, standing: Standing, other: Standing): boolean {
    return this.#forgotten.size > 0 || this.#standings.keepsPair(key, standing, other);
  }

  expected(key: string): string {
    return this.#standings.expected(key);
  }

  /** Carries out a change, and looks at it before and after. */
  act<T>(controller: Controller, host: SimHost, { change, run, sentMs }: Act<T>): T {
    this.#acting = controller;
    this.#mustOwn(controller, host, sentMs);
    for (const { invariant, text } of missingBefore(controller, host, { change, sentMs }))
      this.violate(invariant, text);
    for (const taken of controller.dealings.stepsOf(host, change)) taken.changedMs = sentMs;
    this.touches.saw(controller, host, change);
    if (change.what === 'record') this.#sawRecord(host, change.entries);
    const before = usableAt(host, change);
    try {
      return run();
    } finally {
      const short = belowFloor(controller, host, { change, before });
      if (short !== undefined) this.violate('floor', short);
      const mixed = besideOthers(this.#world, host, change);
      if (mixed !== undefined) this.violate('no-mix', `${mixed} (by ${controller.name})`);
      this.#acting = undefined;
    }
  }

  sawEvent(controller: Controller, event: RunEvent): void {
    if (event.type === 'step-started' && (event.step === 'drain' || event.step === 'withdraw')) {
      for (const [key, home] of this.#given) if (home === event.subject.host) this.#given.delete(key);
    }
    sawTold(this.#world, controller, event);
    if (event.type === 'warning') this.#sawForgotten(event.text);
    if (event.type !== 'remark' || event.remark.about !== 'not-drained') return;
    this.#given.set(keyIn(event.remark.server), event.subject.host);
    controller.gaveUp = true;
  }

  /** A host goes down because somebody has asked it to. */
  sawGoingDown(host: SimHost): void {
    const by = this.controllers.findLast((one) => one.command === 'maintain' && one.dealing(host).firstChangeMs);
    for (const container of host.engine.containers)
      if (container.status === 'running') this.sawStop(host, container, by);
  }

  /** A container that runs is asked to stop, or removed as it runs. */
  sawStop(host: SimHost, container: SimContainer, by = this.#acting): void {
    const cut = host.cut(container.port);
    if (!container.answers) return;
    for (const { at, slot, worker, request } of cut) {
      const key = keyOf(at, slot.line);
      if (this.#given.has(key)) continue;
      if (!at.setting.servers.some(({ name }) => name === slot.line.name) || this.#isDoneWithout(at, slot)) continue;
      // A retry that began before the first look of the drain leaves no trace that the drain could see.
      const firstLookMs = by?.dealing(at).firstLookMs.get(slot.path) ?? 0;
      if (request.unseen && request.unseen.fromMs <= firstLookMs) continue;
      if (request.isByReload && !this.#mustHaveNoticed({ at, slot, worker }, request.openedMs)) continue;
      const age = this.#world.timeline.nowMs - request.openedMs;
      const where = worker === at.haproxy.current ? 'the worker' : 'an old worker';
      const text = `${container.name} is stopped while ${where} ${worker.pid} has a request of ${age} ms at ${key}`;
      this.violate('sessions', `${text} (by ${by?.name ?? 'nobody'})`);
    }
  }

  /** A request was sent where nobody answers, or nowhere. */
  sawLost(at: SimHost, { slot, worker }: Exclude<Arrived, { ok: true }>): void {
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
    if (setting.otherPort !== undefined && (slot.isUntouched || worker.startedMs >= noticedMs)) return;
    if (slot.isUntouched && !this.#mustHaveNoticed({ at, slot, worker }, this.#world.timeline.nowMs)) return;
    const who = container ? `${container.name} does not answer` : 'nothing runs there';
    this.violate('requests', `a request is sent to ${slot.path} on ${at.name}, and ${who}`);
  }

  /** A run that has changed what is behind the server has said that it does so without this HAProxy. */
  #isDoneWithout(at: SimHost, { line: { name } }: Slot): boolean {
    const home = homeOf(at, name);
    const about = `${home.name} ${containerOf(name)}`;
    const isInSlots = home.setting.containers.some(({ otherPort }) => otherPort !== undefined);
    const now = { nowMs: this.#world.timeline.nowMs, isInSlots };
    return this.controllers.some((one) => one.without.excuses(at.name, about, now) && this.touches.has(one.run, about));
  }

  /** Who restores what was drained by hand, or gives it back, knows the server, and not what is behind it. */
  #isByHand(host: SimHost): boolean {
    const at = (one: Controller): number => one.dealing(host).lastChangeMs;
    const last = this.controllers.toSorted((one, other) => at(other) - at(one))[0]?.command;
    return last === 'restore' || last === 'drain';
  }

  /** Whether others have just changed something of the host's servers. */
  isClose(host: SimHost): boolean {
    return this.#world.timeline.nowMs - (this.#reloadedMs.get(host.name) ?? -Infinity) <= CLOSE_MS;
  }

  /** The configured weights are back: for servers that are in work they are not what is to be put back. */
  sawConfigured(host: SimHost): void {
    this.#reloadedMs.set(host.name, this.#world.timeline.nowMs);
    for (const slot of host.haproxy.current.slots.values()) {
      const key = keyOf(host, slot.line);
      const configured = standingText({ weight: slot.line.weight, admin: 'ready' });
      if (isRecorded(host, slot.line)) continue;
      const isClose = this.#world.timeline.nowMs - (this.#droppedMs.get(key) ?? -Infinity) <= CLOSE_MS;
      const home = homeOf(host, slot.line.name).name;
      const container = containerOf(slot.line.name);
      // One that has not heard of it that its record is gone may yet see to the weight.
      const isAtIt = this.controllers.some((controller) => isAt(controller, { host: home, container }));
      const before = isClose || isAtIt ? this.#standings.of(key) : [];
      this.#standings.set(key, [configured, ...before]);
    }
  }

  /** Somebody else sets a weight or a state. */
  sawOthers(host: SimHost, slot: Slot): void {
    const key = keyOf(host, slot.line);
    const isInWork = isRecorded(host, slot.line);
    const isClose = this.#world.timeline.nowMs - (this.#droppedMs.get(key) ?? -Infinity) <= CLOSE_MS;
    const before = isInWork || isClose ? this.#standings.of(key) : [];
    // Ours may yet put back the weight that it had, and leave it in the state that others want.
    const weighed = before.map((text) => `${Number.parseInt(text)} ${slot.admin}`);
    this.#standings.set(key, [standingText(slot), ...before, ...weighed]);
    this.#reloadedMs.set(host.name, this.#world.timeline.nowMs);
  }

  #sawRecord(host: SimHost, entries: readonly RecordEntry[]): void {
    const now = this.#world.timeline.nowMs;
    const at = ({ server: { balancer } }: RecordEntry): SimHost => this.#world.host(balancer.host);
    for (const entry of entries) {
      if (this.isClose(at(entry))) this.#standings.add(keyIn(entry.server), entry.standing);
    }
    for (const entry of host.record) {
      const key = keyIn(entry.server);
      if (entries.some((one) => keyIn(one.server) === key)) continue;
      this.#droppedMs.set(key, now);
      const slot = at(entry).haproxy.current.slots.get(pathOf(entry.server));
      if (this.isClose(at(entry)) && slot) this.#standings.add(key, { weight: slot.line.weight, admin: 'ready' });
    }
  }

  /** Whoever changes a host must have had its lock since anybody else last changed it. */
  #mustOwn(controller: Controller, host: SimHost, sentMs: number): void {
    const own = controller.dealing(host);
    const sinceMs = own.lockedMs ?? controller.startedMs;
    for (const other of this.controllers) {
      if (other === controller) continue;
      const { firstChangeMs, lastChangeMs } = other.dealing(host);
      if (firstChangeMs === undefined || lastChangeMs <= sinceMs || sentMs <= firstChangeMs) continue;
      this.violate('one-owner', `${controller.name} changes ${host.name}, which ${other.name} has changed meanwhile`);
    }
    own.firstChangeMs ??= this.#world.timeline.nowMs;
    // What lands late was sent while the host was its own.
    own.lastChangeMs = sentMs;
  }

  /** Whether somebody works on the host who has had time to notice this worker. */
  #mustHaveNoticed({ at, slot, worker }: Front & { readonly worker: Worker }, atMs: number): boolean {
    const home = homeOf(at, slot.line.name);
    return this.controllers.some((controller) => {
      if (!controller.isWorkingOn({ at, home })) return false;
      const { startedMs, disturbedMs } = controller;
      const sinceMs = Math.max(worker.startedMs, startedMs, at.disturbedMs, home.disturbedMs, disturbedMs);
      return atMs - sinceMs > NOTICED_WITHIN_MS;
    });
  }
}

/** Whether it is at work on the instance, as far as it has told. */
function isAt({ isAlive, hasEnded, events }: Controller, { host, container }: { host: string; container: string }) {
  const last = events.findLast(
    (event) =>
      (event.type === 'instance-started' || event.type === 'instance-ended') &&
      event.subject.host === host &&
      event.subject.name === container,
  );
  return isAlive && !hasEnded && last?.type === 'instance-started';
}
