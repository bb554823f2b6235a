import pLimit from 'p-limit';
import { Failure } from '../errors.ts';
import type { HostSummary } from '../rollout/events.ts';
import { keptBetween } from '../rollout/kept-plays.ts';
import { hasChanges, planPlay } from '../rollout/plan.ts';
import { inTurn } from '../rollout/plays-in-turn.ts';
import type { Instance } from '../rollout/model.ts';
import type { FleetFacts, PlayPlan } from '../rollout/plan.ts';
import { touchedBy, type Play } from '../rollout/play.ts';
import { movedTags } from '../rollout/moved-tags.ts';
import { disagreements, imageSettledOn, resumedPlan, type Resumption } from '../rollout/resumption.ts';
import { runEndOf, type AfterBatch } from '../rollout/verdict.ts';
import { capacityProblems } from './preflight/capacity-problems.ts';
import { stepActions } from './instance/advance.ts';
import { refuseIfProblems, unconfirmed, type Finding } from './hosts/findings.ts';
import { holdHosts, type HeldHosts } from './hosts/held-hosts.ts';
import { restoreOver, restoreOverAgain } from './recovery/over-holds.ts';
import { pullAll } from './preflight/images.ts';
import { LostBalancers } from './preflight/lost-balancers.ts';
import { LateBalancers } from './play/late-balancers.ts';
import { keepOutAtLate } from './play/late-kept.ts';
import { RunPace, type PaceOptions } from './play/pace.ts';
import { inspectFleet, type Inspection } from './preflight/preflight.ts';
import { freezesNow, refuseUnlessMayStart } from './play/may-start.ts';
import { notReached } from './play/host-run.ts';
import { betweenHooks, hooksAgain } from './play/run-hooks.ts';
import { revert } from './play/rollback.ts';
import { leftInWork, roll } from './play/roll.ts';
import { Skipped } from './preflight/skipped.ts';
import { takeBack, Updated } from './play/take-back.ts';
import { inheritedOf, timeWarnings } from './preflight/time-warnings.ts';
import { takeOver } from './recovery/take-over.ts';
import { OutInFront } from './play/out-in-front.ts';
import { Turns } from './instance/turns.ts';
import { backOf } from './instance/work.ts';
import type { RunContext, RunResult } from './run.ts';

export interface RolloutOptions {
  readonly force: boolean;
  /** Images that one host gets at the same time, at most. */
  readonly pullsPerHost?: number;
  /** What the first part of this run has come to, when it is gone on with. */
  readonly resumption?: Resumption | undefined;
  /**
   * This very run was taking back what it has updated: it goes on with that. What it was at is finished first, and then
   * it is told and recorded as in the run itself.
   */
  readonly isGoingBack?: boolean;
  /** Once all hosts are held, and nothing is touched; `died`: the runs whose locks were found dead. May refuse. */
  readonly onHeld?: (died: readonly string[]) => Promise<void>;
  readonly onPlanned: (plans: readonly PlayPlan[]) => void;
  /** Asked once everything is known and nothing is touched; not asked when there is nothing to do. */
  readonly confirm: () => Promise<boolean>;
  /** What the command line says of when the run ends. */
  readonly pace?: Omit<PaceOptions, 'hosts'>;
}

/**
 * What a rollout would do. Looks only.
 *
 * @throws Failure `unreachable` or `error` after the problems have been reported
 */
export async function plan(plays: readonly Play[], force: boolean, context: RunContext): Promise<readonly PlayPlan[]> {
  const { report, clock } = context;
  for (const text of freezesNow(plays, clock.date())) report({ type: 'warning', host: '', text });
  const without = { skipped: new Skipped(plays, report), lost: new LostBalancers(plays, report) };
  return (await planAll(plays, { force, isBeforeEnding: true }, { ...context, ...without })).plans;
}

interface Planned {
  /** Without the hosts that are skipped. */
  readonly plays: readonly Play[];
  readonly plans: readonly PlayPlan[];
  readonly facts: FleetFacts;
  /** What this very run has left in work, as `host container`. */
  readonly recorded: ReadonlySet<string>;
}

interface SkippingContext extends RunContext {
  readonly skipped: Skipped;
  readonly lost: LostBalancers;
}

/** `facts`: of an earlier plan of the same run, which its images are taken from. */
type How = Pick<RolloutOptions, 'force' | 'resumption'> & {
  readonly facts?: FleetFacts;
  /** What is over by now on the hosts will be ended first, or put back. */
  readonly isBeforeEnding?: boolean;
  /** That was done. */
  readonly hasEnded?: boolean;
};

