import { setMaxListeners } from 'node:events';
import { Failure } from '../../src/errors.ts';
import type { Instance } from '../../src/rollout/model.ts';
import type { Play } from '../../src/rollout/play.ts';
import { defaultPolicy } from '../../src/rollout/policy.ts';
import type { Fleet } from '../../src/runner/ports.ts';
import { recoverHosts } from '../../src/runner/recover-hosts.ts';
import { rollout, type RunContext, type RunResult } from '../../src/runner/rollout.ts';
import type { Scenario } from './scenario.ts';
import { Controller } from './world/controller.ts';
import { IMAGE, type HostSetting } from './world/host.ts';
import { SimFleet, SOCKET } from './world/sim-fleet.ts';
import { FakeOperator } from '../support/fake-operator.ts';

/** What is deliberately broken, around the real code: what it gets from the outside, or what it gives. */
export interface Breakage {
  readonly fleet?: (fleet: Fleet, controller: Controller) => Fleet;
  readonly context?: (context: RunContext, controller: Controller) => RunContext;
}

/** `recover one`: of the last host only. */
export type Command = 'rollout' | 'recover' | 'recover one';

/** A run of sluice, from its start to its end or to the death of its controller. */
export interface Run {
  readonly controller: Controller;
  readonly command: Command;
  /** Undefined while it runs, and for ever when it was killed. */
  readonly result: () => RunResult | Error | undefined;
  readonly isOver: () => boolean;
  /** Ctrl-C, once more. */
  readonly signal: () => void;
}

export function begin(
  command: Command,
  controller: Controller,
  { scenario, breakage }: { readonly scenario: Scenario; readonly breakage: Breakage },
): Run {
  let result: RunResult | Error | undefined;
  const stops = [new AbortController(), new AbortController(), new AbortController()] as const;
  const context = contextOf(controller, stops, breakage);
  controller.world.tell(() => `-- ${controller.name} starts a ${command}`);
  const names = [...controller.world.hosts.keys()];
  const running =
    command === 'rollout'
      ? startRollout(scenario, context)
      : recoverHosts({ hosts: command === 'recover' ? names : names.slice(-1) }, context);
  const over = (how: RunResult | Error): void => {
    result = how;
    controller.end();
    controller.world.tell(() => `-- ${controller.name} ends: ${how instanceof Error ? how.message : how.end}`);
  };
  running.then(over, (error: unknown) => {
    over(error instanceof Error ? error : new Error(String(error)));
  });
  controller.world.timeline.woke();
  let signals = 0;
  return {
    ...{ controller, command },
    result: () => result,
    isOver: () => result !== undefined || !controller.isAlive,
    signal: () => {
      controller.world.timeline.woke();
      stops[signals++]?.abort(new Failure('interrupted', 'Stopped by SIGINT'));
    },
  };
}

function contextOf(
  controller: Controller,
  stops: readonly [AbortController, AbortController, AbortController],
  breakage: Breakage,
): RunContext {
  setMaxListeners(0, ...stops.map(({ signal }) => signal));
  const [beforeNext, forward, homeward] = stops;
  const fleet = new SimFleet(controller);
  const context: RunContext = {
    fleet: breakage.fleet?.(fleet, controller) ?? fleet,
    ...{ clock: controller.clock, report: controller.report, journal: controller.journal, forks: 10 },
    identity: { run: controller.run, by: controller.name },
    operator: new FakeOperator(),
    locking: { machine: controller.name, pid: controller.number, reason: 'rollout', waitMs: 0, takeOver: false },
    random: () => 0.5,
    stop: { beforeNext: beforeNext.signal, forward: forward.signal, homeward: homeward.signal },
  };
  return breakage.context?.(context, controller) ?? context;
}

async function startRollout(scenario: Scenario, context: RunContext): Promise<RunResult> {
  const options = { force: false, onPlanned: () => undefined, confirm: async () => true };
  return rollout([playOf(scenario)], options, context);
}

function playOf(scenario: Scenario): Play {
  const { world, play } = scenario;
  return {
    name: 'Front ends',
    hosts: world.hosts.map((host) => ({
      host: host.name,
      instances: host.containers.map(({ name, port }) => instanceOf(host, { name, port }, scenario)),
    })),
    serial: [{ hosts: play.serial }],
    maxFailPercentage: play.maxFailPercentage,
    policy: defaultPolicy,
  };
}

function instanceOf(
  host: HostSetting,
  { name, port }: { readonly name: string; readonly port: number },
  { play: { timeoutMs, onTimeout, readyWithinMs, soakMs }, world: { keep } }: Scenario,
): Instance {
  const balancer = { host: host.name, socket: SOCKET };
  return {
    ...{ host: host.name, container: name },
    servers: host.servers.filter((line) => line.name === name).map(({ backend }) => ({ balancer, backend, name })),
    spec: { image: `${IMAGE}:v2`, pullPolicy: 'always' },
    drain: { timeoutMs, onTimeout },
    ready: {
      probe: { kind: 'http', url: `http://127.0.0.1:${port}/health`, status: [200, 399] },
      ...{ withinMs: readyWithinMs, everyMs: 250 },
    },
    ...{ soakMs, keep, minUp: { servers: host.floor } },
  };
}
