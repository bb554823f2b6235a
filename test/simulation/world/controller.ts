import type { RunEvent } from '../../../src/rollout/events.ts';
import type { Clock } from '../../../src/runner/ports/ports.ts';
import { Random } from '../random.ts';
import type { CallFault, WaitFault } from '../faults.ts';
import type { Command } from '../acts.ts';
import { Dealings, type Dealing } from './dealing.ts';
import { GoneWithout } from './gone-without.ts';
import { Calls } from './calls.ts';
import { lostOf, type Command as Asked } from './command.ts';
import type { SimHost } from './host.ts';
import { lineOf } from './lines.ts';
import { SimJournal } from './sim-journal.ts';
import { Sleepers } from './sleepers.ts';
import { dateAt, nothingEarlier, runNumber, type Earlier, type Task } from './task.ts';
import type { Coming } from './timeline.ts';
import type { World } from './world.ts';

/** How long the holder of a lock hears nothing before it lets go. */
const TTL_MS = 45_000;

/** One process of sluice on a machine of its own: it can be killed and frozen, and its connections can break. */
export class Controller {
  readonly world: World;
  readonly number: number;
  readonly name: string;
  /** The id of its run. */
  readonly run: string;
  readonly startedMs: number;
  readonly command: Command;
  /** What an earlier process of the same run has left in its journal. */
  readonly earlier: Earlier;
  readonly events: RunEvent[] = [];
  /** When each of its events was told. */
  readonly toldMs: number[] = [];
  readonly journal = new SimJournal(this);
  readonly #waits: readonly WaitFault[];
  readonly #random: Random;
  readonly dealings = new Dealings();
  readonly without = new GoneWithout();
  /** Hosts that it has told it leaves out of service. */
  readonly #left = new Set<string>();
  readonly #asleep = new Sleepers();
  readonly #calls: Calls;
  #frozenUntilMs = 0;
  /** When it fell asleep for so long that its locks became unsure. */
  sleptMs = -Infinity;
  isAlive = true;
  hasEnded = false;
  /** It said that it gave up on requests in hand. */
  gaveUp = false;
  /** What whoever was asked has answered, as it is told. */
  readonly answers: string[] = [];
  /** The last moment at which a call of it was made to fail. */
  disturbedMs = -Infinity;
  constructor(
    world: World,
    number: number,
    faults: readonly (CallFault | WaitFault)[],
    task: Task = { command: 'rollout' },
  ) {
    this.world = world;
    this.number = number;
    this.name = `controller ${number}`;
    this.command = task.command;
    this.earlier = task.goesOn ?? nothingEarlier;
    this.run = task.goesOn?.process.run ?? runNumber(world.watchman.controllers.length);
    this.startedMs = world.timeline.nowMs;
    const own = faults.filter(({ by }) => by === number);
    this.#waits = own.filter((one) => one.kind === 'wait');
    this.#random = new Random(world.setting.seed, this.name);
    const calls = own.filter((one) => one.kind === 'call');
    this.#calls = new Calls(this, { faults: calls, random: this.#random });
    world.watchman.controllers.push(this);
  }

  readonly clock: Clock = {
    now: () => this.world.timeline.nowMs,
    date: () => dateAt(this.world.timeline.nowMs),
    sleep: async (ms, signal) => {
      if (!this.isAlive) return never();
      if (signal.aborted) return;
      await new Promise<void>((resolve) => {
        const sleepers = this.#asleep.by(signal);
        const wake = (): void => {
          this.world.timeline.cancel(coming);
          sleepers.delete(wake);
          this.#wake(resolve);
        };
        const coming: Coming = this.world.timeline.after(ms, wake);
        sleepers.add(wake);
      });
    },
  };

  /** From now on nothing of it takes effect or is answered; its locks are freed by and by. */
  kill(why: string): void {
    if (!this.isAlive) return;
    this.isAlive = false;
    this.world.tell(() => `-- ${this.name} is killed ${why}`);
    for (const host of this.dealings.keys()) this.freeLock(host, this.#random.between(0, 1_500));
  }

  #killAfter(ms: number, during: string): void {
    this.world.timeline.after(ms, () => {
      if (!this.hasEnded) this.kill(`${ms} ms after ${during}`);
    });
  }

  /** The story is over. */
  forget(): void {
    this.#asleep.forget();
  }

