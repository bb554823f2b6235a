import pLimit, { type LimitFunction } from 'p-limit';
import { Failure } from '../errors.ts';
import type { HostSummary, Report } from '../rollout/events.ts';
import { hasChanges, instancesOf, planPlay, type PlayPlan } from '../rollout/plan.ts';
import type { Play } from '../rollout/play.ts';
import { runEndOf, type RunEnd } from '../rollout/verdict.ts';
import { stepActions, type Stop } from './advance.ts';
import { problem, refuseIfProblems, type Finding } from './findings.ts';
import { holdHosts, type HeldHosts } from './held-hosts.ts';
import type { Clock, Fleet } from './ports.ts';
import { inspectFleet } from './preflight.ts';
import { roll } from './roll.ts';
import type { RunIdentity } from './work.ts';

export interface RunContext {
  readonly fleet: Fleet;
  readonly clock: Clock;
  readonly report: Report;
  readonly stop: Stop;
  readonly identity: RunIdentity;
  /** How many hosts are worked on at the same time. */
  readonly forks: number;
}

export interface RolloutOptions {
  readonly force: boolean;
  readonly onPlanned: (plans: readonly PlayPlan[]) => void;
  /** Asked once everything is known and nothing is touched; not asked when there is nothing to do. */
  readonly confirm: () => Promise<boolean>;
}

export interface RunResult {
  readonly end: RunEnd;
  readonly hosts: readonly HostSummary[];
}

/**
 * What a rollout would do. Looks only.
 *
 * @throws Failure `unreachable`, `config` or `error` after the problems have been reported
 */
export async function plan(plays: readonly Play[], force: boolean, context: RunContext): Promise<readonly PlayPlan[]> {
  const limit = pLimit(context.forks);
  const { facts, findings } = await inspectFleet(
    plays.flatMap(({ hosts }) => hosts),
    { ...context, limit },
  );
  const plans = plays.map((play) => planPlay(play, facts, { force }));
  const found = [...findings, ...plans.flatMap(capacityProblems)];
  for (const { kind, host, text } of found) context.report({ type: kind, host, text });
  refuseIfProblems(found);
  for (const one of plans) context.report({ type: 'planned', plan: one });
  return plans;
}

/**
 * The whole rollout: locks, pre-flight on all hosts, the plan, the images on all hosts, then play by play.
 *
 * @throws Failure when nothing was touched; what went wrong later is in the result
 */
export async function rollout(
  plays: readonly Play[],
  options: RolloutOptions,
  context: RunContext,
): Promise<RunResult> {
  const limit = pLimit(context.forks);
  const hosts = plays.flatMap((play) => play.hosts.map(({ host }) => host));
  const held = await holdHosts(hosts, { ...context, limit });
  try {
    const plans = await plan(plays, options.force, context);
    options.onPlanned(plans);
    if (!plans.some(hasChanges)) return { end: 'done', hosts: await rollAll(plans, held, context) };
    if (!(await options.confirm())) throw new Failure('interrupted', 'Nothing was changed: the plan was not confirmed');
    await pullAll(plans, held, { ...context, limit });
    context.stop.beforeNext.throwIfAborted();
    const summaries = await rollAll(plans, held, context);
    return { end: runEndOf(summaries.map(({ end }) => end)), hosts: summaries };
  } finally {
    await held.release();
  }
}

async function rollAll(plans: readonly PlayPlan[], held: HeldHosts, context: RunContext): Promise<HostSummary[]> {
  const summaries: HostSummary[] = [];
  for (const one of plans) {
    const isOver = summaries.some(({ end }) => end === 'notReached' || end === 'interrupted' || end === 'outOfService');
    const failed = isOver || summaries.some(({ end }) => end === 'failed');
    const stop = failed ? { ...context.stop, beforeNext: AbortSignal.abort() } : context.stop;
    summaries.push(...(await roll(one, { ...context, stop, actions: stepActions, held: held.host })));
  }
  return summaries;
}

/** The images are on every host before the first server is touched, and they are those of the plan. */
async function pullAll(
  plans: readonly PlayPlan[],
  held: HeldHosts,
  { report, stop, limit }: RunContext & { readonly limit: LimitFunction },
): Promise<void> {
  const wanted = plans.flatMap(instancesOf).filter(({ action }) => action !== 'leave');
  const unique = new Map(wanted.map((one) => [`${one.instance.host} ${one.to.reference}`, one]));
  const pulled = await Promise.all(
    [...unique.values()].map(({ instance, to }) =>
      limit(async (): Promise<Finding[]> => {
        try {
          const { containers } = held.host(instance.host).access;
          const image = await containers.pull(to.reference, instance.spec.pullPolicy, stop.beforeNext);
          if (to.digest !== undefined && image.digest !== undefined && image.digest !== to.digest) {
            const text = `Cannot use ${to.reference} on ${instance.host}: it was ${to.digest} in the plan and is ${image.digest} now`;
            throw new Failure('docker', text);
          }
          const digest = image.digest ?? image.id;
          report({ type: 'image-pulled', host: instance.host, image: to.reference, digest });
          return [];
        } catch (error) {
          stop.beforeNext.throwIfAborted();
          return [problem(instance.host, error)];
        }
      }),
    ),
  );
  const problems = pulled.flat();
  for (const { host, text } of problems) report({ type: 'problem', host, text });
  refuseIfProblems(problems);
}

function capacityProblems({ capacity, name }: PlayPlan): Finding[] {
  return capacity
    .filter(({ usable, usableAtWorst, floor }) => usableAtWorst < usable && usableAtWorst < floor)
    .map(({ host, backend, usable, usableAtWorst, floor }) => {
      const text = `The play "${name}" would leave ${usableAtWorst} of ${usable} usable servers in backend ${backend}, and min_up asks for ${floor}`;
      return { kind: 'problem', host, text };
    });
}
