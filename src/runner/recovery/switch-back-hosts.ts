/** `sluice switch-back`: has the old containers that a `blue-green` rollout has kept serve again. */
import { keptSets } from '../../rollout/kept.ts';
import type { HeldHost } from '../hosts/held-hosts.ts';
import { onEachHeld } from '../hosts/on-each-held.ts';
import type { HostOutcome } from '../hosts/settle.ts';
import { outcomeOf, switchBack } from '../hosts/switch-back.ts';
import { stepActions, type InstanceEnd } from '../instance/advance.ts';
import type { RunContext, RunResult } from '../run.ts';
import { takeOver } from './take-over.ts';

export interface SwitchBackRequest {
  readonly hosts: readonly string[];
}

/** @throws Failure when nothing was touched; what went wrong later is in the result */
export function switchBackHosts({ hosts }: SwitchBackRequest, context: RunContext): Promise<RunResult> {
  return onEachHeld(hosts, { first: takeOver, work: (host) => switchBackHost(host, context) }, context);
}

async function switchBackHost(held: HeldHost, context: RunContext): Promise<HostOutcome> {
  const sets = keptSets(held.undo.entries);
  if (sets.length === 0) {
    const text = 'Nothing is kept here that could be switched back to: "sluice rollback" takes a run back without';
    context.report({ type: 'warning', host: held.access.name, text });
    return { end: 'nothingToDo', reason: '', counts: {} };
  }
  const ends: InstanceEnd[] = [];
  for (const set of sets) ends.push(...(await switchBack(set, held, { ...context, actions: stepActions })));
  return outcomeOf(ends);
}