  end(): void {
    this.hasEnded = true;
    for (const host of this.dealings.keys()) this.freeLock(host, 100);
  }

  freeze(ms: number): void {
    this.#frozenUntilMs = this.world.timeline.nowMs + ms;
    this.disturb(ms);
    if (ms > TTL_MS / 2) this.sleptMs = this.world.timeline.nowMs;
    if (ms <= TTL_MS) return;
    this.world.timeline.after(TTL_MS, () => {
      for (const [host, { onCut }] of this.dealings) {
        onCut();
        this.freeLock(host, 0);
      }
    });
  }

  report = (event: RunEvent): void => {
    this.events.push(event);
    this.toldMs.push(this.world.timeline.nowMs);
    const own = 'subject' in event ? this.world.host(event.subject.host) : undefined;
    if (own && event.type === 'step-started') {
      this.dealings.begins(own, event, { nowMs: this.world.timeline.nowMs, events: this.events.length });
    }
    if (own && event.type === 'instance-ended') this.dealings.ends(own, event.subject.name);
    if (own && event.type === 'step-retried') this.dealings.retries(own, event.subject.name);
    for (const { during, ms } of this.#waits) if (during === event.type) this.#killAfter(ms, during);
    this.without.saw(event, { nowMs: this.world.timeline.nowMs, own });
    if (event.type === 'host-ended' && event.end === 'outOfService') this.#left.add(event.host);
    this.world.watchman.sawEvent(this, event);
    this.world.tell(() => `${this.name}: ${lineOf(event)}`);
  };

  /** The lock was given; to nobody, if the controller has died meanwhile. */
  locked(host: SimHost, onCut: () => void): void {
    const dealing = this.dealing(host);
    dealing.lockedMs = this.world.timeline.nowMs;
    dealing.onCut = onCut;
    if (!this.isAlive) this.freeLock(host, 100);
  }

  dealing(host: SimHost): Dealing {
    return this.dealings.of(host);
  }

  /** Whether it is at work on the servers that a host has elsewhere or itself, as far as those can tell. */
  isWorkingOn({ at, home }: { readonly at: SimHost; readonly home: SimHost }): boolean {
    const dealing = this.dealings.get(at);
    return this.isAlive && !this.hasEnded && !this.#left.has(home.name) && dealing?.firstChangeMs !== undefined;
  }

  /** Sends a command to a host and waits for its answer, with whatever the network makes of it. */
  call<T>(host: SimHost, command: Asked<T>): Promise<T> {
    return this.isAlive ? this.#calls.send(host, command) : never();
  }

  /** Something on its own machine takes this long. */
  async local(ms: number): Promise<void> {
    if (!this.isAlive) return never();
    return new Promise((resolve) => {
      this.later(ms, resolve);
    });
  }

  /** The connection to a host breaks: what was held by it is lost. */
  cut(host: SimHost): void {
    this.disturb(0);
    const { onCut, waiting } = this.dealing(host);
    onCut();
    for (const giveUp of waiting) giveUp(lostOf(host));
    this.freeLock(host, this.#random.between(0, 300));
  }

  later(ms: number, answer: () => void): void {
    if (ms === 0) this.#wake(answer);
    else this.world.timeline.after(ms, () => this.#wake(answer));
  }

  #wake(answer: () => void): void {
    if (!this.isAlive) return;
    const frozenMs = this.#frozenUntilMs - this.world.timeline.nowMs;
    if (frozenMs > 0) {
      this.world.timeline.after(frozenMs, () => this.#wake(answer));
      return;
    }
    this.world.timeline.woke();
    answer();
  }

  /**
   * It hears nothing, or nothing good, for so long; what begins meanwhile makes that no shorter: a frozen process that
   * is cut off sees no sooner what has happened. From then on it has as much time to notice as everybody.
   */
  disturb(ms: number): void {
    this.disturbedMs = Math.max(this.disturbedMs, this.world.timeline.nowMs + ms);
  }

  /** The kernel of the host frees it once its connection is gone. */
  freeLock(host: SimHost, afterMs: number): void {
    const { lock } = host;
    if (lock?.by !== this.number) return;
    this.world.timeline.after(afterMs, () => {
      if (host.lock === lock) host.lock = undefined;
    });
  }
}

/** One for each who waits: a single one would know all of them, and their stories, for ever. */
export async function never(): Promise<never> {
  return new Promise<never>(() => undefined);
}
