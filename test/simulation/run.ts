import { Failure } from '../../src/errors.ts';
import type { Act } from './acts.ts';
import { checkBack, checkEnd, checkNamed } from './invariants.ts';
import { checkCarried } from './carried.ts';
import { lastRollout, type Journalled } from './journals.ts';
import { begin, type Breakage, type Run } from './playing.ts';
import { checkFree } from './released.ts';
import { checkReplayed } from './replayed.ts';
import type { TimedFault } from './faults.ts';
import type { Scenario } from './scenario.ts';
import { strike } from './strike.ts';
import { Controller } from './world/controller.ts';
import type { Violation } from './world/watchman.ts';
import { World } from './world/world.ts';

export interface Outcome {
  readonly violations: readonly Violation[];
  /** What happened, in lines with the time in seconds; empty unless it was asked for. */
  readonly lines: readonly string[];
  readonly endMs: number;
}

/** Longer than any run takes, in the world's time. */
const OVER_WITHIN_MS = 1_800_000;
const SETTLES_WITHIN_MS = 6_000;
/** Between one who is over and the next: longer than what is under way may take. */
const BETWEEN_MS = 2_000;
const AGAIN = 8;

/** Plays a scenario through: what is asked for and its disasters, those who come to the rescue, and a last clean recover. */
export async function run(
  scenario: Scenario,
  { breakage = {}, isTold = false }: { readonly breakage?: Breakage; readonly isTold?: boolean } = {},
): Promise<Outcome> {
  const lines: string[] = [];
  const world = await World.up(scenario.world, isTold ? lines : undefined);
  const story = new Story(world, scenario, breakage);
  try {
    await story.play();
  } catch (error) {
    if (!(error instanceof Stuck)) throw error;
  } finally {
    for (const controller of world.watchman.controllers) controller.forget();
  }
  return { violations: world.watchman.violations, lines, endMs: world.timeline.nowMs };
}

class Story {
  readonly #world: World;
  readonly #scenario: Scenario;
  readonly #breakage: Breakage;
  readonly #runs: Run[] = [];
  /** Who is at work by turns, not beside others: what happens to a controller happens to this one. */
  #atWork: Run | undefined;
  /** Somebody has been at work beside it in this turn. */
  #hasCompany = false;

  constructor(world: World, scenario: Scenario, breakage: Breakage) {
    this.#world = world;
    this.#scenario = scenario;
    this.#breakage = breakage;
  }

