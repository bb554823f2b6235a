/**
 * `sluice restore`: puts back what `sluice drain` took out, by the hosts' own undo records, whoever did it and from
 * wherever. What a rollout left in work is for `sluice recover`: it takes more than a weight to finish that.
 */
import { Failure } from '../../errors.ts';
import { isOver } from '../../rollout/drained-until.ts';
import { serverPath } from '../../rollout/model.ts';
import { isChosen, isNamed } from '../hosts/chosen.ts';
import type { HeldHost } from '../hosts/held-hosts.ts';
import { onEachHeld } from '../hosts/on-each-held.ts';
import { forget, mayBeGone, parted, tellLeftBehind } from './left-behind.ts';
import { advice, explain } from '../instance/entry-words.ts';
import { keptOverOn, timeOn } from '../hosts/host-time.ts';
import type { RecordEntry } from '../ports/ports.ts';
import { endKept } from './end-kept.ts';
import { keepOut } from './keep-out.ts';
import { putBackAll } from './put-back-all.ts';
import type { RunContext, RunResult } from '../run.ts';
import type { HostOutcome } from '../hosts/settle.ts';

export interface RestoreRequest {
  readonly hosts: readonly string[];
  /** Servers by name, as `server` or `backend/server`; empty for all that were drained. */
  readonly servers: readonly string[];
  /** Hosts whose HAProxys are gone for good: what is recorded of them is forgotten. */
  readonly forget?: readonly string[];
  /** Of those that were drained, which are wanted; `isOver`: their time has passed. Undefined: all. */
  readonly isWanted?: (entry: RecordEntry, isOver: boolean) => boolean;
  /** Also ends what was kept for a time that has passed. */
  readonly endsKept?: boolean;
}

/** @throws Failure when nothing was touched; what went wrong later is in the result */
export function restoreHosts(request: RestoreRequest, context: RunContext): Promise<RunResult> {
  const before = (hosts: readonly HeldHost[]): void => {
    refuseStrangers(request.servers, hosts);
    refuseLeftInWork(request.servers, hosts);
  };
  const claims = { goWithoutBalancer: mayBeGone };
  return onEachHeld(request.hosts, { work: (host) => restoreHost(host, request, context), before, claims }, context);
}

function refuseStrangers(names: readonly string[], hosts: readonly HeldHost[]): void {
  const recorded = hosts.flatMap(({ undo }) => undo.entries);
  const stranger = names.find((name) => !recorded.some((entry) => isNamed(entry, name)));
  if (stranger === undefined) return;
  const known = recorded.length === 0 ? 'nothing' : recorded.map(({ server }) => serverPath(server)).join(', ');
  throw new Failure('config', `Cannot restore ${stranger}: no record of it on these hosts; recorded: ${known}`);
}

function refuseLeftInWork(names: readonly string[], hosts: readonly HeldHost[]): void {
  for (const { undo, access } of hosts) {
    const left = undo.entries.find((entry) => entry.kind !== 'drain' && names.some((name) => isNamed(entry, name)));
    if (left)
      throw new Failure('error', `Cannot restore it on ${access.name}: ${explain(left)}: ${advice(left, access)}`);
  }
}

const DONE: HostOutcome = { end: 'updated', reason: '', counts: {} };

async function restoreHost(
  held: HeldHost,
  { servers, isWanted, endsKept, forget: goneHosts }: RestoreRequest,
  context: RunContext,
): Promise<HostOutcome> {
  const { access: host, undo } = held;
  const now = isWanted && (await timeOn(host, undo.entries));
  const isIts = (entry: RecordEntry): boolean =>
    entry.kind === 'drain' && isChosen(entry, servers) && (!isWanted || isWanted(entry, !!now && isOver(entry, now)));
  const entries = undo.entries.filter(isIts);
  const isAll = servers.length === 0 && !isWanted;
  const left = isAll ? undo.entries.filter(({ kind }) => kind !== 'drain' && kind !== 'kept') : [];
  const advices = left.map((entry) => `${explain(entry)}: ${advice(entry, host)}`);
  for (const text of advices) context.report({ type: 'warning', host: host.name, text });
  const sets = endsKept ? await keptOverOn(host, undo.entries) : [];
  const containers = sets.flatMap((set) => set.containers).length;
  if (entries.length + left.length + containers === 0)
    return (await keepOut(held, context)) ? DONE : { end: 'nothingToDo', reason: '', counts: {} };

  const { near, far, gone } = parted(entries, held, goneHosts);
  const back = await putBackAll(held, near, context);
  await forget(gone, held, context.report);
  const ended = await endKept(held, sets, context);
  await keepOut(held, context);
  const why = [back, ended].find(({ ok }) => !ok)?.reason ?? tellLeftBehind(far, held, context.report) ?? advices[0];
  const updated = back.count + gone.length + ended.count;
  const counts = { updated, outOfService: entries.length + left.length + containers - updated };
  return { end: why === undefined ? 'updated' : 'outOfService', reason: why ?? '', counts };
}
