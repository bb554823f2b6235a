/** `sluice recover`: finishes what a rollout that died has left on a host, from that host's own record alone. */
import { Failure, reasonOf } from '../../errors.ts';
import type { Report } from '../../rollout/events.ts';
import { keptSets } from '../../rollout/kept.ts';
import type { State } from '../../rollout/lifecycle.ts';
import type { MinUp, Server } from '../../rollout/model.ts';
import { advance, stepActions, type InstanceEnd } from '../instance/advance.ts';
import { isCommitted } from '../instance/committed.ts';
import { companyOf, type Company } from '../instance/company.ts';
import type { HeldHost } from '../hosts/held-hosts.ts';
import { onEachHeld } from '../hosts/on-each-held.ts';
import { forget, mayBeGone, mayServeEither, mayServeOn, parted, tellLeftBehind } from './left-behind.ts';
import { backInFront } from './back-in-front.ts';
import { recoverMaintained } from './back-in-service.ts';
import { homeward } from '../waiting/persist.ts';
import type { RecordEntry } from '../ports/ports.ts';
import type { PutBackOutcome } from './put-back-all.ts';
import { byContainer, recordedWork } from '../hosts/recorded-work.ts';
import type { RunContext, RunResult } from '../run.ts';
import type { HostOutcome } from '../hosts/settle.ts';
import { mayBeEnding } from '../instance/staying.ts';
import { watchOf, type Watch } from '../waiting/watch.ts';
import { backOf, type Work } from '../instance/work.ts';

export interface RecoverRequest {
  readonly hosts: readonly string[];
  /** Hosts whose HAProxys are gone for good: what is recorded of them is forgotten. */
  readonly forget?: readonly string[];
}

/** @throws Failure when nothing was touched; what went wrong later is in the result */
export function recoverHosts({ hosts, forget: gone }: RecoverRequest, context: RunContext): Promise<RunResult> {
  const claims = { goWithoutBalancer: mayBeGone };
  return onEachHeld(hosts, { work: (host) => recoverHost(host, context, gone), claims }, context);
}

/**
 * Brings every instance that a rollout has left in work on this host back into service, with its old container or its
 * new one, and its servers to exactly the standing in the record. What `sluice drain` took out stays out.
 *
 * Can be killed anywhere and done again, from any machine: each instance stays recorded until it serves again, and at
 * an HAProxy that cannot be had until that can be.
 */
export async function recoverHost(
  held: HeldHost,
  context: RunContext,
  goneHosts: readonly string[] = [],
): Promise<HostOutcome> {
  const lost = held.undo.entries.filter((entry) => entry.kind === 'kept' && isGone(entry, held, goneHosts));
  await forget(lost, held, context.report);
  const left = byContainer(await inWork(held));
  const maintained = held.undo.entries.filter(({ kind }) => kind === 'maintain');
  const fronts = held.undo.entries.filter(({ kind }) => kind === 'front');
  if (left.length + maintained.length + fronts.length === 0)
    return { end: lost.length > 0 ? 'updated' : 'nothingToDo', reason: '', counts: {} };
  const results: PutBackOutcome[] = [];
  if (maintained.length > 0) results.push(await recoverMaintained(held, { entries: maintained, goneHosts }, context));
  for (const unit of unitsOf(left)) results.push(...(await finishAll(unit, { held, goneHosts }, context)));
  // Last of all: until here nothing has come to the host.
  if (fronts.length > 0)
    results.push(await backInFront(held, { entries: fronts, lost: stillOut(held), goneHosts }, context));
  const failed = results.filter(({ ok }) => !ok);
  const counts = { updated: results.length - failed.length, outOfService: failed.length };
  return { end: failed.length > 0 ? 'outOfService' : 'updated', reason: failed[0]?.reason ?? '', counts };
}

/** What is kept before an HAProxy that is gone for good goes on without that. */
function isGone({ server }: RecordEntry, { lacks }: HeldHost, goneHosts: readonly string[]): boolean {
  return lacks(server) !== undefined && goneHosts.includes(server.balancer.host);
}

/** What could not be put back: something must serve in its stead before requests come to the host again. */
function stillOut({ undo }: HeldHost): readonly { readonly server: Server; readonly minUp: MinUp }[] {
  const out = undo.entries.filter(({ kind }) => kind === 'rollout');
  return out.map(({ server }) => ({ server, minUp: { servers: 1 } }));
}

/** What is kept of a set, the rest of which was left in work, goes home with it. */
async function inWork({ undo }: HeldHost): Promise<readonly RecordEntry[]> {
  const left = undo.entries.filter(({ kind }) => kind === 'rollout');
  const runs = new Set(left.map(({ run }) => run));
  const sets = keptSets(undo.entries).filter(({ run }) => runs.has(run));
  const more = sets.flatMap((set) => set.entries.map((entry) => ({ ...entry, kind: 'rollout' as const })));
  if (more.length > 0) await undo.add(more);
  return [...left, ...more];
}

