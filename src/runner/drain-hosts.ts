/** `sluice drain`: takes servers out of service and leaves them so, with a note that says who did it and why. */
import pLimit from 'p-limit';
import { Failure, reasonOf } from '../errors.ts';
import { serverPath, type DrainPolicy, type Server } from '../rollout/model.ts';
import { runEndOf } from '../rollout/verdict.ts';
import { beforeActing } from './before-acting.ts';
import { asItIsNow, consequencesOf, planDrain, type HostDrain, type Target } from './drain-plan.ts';
import { problem, refuseIfProblems, type Finding } from './findings.ts';
import { holdHosts } from './held-hosts.ts';
import type { Fronts } from './in-front.ts';
import type { RecordEntry } from './ports.ts';
import { putBackAll } from './put-back-all.ts';
import { quiesce } from './quiesce.ts';
import type { RunContext, RunResult } from './rollout.ts';
import { settleHosts, type HostOutcome } from './settle.ts';
import { takeOver } from './take-over.ts';
import { watchOf } from './watch.ts';

export interface DrainRequest extends Fronts {
  readonly hosts: readonly string[];
  /** Servers by name, as `server` or `backend/server`; empty for all that the host's balancer has. */
  readonly servers: readonly string[];
  readonly policy: DrainPolicy;
  readonly note: string;
  /** Asked before a backend is left with no usable server at all, which answers its clients with 503. */
  readonly confirm: (consequences: readonly string[]) => Promise<boolean>;
}

/** @throws Failure when nothing was touched; what went wrong later is in the result */
export async function drainHosts(request: DrainRequest, context: RunContext): Promise<RunResult> {
  const limit = pLimit(context.forks);
  const held = await holdHosts([...request.hosts, ...(request.balancers ?? [])], { ...context, limit });
  try {
    await takeOver(held, { ...context, limit });
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
    refuseIfProblems(findings);
    const drains = planned.filter((drain) => drain !== undefined);
    const consequences = consequencesOf(drains);
    if (consequences.length > 0 && !(await request.confirm(consequences))) {
      throw new Failure('interrupted', 'Nothing was changed: the drain was not confirmed');
    }
    const hosts = await settleHosts(drains, (drain) => limit(() => drainHost(drain, request, context)), context);
    return { end: runEndOf(hosts.map(({ end }) => end)), hosts };
  } finally {
    await held.release();
  }
}

async function drainHost(drain: HostDrain, { policy, note }: DrainRequest, context: RunContext): Promise<HostOutcome> {
  const { held } = drain;
  if (drain.targets.length === 0) return { end: 'nothingToDo', reason: '', counts: {} };
  let targets: readonly Target[];
  let entries: readonly RecordEntry[];
  try {
    targets = await Promise.all(drain.targets.map(asItIsNow));
    entries = targets.map((target) => entryOf(target, note, context));
    for (const { server, standing, wasUp } of entries) {
      const subject = { host: drain.name, name: serverPath(server) };
      context.report({ type: 'found', subject, servers: [{ server, ...standing, wasUp }] });
    }
    await context.journal.settled();
    await held.undo.add(entries);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { end: 'failed', reason: error.message, counts: { unchanged: drain.targets.length } };
  }
  try {
    const settled = await Promise.allSettled(targets.map((target) => drainOne(target, policy, { drain, context })));
    const failed = settled.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
    return { end: 'updated', reason: '', counts: { updated: targets.length } };
  } catch (error) {
    const { ok } = await putBackAll(held, entries, context);
    if (!(error instanceof Failure)) throw error;
    if (!ok) return { end: 'outOfService', reason: reasonOf(error), counts: { outOfService: targets.length } };
    const end = error.code === 'interrupted' ? 'interrupted' : 'failed';
    return { end, reason: reasonOf(error), counts: { unchanged: targets.length } };
  }
}

function entryOf({ access, recorded, agent, ...seen }: Target, note: string, context: RunContext): RecordEntry {
  if (recorded) return recorded;
  const { by, run } = context.identity;
  const { standing, wasUp } = seen;
  const at = context.clock.date().toISOString();
  return { kind: 'drain', server: access.server, standing, wasUp, ...(agent && { agent }), by, note, at, run };
}

async function drainOne(
  { access, admin, standing }: Target,
  policy: DrainPolicy,
  { drain, context }: { readonly drain: HostDrain; readonly context: RunContext },
): Promise<Server> {
  const { clock, report, journal, stop } = context;
  const subject = { host: drain.name, name: serverPath(access.server) };
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
