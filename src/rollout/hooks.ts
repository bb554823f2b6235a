/** What a playbook has done before and after things, commands and gates: where that may be, what commands are told. */

import type { AskedFrom, Metric } from './metric.ts';
import type { HostEnd } from './verdict.ts';

/** Once for the run, which is for each of its plays. */
export const runPoints = ['before_run', 'after_run', 'on_failure'] as const;
export const batchPoints = ['before_batch', 'after_batch'] as const;
export const hostPoints = ['before_host', 'after_host'] as const;
/** `before_traffic`: the new container is ready, and has no request yet. */
export const instancePoints = ['before_instance', 'before_traffic', 'after_instance'] as const;

export type RunPoint = (typeof runPoints)[number];
export type BatchPoint = (typeof batchPoints)[number];
export type HostPoint = (typeof hostPoints)[number];
export type InstancePoint = (typeof instancePoints)[number];
export type HookPoint = RunPoint | BatchPoint | HostPoint | InstancePoint;

export type HookPlace = 'controller' | 'host' | 'old_container' | 'new_container';

interface AnyHook {
  readonly name: string;
  readonly timeoutMs: number;
  /** `ignore`: that it has failed is told, and nothing comes of it. */
  readonly onFailure: 'fail' | 'ignore';
}

export interface CommandHook extends AnyHook {
  readonly where: HookPlace;
  /** Nobody is told its command, nor what it says. */
  readonly noLog: boolean;
  /** May hold secrets: like everything of that name it is in no event. */
  readonly spec: { readonly command: readonly string[]; readonly env: Readonly<Record<string, string>> };
  readonly gate?: undefined;
}

/** Instead of running a command it waits until a number is right, and has been so for a time. */
export interface GateHook extends AnyHook {
  readonly where: AskedFrom;
  readonly spec?: undefined;
  readonly gate: Metric & { readonly forMs: number };
}

export type Hook = CommandHook | GateHook;

export type Hooks<Point extends HookPoint> = Readonly<Partial<Record<Point, readonly Hook[]>>>;

/** Those that are not about a host or an instance of it. */
export type PlayHooks = Hooks<RunPoint | BatchPoint>;

/** Which hook, and what it is about. */
export interface HookSubject {
  readonly name: string;
  readonly point: HookPoint;
  readonly where: HookPlace;
  readonly play: string;
  readonly batch?: number;
  /** The host that it runs on, or that it is about. */
  readonly host?: string;
  readonly container?: string;
}

/** Where a hook of each point may run. There is an old container before an instance begins, and a new one afterwards. */
export const placesAt: Readonly<Record<HookPoint, readonly HookPlace[]>> = {
  before_run: ['controller', 'host'],
  after_run: ['controller', 'host'],
  on_failure: ['controller', 'host'],
  before_batch: ['controller', 'host'],
  after_batch: ['controller', 'host'],
  before_host: ['controller', 'host'],
  after_host: ['controller', 'host'],
  before_instance: ['controller', 'host', 'old_container'],
  before_traffic: ['controller', 'host', 'old_container', 'new_container'],
  after_instance: ['controller', 'host', 'new_container'],
};

/** Something that hooks are run before or after. */
export interface Occasion {
  readonly run: string;
  readonly by: string;
  readonly play: string;
  readonly hosts: readonly string[];
  readonly batch?: { readonly number: number; readonly of: number } | undefined;
  readonly host?: string | undefined;
  readonly container?: string | undefined;
  readonly slot?: string | undefined;
  /** Undefined: there is none. */
  readonly images?: { readonly old: string | undefined; readonly new: string | undefined } | undefined;
  /** What it came to, and why. */
  readonly result?: string | undefined;
  readonly reason?: string | undefined;
}

interface Variable {
  readonly meaning: string;
  /** Undefined where the occasion has none: then it is not set. */
  readonly of: (occasion: Occasion, hook: HookSubject) => string | undefined;
}

