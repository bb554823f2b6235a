/** `sluice switch-back`: has the old containers that a `blue-green` rollout has kept serve again. */
import pLimit from 'p-limit';
import { keptSets } from '../../rollout/kept.ts';
import { runEndOf } from '../../rollout/verdict.ts';
import { holdHosts, type HeldHost } from '../hosts/held-hosts.ts';
import { outcomeOf, switchBack } from '../hosts/switch-back.ts';
import { settleHosts, type HostOutcome } from '../hosts/settle.ts';
import { stepActions, type InstanceEnd } from '../instance/advance.ts';
import type { RunContext, RunResult } from '../run.ts';

export interface SwitchBackRequest {
  readonly hosts: readonly string[];
}

/** @throws Failure when nothing was touched; what went wrong later is in the result */
export async function switchBackHosts({ hosts }: SwitchBackRequest, context: RunContext): Promise<RunResult> {
  const limit = pLimit(context.forks);
  const held = await holdHosts(hosts, { ...context, limit });
  try {
    const all = hosts.map((name) => ({ name, ...held.host(name) }));
    const rows = await settleHosts(all, (host) => limit(() => switchBackHost(host, context)), context);
    return { end: runEndOf(rows.map(({ end }) => end)), hosts: rows };
  } finally {
    await held.release();
  }
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
