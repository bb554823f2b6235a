import { setMaxListeners } from 'node:events';
import { exitStatusOf, Failure } from '../../src/errors.ts';
import type { Play } from '../../src/rollout/play.ts';
import { outlastingHangs } from '../../src/runner/hosts/hung.ts';
import type { Fleet, RecordEntry } from '../../src/runner/ports/ports.ts';
import type { RunContext, RunResult } from '../../src/runner/run.ts';
import type { Act } from './acts.ts';
import { carryOut, hostsOf, type Asked, type Pushing } from './commands.ts';
import { checkReleased } from './released.ts';
import type { Controller } from './world/controller.ts';
import { commandsOn } from './world/sim-commands.ts';
import { SimFleet } from './world/sim-fleet.ts';
import { SimOperator } from './world/sim-operator.ts';
import type { World } from './world/world.ts';

/** What is deliberately broken, around the real code: what it gets from the outside, or what it gives. */
export interface Breakage {
  readonly fleet?: (fleet: Fleet, controller: Controller) => Fleet;
  readonly context?: (context: RunContext, controller: Controller) => RunContext;
  readonly play?: (play: Play) => Play;
  /** What a push has of each HAProxy. */
  readonly push?: (access: Pushing) => Pushing;
  /** What a rollout plays after it. */
  readonly further?: (play: Play) => readonly Play[];
}

export type { Pushing } from './commands.ts';

/** A run of sluice, from its start to its end or to the death of its controller. */
export interface Run {
  readonly controller: Controller;
  readonly act: Act;
  /** What was recorded on each host when it began. */
  readonly before: ReadonlyMap<string, readonly RecordEntry[]>;
  /** How every server stood then. */
  readonly stood: ReturnType<World['standings']>;
  /** Undefined while it runs, and for ever when it was killed. */
  readonly result: () => RunResult | Error | undefined;
  readonly isOver: () => boolean;
  /** Ctrl-C, once more. */
  readonly signal: () => void;
}

export function begin(asked: Omit<Asked, 'changePlay' | 'changePush' | 'further'>, breakage: Breakage): Run {
  const { act, controller, scenario } = asked;
  const { world, name, report, journal, events } = controller;
  let result: RunResult | Error | undefined;
  const stops = [new AbortController(), new AbortController(), new AbortController()] as const;
  world.tell(() => `-- ${name} starts a ${act.command}`);
  const command = act.command === 'resume' ? 'rollout' : act.command;
  const machine = { machine: name, pid: controller.number };
  report({ type: 'run-started', command, hosts: hostsOf(act, scenario), by: name, version: 'simulated', ...machine });
  // Before anything else, it is on the disk.
  journal.kept = events.length;
  const running = carryOut(
    {
      ...{ ...asked, changePlay: breakage.play ?? ((play) => play), further: breakage.further ?? (() => []) },
      changePush: breakage.push ?? ((access) => access),
    },
    contextOf(asked, stops, breakage),
  );
  const over = (how: RunResult | Error): void => {
    result = how;
    if (controller.isAlive) {
      tellEnd(controller, how, command);
      checkReleased(controller);
    }
    controller.end();
    world.tell(() => `-- ${name} ends: ${how instanceof Error ? how.message : how.end}`);
  };
  running.then(over, (error: unknown) => {
    over(error instanceof Error ? error : new Error(String(error)));
  });
  world.timeline.woke();
  let signals = 0;
  return {
    ...{ controller, act },
    stood: world.standings(),
    before: new Map([...world.hosts].map(([host, { record }]) => [host, record])),
    result: () => result,
    isOver: () => result !== undefined || !controller.isAlive,
    signal: () => {
      world.timeline.woke();
      stops[signals++]?.abort(new Failure('interrupted', 'Stopped by SIGINT'));
    },
  };
}

/** The last line of its journal, which is closed before the process ends. */
function tellEnd({ report, journal, events, startedMs, world }: Controller, how: RunResult | Error, command: string) {
  if (how instanceof Error) {
    const code = how instanceof Failure ? how.code : 'bug';
    report({ type: 'run-failed', code, reason: how.message, exitStatus: exitStatusOf(how) });
  } else {
    const ms = world.timeline.nowMs - startedMs;
    report({ type: 'run-ended', command, end: how.end, ms, hosts: how.hosts, exitStatus: 0 });
  }
  if (!journal.isBroken) journal.kept = events.length;
}

function contextOf(
  { controller, act: { takeOver = false, waitMs = 0, command } }: Omit<Asked, 'changePlay' | 'changePush' | 'further'>,
  stops: readonly [AbortController, AbortController, AbortController],
  breakage: Breakage,
): RunContext {
  setMaxListeners(0, ...stops.map(({ signal }) => signal));
  const [beforeNext, forward, homeward] = stops;
  const fleet = outlastingHangs(new SimFleet(controller), controller.clock);
  const context: RunContext = {
    fleet: breakage.fleet?.(fleet, controller) ?? fleet,
    ...{ clock: controller.clock, report: controller.report, journal: controller.journal, forks: 10 },
    identity: { run: controller.run, by: controller.name },
    operator: new SimOperator(controller),
    hide: (text) => text,
    controller: commandsOn(controller),
    locking: {
      ...{ machine: controller.name, pid: controller.number, nonce: controller.name },
      ...{ reason: command, waitMs, takeOver },
    },
    random: () => 0.5,
    stop: { beforeNext: beforeNext.signal, forward: forward.signal, homeward: homeward.signal },
  };
  return breakage.context?.(context, controller) ?? context;
}
