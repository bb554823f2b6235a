import { Failure, reasonOf } from '../../errors.ts';
import type { Report, Subject } from '../../rollout/events.ts';
import {
  initialStateOf,
  isWorking,
  metBefore,
  transitionOf,
  wantedEndOf,
  type EndState,
  type State,
  type LifeStep,
  type Transition,
  type WorkingState,
} from '../../rollout/lifecycle.ts';
import { sameServer, type Server } from '../../rollout/model.ts';
import { onceMore } from './once-more.ts';
import { homeward as persist, LATE_WITHIN_MS } from '../waiting/persist.ts';
import { isPassing } from '../waiting/poll.ts';
import { sleepingBehind, type Barrier } from './barrier.ts';
import { beforeActing } from './before-acting.ts';
import { advice } from './entry-words.ts';
import type { Clock, Journal } from '../ports/ports.ts';
import { isRecorded, serversOfWork } from './recorded.ts';
import { meanwhileOf } from './meanwhile.ts';
import { ServesBadly } from './serves-badly.ts';
import { check, Unfit } from './steps/check.ts';
import { commit } from './steps/commit.ts';
import { discard } from './steps/discard.ts';
import { drain } from './steps/drain.ts';
import { keep } from './steps/keep.ts';
import { ramp } from './steps/ramp.ts';
import { readmit } from './steps/readmit.ts';
import { release } from './steps/release.ts';
import { replace } from './steps/replace.ts';
import { restart } from './steps/restart.ts';
import { restore } from './steps/restore.ts';
import { retire } from './steps/retire.ts';
import { rollBack } from './steps/roll-back.ts';
import { run } from './steps/run.ts';
import { soak } from './steps/soak.ts';
import { start } from './steps/start.ts';
import { stop } from './steps/stop.ts';
import { vacate } from './steps/vacate.ts';
import { withdraw } from './steps/withdraw.ts';
import { isRamped } from './ramping.ts';
import { keepStanding } from './standing.ts';
import { watchOf } from '../waiting/watch.ts';
import { bothSlots, inTheEnd, lifeOf, markOf, type StepAction, type StepWatch, type Work } from './work.ts';

export const stepActions: Readonly<Record<LifeStep, StepAction>> = {
  drain,
  stop,
  replace,
  start,
  restart,
  run,
  check,
  restore,
  ramp,
  soak,
  release,
  vacate,
  commit,
  keep,
  retire,
  readmit,
  withdraw,
  discard,
  rollBack,
};

/** When to stop: before the next instance, now but going home, or now where we are. */
export interface Stop {
  readonly beforeNext: AbortSignal;
  readonly forward: AbortSignal;
  readonly homeward: AbortSignal;
}

export interface AdvanceContext {
  readonly clock: Clock;
  readonly report: Report;
  readonly journal: Journal;
  readonly stop: Stop;
  readonly actions: Readonly<Record<LifeStep, StepAction>>;
}

export interface InstanceEnd {
  readonly state: EndState;
  /** The first failure, or undefined. */
  readonly failure: Error | undefined;
}

/**
 * Takes one instance to an end state, following its lifecycle row by row from its first state or, for what a run that
 * died has left, from where the way home begins.
 *
 * Never throws for a failed step: the failure is reported and the table decides what comes next. That holds for our
 * own bugs too: the way home comes first, and the caller finds the bug in `failure`.
 */
export async function advance(
  work: Work,
  context: AdvanceContext,
  from: State = initialStateOf(lifeOf(work)),
): Promise<InstanceEnd> {
  const { clock, report } = context;
  const life = lifeOf(work);
  const subject: Subject = { host: work.instance.host, name: work.instance.container };
  const started = clock.now();
  let state: State = from;
  let failure: Error | undefined;
  let isKept = false;
  work.company?.begins(subject.name, metBefore(from, life));
  while (isWorking(state)) {
    const transition = transitionOf(state, life);
    const { failed, untouched, serves, homeward } = transition;
    const problem = await take(state, work, context, subject);
    if (problem) failure ??= problem.error;
    if (problem && !homeward) work.company?.fail(subject.name, problem.error);
    const otherwise = work.isTouched ? failed : (untouched ?? failed);
    const next = nextOf(transition, work);
    isKept = !problem && transition.isKept === true && !isWorking(next);
    state = !problem ? next : work.newServes === true ? (serves ?? otherwise) : otherwise;
    const text = problem && warningOf(state, transition, { work, problem });
    if (text !== undefined) report({ type: 'warning', host: subject.host, text });
  }
  await work.joining?.over();
  if (!isKept) await leaveRecord(work, state, context, subject);
  const marks = { ...markOf(work.instance), ...(work.life && { kept: work.life }) };
  report({ type: 'instance-ended', subject, state, ms: clock.now() - started, ...marks });
  await beforeActing(context.journal, true);
  return { state, failure: state === wantedEndOf(life) ? undefined : failure };
}

