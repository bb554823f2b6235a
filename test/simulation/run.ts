import { Failure } from '../../src/errors.ts';
import { checkEnd, checkNamed } from './invariants.ts';
import { begin, type Breakage, type Run } from './playing.ts';
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
const RECOVERS_AGAIN = 8;

/** Plays a scenario through: the rollout and its disasters, those who come to the rescue, and a last clean recover. */
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

  constructor(world: World, scenario: Scenario, breakage: Breakage) {
    this.#world = world;
    this.#scenario = scenario;
    this.#breakage = breakage;
  }

  async play(): Promise<void> {
    const first = this.#begin('rollout', 0);
    const others: Run[] = [];
    const startMs = this.#world.timeline.nowMs;
    for (const fault of this.#scenario.faults) {
      if (fault.kind === 'call') continue;
      this.#world.timeline.after(startMs + fault.atMs - this.#world.timeline.nowMs, () => {
        if (this.#world.isDisaster) this.#happen(fault, first, others);
      });
    }
    await this.#until(() => first.isOver() && others.every((other) => other.isOver()));
    if (others.length === 0) checkNamed(this.#world, first);
    strike.end(this.#world);
    await this.#pass(2_000);
    for (let rescue = 1; rescue <= this.#scenario.rescues; rescue += 1) {
      const run = this.#begin('recover', rescue * 10);
      await this.#until(() => run.isOver());
      await this.#pass(2_000);
    }
    await this.#recover();
    await this.#pass(SETTLES_WITHIN_MS);
    checkEnd(this.#world);
  }

  /** By somebody who comes back until nobody else holds the hosts. */
  async #recover(): Promise<void> {
    for (let again = 0; again < RECOVERS_AGAIN; again += 1) {
      const run = this.#begin('recover', 1_000 + again);
      await this.#until(() => run.isOver());
      const result = run.result();
      if (!(result instanceof Failure) || result.code !== 'locked') {
        if (result instanceof Error) this.#world.watchman.violate('ends', `the last recover: ${result.message}`);
        checkNamed(this.#world, run);
        return;
      }
      await this.#pass(5_000);
    }
    this.#world.watchman.violate('locks-free', 'the hosts could not be locked for the last recover');
  }

  #begin(command: Run['command'], number: number): Run {
    const controller = new Controller(
      this.#world,
      number,
      this.#scenario.faults.filter((one) => one.kind === 'call'),
    );
    return begin(command, controller, { scenario: this.#scenario, breakage: this.#breakage });
  }

  #happen(fault: TimedFault, first: Run, others: Run[]): void {
    if (fault.kind === 'kill') first.controller.kill('at a moment of its own');
    else if (fault.kind === 'signal') {
      this.#world.tell(() => '-- Ctrl-C');
      first.signal();
    } else if (fault.kind === 'freeze') {
      this.#world.tell(() => `-- ${first.controller.name} is frozen for ${fault.ms} ms`);
      first.controller.freeze(fault.ms);
    } else if (fault.kind === 'journal') {
      this.#world.tell(() => `-- the disk of ${first.controller.name} is full`);
      first.controller.journal.isBroken = true;
    } else if (fault.kind === 'second') others.push(this.#begin(fault.host === 0 ? 'rollout' : 'recover one', 1));
    else strike.at(this.#world, fault);
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
