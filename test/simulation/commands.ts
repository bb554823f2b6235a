/** What sluice's commands do, as its command line has them done: the real code, with what a scenario says. */
import type { ContainerSpec } from '../../src/rollout/container-spec.ts';
import type { DeclaredSlot, Instance, RunCommand } from '../../src/rollout/model.ts';
import type { Play } from '../../src/rollout/play.ts';
import { defaultPolicy } from '../../src/rollout/policy.ts';
import { resumptionOf } from '../../src/rollout/resumption.ts';
import { playsBack } from '../../src/rollout/rollback.ts';
import { replay } from '../../src/rollout/history.ts';
import { drainHosts } from '../../src/runner/maintenance/drain-hosts.ts';
import { holdOn } from '../../src/runner/maintenance/hold-on.ts';
import { recoverHosts } from '../../src/runner/recovery/recover-hosts.ts';
import { restoreHosts } from '../../src/runner/recovery/restore-hosts.ts';
import { restoreOverHosts } from '../../src/runner/recovery/restore-over.ts';
import { rollout } from '../../src/runner/rollout.ts';
import type { RunContext, RunResult } from '../../src/runner/run.ts';
import type { Act } from './acts.ts';
import type { Journalled } from './journals.ts';
import type { Scenario } from './scenario.ts';
import type { Controller } from './world/controller.ts';
import { IMAGE, inOtherSlot, portsOf, type ContainerSetting, type HostSetting } from './world/host.ts';
import { SOCKET } from './world/sim-fleet.ts';

const options = { force: false, onPlanned: () => undefined, confirm: async () => true };

export interface Asked {
  readonly act: Act;
  readonly scenario: Scenario;
  readonly controller: Controller;
  /** Of `rollback`: the run that is taken back. */
  readonly of: Journalled | undefined;
  readonly changePlay: (play: Play) => Play;
}

export async function carryOut(asked: Asked, context: RunContext): Promise<RunResult> {
  const { act, scenario, controller, changePlay } = asked;
  const hosts = hostsOf(act, scenario);
  switch (act.command) {
    case 'rollout':
      return rollout([changePlay(playOf(scenario))], options, context);
    case 'resume': {
      const history = replay(controller.earlier);
      if (!history) throw new Error('a journal without a beginning is not gone on with');
      return rollout([changePlay(playOf(scenario))], { ...options, resumption: resumptionOf(history, false) }, context);
    }
    case 'rollback':
      return rollBack(asked, context);
    case 'recover':
      return recoverHosts({ hosts }, context);
    case 'restore':
      return act.isExpired ? restoreOverHosts({ hosts }, context) : restoreHosts({ hosts, servers: [] }, context);
    case 'drain': {
      const { timeoutMs, onTimeout } = scenario.play;
      const servers = act.server === undefined ? [] : [act.server];
      const policy = { timeoutMs, onTimeout };
      const { forMs } = act;
      const drained = await drainHosts(
        {
          hosts,
          servers,
          place: { socket: SOCKET, container: undefined },
          balancers: undefined,
          policy,
          note: 'by hand',
          forMs,
          confirm: async () => true,
        },
        context,
      );
      const held = drained.hosts.filter(({ end }) => end === 'updated').map(({ host }) => host);
      return forMs === undefined || held.length === 0 ? drained : holdOn(held, forMs, context);
    }
  }
}

export function hostsOf({ host }: Act, { world }: Scenario): readonly string[] {
  const names = world.hosts.map(({ name }) => name);
  return host === undefined ? names : names.slice(host % names.length).slice(0, 1);
}

async function rollBack({ of }: Asked, context: RunContext): Promise<RunResult> {
  if (!of) throw new Error('there is no run to take back');
  const plays = playsBack(of.events, of.history, { isWanted: () => true, serial: undefined });
  const hosts = [...new Set(plays.flatMap((play) => play.hosts.map(({ host }) => host)))];
  context.report({ type: 'rollback-started', of: of.history.run, hosts });
  return rollout(plays, options, context);
}

function playOf(scenario: Scenario): Play {
  const { world, play } = scenario;
  return {
    name: 'Front ends',
    hosts: world.hosts.map((host) => ({
      host: host.name,
      instances: host.containers.map((one) => instanceOf(host, one, scenario)),
    })),
    serial: [{ hosts: world.atOnce?.window === undefined ? play.serial : 1 }],
    ...(world.atOnce && { atOnce: world.atOnce }),
    maxFailPercentage: play.maxFailPercentage,
    policy: world.policy ?? defaultPolicy,
  };
}

function instanceOf(
  host: HostSetting,
  { name, port, otherPort, restart, isNew = false }: ContainerSetting,
  {
    play: { timeoutMs, onTimeout, readyWithinMs, soakMs, strategy, command },
    world: { keep, monitor, ramp },
  }: Scenario,
): Instance {
  const balancer = { host: host.name, socket: SOCKET };
  const slotAt = (at: number, server: string): DeclaredSlot => ({
    name: server,
    servers: host.servers
      .filter((line) => line.name === server)
      .map(({ backend }) => ({ ...{ balancer, backend }, name: server })),
    spec: {
      ...{ image: `${IMAGE}:v2`, pullPolicy: 'always' },
      ...(isNew && createdAs(at, restart)),
      ...(otherPort !== undefined && { ports: portsOf(at) }),
    },
    ready: {
      probe: { kind: 'http', url: `http://127.0.0.1:${at}/health`, status: [200, 399] },
      ...{ withinMs: readyWithinMs, everyMs: 250 },
    },
  });
  const { servers, spec, ready } = slotAt(port, name);
  return {
    ...{ host: host.name, container: name },
    ...{ servers, spec, ready },
    ...(otherPort !== undefined && { slots: [slotAt(port, name), slotAt(otherPort, inOtherSlot(name))] }),
    ...{ strategy, drain: { timeoutMs, onTimeout } },
    ...(command && { run: runOf(command) }),
    ...{ soakMs, monitor, ramp, keep, minUp: { servers: host.floor } },
  };
}

/** In the container, or on the host where it takes its time. */
function runOf(command: readonly string[]): RunCommand {
  const where = command[0] === 'sleep' ? 'host' : 'container';
  return { name: 'a command', where, timeoutMs: 2_000, spec: { command } };
}

function createdAs(port: number, restart: string): Pick<ContainerSpec, 'ports' | 'restart'> {
  return { ports: portsOf(port), restart: { name: restart, maximumRetryCount: 0 } };
}