/** What a failed step leaves that its failure alone does not say. */
function warningOf(
  next: State,
  { step, serves }: Transition,
  { work, problem }: { readonly work: Work; readonly problem: { readonly error: Error } },
): string | undefined {
  const reason = reasonOf(problem.error);
  if (next === 'updated') return `The old container stays behind: ${reason}`;
  if (step !== 'readmit' || work.newServes !== true || next !== serves) return undefined;
  const stays = `${work.instance.container} stays with its new container, which serves: the old one cannot, ${reason}`;
  if (!work.company) return stays;
  return `${stays}. Others of ${work.host.name} may have gone back: a rollout or a rollback makes it of one version again`;
}

function nextOf({ ok, inSteps, notKept }: Transition, work: Work): State {
  const { instance, container } = work;
  // One that did not run could not serve again.
  if (notKept && (instance.switching?.keepMs === 0 || !container?.running)) return notKept;
  return isRamped(work) ? (inSteps ?? ok) : ok;
}

async function take(
  state: WorkingState,
  work: Work,
  { clock, report, journal, stop, actions }: AdvanceContext,
  subject: Subject,
): Promise<{ readonly error: Error } | undefined> {
  const transition = transitionOf(state, lifeOf(work));
  const { step, homeward, ends } = transition;
  const signal = homeward ? stop.homeward : forwardOf(work, stop);
  let began = clock.now();
  report({ type: 'step-started', subject, step, homeward });
  const watch: StepWatch = {
    ...watchOf({ clock, signal, report, subject, step }),
    homeward,
    found: (what) => {
      report({ type: 'found', subject, ...what });
      return beforeActing(journal, homeward);
    },
    ramped: (to) => {
      report({ type: 'ramped', subject, ...to });
    },
  };
  // Servers that are away stay so, also while nothing is done but to wait.
  const barriers = (): readonly Barrier[] => bothSlots(work).flatMap((one) => one.barriers);
  const waits = { ...watch, clock: sleepingBehind(barriers, watch) };
  try {
    // What keeps servers out acts meanwhile, too.
    await beforeActing(journal, homeward);
    await beforehand(transition, work, waits);
    await work.joining?.before(state, watch);
    began = clock.now();
    const act = async (): Promise<string> => {
      const outcome = await actions[step](work, watch);
      // What changed nothing may have looked at the work of a run that has the host by now.
      await work.keep();
      if (ends) await work.company?.meet(subject.name, ends, meanwhileOf(ends, work, waits));
      return outcome;
    };
    const retrying = (reason: string): void => {
      report({ type: 'step-retried', subject, step, reason });
    };
    const outcome = await (homeward ? persist(act, waits) : onceMore(act, work, { watch: waits, retrying }));
    report({ type: 'step-ended', subject, step, homeward, ms: clock.now() - began, outcome });
    return undefined;
  } catch (error) {
    const details = error instanceof Unfit ? error.details : [];
    if (!homeward && (error instanceof Unfit || error instanceof ServesBadly)) work.servesBadly = true;
    report({ type: 'step-failed', subject, step, ms: clock.now() - began, reason: reasonOf(error), details });
    if (error instanceof Failure && isPassing(error)) await waits.clock.sleep(LATE_WITHIN_MS, stop.homeward);
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }
}

/** Whom an instance waits for before a step. */
async function beforehand({ meets, follows }: Transition, work: Work, watch: StepWatch): Promise<void> {
  const { company, instance } = work;
  const isInTurn = instance.switching?.order === 'pair-by-pair';
  if (!company) return;
  // One after the other, they do not all serve before the first goes on.
  if (meets && !(isInTurn && meets === 'serving'))
    await company.meet(instance.container, meets, meanwhileOf(meets, work, watch));
  if (follows && isInTurn) await company.follow(instance.container, follows, meanwhileOf('checked', work, watch));
}

/** Those that go together go home together. */
function forwardOf({ company }: Work, { forward }: Stop): AbortSignal {
  return company ? AbortSignal.any([forward, company.signal]) : forward;
}

/** What is recorded goes when nothing is left to undo, and stays when something is. */
async function leaveRecord(
  work: Work,
  state: EndState,
  { clock, report, stop }: AdvanceContext,
  subject: Subject,
): Promise<void> {
  if (state === 'outOfService' || !isRecorded(work)) return;
  const step = state === 'updated' ? 'retire' : 'restore';
  const watch = watchOf({ clock, report, subject, step, signal: stop.homeward });
  // What is kept stays, but where this is the end of it.
  const kept = work.life === 'ending' ? [] : work.undo.entries.filter(({ kind }) => kind === 'kept');
  const isToGo = (server: Server): boolean => !kept.some((entry) => sameServer(entry.server, server));
  try {
    // Until it is known to be gone, so that no late answer meets what the next instance records.
    await persist(async () => {
      const both = bothSlots(work);
      const found = both.flatMap((one) => one.found);
      await keepStanding(state === 'updated' ? found.map(inTheEnd) : found, clock);
      await work.undo.drop(serversOfWork(work).filter(isToGo));
    }, watch);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const text = `The undo record stays behind: ${error.message}: ${advice({ kind: 'rollout' }, work.host)}`;
    report({ type: 'warning', host: work.host.name, text });
  }
}
