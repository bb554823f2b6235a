import type { RunEvent } from '../../../src/rollout/events.ts';
import type { AdminState, Server, Standing } from '../../../src/rollout/model.ts';
import type { RecordEntry } from '../../../src/runner/ports/ports.ts';
import type { Controller } from './controller.ts';
import { belowFloor, notGivenBack, usableAt } from './floor.ts';
import { missingBefore } from './missing-before.ts';
import { isAt } from './at-work.ts';
import { containerOf, homeOf, isRecorded, keyIn, keyOf } from './fronts.ts';
import type { SimHost } from './host.ts';
import { Requests } from './requests.ts';
import { besideOthers } from './side-by-side.ts';
import { reweighted, Standings, standingText, weightIn } from './standings.ts';
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
  | 'carried'
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
  /** The configuration file of its HAProxy, what is kept of it, and what it is reloaded with. */
  | { readonly what: 'config'; readonly verb: string; readonly isLate: () => boolean }
  | { readonly what: 'record'; readonly entries: readonly RecordEntry[] };

interface Act<T> {
  readonly change: Change;
  readonly run: () => T;
  /** When the command left the controller. */
  readonly sentMs: number;
}

/** Sees everything that happens, and knows what must not. */
export class Watchman {
  readonly #world: World;
  readonly violations: Violation[] = [];
  readonly controllers: Controller[] = [];
  readonly touches = new Touches();
  readonly #standings: Standings;
  readonly #droppedMs = new Map<string, number>();
  readonly #reloadedMs = new Map<string, number>();
  readonly requests: Requests;
  /** Servers of HAProxys that somebody has said are gone for good. */
  readonly #forgotten = new Set<string>();
  /** Hosts of which somebody has said that one stays with its new container where others go back. */
  readonly #mixed = new Set<string>();
  #acting: Controller | undefined;

  constructor(world: World) {
    this.#world = world;
    this.#standings = new Standings(world.standings());
    this.requests = new Requests(world, this);
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

  /** Somebody has said that the host is left with two versions, since there was no other way. */
  isMixed({ name }: SimHost): boolean {
    return this.#mixed.has(name);
  }

  #sawWarning({ host, text }: Extract<RunEvent, { type: 'warning' }>): void {
    if (text.includes('Others of ')) this.#mixed.add(host);
    const [, path, balancer] = /^Forgot (.+) on (\S+), as asked/.exec(text) ?? [];
    if (path !== undefined && balancer !== undefined) this.#forgotten.add(`${balancer} ${path}`);
  }

  /** The same of both slots of an instance together, by the key of the first. */
  mayStandBoth(key: string, standing: Standing, other: Standing): boolean {
    return this.#forgotten.size > 0 || this.#standings.keepsPair(key, standing, other);
  }

  expected(key: string): string {
    return this.#standings.expected(key);
  }

  /** Who carries out a change at this moment. */
  get acting(): Controller | undefined {
    return this.#acting;
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
    const kept = notGivenBack(controller, host, change);
    if (kept !== undefined) this.violate('floor', kept);
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
    sawTold(this.#world, controller, event);
    if (event.type === 'warning') this.#sawWarning(event);
    this.requests.sawEvent(controller, event);
  }

  /** A host goes down because somebody has asked it to. */
  sawGoingDown(host: SimHost): void {
    const by = this.controllers.findLast((one) => one.command === 'maintain' && one.dealing(host).firstChangeMs);
    for (const container of host.engine.containers)
      if (container.status === 'running') this.requests.sawStop(host, container, by);
  }

  /** Whether others have just changed something of the host's servers. */
  isClose(host: SimHost): boolean {
    return this.#world.timeline.nowMs - (this.#reloadedMs.get(host.name) ?? -Infinity) <= CLOSE_MS;
  }

  /**
   * The configured weights are back: for servers that are in work they are not what is to be put back, unless their
   * algorithm takes no other.
   */
  sawConfigured(host: SimHost): void {
    this.#reloadedMs.set(host.name, this.#world.timeline.nowMs);
    for (const slot of host.haproxy.current.slots.values()) {
      const key = keyOf(host, slot.line);
      const { weight } = slot.line;
      const configured = standingText({ weight, admin: 'ready' });
      if (isRecorded(host, slot.line)) {
        const taken = (text: string): string => (weightIn(text) === 0 ? text : reweighted(text, weight));
        if (this.#world.setting.isFixed) this.#standings.set(key, this.#standings.of(key).map(taken));
        continue;
      }
      const isClose = this.#world.timeline.nowMs - (this.#droppedMs.get(key) ?? -Infinity) <= CLOSE_MS;
      const home = homeOf(host, slot.line.name).name;
      const container = containerOf(slot.line.name);
      // One that has not heard of it that its record is gone may yet see to the weight.
      const isAtIt = this.controllers.some((controller) => isAt(controller, { host: home, container }));
      const isCarried = host.pushing.record !== undefined;
      const before = isClose || isAtIt || isCarried ? this.#standings.of(key) : [];
      this.#standings.set(key, [configured, standingText(slot), ...before]);
    }
  }

  /** What was as configured is as it is configured now; what was set must stay so. */
  sawPushed(host: SimHost, before: Worker): void {
    for (const slot of host.haproxy.current.slots.values()) {
      const key = keyOf(host, slot.line);
      const known = this.#standings.of(key);
      const old = before.slots.get(slot.path);
      const now = old
        ? known.map((text) => (weightIn(text) === old.line.weight ? reweighted(text, slot.line.weight) : text))
        : // On the way back it may have been there before, and is to stand as it did.
          [standingText({ weight: slot.line.weight, admin: 'ready' }), ...known];
      // What is recorded is to be put back as it was, and what others have just set may be known of or not.
      const isOpen = isRecorded(host, slot.line) || this.isClose(host);
      this.#standings.set(key, isOpen ? [...now, ...known, standingText(slot)] : now);
    }
  }

  /** Somebody else sets a weight or a state. */
  sawOthers(host: SimHost, slot: Slot): void {
    const key = keyOf(host, slot.line);
    const isInWork = isRecorded(host, slot.line);
    const isClose = this.#world.timeline.nowMs - (this.#droppedMs.get(key) ?? -Infinity) <= CLOSE_MS;
    // A push that has died is gone on with by what it has found.
    const isCarried = host.pushing.record !== undefined;
    const before = isInWork || isClose || isCarried ? this.#standings.of(key) : [];
    // Ours may yet put back the weight that it had, and leave it in the state that others want.
    const weighed = before.map((text) => standingText({ weight: weightIn(text), admin: slot.admin }));
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
}
