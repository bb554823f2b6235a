/** What it takes to go back to what a run has found: pure, from what the run had planned and how it ended. */
import type { RunEvent, Subject } from './events.ts';
import { wholeAgain, wholeFront } from './left-out.ts';
import { keepsContainer, type Instance } from './model.ts';
import type { HostPlan, InstancePlan, PlayPlan } from './plan.ts';
import type { HostPlay, Play } from './play.ts';
import { defaultPolicy } from './policy.ts';
import { instancesIn, type InstanceHistory, type RunHistory } from './run-history.ts';
import type { BatchSize, Serial } from './serial.ts';

/** An instance as a run had planned it. A journal leaves `spec` out. */
export type PlannedInstance = Pick<InstancePlan, 'from'> & { readonly instance: Omit<Instance, 'spec'> };

export interface PlannedHost extends Pick<HostPlan, 'host' | 'front'> {
  readonly instances: readonly PlannedInstance[];
}

/** A play as a run had planned it. */
export interface PlannedPlay extends Pick<PlayPlan, 'name' | 'back' | 'atOnce'> {
  /** Undefined: as unless said. */
  readonly policy?: PlayPlan['policy'];
  readonly batches: readonly {
    readonly group?: string | undefined;
    readonly hosts: readonly PlannedHost[];
  }[];
}

export interface RollbackChoice {
  /** The run to take back. */
  readonly run: string;
  /** Whether the run took this instance to its new version, and it is to be taken back. */
  readonly isTaken: (instance: { readonly host: string; readonly container: string }) => boolean;
  /** Undefined: batches as large as the run's own. */
  readonly serial: Serial | undefined;
}

/**
 * The plays that take back what a run has done: its plays, hosts and instances in reverse order. What several plays
 * have changed in turn is taken back once, to what the run found first. The first failed host ends it, unless the play
 * says otherwise of its way back.
 */
export function rollbackPlays(plays: readonly PlannedPlay[], choice: RollbackChoice): readonly Play[] {
  const first = firstFound(plays);
  const done = new Set<string>();
  return plays.toReversed().flatMap((play): Play[] => {
    const hosts = play.batches
      .flatMap(({ group, hosts: its }) => its.map((host) => ({ ...host, group })))
      .toReversed()
      .map(({ host, instances, front, group }): HostPlay => {
        const taken = instances
          .toReversed()
          .filter(({ instance }) => !keepsContainer(instance) && choice.isTaken(instance) && isNew(instance, done));
        const back = taken.map(({ instance }) => revertOf(instance, first, choice.run));
        return { host, instances: back, ...(front && { front }), ...(group !== undefined && { group }) };
      })
      .filter(({ instances }) => instances.length > 0);
    if (hosts.length === 0) return [];
    return [{ name: `${play.name}, back`, hosts, ...paceBack(play, choice) }];
  });
}

function paceBack(play: PlannedPlay, choice: RollbackChoice): Omit<Play, 'name' | 'hosts'> {
  const { back } = play;
  const { unreachableBalancer = defaultPolicy.unreachableBalancer } = play.policy ?? {};
  const ownPolicy = { ...defaultPolicy, unreachableBalancer };
  const said = choice.serial ?? back?.serial;
  const serial = said ?? serialOf(play);
  const { atOnce: own } = play;
  // A window is its own way to say how many hosts.
  const atOnce = own && { atOnce: { ...own, window: said ? undefined : own.window } };
  if (!back) return { serial, ...atOnce, maxFailPercentage: 0, policy: ownPolicy };
  const { pauseMs: pause, onFailure, maxFailures } = back;
  const maxFailPercentage = maxFailures === undefined ? 0 : undefined;
  return { serial, ...atOnce, maxFailPercentage, policy: { ...ownPolicy, pause, onFailure, maxFailures } };
}

/**
 * The plays that take back what a run has done, by what its journal tells: `events`, and what they have come to.
 * `isWanted`: whether an instance is to be taken back, if the run has changed it.
 */
export function playsBack(
  events: readonly RunEvent[],
  history: RunHistory,
  { isWanted, serial }: Pick<RollbackChoice, 'serial'> & { readonly isWanted: (subject: Subject) => boolean },
): readonly Play[] {
  const taken = new Set(
    instancesIn(history)
      .filter((one) => mayBeChanged(one) && isWanted(one.subject))
      .map(({ subject: { host, name: container } }) => keyOf({ host, container })),
  );
  // What the run has taken back itself does not count: where that has failed, what it had made is there still.
  const planned = events.flatMap((event) =>
    event.type === 'planned' && !isBack(event.plan) ? [withAll(event.plan)] : [],
  );
  return rollbackPlays(planned, { run: history.run, isTaken: (instance) => taken.has(keyOf(instance)), serial });
}

/** Whom the run went without may answer by now: what is taken back is so there, too, and without it while it does not. */
function withAll(plan: PlayPlan): PlannedPlay {
  return {
    ...plan,
    batches: plan.batches.map((batch) => ({
      ...batch,
      hosts: batch.hosts.map(({ front, ...host }) => ({
        ...host,
        instances: host.instances.map((one) => ({ ...one, instance: wholeAgain(one.instance) })),
        ...(front && { front: wholeFront(front) }),
      })),
    })),
  };
}

function isBack(plan: PlannedPlay): boolean {
  return instancesOf(plan).some(({ instance }) => instance.revert !== undefined);
}

/**
 * Updated, or left in work while it was being replaced: then the archive on the host knows what it came to, and an undo
 * record that is still there makes the pre-flight ask for `sluice recover` first.
 */
export function mayBeChanged({ state, steps }: InstanceHistory): boolean {
  if (state === 'updated') return true;
  return (state === 'inWork' || state === 'outOfService') && steps.some(({ step }) => step === 'check');
}

/** What the run has found of each instance, before any of its plays. */
function firstFound(plays: readonly PlannedPlay[]): ReadonlyMap<string, InstancePlan['from']> {
  const found = new Map<string, InstancePlan['from']>();
  for (const { instance, from } of plays.flatMap(instancesOf)) {
    if (!found.has(keyOf(instance))) found.set(keyOf(instance), from);
  }
  return found;
}

function instancesOf({ batches }: PlannedPlay): readonly PlannedInstance[] {
  return batches.flatMap(({ hosts }) => hosts.flatMap(({ instances }) => instances));
}

function isNew(instance: Pick<Instance, 'host' | 'container'>, done: Set<string>): boolean {
  const isKnown = done.has(keyOf(instance));
  done.add(keyOf(instance));
  return !isKnown;
}

function revertOf(
  instance: Omit<Instance, 'spec'>,
  first: ReadonlyMap<string, InstancePlan['from']>,
  run: string,
): Instance {
  const from = first.get(keyOf(instance));
  const spec = { image: from?.reference ?? 'nothing', pullPolicy: 'never' } as const;
  return { ...instance, leaving: undefined, hooks: undefined, spec, revert: { run, toNothing: from === undefined } };
}

/** Hosts in groups stay in them, whichever batch is the first of one on the way back. */
function serialOf({ batches }: PlannedPlay): Serial {
  if (batches.some(({ group }) => group !== undefined)) {
    return [{ hosts: Math.max(...batches.map(({ hosts }) => hosts.length)) }];
  }
  const [first = { hosts: 1 }, ...others] = batches.map(({ hosts }): BatchSize => ({ hosts: hosts.length }));
  return [first, ...others];
}

function keyOf({ host, container }: Pick<Instance, 'host' | 'container'>): string {
  return `${host} ${container}`;
}
