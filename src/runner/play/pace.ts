import pLimit from 'p-limit';
import type { HostSummary, Report } from '../../rollout/events.ts';
import { durationText } from '../../rollout/durations.ts';
import { frozenAt, frozenText } from '../../rollout/freeze.ts';
import { notAfterText, type NotAfter } from '../../rollout/not-after.ts';
import { hasChangesIn, type BatchPlan, type PlayPlan } from '../../rollout/plan.ts';
import { mayBatchBegin, whatAfterFailure, type Question } from '../../rollout/questions.ts';
import { wallTime } from '../../rollout/wall-clock.ts';
import {
  afterBatch,
  exceededLimit,
  lastOf,
  type AfterBatch,
  type BrokenOff,
  type HostEnd,
  type Limit,
} from '../../rollout/verdict.ts';
import type { Stop } from '../instance/advance.ts';
import type { Clock, Operator } from '../ports/ports.ts';

/** Decides, between the instances and the batches of a run, whether it goes on. */
export interface Pace {
  /** Whether one more instance of the play may begin at this moment. */
  goesOn(plan: PlayPlan): boolean;
  /** Waits, asks and looks at the calendar before a batch; false when neither it nor a later one may begin. */
  mayBegin(plan: PlayPlan, batch: BatchPlan): Promise<boolean>;
  /** What a batch that has ended means for the run. */
  after(plan: PlayPlan, ended: readonly HostSummary[]): Promise<Decision>;
  /** What becomes of a run that cannot go on for this reason; `goOn`: it is to be tried all the same. */
  cannotGoOn(plan: Pick<PlayPlan, 'policy'>, why: string): Promise<AfterBatch>;
}

export interface Decision {
  readonly then: AfterBatch;
  /** The limit that is exceeded, in words; empty when the run goes on, or when a server is out of service. */
  readonly why: string;
}

/** What was said on the command line about when a run ends, over the playbook. */
export interface PaceOptions {
  /** All hosts of the run, those that were skipped too. */
  readonly hosts: number;
  readonly notAfter?: NotAfter | undefined;
  readonly ignoreFreeze?: boolean | undefined;
}

export interface PaceContext {
  readonly clock: Clock;
  readonly report: Report;
  readonly stop: Stop;
  readonly operator: Operator;
}

const limitWords: Readonly<Record<Limit, string>> = {
  max_fail_percentage: 'more hosts failed than max_fail_percentage allows',
  max_failures: 'more hosts of the run failed than max_failures allows',
};

/** The pace of one run over all of its plays, as their policies say. Its time begins when it is made. */
export class RunPace implements Pace {
  readonly #options: PaceOptions;
  readonly #context: PaceContext;
  readonly #startedMs: number;
  readonly #asking = pLimit(1);
  readonly #failed = new Set<string>();
  readonly #unreachable = new Set<string>();
  #why: string | undefined;
  #brokenOff: BrokenOff | undefined;
  /** What the operator answered for the rest of the run. */
  #pauseMs: number | undefined;
  /** So many failures the operator has been told of, and went on. */
  #accepted = 0;
  /** Of the window of the play: how its hosts have ended since the operator was told of failures and went on. */
  #inWindow: { readonly plan: PlayPlan; readonly ends: readonly HostEnd[] } | undefined;
  /** Something was done since the last pause. */
  #hasWorked = false;

  constructor(options: PaceOptions, context: PaceContext) {
    this.#options = options;
    this.#context = context;
    this.#startedMs = context.clock.now();
  }

  /** Why the run itself went no further than it did; undefined when it did, or somebody stopped it. */
  get why(): string | undefined {
    return this.#context.stop.beforeNext.aborted ? undefined : this.#why;
  }

  /** Set once something has kept the run from going on that is no host's doing, such as a hook. */
  get brokenOff(): BrokenOff | undefined {
    return this.#brokenOff;
  }

  /** These hosts were left out since they cannot be reached. */
  skip(hosts: readonly string[]): void {
    for (const host of hosts) this.#unreachable.add(host);
  }

  goesOn(plan: PlayPlan): boolean {
    if (this.#context.stop.beforeNext.aborted || this.#why !== undefined) return false;
    const why = this.#whyNot(plan);
    if (why !== undefined) this.#halt(why);
    return why === undefined;
  }

  #whyNot({ policy: { runDeadlineMs } }: PlayPlan): string | undefined {
    const { clock } = this.#context;
    const { notAfter } = this.#options;
    if (runDeadlineMs !== undefined && clock.now() - this.#startedMs >= runDeadlineMs) {
      return `the run's deadline of ${durationText(runDeadlineMs)} has passed`;
    }
    return notAfter && wallTime(clock.date(), undefined) >= notAfter.wall ? notAfterText(notAfter) : undefined;
  }

