/** Hosts on which a `blue-green` rollout keeps its old containers, and what comes after it, command by command. */
import type { Instance, Switching } from '../../src/rollout/model.ts';
import type { Play } from '../../src/rollout/play.ts';
import type { RunResult } from '../../src/runner/run.ts';
import { aStory } from './a-story.ts';
import type { Act } from './acts.ts';
import type { CallFault } from './faults.ts';
import { lastRollout } from './journals.ts';
import { begin, type Breakage, type Run } from './playing.ts';
import { Random } from './random.ts';
import type { Scenario } from './scenario.ts';
import { inSlots } from './slots.ts';
import { Controller } from './world/controller.ts';
import { World } from './world/world.ts';

/** How long a command may take at most. */
const WITHIN_MS = 1_800_000;

export function keptStory(keepMs: number, order: Switching['order'] = 'together'): Scenario {
  const story = inSlots(aStory([]), new Random(1, 'kept'));
  const play = {
    timeoutMs: 60_000,
    onTimeout: 'continue',
    strategy: 'blue-green',
    switching: { order, keepMs },
  } as const;
  const hosts = story.world.hosts.map((host) => ({ ...host, longRequestMs: [100, 300] as const }));
  return { ...story, acts: [], world: { ...story.world, hosts }, play: { ...story.play, ...play } };
}

/** The same with each instance changed. */
export function withEach(play: Play, change: (instance: Instance) => Partial<Instance>): Play {
  const hosts = play.hosts.map((host) => {
    return { ...host, instances: host.instances.map((one) => ({ ...one, ...change(one) })) };
  });
  return { ...play, hosts };
}

export interface Played extends Run {
  readonly world: World;
  /** What it has told as problems and warnings. */
  readonly said: readonly string[];
  readonly outcome: RunResult | Error | undefined;
  /** Why it has not done what it was to do, of the first host. */
  readonly why: string;
}

/** What comes to pass while a command is carried out. */
interface Meanwhile {
  /** Called whenever something has happened. */
  readonly meanwhile?: (controller: Controller) => void;
  /** What its calls come to. */
  readonly faults?: readonly CallFault[];
}

/** A world in which one command comes after the other. */
export class KeptWorld {
  readonly #scenario: Scenario;
  readonly world: World;

  private constructor(scenario: Scenario, world: World) {
    this.#scenario = scenario;
    this.world = world;
  }

  static async of(scenario: Scenario): Promise<KeptWorld> {
    return new KeptWorld(scenario, await World.up(scenario.world, []));
  }

  /** From its start to its end. */
  async play(act: Act, { meanwhile, faults = [], ...breakage }: Breakage & Meanwhile = {}): Promise<Played> {
    const { world } = this;
    const isOfRun = act.command === 'resume' || act.command === 'rollback';
    const of = isOfRun ? lastRollout(world, () => true) : undefined;
    const controller = new Controller(world, act.by, faults, { command: act.command, goesOn: of });
    const run = begin({ act, scenario: this.#scenario, controller, of }, breakage);
    const isOver = (): boolean => {
      meanwhile?.(controller);
      return run.isOver();
    };
    await world.timeline.run(isOver, world.timeline.nowMs + WITHIN_MS);
    const said = controller.events.flatMap((event) =>
      event.type === 'problem' || event.type === 'warning' ? [event.text] : [],
    );
    const outcome = run.result();
    const why = outcome instanceof Error ? outcome.message : (outcome?.hosts[0]?.reason ?? '');
    return { ...run, world, said, outcome, why };
  }

  async pass(ms: number): Promise<void> {
    await this.world.timeline.run(() => false, this.world.timeline.nowMs + ms);
  }

  /** What its host has noted, as `kind container slot`. */
  noted(host: string): string[] {
    return this.world.host(host).record.map(({ kind, container = '', slot = '' }) => `${kind} ${container} ${slot}`);
  }

  /** Its containers, as `name status version`. */
  containers(host: string): string[] {
    const { containers } = this.world.host(host).engine;
    return containers.map(({ name, status, reference }) => `${name} ${status} ${reference.slice(-2)}`).toSorted();
  }

  /** The ids of its containers. */
  ids(host: string): string[] {
    return this.world.host(host).engine.containers.map(({ id }) => id);
  }

  /** It dies, and does not come back. */
  crash(host: string, name: string): void {
    const { engine } = this.world.host(host);
    const container = engine.containers.find((one) => one.name === name);
    if (!container) throw new Error(`there is no ${name} on ${host}`);
    container.restart = { name: 'no', maximumRetryCount: 0 };
    engine.crash(name);
  }

  violations(): string[] {
    return this.world.watchman.violations.map(({ invariant, text }) => `${invariant}: ${text}`);
  }
}
