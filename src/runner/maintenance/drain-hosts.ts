/** `sluice drain`: takes servers out of service and leaves them so, with a note that says who did it and why. */
import pLimit from 'p-limit';
import { Failure, reasonOf } from '../../errors.ts';
import { serverSeenFrom, type DrainPolicy, type Server } from '../../rollout/model.ts';
import { runEndOf } from '../../rollout/verdict.ts';
import { beforeActing } from '../instance/before-acting.ts';
import { isChosen } from '../hosts/chosen.ts';
import { asItIsNow, consequencesOf, planDrain, type HostDrain, type Target } from './drain-plan.ts';
import { problem, refuseIfProblems, unconfirmed, type Finding } from '../hosts/findings.ts';
import { holdHosts } from '../hosts/held-hosts.ts';
import { noted } from '../hosts/noted.ts';
import type { Fronts } from '../preflight/in-front.ts';
import { restoreOver } from '../recovery/over-holds.ts';
import type { HostAccess, RecordEntry } from '../ports/ports.ts';
import { putBackAll } from '../recovery/put-back-all.ts';
import { quiesce } from '../instance/quiesce.ts';
import type { RunContext, RunResult } from '../run.ts';
import { settleHosts, type HostOutcome } from '../hosts/settle.ts';
import { takeOver } from '../recovery/take-over.ts';
import { watchOf } from '../waiting/watch.ts';

export interface DrainRequest extends Fronts {
  readonly hosts: readonly string[];
  /** Servers by name, as `server` or `backend/server`; empty for all that the host's balancer has. */
  readonly servers: readonly string[];
  readonly policy: DrainPolicy;
  readonly note: string;
  /** How long they are to stay out, in milliseconds; undefined: until somebody restores them. */
  readonly forMs?: number | undefined;
  /** Instead: until that moment, by our own clock. */
  readonly endsAt?: Date | undefined;
  /** Asked before a backend is left with no usable server at all, which answers its clients with 503. */
  readonly confirm: (consequences: readonly string[]) => Promise<boolean>;
}

/** @throws Failure when nothing was touched; what went wrong later is in the result */
export async function drainHosts(request: DrainRequest, context: RunContext): Promise<RunResult> {
  const limit = pLimit(context.forks);
  const held = await holdHosts([...request.hosts, ...(request.balancers ?? [])], { ...context, limit });
  try {
    await takeOver(held, { ...context, limit });
    // Not what is drained anew.
    const hasEnded = await restoreOver(held, context, ({ server }) => isChosen({ server }, request.servers));
    const findings: Finding[] = [];
    const planned = await Promise.all(
      request.hosts.map((name) =>
        limit(() =>
          planDrain(name, request, { held, findings }).catch((error: unknown) => {
            findings.push(problem(name, error));
          }),
        ),
      ),
    );
    for (const { kind, host, text } of findings) context.report({ type: kind, host, text });
    refuseIfProblems(findings, hasEnded);
    const drains = planned.filter((drain) => drain !== undefined);
    const consequences = consequencesOf(drains);
    if (consequences.length > 0 && !(await request.confirm(consequences))) {
      throw new Failure('interrupted', unconfirmed('drain', hasEnded));
    }
    const hosts = await settleHosts(drains, (drain) => limit(() => drainHost(drain, request, context)), context);
    return { end: runEndOf(hosts.map(({ end }) => end)), hosts };
  } finally {
    await held.release();
  }
}

