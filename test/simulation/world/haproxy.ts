import { Failure } from '../../../src/errors.ts';
import type { AdminState } from '../../../src/rollout/model.ts';
import { bringIn, type KeptSlot, type SimConfig } from './config-file.ts';
import type { Timeline } from './timeline.ts';
import { aWorker, counted, isUsable, open, pathOf, takesRequests } from './worker.ts';
import type { Request, ServerLine, Slot, Worker } from './worker.ts';

export interface Checking {
  readonly interMs: number;
  readonly rise: number;
  readonly fall: number;
}

/** What of an arriving request is up to its client. */
export interface Arrival {
  readonly backend: string;
  /** The server that its cookie names, or undefined. */
  readonly cookie: string | undefined;
  readonly queuesMs: number;
  readonly takesMs: number;
  readonly retriesAfterMs: number | undefined;
}

export interface Accepted {
  readonly ok: true;
  readonly slot: Slot;
  readonly worker: Worker;
  readonly request: Request;
}

export interface Lost {
  readonly ok: false;
  readonly slot: Slot | undefined;
  readonly worker: Worker;
}

/** Of the worker that was there from the beginning. */
export const FIRST_PID = 100;
const RETRY_PAUSE_MS = 1_000;

/** One HAProxy in master-worker mode: a current worker, and old ones for as long as they have requests in hand. */
export class SimHaproxy {
  readonly #timeline: Timeline;
  #config: SimConfig;
  readonly #checking: Checking;
  readonly #answers: (line: ServerLine) => boolean;
  readonly #errs: (line: ServerLine) => boolean;
  #current: Worker;
  #old: Worker[] = [];
  #pid = FIRST_PID;
  #turn = 0;
  isDown = false;
  /** What its configuration was when its worker began. */
  runsWith: SimConfig;
  /** What stands beside its configuration file. */
  state: readonly KeptSlot[] | undefined;
  /** In a row. */
  failedReloads = 0;
  /** Told when it begins or ceases to answer. */
  onAnswers: () => void = () => undefined;

  constructor(
    timeline: Timeline,
    lines: readonly ServerLine[],
    {
      checking,
      answers,
      errs,
    }: {
      readonly checking: Checking;
      readonly answers: (line: ServerLine) => boolean;
      /** Whether what answers there answers with errors. */
      readonly errs: (line: ServerLine) => boolean;
    },
  ) {
    this.#timeline = timeline;
    this.#config = { lines };
    this.runsWith = this.#config;
    this.#checking = checking;
    this.#answers = answers;
    this.#errs = errs;
    this.#current = aWorker(this.#pid, timeline.nowMs, lines, true);
  }

  get current(): Worker {
    return this.#current;
  }

