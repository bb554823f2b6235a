/** What sluice's commands do, as its command line has them done: the real code, with what a scenario says. */
import type { BalancerConfig } from '../../src/rollout/balancer-config.ts';
import type { ContainerSpec } from '../../src/rollout/container-spec.ts';
import {
  TO_BE_FOUND,
  type DeclaredSlot,
  type FrontTier,
  type Instance,
  type RunCommand,
  type Server,
} from '../../src/rollout/model.ts';
import type { Play } from '../../src/rollout/play.ts';
import { defaultPolicy } from '../../src/rollout/policy.ts';
import { isGoingBack } from '../../src/rollout/going-back.ts';
import { resumptionOf } from '../../src/rollout/resumption.ts';
import { playsBack } from '../../src/rollout/rollback.ts';
import { drainHosts } from '../../src/runner/maintenance/drain-hosts.ts';
import { holdOn } from '../../src/runner/maintenance/hold-on.ts';
import { maintainHosts } from '../../src/runner/maintenance/maintain-hosts.ts';
import type { MaintainRequest } from '../../src/runner/maintenance/maintain-plan.ts';
import type { Fronts } from '../../src/runner/preflight/in-front.ts';
import { recoverHosts } from '../../src/runner/recovery/recover-hosts.ts';
import { restoreHosts } from '../../src/runner/recovery/restore-hosts.ts';
import { retireHosts } from '../../src/runner/recovery/retire-hosts.ts';
import { switchBackHosts } from '../../src/runner/recovery/switch-back-hosts.ts';
import { restoreOverHosts } from '../../src/runner/recovery/restore-over.ts';
import { goOnBack } from '../../src/runner/going-back.ts';
import { rollout } from '../../src/runner/rollout.ts';
import { pushConfigs, type PushRequest } from '../../src/runner/haproxy/push-configs.ts';
import type { RunContext, RunResult } from '../../src/runner/run.ts';
import type { Act } from './acts.ts';
import type { Journalled } from './journals.ts';
import type { Scenario } from './scenario.ts';
import { textOf, type SimConfig } from './world/config-file.ts';
import type { Controller } from './world/controller.ts';
import { inOtherSlot, ofHost, ofWhole } from './world/fronts.ts';
import { IMAGE, NOWHERE, portsOf, REBOOT, type ContainerSetting, type HostSetting } from './world/host.ts';
import { simPush } from './world/sim-config.ts';
import { SOCKET } from './world/sim-fleet.ts';
import type { ServerLine } from './world/worker.ts';

const unforced = { force: false, onPlanned: () => undefined, confirm: async () => true };

/** What a push has of one HAProxy. */
export type Pushing = ReturnType<PushRequest['reach']>;

export interface Asked {
  readonly act: Act;
  readonly scenario: Scenario;
  readonly controller: Controller;
  /** Of `rollback` and `resume`: the run that is taken back, or gone on with. */
  readonly of: Journalled | undefined;
  readonly changePlay: (play: Play) => Play;
  readonly changePush: (access: Pushing) => Pushing;
  /** What is played after it. */
  readonly further: (play: Play) => readonly Play[];
}