  async mayBegin(plan: PlayPlan, batch: BatchPlan): Promise<boolean> {
    // What has nothing to do may be looked at whatever the hour.
    if (!hasChangesIn(batch)) return this.#why === undefined && !this.#context.stop.beforeNext.aborted;
    if (!this.goesOn(plan)) return false;
    if (batch.number > 1 && this.#hasWorked) {
      this.#hasWorked = false;
      await this.#pause(plan, batch);
    }
    const { freeze } = plan.policy;
    const frozen = freeze && !this.#options.ignoreFreeze ? frozenAt(freeze, this.#context.clock.date()) : undefined;
    if (freeze && frozen && this.#why === undefined) this.#halt(frozenText(frozen, freeze));
    return this.goesOn(plan);
  }

  async after(plan: PlayPlan, ended: readonly HostSummary[]): Promise<Decision> {
    for (const { host, end } of ended) {
      if (end === 'failed') this.#failed.add(host);
      if (end === 'unreachable') this.#unreachable.add(host);
      this.#hasWorked ||= end !== 'nothingToDo' && end !== 'unreachable';
    }
    const ends = this.#judgedBy(
      plan,
      ended.map(({ end }) => end),
    );
    const verdict = afterBatch(ends, this.#exceeded(plan, ends), plan.policy.onFailure);
    if (!('limit' in verdict)) return { then: verdict.then, why: '' };
    const why = limitWords[verdict.limit];
    const then = verdict.then === 'ask' ? await this.#askAfter(plan, why) : verdict.then;
    if (then === 'goOn') return { then, why: '' };
    this.#why ??= why;
    // Whoever stops a run does not want it to begin something new, such as going back.
    return { then: this.#context.stop.beforeNext.aborted ? 'stop' : then, why };
  }

  async cannotGoOn({ policy: { onFailure } }: Pick<PlayPlan, 'policy'>, why: string): Promise<AfterBatch> {
    const isStopped = (): boolean => this.#context.stop.beforeNext.aborted;
    if (isStopped()) return this.#cut();
    const answer = onFailure === 'ask' ? await this.#ask(whatAfterFailure(why)) : undefined;
    if (answer === 'goOn') return 'goOn';
    if (isStopped()) return this.#cut();
    this.#brokenOff = 'stopped';
    this.#halt(why);
    return onFailure === 'rollback' || answer === 'rollBack' ? 'rollBack' : 'stop';
  }

  #cut(): AfterBatch {
    this.#brokenOff = 'interrupted';
    return 'stop';
  }

  /** A batch is judged by its hosts, a window by those that were the last to end. */
  #judgedBy(plan: PlayPlan, ended: readonly HostEnd[]): readonly HostEnd[] {
    const window = plan.atOnce?.window;
    if (window === undefined) return ended;
    const before = this.#inWindow?.plan === plan ? this.#inWindow.ends : [];
    const ends = [...before, ...ended];
    this.#inWindow = { plan, ends };
    return lastOf(ends, Math.min(window, plan.batches.length));
  }

  #failures({ policy }: PlayPlan): number {
    return new Set([...this.#failed, ...(policy.countUnreachable ? this.#unreachable : [])]).size;
  }

  #exceeded(plan: PlayPlan, ended: readonly HostEnd[]): Limit | undefined {
    const { policy, maxFailPercentage } = plan;
    const failed = this.#failures(plan);
    const run = { failed, hosts: this.#options.hosts };
    const limits = { maxFailPercentage, maxFailures: failed > this.#accepted ? policy.maxFailures : undefined };
    return exceededLimit(ended, run, limits);
  }

  async #pause({ name, policy, batches }: PlayPlan, { number }: BatchPlan): Promise<void> {
    const pause = this.#pauseMs ?? policy.pause;
    if (pause !== 'ask') return this.#wait(pause, { number, of: batches.length }, policy.runDeadlineMs);
    const answer = await this.#ask(mayBatchBegin(name, number, batches.length));
    if (answer === undefined || answer === 'no') this.#halt('the operator did not let the next batch begin');
    else if (answer === 'all') this.#pauseMs = 0;
    else if (answer !== 'yes') {
      this.#pauseMs = answer.everyMs;
      await this.#wait(answer.everyMs, { number, of: batches.length }, policy.runDeadlineMs);
    }
  }

  /** Not beyond the run's deadline: nothing begins after it. */
  async #wait(
    ms: number,
    batch: { readonly number: number; readonly of: number },
    deadlineMs = Infinity,
  ): Promise<void> {
    if (ms === 0) return;
    const { clock, report, stop } = this.#context;
    report({ type: 'pause-started', ...batch, ms });
    const began = clock.now();
    await clock.sleep(Math.min(ms, Math.max(0, this.#startedMs + deadlineMs - began)), stop.beforeNext);
    report({ type: 'pause-ended', ...batch, ms: clock.now() - began });
  }

  async #askAfter(plan: PlayPlan, why: string): Promise<AfterBatch> {
    const answer = await this.#ask(whatAfterFailure(why));
    if (answer === 'goOn') {
      this.#accepted = this.#failures(plan);
      this.#inWindow = undefined;
    }
    return answer ?? 'stop';
  }

  /** One question at a time, also when several batches are in work. */
  async #ask<Answer>(question: Question<Answer>): Promise<Answer | undefined> {
    const { operator, report, stop } = this.#context;
    if (!operator.isThere) return undefined;
    return this.#asking(async () => {
      report({ type: 'question-asked', question: question.text, answers: question.answers });
      const answer = await operator.ask(question, stop.beforeNext);
      const told = answer === undefined ? 'nothing' : question.tell(answer);
      report({ type: 'question-answered', question: question.text, answer: told });
      return answer;
    });
  }

  /** No further instance begins, whatever the policies say. */
  #halt(why: string): void {
    this.#why = why;
    this.#context.report({ type: 'halted', why });
  }
}
