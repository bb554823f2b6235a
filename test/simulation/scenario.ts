import type { OnTimeout, Strategy, Switching } from '../../src/rollout/model.ts';
import type { Act } from './acts.ts';
import { CALL_FAULTS, HOST_FAULTS, type CallFault, type Fault, type TimedFault } from './faults.ts';
import { leisurely, type Pace } from './pace.ts';
import { Random } from './random.ts';
import type { Behaviour } from './world/engine.ts';
import type { HostSetting } from './world/host.ts';
import type { ServerLine } from './world/worker.ts';
import type { WorldSetting } from './world/world.ts';

/** What the playbook says, apart from which hosts and images. */
export interface PlaySetting {
  readonly serial: number;
  readonly maxFailPercentage: number;
  readonly timeoutMs: number;
  readonly onTimeout: OnTimeout;
  readonly readyWithinMs: number;
  readonly soakMs: number | undefined;
  /** Undefined: by whether there are slots. */
  readonly strategy?: Strategy;
  /** With the strategy `blue-green`. */
  readonly switching?: Switching;
  /** The command of the strategy `run`, as simulated commands are. */
  readonly command?: readonly string[];
  /** `server: discover` */
  readonly isDiscovering?: boolean;
}

/** Everything that a seed decides. Plain data: a finding can be kept as one. */
export interface Scenario {
  readonly seed: number;
  readonly world: WorldSetting;
  readonly play: PlaySetting;
  /** Who asks for what, the first of all at the beginning; a last recover, which nothing hinders, comes after them. */
  readonly acts: readonly Act[];
  readonly faults: readonly Fault[];
}

/** A rollout, perhaps a second run beside it, and those who come to the rescue. */
export function rolloutOf(seed: number, pace: Pace = leisurely): Scenario {
  const random = new Random(seed, 'scenario');
  const world = worldOf(seed, random, pace);
  const rescues = random.pick([0, 0, 1, 1, 2]);
  const play = playOf(random, pace);
  const { faults, beside } = faultsOf(world, rescues, { random: new Random(seed, 'faults'), pace });
  return { seed, world, play, faults, acts: [{ command: 'rollout', by: 0 }, ...beside, ...rescuesOf(rescues)] };
}

/** So many come to the rescue before the last one. */
export function rescuesOf(rescues: number): Act[] {
  return Array.from({ length: rescues }, (_, index) => ({
    command: 'recover',
    by: 10 * (index + 1),
    isCalm: true,
  }));
}

function worldOf(seed: number, random: Random, pace: Pace): WorldSetting {
  const hosts = Array.from({ length: random.pick([1, 1, 1, 2, 2, 3]) }, (_, index) => hostOf(index, random, pace));
  return {
    seed,
    hosts,
    next: nextOf(random, pace),
    startsMs: random.pick([100, 300, 700]),
    keep: random.pick([0, 0, 0, 1]),
  };
}

function hostOf(index: number, random: Random, { longRequestMs, checkEveryMs }: Pace): HostSetting {
  const count = random.pick([1, 2, 2, 3]);
  const restart = random.pick(['always', 'always', 'unless-stopped', 'no']);
  const names = Array.from({ length: count }, (_, number) => `pxApp_${number + 1}`);
  const hasOther = count === 1 || random.chance(0.3);
  const lines = (backend: string): ServerLine[] => [
    ...names.map((name, number) => ({ backend, name, port: 8081 + number, weight: 10 * (number + 1) })),
    ...(hasOther ? [{ backend, name: 'other', port: 9000, weight: 1 }] : []),
  ];
  const servers = ['pxapp_cluster', ...(random.chance(0.25) ? ['admin'] : [])].flatMap(lines);
  return {
    name: `fe${index + 1}`,
    containers: names.map((name, number) => ({ name, port: 8081 + number, restart })),
    servers,
    weights: random.chance(0.4) ? { [`pxapp_cluster/${names[0] ?? ''}`]: random.between(1, 200) } : {},
    checking: { interMs: random.pick(checkEveryMs), rise: random.pick([1, 2, 2]), fall: random.pick([2, 3]) },
    // As many as there can be while one is away, or one.
    floor: random.chance(0.4) ? Math.max(1, lines('').length - 1) : 1,
    requestEveryMs: random.pick([40, 80, 160]),
    longRequestMs,
  };
}

