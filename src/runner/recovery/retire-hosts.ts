/** `sluice retire`: ends the old containers that a `blue-green` rollout has kept, before their time. */
import { keptSets } from '../../rollout/kept.ts';
import type { HeldHost } from '../hosts/held-hosts.ts';
import { onEachHeld } from '../hosts/on-each-held.ts';
import type { HostOutcome } from '../hosts/settle.ts';
import type { RunContext, RunResult } from '../run.ts';
import { endKept } from './end-kept.ts';
import { takeOver } from './take-over.ts';

export interface RetireRequest {
  readonly hosts: readonly string[];
}

/** @throws Failure when nothing was touched; what went wrong later is in the result */
export function retireHosts({ hosts }: RetireRequest, context: RunContext): Promise<RunResult> {
  return onEachHeld(hosts, { first: takeOver, work: (host) => retireHost(host, context) }, context);
}

async function retireHost(held: HeldHost, context: RunContext): Promise<HostOutcome> {
  const sets = keptSets(held.undo.entries);
  if (sets.length === 0) return { end: 'nothingToDo', reason: '', counts: {} };
  const { ok, reason, count } = await endKept(held, sets, context);
  const all = sets.flatMap(({ containers }) => containers).length;
  return { end: ok ? 'updated' : 'outOfService', reason, counts: { updated: count, outOfService: all - count } };
}