async function planAll(all: readonly Play[], how: How, context: SkippingContext): Promise<Planned> {
  const { facts, recorded, findings, seen } = await inspectAll(all, how, context);
  const plays = context.skipped.without(seen);
  const plans = inTurn(plays.map((play) => planOne(play, facts, { ...how, recorded })));
  const moved = movedTags(plans).map((text): Finding => ({ kind: 'problem', host: '', text }));
  const found = [
    ...findings,
    ...moved,
    ...keptBetween(plans),
    ...plans.flatMap(capacityProblems),
    ...timeWarnings(
      plays.flatMap(({ hosts }) => hosts.flatMap(({ instances }) => instances)),
      (one) => inheritedOf(one, facts),
    ),
  ];
  for (const { kind, host, text } of found) context.report({ type: kind, host, text });
  refuseIfProblems(found, how.hasEnded);
  for (const one of plans) context.report({ type: 'planned', plan: one });
  return { plays, plans, facts, recorded };
}

/** Looks again, at what is left, when a balancer has turned out to be lost. `seen`: the plays whose instances these facts are of. */
async function inspectAll(
  all: readonly Play[],
  how: How,
  context: SkippingContext,
): Promise<Inspection & { readonly seen: readonly Play[] }> {
  const { skipped, lost } = context;
  const { force, isBeforeEnding = false } = how;
  const settled = new Map([...(how.facts?.instances ?? [])].map(([one, { image }]) => [wanted(one), image]));
  const imageOf = (instance: Instance) => settled.get(wanted(instance)) ?? imageSettledOn(instance, how.resumption);
  const isUpdated = ({ host, container }: Instance) => how.resumption?.updated.has(`${host} ${container}`) === true;
  const ways = { goWithout: skipped.goWithout, goWithoutBalancer: lost.goWithout };
  for (;;) {
    const before = lost.hosts.length;
    const seen = lost.without(skipped.without(all));
    const hosts = seen.flatMap((play) => play.hosts);
    const looking = { ...context, limit: pLimit(context.forks), force, isBeforeEnding, ...ways, imageOf, isUpdated };
    const found = await inspectFleet(hosts, looking);
    if (lost.hosts.length === before) return { ...found, seen };
  }
}

const wanted = ({ host, container, spec }: Instance): string => `${host} ${container} ${spec.image}`;

function planOne(
  play: Play,
  facts: FleetFacts,
  { force, resumption, recorded }: How & { readonly recorded: ReadonlySet<string> },
): PlayPlan {
  return resumedPlan(planPlay(play, facts, { force }), { recorded, journal: resumption });
}

/**
 * The whole rollout: locks, pre-flight on all hosts, the plan, the images on all hosts, then play by play.
 *
 * @throws Failure when nothing was touched; what went wrong later is in the result
 */
export async function rollout(
  plays: readonly Play[],
  options: RolloutOptions,
  running: RunContext,
): Promise<RunResult> {
  const { run } = running.identity;
  const { isGoingBack = false } = options;
  const context = isGoingBack ? { ...running, identity: { ...running.identity, run: backOf(run) } } : running;
  refuseUnlessMayStart(plays, options.pace ?? {}, context);
  const limit = pLimit(context.forks);
  const skipped = new Skipped(plays, context.report, options.resumption?.inWork);
  const hosts = [...new Set(plays.flatMap((play) => play.hosts.map(({ host }) => host)))];
  const lost = new LostBalancers(plays, context.report, options.resumption?.inWork);
  const goWithout = (host: string, failure: Failure): boolean =>
    skipped.goWithout(host, failure) || lost.goWithout(host, failure);
  const held = await holdHosts(
    touchedBy(plays),
    { ...running, limit, goWithout, onHeld: options.onHeld },
    options.resumption || isGoingBack ? 'claim' : 'refuse',
  );
  try {
    await takeOver(held, { ...running, limit }, takenOverBy(run, options));
    const hasEnded = await restoreOver(held, context);
    const planned = await planAll(plays, { ...options, hasEnded }, { ...context, skipped, lost });
    skipped.refuseIfTooMany(hasEnded);
    for (const warning of hooksAgain(options.resumption)) context.report(warning);
    const odd = options.resumption ? disagreements(planned.recorded, options.resumption) : [];
    for (const { host, text } of odd) context.report({ type: 'warning', host, text });
    options.onPlanned(planned.plans);
    context.stop.beforeNext.throwIfAborted();
    const hasWork = planned.plans.some(hasChanges);
    if (hasWork && !(await options.confirm())) throw new Failure('interrupted', unconfirmed('plan', hasEnded));
    const pace = new RunPace({ ...options.pace, hosts: hosts.length }, context);
    if (hasWork) {
      await context.journal.settled();
      await pullAll(planned, held, { ...context, limit, pullsPerHost: options.pullsPerHost, hasEnded });
    }
    context.stop.beforeNext.throwIfAborted();
    const late = new LateBalancers({ plays, plans: planned.plans }, { ...context, held, lost, skipped });
    const rolling = { ...context, skipped, lost, late, held, pace };
    const hooked = { ...context, held: held.host, resumption: options.resumption };
    return await betweenHooks(planned.plans, hooked, () => outcomeOf(planned, options, rolling));
  } finally {
    await held.release();
  }
}