/** How the image that is rolled out behaves: well, in half of all worlds. */
function nextOf(random: Random, pace: Pace): Behaviour {
  const answersAfterMs = random.pick(pace.answersAfterMs);
  const kind = random.below(10);
  if (kind === 0) return { answersAfterMs, neverAnswers: true };
  if (kind === 1) return { answersAfterMs, exitsAfterMs: random.between(20, 4_000) };
  if (kind === 2) return { answersAfterMs, unhealthyAfterMs: random.between(800, 4_000) };
  return { answersAfterMs };
}

function playOf(random: Random, pace: Pace): PlaySetting {
  return {
    serial: random.pick([1, 1, 2]),
    maxFailPercentage: random.pick([0, 0, 50]),
    timeoutMs: random.pick(pace.drainTimeoutMs),
    onTimeout: random.pick(['fail', 'fail', 'fail', 'continue', 'shutdown_sessions']),
    readyWithinMs: random.pick([2_000, 5_000]),
    soakMs: random.pick([undefined, ...pace.soakMs]),
  };
}

/** How much there is to do, and how long that takes, about. */
interface Size {
  readonly instances: number;
  readonly withinMs: number;
}

function faultsOf(
  { hosts }: WorldSetting,
  rescues: number,
  { random, pace }: { readonly random: Random; readonly pace: Pace },
): { readonly faults: Fault[]; readonly beside: Act[] } {
  const instances = hosts.reduce((sum, { containers }) => sum + containers.length, 0);
  const size = { instances, withinMs: pace.instanceMs * instances };
  const faults: Fault[] = [];
  const beside: Act[] = [];
  for (let left = random.pick([0, 1, 1, 2, 2, 3, 4]); left > 0; left -= 1) {
    faults.push(random.chance(0.5) ? callFault(0, instances, random) : hostFault(hosts, size, random));
  }
  if (random.chance(0.55)) faults.push(killOf(0, size, random));
  if (random.chance(0.1)) faults.push(...signals(size, random));
  if (random.chance(0.05)) faults.push(timed('journal', random.below(size.withinMs), 0));
  if (random.chance(0.15)) beside.push(besideOf(random.below(size.withinMs), random.below(3)));
  if (random.chance(0.05)) {
    const ms = random.between(500, 20_000);
    faults.push({ ...timed('freeze', random.below(size.withinMs), 0), ms });
  }
  for (let by = 1; by <= rescues; by += 1) {
    if (random.chance(0.6)) faults.push(killOf(by * 10, size, random));
    if (random.chance(0.5)) faults.push(callFault(by * 10, instances, random));
  }
  return { faults, beside };
}

/** A second run: a rollout, or a recover of the last host. */
function besideOf(atMs: number, kind: number): Act {
  return kind === 0 ? { command: 'rollout', by: 1, atMs } : { command: 'recover', by: 1, atMs, host: -1 };
}

export function callFault(by: number, instances: number, random: Random): CallFault {
  const on = random.chance(0.7) ? 'change' : 'call';
  const nth = random.below((on === 'change' ? 14 : 100) * instances);
  return { kind: 'call', by, on, nth, how: random.pick(CALL_FAULTS), ms: random.between(5, 200) };
}

export function killOf(by: number, { instances, withinMs }: Size, random: Random): Fault {
  if (by === 0 && random.chance(0.3)) return timed('kill', random.below(withinMs), 0);
  const how = random.pick(['killBefore', 'killAfter'] as const);
  return { ...callFault(by, by === 0 ? instances : 1, random), how };
}

function signals({ withinMs }: Size, random: Random): TimedFault[] {
  const first = random.below(withinMs);
  return Array.from({ length: random.pick([1, 1, 2, 3]) }, (_, index) => timed('signal', first + index * 400, 0));
}

function hostFault(hosts: readonly HostSetting[], { withinMs }: Size, random: Random): TimedFault {
  return {
    ...timed(random.pick(HOST_FAULTS), random.below(withinMs), random.below(hosts.length)),
    ...{ which: random.below(4), ms: random.pick([100, 1_000, 3_000, 20_000]) },
  };
}

export function timed(kind: TimedFault['kind'], atMs: number, host: number): TimedFault {
  return { kind, atMs, host, which: 0, ms: 0 };
}
