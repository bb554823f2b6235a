/** What a run that is gone on with has done already, and what of it is still to be done. */
import { isForCompany } from './company.ts';
import { hookKey, runHookKey, type HookSubject } from './hooks.ts';
import type { EndState } from './lifecycle.ts';
import { onlyOf, type Instance } from './model.ts';
import type { InstancePlan, PlayPlan, WantedImage } from './plan.ts';
import { instancesIn, type HookHistory, type InstanceHistory, type RunHistory } from './run-history.ts';

/** Instances by `host container`. */
type Names = ReadonlySet<string>;

/** What a run's journal says of its first part. */
export interface Resumption {
  readonly updated: Names;
  /** Put back as they were; tried again, or left alone. */
  readonly failed: Names;
  /** Begun, and not brought to an end, or left out of service. */
  readonly inWork: Names;
  readonly notReached: Names;
  /** The digests that its plan has settled on, by `host reference`: what a tag means by now is of no account. */
  readonly digests: ReadonlyMap<string, string>;
  /** The hooks that run once, by `runHookKey`. */
  readonly hooks: {
    /** They have ended well, or as well as is asked for. */
    readonly ended: Names;
    /** The run died, or their connection was lost, while they were running: they may still be. */
    readonly unknown: readonly HookSubject[];
    /** The plays of which any was begun. */
    readonly begun: Names;
    /** Those before and after what has not ended, which have ended well themselves, by `hookKey`. */
    readonly done: Names;
  };
  /** Batches and hosts that were begun and have not ended, by their keys: hooks after them are still to come. */
  readonly open: Names;
  /** How instances have ended on hosts that have not, by `host container`. */
  readonly ended: ReadonlyMap<string, EndState>;
  readonly skipFailed: boolean;
}

export function resumptionOf(history: RunHistory, skipFailed: boolean): Resumption {
  const all = instancesIn(history);
  const named = (is: (one: InstanceHistory) => boolean): Names =>
    new Set(all.filter(is).map(({ subject }) => `${subject.host} ${subject.name}`));
  return {
    updated: named(({ state }) => state === 'updated'),
    failed: named(({ state }) => state === 'unchanged'),
    inWork: named(({ state }) => state === 'inWork' || state === 'outOfService'),
    notReached: named(({ state }) => state === 'notReached'),
    digests: digestsIn(all),
    hooks: { ...hooksIn(history), done: doneIn(history) },
    open: new Set(history.open.begun),
    ended: new Map(history.open.instances.map(({ host, name, state }) => [`${host} ${name}`, state])),
    skipFailed,
  };
}

function doneIn({ hooks }: RunHistory): Names {
  const told = hooks.filter(({ result, isOver, hook }) => result !== 'skipped' && !isOver && hook.batch !== undefined);
  const last = new Map(told.map((one) => [hookKey(one.hook), one]));
  return new Set([...last].filter(([, one]) => isWell(one)).map(([key]) => key));
}

function isWell({ result }: HookHistory): boolean {
  return result === 'ok' || result === 'ignored';
}

function hooksIn({ hooks }: RunHistory): Omit<Resumption['hooks'], 'done'> {
  const once = hooks.filter(({ hook }) => hook.point === 'before_run');
  // Of one that was run again, the last time counts.
  const last = new Map(once.filter(({ result }) => result !== 'skipped').map((one) => [runHookKey(one.hook), one]));
  return {
    ended: new Set([...last].filter(([, one]) => isWell(one)).map(([key]) => key)),
    unknown: [...last.values()]
      .filter(({ result }) => result === 'running' || result === 'brokenOff' || result === 'unknown')
      .map(({ hook }) => hook),
    begun: new Set([...last.values()].map(({ hook }) => hook.play)),
  };
}

function digestsIn(instances: readonly InstanceHistory[]): ReadonlyMap<string, string> {
  return new Map(
    instances.flatMap(({ subject, plan }) => {
      const { digest, reference, load } = plan?.to ?? {};
      return digest === undefined || load ? [] : [[`${subject.host} ${reference}`, digest] as const];
    }),
  );
}

/** The image that the first part of the run has settled on for this instance. */
export function imageSettledOn({ host, spec }: Instance, before: Resumption | undefined): WantedImage | undefined {
  const digest = before?.digests.get(`${host} ${spec.image}`);
  return digest === undefined ? undefined : { digest, id: undefined };
}

/** The first part of a run as the hosts know it. */
export interface Before {
  /** What the hosts have recorded of this run: it is in work whatever it looks like. */
  readonly recorded: Names;
  readonly journal: Resumption | undefined;
}

/** The plan of a run that is gone on with: the same batches, and in them what is left to do. */
export function resumedPlan(plan: PlayPlan, before: Before): PlayPlan {
  const adjust = (one: InstancePlan, isGoneOn: boolean): InstancePlan => {
    const name = nameOf(one);
    if (before.recorded.has(name)) {
      const action = onlyOf(one.instance) ?? 'replace';
      return { ...one, action, because: 'left in work by this run' };
    }
    const isSkipped = before.journal?.skipFailed === true && !isGoneOn && before.journal.failed.has(name);
    if (isSkipped) return { ...one, action: 'leave', because: '' };
    const isDone = before.journal?.updated.has(name) === true && onlyOf(one.instance) !== undefined;
    return isDone ? { ...one, action: 'leave', because: '' } : one;
  };
  const batches = plan.batches.map((batch) => ({
    ...batch,
    hosts: batch.hosts.map((host) => {
      // A company goes as one: what of it has gone home already is not left there while others go on.
      const company = host.instances.filter(({ instance }) => isForCompany(instance));
      const isInWork = company.some((one) => before.recorded.has(nameOf(one)));
      return { ...host, instances: host.instances.map((one) => adjust(one, isInWork && company.includes(one))) };
    }),
  }));
  return { ...plan, batches };
}

function nameOf({ instance }: InstancePlan): string {
  return `${instance.host} ${instance.container}`;
}

/** Where the hosts say otherwise than the journal, in sentences by host. The hosts are right. */
export function disagreements(recorded: Names, { inWork }: Resumption): { host: string; text: string }[] {
  const about = (name: string, what: string): { host: string; text: string } => {
    const [host = '', ...container] = name.split(' ');
    return { host, text: `${container.join(' ')} ${what}; the host is right` };
  };
  return [
    ...[...recorded]
      .filter((name) => !inWork.has(name))
      .map((name) => about(name, 'is in work by the record on the host, and by the journal it is not')),
    ...[...inWork]
      .filter((name) => !recorded.has(name))
      .map((name) => about(name, 'is in work by the journal, and the host has no record of it')),
  ];
}