async function drainHost(drain: HostDrain, request: DrainRequest, context: RunContext): Promise<HostOutcome> {
  const { held, drained } = drain;
  const { policy } = request;
  const renewed = drained.filter(({ until }) => until !== undefined || request.forMs !== undefined);
  if (drain.targets.length + renewed.length === 0) return { end: 'nothingToDo', reason: '', counts: {} };
  let targets: readonly Target[];
  let entries: readonly RecordEntry[];
  try {
    const note = { ...request, until: await untilOn(held.access, request, context) };
    targets = await Promise.all(drain.targets.map(asItIsNow));
    entries = targets.map((target) => entryOf(target, note, context));
    for (const entry of renewed) tellRenewed(entry, note, { drain, context });
    for (const { server, standing, wasUp } of entries) {
      const subject = { host: drain.name, name: serverSeenFrom(drain.name, server) };
      context.report({ type: 'found', subject, servers: [{ server, ...standing, wasUp }] });
    }
    await context.journal.settled();
    await noted(held, [...entries, ...renewed.map((entry) => renewedOf(entry, note, context))], context);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { end: 'failed', reason: error.message, counts: { unchanged: drain.targets.length } };
  }
  try {
    const settled = await Promise.allSettled(targets.map((target) => drainOne(target, policy, { drain, context })));
    const failed = settled.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
    return { end: 'updated', reason: '', counts: { updated: targets.length + renewed.length } };
  } catch (error) {
    const { ok } = await putBackAll(held, entries, context);
    if (!(error instanceof Failure)) throw error;
    if (!ok) return { end: 'outOfService', reason: reasonOf(error), counts: { outOfService: targets.length } };
    const end = error.code === 'interrupted' ? 'interrupted' : 'failed';
    return { end, reason: reasonOf(error), counts: { unchanged: targets.length } };
  }
}

/** What is noted of a drain on the host. */
interface Note {
  readonly note: string;
  readonly until: string | undefined;
}

/** By the clock of the host, so long from now. */
async function untilOn(
  host: HostAccess,
  { forMs, endsAt }: DrainRequest,
  { clock }: RunContext,
): Promise<string | undefined> {
  const leftMs = endsAt ? endsAt.getTime() - clock.date().getTime() : forMs;
  if (leftMs === undefined) return undefined;
  if (leftMs > 0) return new Date((await host.system()).now.getTime() + leftMs).toISOString();
  const why = 'the time that they were to be back at has passed meanwhile';
  throw new Failure('error', `Cannot drain the servers of ${host.name}: ${why}`);
}

function entryOf(
  { access, recorded, agent, ...seen }: Target,
  { note, until }: Note,
  context: RunContext,
): RecordEntry {
  if (recorded) return renewedOf(recorded, { note, until }, context);
  const { by, run } = context.identity;
  const { standing, wasUp } = seen;
  const at = context.clock.date().toISOString();
  const how = { ...(agent && { agent }), ...(until !== undefined && { until }) };
  return { kind: 'drain', server: access.server, standing, wasUp, ...how, by, note, at, run };
}

/** Of several who drain the same, the last one says for how long; what is to be put back stays as the first found it. */
function renewedOf(recorded: RecordEntry, { note, until }: Note, { identity: { by, run } }: RunContext): RecordEntry {
  if (until === undefined && recorded.until === undefined) return recorded;
  return { ...recorded, by, run, until, note: note === '' ? recorded.note : note };
}

function tellRenewed(
  { server, by, until: before }: RecordEntry,
  { until }: Note,
  { drain, context }: { readonly drain: HostDrain; readonly context: RunContext },
): void {
  const subject = { host: drain.name, name: serverSeenFrom(drain.name, server) };
  const remark = { about: 'held-on', server, until, before: { by, until: before } } as const;
  context.report({ type: 'remark', subject, remark });
}

async function drainOne(
  { access, admin, standing }: Target,
  policy: DrainPolicy,
  { drain, context }: { readonly drain: HostDrain; readonly context: RunContext },
): Promise<Server> {
  const { clock, report, journal, stop } = context;
  const subject = { host: drain.name, name: serverSeenFrom(drain.name, access.server) };
  const began = clock.now();
  report({ type: 'step-started', subject, step: 'drain', homeward: false });
  try {
    await beforeActing(journal, false);
    const watch = watchOf({ clock, signal: stop.beforeNext, report, subject, step: 'drain' });
    await quiesce([{ access, admin }], policy, watch);
  } catch (error) {
    const ms = clock.now() - began;
    report({ type: 'step-failed', subject, step: 'drain', ms, reason: reasonOf(error), details: [] });
    throw error;
  }
  const outcome = `weight ${standing.weight} → 0, drained, in maint`;
  report({ type: 'step-ended', subject, step: 'drain', homeward: false, ms: clock.now() - began, outcome });
  return access.server;
}