/** What this very run has left in work on the way back is not gone on with, but finished. */
function takenOverBy(run: string, { isGoingBack, resumption }: RolloutOptions): readonly string[] {
  if (isGoingBack) return [run, backOf(run)];
  return resumption ? [backOf(run)] : [];
}

async function outcomeOf(planned: Planned, how: How, context: RollingContext): Promise<RunResult> {
  const { skipped, pace } = context;
  const { rows, wentBack } = await context.late.during(() => rollAll(planned, how, context));
  await keepOutAtLate(context.held.all, context.late, context);
  const summaries = [...rows, ...skipped.summaries(rows)];
  const ends = summaries.map((row) => row.end);
  const end = runEndOf(ends, { isHalted: pace.why !== undefined, wentBack, brokenOff: pace.brokenOff });
  return { end, why: pace.why, hosts: summaries };
}

interface RollingContext extends SkippingContext {
  readonly late: LateBalancers;
  readonly held: HeldHosts;
  readonly pace: RunPace;
}

interface Rolled {
  readonly rows: readonly HostSummary[];
  /** Something that the run had updated was to be rolled back. */
  readonly wentBack: boolean;
}

/**
 * A later play is decided anew when its turn comes, since an earlier one may have changed its hosts. Once a play has
 * stopped, those after it are not reached.
 */
async function rollAll(
  { plays, plans, facts }: Planned,
  how: How,
  { held, pace, ...context }: RollingContext,
): Promise<Rolled> {
  const summaries: HostSummary[] = [];
  const updated = new Updated();
  const report = updated.hear(context.report);
  const rolling = {
    ...context,
    report,
    actions: stepActions,
    held: held.host,
    turns: new Turns(),
    resumption: how.resumption,
    front: new OutInFront(),
  };
  // A first signal does not keep what a monitor has found from being taken back.
  const homeward = { ...rolling, stop: { ...context.stop, beforeNext: context.stop.forward } };
  let then: AfterBatch = 'goOn';
  let goesOn = true;
  const told = ({ name }: PlayPlan, rows: readonly HostSummary[]): readonly HostSummary[] =>
    plans.length === 1 ? rows : rows.map((row) => ({ ...row, play: name }));
  for (const [index, first] of plans.entries()) {
    pace.skip(context.skipped.hosts);
    goesOn &&= pace.goesOn(first);
    const play = plays[index];
    const current =
      index === 0 || !goesOn || !play ? first : await planAgain(play, { ...how, facts }, { ...context, held, pace });
    if (typeof current === 'string') then = current;
    if (typeof current === 'string' || !goesOn) {
      goesOn = false;
      const hosts = first.batches.flatMap((batch) => batch.hosts);
      const rows = hosts.map((host) => notReached(host, leftInWork(host, rolling)));
      summaries.push(...told(first, rows));
      continue;
    }
    const ended = await roll(current, {
      ...{ ...rolling, pace },
      takeBack: (instances, heard) => revert(instances, { ...homeward, report: heard }),
    });
    updated.add(current);
    summaries.push(...told(current, ended.hosts));
    then = ended.then;
    goesOn = then === 'goOn';
  }
  const wentBack = then === 'rollBack' && updated.isAny;
  return { rows: wentBack ? await takeBack(updated, summaries, rolling) : summaries, wentBack };
}

/** The plan, or what comes instead, as the play's `on_failure` says; the problems have been reported. */
async function planAgain(
  play: Play,
  how: How,
  { pace, held, ...context }: RollingContext,
): Promise<PlayPlan | AfterBatch> {
  for (;;) {
    try {
      await restoreOverAgain(held, touchedBy(context.lost.without(context.skipped.without([play]))), context);
      const { plans } = await planAll([play], how, context);
      return plans[0] ?? 'stop';
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      const then = await pace.cannotGoOn(play, `the play "${play.name}" cannot begin any more`);
      if (then !== 'goOn') return then;
    }
  }
}
