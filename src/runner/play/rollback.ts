import type { HostSummary, Report, RunEvent } from '../../rollout/events.ts';
import { isForCompany } from '../../rollout/company.ts';
import { backendKey, serversOf, type Instance } from '../../rollout/model.ts';
import type { BackendState } from '../../rollout/observed.ts';
import { planPlay, type InstanceFacts, type PlayPlan } from '../../rollout/plan.ts';
import type { Back, Play } from '../../rollout/play.ts';
import { rollbackPlays } from '../../rollout/rollback.ts';
import type { Serial } from '../../rollout/serial.ts';
import { fetchArchived, inspectRevert } from '../preflight/archived.ts';
import { problem, type Finding } from '../hosts/findings.ts';
import { RunPace } from './pace.ts';
import type { Operator } from '../ports/ports.ts';
import type { PlayEnd } from './batches.ts';
import { roll, type RollContext } from './roll.ts';
import { ownKept, switchBackOwn } from './switch-back-own.ts';
import type { TakenBack } from './taken-back.ts';
import { backOf } from '../instance/work.ts';

export interface RevertContext extends Omit<RollContext, 'pace'> {
  readonly operator: Operator;
  /** Undefined: one host at a time, and the first that fails ends it. */
  readonly back?: Back | undefined;
  /** It is all that the run has updated. */
  readonly isWhole?: boolean;
}

/**
 * Takes instances that this very run has updated back to what it found, while it still holds their hosts: hosts and
 * instances in reverse order, in batches of their own. All of them are looked at first, and their images fetched; one
 * that cannot be taken back is told of, left as it is, and counts as failed, and does not keep the others from it.
 *
 * One that fails on its way is put back to what it is now; no further batch starts then, unless `back` says so. What the
 * run has kept is only switched back to, before anything else.
 */
export async function revert(instances: readonly TakenBack[], running: RevertContext): Promise<PlayEnd> {
  const context = { ...running, report: asRevert(running.report) };
  const kept = ownKept(
    instances.map(({ plan }) => plan),
    context,
  );
  if (kept.length === 0) return recreated(instances, context);
  const hosts = [...new Set(kept.map(({ host }) => host))];
  context.report(begunOn(hosts, context));
  const switched = await switchBackOwn(kept, context);
  const others = instances.filter((one) => !kept.some((own) => own.instances.includes(one.plan)));
  if (others.length === 0) return switched;
  // Where it ends, nothing else begins.
  const rest = switched.then === 'goOn' ? await recreated(others, context) : undefined;
  const left = rest?.hosts ?? notReachedOf(others);
  return { hosts: merged(switched.hosts, left), then: rest?.then ?? switched.then };
}

function begunOn(hosts: readonly string[], { identity, isWhole }: RevertContext): RunEvent {
  return { type: 'rollback-started', of: identity.run, hosts, ...(isWhole && { isWhole }) };
}

/** Batches of the play may be in work beside it: whoever reads the journal must not take one for the other. */
export function asRevert(report: Report): Report {
  return (event) => {
    const isAround = event.type === 'batch-started' || event.type === 'batch-ended' || event.type === 'host-ended';
    report(isAround ? { ...event, isRevert: true } : event);
  };
}

/** From what the hosts have in their archives. */
async function recreated(instances: readonly TakenBack[], context: RevertContext): Promise<PlayEnd> {
  const { report, identity, back: how } = context;
  const serial: Serial = how?.serial ?? [{ hosts: 1 }];
  const plays = rollbackPlays([{ ...asPlay(instances), ...(how && { back: how }) }], {
    run: identity.run,
    isTaken: () => true,
    serial,
  });
  const all = plays.flatMap(({ hosts }) => hosts.flatMap((host) => host.instances));
  report(begunOn([...new Set(all.map(({ host }) => host))], context));
  const inspected = allOrNone(await Promise.all(all.map((instance) => inspect(instance, context))));
  const findings = inspected.flatMap((one) => one.findings);
  for (const { kind, host, text } of findings) report({ type: kind, host, text });
  const facts = {
    instances: new Map(inspected.flatMap(({ instance, facts: seen }) => (seen ? [[instance, seen] as const] : []))),
    backends: unique(inspected.flatMap(({ backends }) => backends)),
  };
  const back = { ...identity, run: backOf(identity.run) };
  const pace = new RunPace({ hosts: new Set(all.map(({ host }) => host)).size }, context);
  const ends: PlayEnd[] = [];
  for (const play of plays.map((one) => without(one, facts.instances))) {
    const plan = planPlay(play, facts, { force: false });
    report({ type: 'planned', plan });
    ends.push(await roll(plan, { ...context, identity: back, pace }));
  }
  const failed = findings.filter(({ kind }) => kind === 'problem');
  return {
    hosts: withFailures(
      ends.flatMap(({ hosts }) => hosts),
      failed,
    ),
    then: ends.find(({ then }) => then !== 'goOn')?.then ?? (failed.length > 0 ? 'stop' : 'goOn'),
  };
}