/** Instances that a run has left in work together go home together, each of the others by itself. */
function unitsOf(left: readonly (readonly RecordEntry[])[]): (readonly (readonly RecordEntry[])[])[] {
  const runOf = ([first]: readonly RecordEntry[]): string | undefined => first?.company && first.run;
  const runs = new Set(left.map(runOf).filter((run) => run !== undefined));
  const companies = [...runs].map((run) => left.filter((entries) => runOf(entries) === run));
  return [...left.filter((entries) => runOf(entries) === undefined).map((entries) => [entries]), ...companies];
}

interface Finishing {
  readonly held: HeldHost;
  readonly goneHosts: readonly string[];
}

async function finishAll(
  unit: readonly (readonly RecordEntry[])[],
  at: Finishing,
  context: RunContext,
): Promise<readonly PutBackOutcome[]> {
  const firsts = unit.flatMap(([first]) => first ?? []);
  const company = firsts.some((first) => first.company)
    ? companyOf(firsts.map(({ container = '' }) => ({ container, strategy: 'recreate-host' })))
    : undefined;
  const settled = await Promise.allSettled(unit.map((entries) => finish(entries, { ...at, company }, context)));
  const bug = settled.find((result) => result.status === 'rejected');
  if (bug) throw bug.reason;
  return settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
}

/** Finishes one instance; a foreseen failure of it must not keep the next one from being finished. */
async function finish(
  entries: readonly RecordEntry[],
  { held, goneHosts, company }: Finishing & { readonly company: Company | undefined },
  context: RunContext,
): Promise<PutBackOutcome> {
  const [first] = entries;
  if (first?.container === undefined) return { ok: false, reason: 'the undo record names no container' };
  const subject = { host: held.access.name, name: first.container };
  const { clock, stop } = context;
  const report = reportOf(first, context);
  const watch = watchOf({ clock, report, subject, signal: stop.homeward, step: 'withdraw' });
  let end: InstanceEnd | undefined;
  try {
    const { near, far, gone } = parted(entries, held, goneHosts);
    const why = mayServeEither(far, held);
    if (why && !near.some(({ slot }) => slot === 'leaving')) {
      tellLeftBehind(far, held, report);
      throw why;
    }
    const { work, from } = await homeward(() => lookAt(near, first, { held, company, watch }), watch);
    const goesOn = from === 'withdrawing' && (await homeward(() => mayServeOn(work, far, held), watch));
    if (goesOn) {
      tellLeftBehind(far, held, report);
      throw goesOn;
    }
    // The old one serves wherever it can be made to, and both go on.
    const refuse = (): Promise<string> => Promise.reject(why ?? new Error('nothing is refused'));
    const kept = why && { withdraw: refuse, ...(work.newServes !== true && { vacate: refuse }) };
    end = await advance(work, { ...context, report, actions: { ...stepActions, ...kept } }, from);
    const left = tellLeftBehind(far, held, report);
    if (end.state === 'outOfService') return { ok: false, reason: reasonOf(end.failure) };
    await forget(gone, held, report);
    return { ok: left === undefined, reason: left ?? '' };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { ok: false, reason: error.message };
  } finally {
    company?.ended(first.container, end);
  }
}

/** What this very run was taking back when it died is what it had updated, and is told of as that. */
function reportOf({ run }: RecordEntry, { report, identity }: RunContext): Report {
  if (run !== backOf(identity.run)) return report;
  return (event) => {
    report(event.type === 'instance-ended' ? { ...event, isRevert: true } : event);
  };
}

interface Looking {
  readonly held: HeldHost;
  readonly company: Company | undefined;
  readonly watch: Watch;
}

/**
 * How the instance stands now and where its way home begins. A new container is taken out of service first, whatever
 * it got to, and so is an old one that has ended: nothing must reach it before it has proved itself again. One that
 * runs under its name needs no roll-back; if it is gone for good, its successor had proved itself and is put back in
 * service. So are all of a company that was committed.
 */
async function lookAt(
  entries: readonly RecordEntry[],
  first: RecordEntry,
  { held, company, watch }: Looking,
): Promise<{ readonly work: Work; readonly from: State }> {
  const { containers } = held.access;
  const { container: name = '', old: before } = first;
  const recorded = await recordedWork(entries, first, { held, watch, company });
  const { old, isAside, isServing, successor } = recorded.containers;
  const { work } = recorded;
  if (isCommitted(held.undo.entries, first.run) && (successor || first.toNothing)) {
    work.newServes = true;
    company?.leave(name);
    return { work, from: 'finishing' };
  }
  // With two slots the new one is only let go of once the old one serves; without an old one it has proved itself.
  if (work.leaving) {
    work.newServes = before !== undefined && !old;
    return { work, from: work.newServes ? 'vacating' : 'readmitting' };
  }
  const hasProved = before !== undefined && !isAside;
  if (successor && hasProved) return { work, from: 'returning' };
  const now = await containers.inspect(name);
  return { work, from: isServing && !(now && mayBeEnding(now, work)) ? 'rollingBack' : 'withdrawing' };
}