  async play(): Promise<void> {
    const { acts, faults } = this.#scenario;
    const turns = acts.filter(({ atMs, isCalm }) => atMs === undefined && isCalm !== true);
    const [first, ...others] = turns;
    if (first) this.#atWork = this.#begin(first);
    for (const fault of faults) if ('atMs' in fault) this.#at(fault.atMs, () => this.#happen(fault));
    for (const act of acts) {
      const { atMs } = act;
      if (atMs !== undefined) this.#at(atMs, () => (this.#hasCompany ||= this.#begin(act) !== undefined));
    }
    await this.#ended();
    for (const act of others) {
      await this.#pass(BETWEEN_MS);
      checkReplayed(this.#world, this.#runs);
      this.#atWork = this.#begin(act);
      await this.#ended();
    }
    strike.end(this.#world);
    await this.#pass(BETWEEN_MS);
    for (const act of acts.filter(({ isCalm }) => isCalm)) {
      checkReplayed(this.#world, this.#runs);
      this.#atWork = this.#begin(act);
      await this.#ended();
      await this.#pass(BETWEEN_MS);
    }
    await this.#endPushes();
    await this.#putRight({ command: 'recover', by: 1_000 });
    const { switching } = this.#scenario.play;
    const longest = Math.max(switching?.keepMs ?? 0, ...acts.map(({ forMs = 0 }) => forMs));
    if (longest > 0) {
      await this.#pass(longest);
      await this.#putRight({ command: 'restore', by: 3_000, isExpired: true });
      checkBack(this.#world);
    }
    if (acts.some(({ command }) => command === 'drain')) await this.#putRight({ command: 'restore', by: 2_000 });
    await this.#pass(SETTLES_WITHIN_MS);
    checkReplayed(this.#world, this.#runs);
    checkEnd(this.#world);
    checkFree(this.#world, this.#runs.at(-1)?.controller);
  }

  #at(ms: number, happen: () => void): void {
    this.#world.timeline.after(ms, () => {
      if (this.#world.isDisaster) happen();
    });
  }

  /** Everybody who has begun is over. */
  async #ended(): Promise<void> {
    await this.#until(() => this.#runs.every((one) => one.isOver()));
    const hadCompany = this.#hasCompany;
    this.#hasCompany = false;
    if (!this.#atWork || hadCompany) return;
    checkNamed(this.#world, this.#atWork);
    checkCarried(this.#world, this.#atWork);
  }

  /** What a push has left is in the way of everything else there, as what others have left on other hosts is in its way. */
  async #endPushes(): Promise<void> {
    const { hosts } = this.#world;
    if (![...hosts.values()].some(({ pushing }) => pushing.record !== undefined)) return;
    for (const [host] of this.#scenario.world.hosts.entries()) {
      const run = this.#begin({ command: 'recover', by: 5_000 + host, host });
      if (run) await this.#until(() => run.isOver());
    }
    await this.#putRight({ command: 'haproxy push', by: 4_000, config: 'commented' });
  }

  /** By somebody who comes back until nobody else holds the hosts. */
  async #putRight({ command, by, ...how }: Act): Promise<void> {
    for (let again = 0; again < AGAIN; again += 1) {
      const run = this.#begin({ command, by: by + again, ...how });
      if (!run) return;
      await this.#until(() => run.isOver());
      const result = run.result();
      if (!(result instanceof Failure) || result.code !== 'locked') {
        if (result instanceof Error) this.#world.watchman.violate('ends', `the last ${command}: ${result.message}`);
        checkNamed(this.#world, run);
        checkCarried(this.#world, run);
        return;
      }
      await this.#pass(5_000);
    }
    this.#world.watchman.violate('locks-free', `the hosts could not be locked for the last ${command}`);
  }

  /** Undefined: there is no run to go on with, or to take back. */
  #begin(act: Act): Run | undefined {
    const of = this.#journalFor(act);
    if (of === 'none') {
      this.#world.tell(() => `-- there is nothing to ${act.command}`);
      return undefined;
    }
    const faults = this.#scenario.faults.filter((one) => 'by' in one);
    const goesOn = act.command === 'resume' ? of : undefined;
    const controller = new Controller(this.#world, act.by, faults, { command: act.command, goesOn });
    // Who says that an HAProxy is gone for good is told that its requests fail, should it serve still.
    if (act.forget !== undefined) controller.without.add(act.forget);
    const run = begin({ act, scenario: this.#scenario, controller, of }, this.#breakage);
    this.#runs.push(run);
    return run;
  }

  #journalFor({ command }: Act): Journalled | 'none' | undefined {
    if (command === 'rollback') return lastRollout(this.#world, () => true) ?? 'none';
    if (command !== 'resume') return undefined;
    const found = lastRollout(this.#world, ({ outcome }) => outcome?.type !== 'run-ended' || outcome.end !== 'done');
    const isRunning = found?.process.isAlive === true && !found.process.hasEnded;
    return found && !isRunning ? found : 'none';
  }

  #happen(fault: TimedFault): void {
    const { controller, signal } = this.#atWork ?? {};
    if (fault.kind === 'kill') controller?.kill('at a moment of its own');
    else if (fault.kind === 'signal') {
      this.#world.tell(() => '-- Ctrl-C');
      signal?.();
    } else if (fault.kind === 'freeze') {
      this.#world.tell(() => `-- ${controller?.name ?? 'nobody'} is frozen for ${fault.ms} ms`);
      controller?.freeze(fault.ms);
    } else if (fault.kind === 'journal') {
      this.#world.tell(() => `-- the disk of ${controller?.name ?? 'nobody'} is full`);
      if (controller) controller.journal.isBroken = true;
    } else strike.at(this.#world, fault);
  }

  async #until(isOver: () => boolean): Promise<void> {
    const { timeline, watchman } = this.#world;
    if (await timeline.run(isOver, timeline.nowMs + OVER_WITHIN_MS)) return;
    watchman.violate('ends', `not over after ${OVER_WITHIN_MS / 1000} s`);
    throw new Stuck();
  }

  async #pass(ms: number): Promise<void> {
    await this.#world.timeline.run(() => false, this.#world.timeline.nowMs + ms);
  }
}

class Stuck extends Error {}