  /** Every worker that runs, the current one first. */
  get workers(): readonly Worker[] {
    return [...(this.isDown ? [] : [this.#current]), ...this.#old];
  }

  get checking(): Checking {
    return this.#checking;
  }

  slots(backend: string): readonly Slot[] {
    return this.#current.backends.get(backend) ?? [];
  }

  slot(server: { readonly backend: string; readonly name: string }): Slot {
    const slot = this.slots(server.backend).find(({ line }) => line.name === server.name);
    if (!slot) throw new Failure('haproxy', `Cannot find ${pathOf(server)}: HAProxy has no such server`);
    return slot;
  }

  runs(pid: number): boolean {
    this.#bury();
    return this.workers.some((worker) => worker.pid === pid);
  }

  setWeight(slot: Slot, weight: number): void {
    slot.weight = weight;
    if (weight > 0) slot.isUntouched = false;
  }

  setAdmin(slot: Slot, admin: AdminState): void {
    if (slot.admin === 'maint' && admin !== 'maint') {
      slot.isUp = true;
      slot.isProven = false;
    }
    slot.admin = admin;
    if (admin === 'ready') slot.isUntouched = false;
    this.#checkSoon(slot);
  }

  /** `state ready; health down`. */
  setReadyWhenProven(slot: Slot): void {
    slot.admin = 'ready';
    slot.isUp = false;
    slot.isProven = false;
    slot.isUntouched = false;
    this.#checkSoon(slot);
  }

  /** The application behind these servers begins or ceases to answer. */
  checkAgain(isIts: (line: ServerLine) => boolean): void {
    for (const slot of this.#current.slots.values()) if (isIts(slot.line)) this.#checkSoon(slot);
  }

  /** What its configuration file says. */
  get config(): SimConfig {
    return this.#config;
  }

  write(config: SimConfig): void {
    this.#config = config;
  }

  /**
   * A new worker, with configured weights unless the file says otherwise; the old one keeps what it has in hand. Whether
   * it has come to that.
   */
  reload(): boolean {
    if (this.isDown) return false;
    if (this.#config.flaw !== undefined) {
      this.failedReloads += 1;
      return false;
    }
    this.failedReloads = 0;
    this.#old.push(this.#current);
    for (const slot of this.#current.slots.values()) this.#timeline.cancel(slot.flip);
    this.#begin();
    this.#bury();
    return true;
  }

  /** What was in hand is lost, in the old workers too. */
  stop(): void {
    this.isDown = true;
    for (const slot of this.#current.slots.values()) this.#timeline.cancel(slot.flip);
    this.#old = [];
    this.onAnswers();
  }

  start(): void {
    if (!this.isDown) return;
    this.isDown = false;
    this.#begin();
    this.onAnswers();
  }

  arrive(arrival: Arrival): Accepted | Lost {
    const slot = this.#choose(arrival);
    if (!slot) return { ok: false, slot, worker: this.#current };
    const openedMs = this.#timeline.nowMs;
    const servedFromMs = openedMs + arrival.queuesMs;
    const { retriesAfterMs } = arrival;
    const fromMs = servedFromMs + (retriesAfterMs ?? 0);
    const unseen = retriesAfterMs === undefined ? undefined : { fromMs, toMs: fromMs + RETRY_PAUSE_MS };
    if (unseen) this.#timeline.after(unseen.fromMs - openedMs, () => (slot.retries += 1));
    const endsMs = (unseen?.toMs ?? servedFromMs) + arrival.takesMs;
    if (!this.#answers(slot.line)) {
      slot.refused += 1;
      return { ok: false, slot, worker: this.#current };
    }
    if (this.#errs(slot.line)) slot.serverErrors += 1;
    const request = { openedMs, servedFromMs, endsMs, unseen, isByReload: slot.isUntouched };
    slot.requests.push(request);
    return { ok: true, slot, worker: this.#current, request };
  }

  /** Whether it has not been cut off. */
  holds({ slot, request }: Accepted): boolean {
    return this.workers.some(({ slots }) => slots.get(slot.path) === slot) && slot.requests.includes(request);
  }

  /** Whatever is in hand for these servers ends here; tells what that was. */
  cut(
    isIts: (line: ServerLine) => boolean,
  ): readonly { readonly slot: Slot; readonly worker: Worker; readonly request: Request }[] {
    return this.workers.flatMap((worker) =>
      [...worker.slots.values()].flatMap((slot) => {
        if (!isIts(slot.line)) return [];
        const lost = open(slot, this.#timeline.nowMs);
        slot.requests = [];
        slot.cut += lost.length;
        return lost.map((request) => ({ slot, worker, request }));
      }),
    );
  }

  counted(slot: Slot): { readonly current: number; readonly queued: number } {
    return counted(slot, this.#timeline.nowMs);
  }

  #choose({ backend, cookie }: Arrival): Slot | undefined {
    const slots = this.slots(backend);
    const sticky = cookie === undefined ? undefined : slots.find(({ line }) => line.name === cookie);
    if (sticky?.isUp && sticky.admin !== 'maint') return sticky;
    let usable = 0;
    for (const slot of slots) if (isUsable(slot)) usable += 1;
    if (usable === 0) return slots.find(takesRequests);
    let skip = this.#turn++ % usable;
    return slots.find((slot) => isUsable(slot) && skip-- === 0);
  }

  #begin(): void {
    this.#pid += 1;
    this.runsWith = this.#config;
    this.#current = aWorker(this.#pid, this.#timeline.nowMs, this.#config.lines, false);
    for (const kept of (this.#config.isPassage ? this.state : undefined) ?? []) {
      const slot = this.#current.slots.get(kept.path);
      if (slot) bringIn(slot, kept);
    }
    for (const slot of this.#current.slots.values()) this.#checkSoon(slot);
  }

  #checkSoon(slot: Slot): void {
    this.#timeline.cancel(slot.flip);
    slot.flip = undefined;
    if (slot.admin === 'maint' || this.isDown) return;
    const answers = this.#answers(slot.line);
    if (answers === slot.isUp) return;
    const { interMs, rise, fall: usual } = this.#checking;
    // What a worker takes for UP as it begins is DOWN at its first failure.
    const fall = this.#timeline.nowMs - this.#current.startedMs < interMs ? 1 : usual;
    slot.flip = this.#timeline.after(interMs * (answers ? rise : fall), () => {
      if (slot.isProven && !answers) slot.fellMs = this.#timeline.nowMs;
      slot.isUp = answers;
      slot.isProven = answers;
    });
  }

  #bury(): void {
    const now = this.#timeline.nowMs;
    this.#old = this.#old.filter((worker) => [...worker.slots.values()].some((slot) => open(slot, now).length > 0));
  }
}