export async function carryOut(asked: Asked, context: RunContext): Promise<RunResult> {
  const { act, scenario, changePlay } = asked;
  const hosts = hostsOf(act, scenario);
  const options = { ...unforced, force: act.isForced === true };
  const forget = act.forget === undefined ? {} : { forget: [act.forget] };
  switch (act.command) {
    case 'rollout':
      return rollout([changePlay(playOf(scenario)), ...asked.further(playOf(scenario))], options, context);
    case 'resume': {
      const { of } = asked;
      if (!of) throw new Error('there is no run to go on with');
      if (isGoingBack(of.history)) return rollBack(asked, context, true);
      const resumption = resumptionOf(of.history, false);
      return rollout([changePlay(playOf(scenario))], { ...options, resumption }, context);
    }
    case 'rollback':
      return rollBack(asked, context);
    case 'recover':
      return recoverHosts({ hosts, ...forget }, context);
    case 'switch-back':
      return switchBackHosts({ hosts }, context);
    case 'retire':
      return retireHosts({ hosts }, context);
    case 'restore':
      return act.isExpired
        ? restoreOverHosts({ hosts }, context)
        : restoreHosts({ hosts, servers: [], ...forget }, context);
    case 'haproxy push':
      return pushConfigs(pushOf(asked), context);
    case 'maintain':
      return maintainHosts(maintenanceOf(asked), context);
    case 'drain': {
      const { timeoutMs, onTimeout } = scenario.play;
      const { balancers } = scenario.world;
      const named = (server: string): string => (balancers ? ofHost(hosts[0] ?? '', server) : server);
      const servers = act.server === undefined ? [] : [named(act.server)];
      const policy = { timeoutMs, onTimeout };
      const { forMs } = act;
      const drained = await drainHosts(
        {
          hosts,
          servers,
          ...frontsIn(scenario, act.server),
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

/** As `--balancer-hosts` says. The server of one container is nothing that a tier in front knows. */
function frontsIn({ world: { balancers, front } }: Scenario, server?: string): Fronts {
  const all = server === undefined ? (front ?? balancers) : balancers;
  return { place: { socket: SOCKET, container: undefined }, balancers: all?.map(({ name }) => name) };
}

function pushOf({ act, scenario: { world, play }, controller, changePush }: Asked): PushRequest {
  const { balancers, front, hosts } = world;
  const all = hosts.map(({ name }) => name);
  const central = front ?? balancers;
  const text = (servers: readonly ServerLine[]): string => textOf(configOf(servers, act.config ?? 'commented'));
  const configs = (central ?? hosts).map(({ name, servers }): BalancerConfig => ({
    ...{ balancer: { host: name, socket: SOCKET }, path: '/etc/haproxy/haproxy.cfg', reload: undefined },
    ...{ text: text(servers), behind: central ? all : [name], serial: [{ hosts: play.serial }] },
  }));
  return {
    ...{ configs, serial: undefined, onPlanned: () => undefined, confirm: async () => true },
    reach: ({ balancer }) => changePush(simPush(controller, controller.world.host(balancer.host))),
  };
}

/** What is pushed where these are the servers in the beginning. */
function configOf(servers: readonly ServerLine[], kind: NonNullable<Act['config']>): SimConfig {
  const [first, ...others] = servers;
  switch (kind) {
    case 'reweighted':
      return { lines: servers.map((line) => ({ ...line, weight: line.weight + 5 })), comment: kind };
    case 'more':
      return { lines: [...servers, ...servers.slice(0, 1).map((line) => ({ ...line, name: 'more', port: 9001 }))] };
    case 'down':
      return { lines: first ? [{ ...first, port: NOWHERE }, ...others] : [] };
    case 'refused':
    case 'unstartable':
      return { lines: servers, flaw: kind };
    case 'stateful':
      return { lines: servers, isStateful: true };
    case 'commented':
      return { lines: servers, comment: kind };
  }
}

/** Longer than a command of a story takes that is to end well, and less than the others. */
const COMMAND_WITHIN_MS = 5_000;

function maintenanceOf({ act, scenario }: Asked): MaintainRequest {
  const { world, play } = scenario;
  const { line, isRebooting = false, containers = 'keep' } = act;
  return {
    ...{ hosts: hostsOf(act, scenario), ...frontsIn(scenario), serial: [{ hosts: play.serial }], needsRoot: false },
    work: { command: line, reboot: isRebooting ? REBOOT : undefined, containers },
    policy: { timeoutMs: play.timeoutMs, onTimeout: play.onTimeout },
    ...{ minUp: { servers: (world.front ?? world.balancers)?.[0]?.floor ?? 0 }, commandWithinMs: COMMAND_WITHIN_MS },
    ...{ backWithinMs: 30_000, onFailure: world.policy?.onFailure === 'continue' ? 'continue' : 'stop' },
    ...{ onPlanned: () => undefined, confirm: async () => true },
  };
}

export function hostsOf({ host }: Act, { world }: Scenario): readonly string[] {
  const names = world.hosts.map(({ name }) => name);
  return host === undefined ? names : names.slice(host % names.length).slice(0, 1);
}

async function rollBack({ of }: Asked, context: RunContext, isOwn = false): Promise<RunResult> {
  if (!of) throw new Error('there is no run to take back');
  const plays = playsBack(of.events, of.history, { isWanted: () => true, serial: undefined });
  const hosts = [...new Set(plays.flatMap((play) => play.hosts.map(({ host }) => host)))];
  context.report({ type: 'rollback-started', of: of.history.run, hosts, ...(isOwn && { isWhole: true }) });
  return (isOwn ? goOnBack : rollout)(plays, unforced, context);
}

function playOf(scenario: Scenario): Play {
  const { world, play } = scenario;
  return {
    name: 'Front ends',
    hosts: world.hosts.map((host) => ({
      host: host.name,
      instances: host.containers.map((one) => instanceOf(host, one, scenario)),
      ...(world.front && { front: frontTierOf(host, world.front, play) }),
    })),
    serial: [{ hosts: world.atOnce?.window === undefined ? play.serial : 1 }],
    ...(world.atOnce && { atOnce: world.atOnce }),
    maxFailPercentage: play.maxFailPercentage,
    policy: world.policy ?? defaultPolicy,
  };
}

function frontTierOf(
  { name }: HostSetting,
  front: readonly HostSetting[],
  { timeoutMs, onTimeout, isDiscovering = false }: Scenario['play'],
): FrontTier {
  return {
    ...{ servers: serversIn(front, ofWhole(name), isDiscovering), drain: { timeoutMs, onTimeout } },
    minUp: { servers: front[0]?.floor ?? 0 },
  };
}

function instanceOf(
  host: HostSetting,
  { name, port, otherPort, restart, isNew = false }: ContainerSetting,
  {
    play: { timeoutMs, onTimeout, readyWithinMs, soakMs, strategy, switching, command, isDiscovering = false },
    world: { keep, monitor, ramp, balancers },
  }: Scenario,
): Instance {
  const slotAt = (at: number, server: string): DeclaredSlot => ({
    name: server,
    servers: serversIn(balancers ?? [host], balancers ? ofHost(host.name, server) : server, isDiscovering),
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
    ...(switching && { switching }),
    ...(command && { run: runOf(command) }),
    ...{ soakMs, monitor, ramp, keep, minUp: { servers: (balancers?.[0] ?? host).floor } },
  };
}

/** `isDiscovering`: their names are for sluice to find. */
function serversIn(balancers: readonly HostSetting[], name: string, isDiscovering: boolean): readonly Server[] {
  return balancers.flatMap(({ name: host, servers }) =>
    servers
      .filter((line) => line.name === name)
      .map(({ backend }) => ({
        ...{ balancer: { host, socket: SOCKET }, backend },
        name: isDiscovering ? TO_BE_FOUND : name,
      })),
  );
}

/** In the container, or on the host where it takes its time. */
function runOf(command: readonly string[]): RunCommand {
  const where = command[0] === 'sleep' ? 'host' : 'container';
  return { name: 'a command', where, timeoutMs: 2_000, spec: { command } };
}

function createdAs(port: number, restart: string): Pick<ContainerSpec, 'ports' | 'restart'> {
  return { ports: portsOf(port), restart: { name: restart, maximumRetryCount: 0 } };
}