function notReachedOf(instances: readonly TakenBack[]): readonly HostSummary[] {
  const hosts = instances.map(({ plan }) => plan.instance.host);
  return [...new Set(hosts)].map((host): HostSummary => {
    const notReached = hosts.filter((one) => one === host).length;
    return { ...nothing, host, end: 'notReached', notReached };
  });
}

/** A host may have had some of either. */
function merged(ones: readonly HostSummary[], others: readonly HostSummary[]): readonly HostSummary[] {
  const names = [...new Set([...ones, ...others].map(({ host }) => host))];
  return names.map((name) => {
    const own = [...ones, ...others].filter(({ host }) => host === name);
    const sum = (of: (one: HostSummary) => number): number => own.reduce((all, one) => all + of(one), 0);
    const worst = own.find(({ end }) => end === 'outOfService') ?? own.find(({ end }) => end !== 'updated') ?? own[0];
    return {
      ...(worst ?? { ...nothing, host: name }),
      ...{ updated: sum((one) => one.updated), left: sum((one) => one.left), ms: sum((one) => one.ms) },
      ...{ unchanged: sum((one) => one.unchanged), outOfService: sum((one) => one.outOfService) },
      notReached: sum((one) => one.notReached),
    };
  });
}

/** The instances as one play, hosts in the order in which they come first. */
function asPlay(taken: readonly TakenBack[]): Pick<PlayPlan, 'name' | 'batches'> {
  const hosts = [...new Set(taken.map(({ plan }) => plan.instance.host))];
  const plans = hosts.map((host) => {
    const its = taken.filter(({ plan }) => plan.instance.host === host);
    return { host, instances: its.map(({ plan }) => plan), front: its[0]?.front };
  });
  return { name: 'Rollback', batches: [{ number: 1, hosts: plans }] };
}

interface Inspected {
  readonly instance: Instance;
  /** Undefined when it cannot be taken back. */
  readonly facts: InstanceFacts | undefined;
  readonly backends: readonly BackendState[];
  readonly findings: readonly Finding[];
}

async function inspect(instance: Instance, { held, stop }: RevertContext): Promise<Inspected> {
  const { access } = held(instance.host);
  try {
    const run = instance.revert;
    if (!run) throw new Error(`${instance.container} is not to be taken back`);
    const looks = serversOf(instance).map(({ balancer, backend }) =>
      held(balancer.host).access.balancer(balancer).backends(backend),
    );
    const backends = (await Promise.all(looks)).flat();
    const { facts, findings } = await inspectRevert(access, instance, run, { force: false, backends });
    if (findings.some(({ kind }) => kind === 'problem')) return { instance, facts: undefined, backends: [], findings };
    await fetchArchived(access, instance, stop.forward);
    return { instance, facts, backends, findings };
  } catch (error) {
    return { instance, facts: undefined, backends: [], findings: [problem(instance.host, error)] };
  }
}

/** A company goes back as one, or not at all. */
function allOrNone(inspected: readonly Inspected[]): readonly Inspected[] {
  return inspected.map((one): Inspected => {
    const { instance, facts } = one;
    const { host, container } = instance;
    const isBeside = (other: Inspected): boolean => other.instance.host === host && isForCompany(other.instance);
    const stuck =
      facts && isForCompany(instance) ? inspected.find((other) => isBeside(other) && !other.facts) : undefined;
    if (!stuck) return one;
    const text = `${container} stays with ${stuck.instance.container}, which cannot be taken back`;
    return { instance, facts: undefined, backends: [], findings: [{ kind: 'problem', host, text }] };
  });
}

function unique(backends: readonly BackendState[]): readonly BackendState[] {
  return [...new Map(backends.map((one) => [backendKey({ balancer: one.balancer, backend: one.name }), one])).values()];
}

function without(play: Play, known: ReadonlyMap<Instance, InstanceFacts>): Play {
  const hosts = play.hosts.map((host) => ({ ...host, instances: host.instances.filter((one) => known.has(one)) }));
  return { ...play, hosts: hosts.filter(({ instances }) => instances.length > 0) };
}

const nothing: Omit<HostSummary, 'host'> = {
  ...{ end: 'failed', reason: '', ms: 0 },
  ...{ updated: 0, left: 0, unchanged: 0, outOfService: 0, notReached: 0 },
};

function withFailures(hosts: readonly HostSummary[], problems: readonly Finding[]): readonly HostSummary[] {
  const names = [...new Set([...hosts.map(({ host }) => host), ...problems.map(({ host }) => host)])];
  return names.map((host): HostSummary => {
    const known = hosts.find((one) => one.host === host);
    const own = problems.filter((one) => one.host === host);
    const summary = known ?? { ...nothing, host };
    if (own.length === 0) return summary;
    const end = summary.end === 'outOfService' ? summary.end : 'failed';
    const reason = summary.reason === '' ? (own[0]?.text ?? '') : summary.reason;
    return { ...summary, end, reason, unchanged: summary.unchanged + own.length };
  });
}