/** What a hook finds in its environment. docs/hooks.md has the same table. */
export const hookVariables = {
  SLUICE_RUN: { meaning: 'id of the run', of: ({ run }) => run },
  SLUICE_BY: { meaning: 'who started it: `user@machine`', of: ({ by }) => by },
  SLUICE_HOOK: { meaning: 'name of the hook', of: (_, { name }) => name },
  SLUICE_POINT: { meaning: 'where it stands: `before_run` and so on', of: (_, { point }) => point },
  SLUICE_PLAY: { meaning: 'name of the play', of: ({ play }) => play },
  SLUICE_HOSTS: {
    meaning: 'hosts of the batch, or else of the play, separated by spaces',
    of: ({ hosts }) => hosts.join(' '),
  },
  SLUICE_BATCH: { meaning: 'number of the batch, from 1', of: ({ batch }) => batch && String(batch.number) },
  SLUICE_BATCHES: { meaning: 'how many batches the play has', of: ({ batch }) => batch && String(batch.of) },
  SLUICE_HOST: { meaning: 'the host that it is about, or that it runs on', of: (_, { host }) => host },
  SLUICE_CONTAINER: { meaning: 'name of the container', of: ({ container }) => container },
  SLUICE_SLOT: { meaning: 'with `start-first` the slot that the new container takes', of: ({ slot }) => slot },
  SLUICE_IMAGE_OLD: {
    meaning: 'image of the old container; empty when there is none',
    of: ({ images }) => images && (images.old ?? ''),
  },
  SLUICE_IMAGE_NEW: {
    meaning: 'image of the new container; empty when there is none',
    of: ({ images }) => images && (images.new ?? ''),
  },
  SLUICE_RESULT: { meaning: 'what it came to, see below', of: ({ result }) => result },
  SLUICE_REASON: { meaning: 'why, on one line; empty when all went well', of: ({ reason }) => reason },
} as const satisfies Readonly<Record<string, Variable>>;

/** The environment of a hook, its own `env` included. */
export function hookEnvironment(
  hook: CommandHook,
  subject: HookSubject,
  occasion: Occasion,
): Readonly<Record<string, string>> {
  const told = Object.entries<Variable>(hookVariables).flatMap(([name, { of }]) => {
    const value = of(occasion, subject);
    return value === undefined ? [] : [[name, value.replaceAll(/\s*\n\s*/g, '; ')] as const];
  });
  return { ...hook.spec.env, ...Object.fromEntries(told) };
}

/** All hooks of these points, in the order in which they come. */
export function hooksIn<Point extends HookPoint>(
  hooks: Hooks<Point> | undefined,
  points: readonly Point[],
): readonly { readonly point: Point; readonly hook: Hook }[] {
  return points.flatMap((point) => (hooks?.[point] ?? []).map((hook) => ({ point, hook })));
}

/** Whatever hooks there are in plays, wherever they stand. */
export function hooksOfPlays(
  plays: readonly {
    readonly hooks?: PlayHooks | undefined;
    readonly hosts: readonly {
      readonly hooks?: Hooks<HostPoint> | undefined;
      readonly instances: readonly {
        readonly hooks?: Hooks<InstancePoint> | undefined;
        readonly slots?: readonly { readonly hooks?: Hooks<InstancePoint> | undefined }[] | undefined;
      }[];
    }[];
  }[],
): readonly Hook[] {
  const all = plays.flatMap(({ hooks, hosts }) => [
    hooks,
    ...hosts.flatMap((host) => [
      host.hooks,
      ...host.instances.flatMap((one) => [one.hooks, ...(one.slots ?? []).map((slot) => slot.hooks)]),
    ]),
  ]);
  return all.flatMap((hooks) => Object.values<readonly Hook[] | undefined>(hooks ?? {}).flatMap((list) => list ?? []));
}

/** What tells the hooks that run once apart: their names are unique where they stand. */
export function runHookKey({ play, point, name }: Pick<HookSubject, 'play' | 'point' | 'name'>): string {
  return JSON.stringify([play, point, name]);
}

/** What tells the others apart, in one play of a run. */
export function hookKey({ play, point, name, batch, host, container }: HookSubject): string {
  return JSON.stringify([play, point, name, batch, host, container]);
}

/** The hook in words: `hook warm-up (before_traffic) of pxApp_1 on fe1`. */
export function hookName({ name, point, host, container }: HookSubject): string {
  const of = container === undefined ? '' : ` of ${container}`;
  return `hook ${name} (${point})${of}${host === undefined ? '' : ` on ${host}`}`;
}

/** Worst first: what several hosts have come to together. */
const worstFirst = [
  'outOfService',
  'failed',
  'interrupted',
  'notReached',
  'rolledBack',
  'unreachable',
  'updated',
] as const;

export function worstOf(ends: readonly HostEnd[]): HostEnd {
  return worstFirst.find((end) => ends.includes(end)) ?? 'nothingToDo';
}
