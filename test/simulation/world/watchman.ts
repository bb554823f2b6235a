import type { RunEvent } from '../../../src/rollout/events.ts';
import type { AdminState, Server, Standing } from '../../../src/rollout/model.ts';
import type { RecordEntry } from '../../../src/runner/ports/ports.ts';
import type { Controller } from './controller.ts';
import type { SimContainer } from './engine.ts';
import type { Arrived } from './haproxy.ts';
import { stepsOf } from './dealing.ts';
import { belowFloor, usableAt } from './floor.ts';
import { containerAt, isNew, type SimHost } from './host.ts';
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
  /** Servers whose requests were given up on, and said so. */
  readonly #given = new Set<string>();
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
    return this.#standings.allow(key, standing);
  }

  expected(key: string): string {
    return this.#standings.expected(key);
  }

  /** Carries out a change, and looks at it before and after. */
  act<T>(controller: Controller, host: SimHost, { change, run, sentMs }: Act<T>): T {
    this.#acting = controller;
    this.#mustOwn(controller, host, sentMs);
    this.#mustBeRecorded(controller, host, change);
    this.#mustBeJournalled(controller, host, { change, sentMs });
    this.#mustBeArchived(controller, host, change);
    for (const taken of stepsOf(controller.dealing(host), host, change)) taken.changedMs = sentMs;
    this.touches.saw(controller, host, change);
    if (change.what === 'record') this.#sawRecord(host, change.entries);
    const before = usableAt(host, change);
    try {
      return run();
    } finally {
      const short = belowFloor(controller, host, { change, before });
      if (short !== undefined) this.violate('floor', short);
      this.#acting = undefined;
    }
  }

  sawEvent(controller: Controller, event: RunEvent): void {
    if (event.type === 'step-started' && (event.step === 'drain' || event.step === 'withdraw')) {
      for (const key of this.#given) if (key.startsWith(`${event.subject.host} `)) this.#given.delete(key);
    }
    sawTold(this.#world, controller, event);
    if (event.type !== 'remark' || event.remark.about !== 'not-drained') return;
    this.#given.add(`${event.subject.host} ${pathOf(event.remark.server)}`);
    controller.gaveUp = true;
  }

  /** A container that runs is asked to stop, or removed as it runs. */
  sawStop(host: SimHost, container: SimContainer): void {
    const cut = host.haproxy.cut(container.port);
    if (!container.answers) return;
    for (const { slot, worker, request } of cut) {
      const key = `${host.name} ${pathOf(slot.line)}`;
      if (this.#given.has(key)) continue;
      if (!host.setting.servers.some(({ name }) => name === slot.line.name)) continue;
      // A retry that began before the first look of the drain leaves no trace that the drain could see.
      const firstLookMs = this.#acting?.dealing(host).firstLookMs.get(pathOf(slot.line)) ?? 0;
      if (request.unseen && request.unseen.fromMs <= firstLookMs) continue;
      if (request.isByReload && !this.#mustHaveNoticed(host, worker, request.openedMs)) continue;
      const age = this.#world.timeline.nowMs - request.openedMs;
      const where = worker === host.haproxy.current ? 'the worker' : 'an old worker';
      const text = `${container.name} is stopped while ${where} ${worker.pid} has a request of ${age} ms at ${key}`;
      this.violate('sessions', `${text} (by ${this.#acting?.name ?? 'nobody'})`);
    }
  }

  /** A request was sent where nobody answers, or nowhere. */
  sawLost(host: SimHost, { slot, worker }: Exclude<Arrived, { ok: true }>): void {
    // A server that was renamed is nobody's whom a playbook knows.
    if (!slot || !host.setting.servers.some(({ name }) => name === slot.line.name)) return;
    const setting = containerAt(host, slot.line.port);
    if (!setting) return;
    const container = host.engine.at(slot.line.port);
    const named = setting.name;
    const own = host.engine.find(named);
    const atPort =
      own?.port === slot.line.port ? own : host.engine.containers.find(({ port }) => port === slot.line.port);
    const behind = container ?? atPort ?? own;
    const noticedMs = this.#world.timeline.nowMs - host.setting.checking.interMs * host.setting.checking.fall;
    // HAProxy may not have noticed yet, and whoever starts it again in the meantime does not make that worse.
    if (behind && (behind.isBroken || behind.brokeMs >= noticedMs)) return;
    // HAProxy takes every server for UP when it begins, also one that has nothing behind it yet.
    if (isNew(host, named) && (slot.isUntouched || (worker.startedMs >= noticedMs && this.#isByHand(host)))) return;
    // So it does with a free slot: such an HAProxy is told to send to another server what cannot connect.
    if (setting.otherPort !== undefined && (slot.isUntouched || worker.startedMs >= noticedMs)) return;
    if (slot.isUntouched && !this.#mustHaveNoticed(host, worker, this.#world.timeline.nowMs)) return;
    const who = container ? `${container.name} does not answer` : 'nothing runs there';
    this.violate('requests', `a request is sent to ${pathOf(slot.line)} on ${host.name}, and ${who}`);
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
      const key = `${host.name} ${pathOf(slot.line)}`;
      const configured = standingText({ weight: slot.line.weight, admin: 'ready' });
      if (host.record.some(({ server }) => pathOf(server) === pathOf(slot.line))) continue;
      const isClose = this.#world.timeline.nowMs - (this.#droppedMs.get(key) ?? -Infinity) <= CLOSE_MS;
      // One that has not heard of it that its record is gone may yet see to the weight.
      const isAtIt = this.controllers.some((controller) => isAt(controller, { host, name: slot.line.name }));
      const before = isClose || isAtIt ? this.#standings.of(key) : [];
      this.#standings.set(key, [configured, ...before]);
    }
  }

  /** Somebody else sets a weight or a state. */
  sawOthers(host: SimHost, slot: Slot): void {
    const key = `${host.name} ${pathOf(slot.line)}`;
    const isInWork = host.record.some(({ server }) => pathOf(server) === pathOf(slot.line));
    const isClose = this.#world.timeline.nowMs - (this.#droppedMs.get(key) ?? -Infinity) <= CLOSE_MS;
    const before = isInWork || isClose ? this.#standings.of(key) : [];
    // Ours may yet put back the weight that it had, and leave it in the state that others want.
    const weighed = before.map((text) => `${Number.parseInt(text)} ${slot.admin}`);
    this.#standings.set(key, [standingText(slot), ...before, ...weighed]);
    this.#reloadedMs.set(host.name, this.#world.timeline.nowMs);
  }

  #sawRecord(host: SimHost, entries: readonly RecordEntry[]): void {
    const now = this.#world.timeline.nowMs;
    const isClose = this.isClose(host);
    for (const { server, standing } of entries) {
      if (isClose) this.#standings.add(`${host.name} ${pathOf(server)}`, standing);
    }
    for (const { server } of host.record) {
      if (entries.some((entry) => pathOf(entry.server) === pathOf(server))) continue;
      const key = `${host.name} ${pathOf(server)}`;
      this.#droppedMs.set(key, now);
      const slot = host.haproxy.current.slots.get(pathOf(server));
      if (isClose && slot) this.#standings.add(key, { weight: slot.line.weight, admin: 'ready' });
    }
  }

  #mustBeJournalled(
    controller: Controller,
    host: SimHost,
    { change, sentMs }: Pick<Act<unknown>, 'change' | 'sentMs'>,
  ) {
    const { name, journal } = controller;
    const steps = stepsOf(controller.dealing(host), host, change);
    // What is recorded goes when nothing is left to undo, also when nothing can be written down any more.
    const isOver = change.what === 'record' && change.entries.every((entry) => host.record.includes(entry));
    const [taken] = steps;
    if (taken === undefined || steps.some(({ event, ms }) => sentMs < ms || event <= journal.kept)) return;
    if (journal.isBroken && (steps.some(({ isHomeward }) => isHomeward) || isOver)) return;
    this.violate('journalled-first', `${name} acts on ${host.name}, and ${taken.step} is not in its journal yet`);
  }

  /** What is set aside may be gone for good, and is what a rollback goes back to. */
  #mustBeArchived({ name, run, command }: Controller, host: SimHost, change: Change): void {
    if (change.what !== 'container' || change.name.includes('.replaced-')) return;
    if (change.verb !== 'rename' && change.verb !== 'create') return;
    if (command === 'rollback' || host.archive.has(`${run}/${change.name}`)) return;
    this.violate('archived-first', `${name}: ${change.verb} ${change.name} on ${host.name}, which is not archived`);
  }

  #mustBeRecorded(controller: Controller, host: SimHost, change: Change): void {
    if (change.what === 'record' || change.what === 'ready') return;
    if (change.what === 'container') {
      if (change.verb === 'remove' && change.name.includes('.replaced-')) return;
      const name = change.name.replace(/\.replaced-.*$/, '');
      if (host.record.some(({ container }) => container === name)) return;
      // A command that lands late may find nothing any more.
      if (change.verb !== 'create' && !host.engine.find(change.name)) return;
      this.violate('recorded-first', `${controller.name}: ${change.verb} ${change.name} on ${host.name}, not recorded`);
      return;
    }
    const isOn = change.what === 'agent' && change.isEnabled;
    const isIn = change.what === 'weight' ? change.weight > 0 : change.what === 'admin' && change.admin !== 'maint';
    const isBack = isOn || isIn;
    if (isBack || host.record.some(({ server }) => pathOf(server) === pathOf(change.server))) return;
    const text = `${controller.name}: ${change.what} of ${pathOf(change.server)} on ${host.name}, not recorded`;
    this.violate('recorded-first', text);
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
  #mustHaveNoticed(host: SimHost, worker: Worker, atMs: number): boolean {
    return this.controllers.some((controller) => {
      if (!controller.isWorkingOn(host)) return false;
      const { startedMs, disturbedMs } = controller;
      return atMs - Math.max(worker.startedMs, startedMs, host.disturbedMs, disturbedMs) > NOTICED_WITHIN_MS;
    });
  }
}

/** Whether it is at work on the instance, as far as it has told. */
function isAt({ isAlive, hasEnded, events }: Controller, { host, name }: { host: SimHost; name: string }): boolean {
  const last = events.findLast(
    (event) =>
      (event.type === 'instance-started' || event.type === 'instance-ended') &&
      event.subject.host === host.name &&
      event.subject.name === name,
  );
  return isAlive && !hasEnded && last?.type === 'instance-started';
}
