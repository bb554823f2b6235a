/** `sluice maintain`: hosts out of service batch by batch, a command or a reboot there, and back with exact weights. */
import pLimit from 'p-limit';
import { Failure } from '../../errors.ts';
import type { HostSummary } from '../../rollout/events.ts';
import type { HostMaintenance, MaintenancePlan } from '../../rollout/maintenance.ts';
import { runEndOf, type AfterBatch } from '../../rollout/verdict.ts';
import { holdHosts, type HeldHosts } from '../hosts/held-hosts.ts';
import { maintainHost } from './maintain-host.ts';
import { unconfirmed } from '../hosts/findings.ts';
import { planMaintenance, type MaintainRequest } from './maintain-plan.ts';
import { restoreOver } from '../recovery/over-holds.ts';
import { withoutWork } from '../recovery/restore-over.ts';
import type { RunContext, RunResult } from '../run.ts';
import { settleHosts } from '../hosts/settle.ts';
import { takeOver } from '../recovery/take-over.ts';
import { Turns } from '../instance/turns.ts';

/** @throws Failure when nothing was touched; what went wrong later is in the result */
export async function maintainHosts(request: MaintainRequest, context: RunContext): Promise<RunResult> {
  const limit = pLimit(context.forks);
  const held = await holdHosts([...request.hosts, ...(request.balancers ?? [])], { ...context, limit });
  try {
    await takeOver(held, { ...context, limit });
    const hasEnded = await restoreOver(held, context);
    const at = { reach: async (name: string) => held.host(name).access, hasEnded };
    const plan = await planMaintenance(request, context, at);
    request.onPlanned(plan);
    context.stop.beforeNext.throwIfAborted();
    if (!(await request.confirm())) {
      throw new Failure('interrupted', unconfirmed('maintenance', hasEnded));
    }
    return await inBatches(plan, { request, held }, context);
  } finally {
    await held.release();
  }
}

interface Maintaining {
  readonly request: MaintainRequest;
  readonly held: HeldHosts;
}

async function inBatches(
  { batches }: MaintenancePlan,
  { request, held }: Maintaining,
  context: RunContext,
): Promise<RunResult> {
  const { report, stop, forks } = context;
  const limit = pLimit(forks);
  const turns = new Turns();
  const rows: HostSummary[] = [];
  let then: AfterBatch = 'goOn';
  for (const [index, batch] of batches.entries()) {
    if (then !== 'goOn' || stop.beforeNext.aborted) {
      rows.push(...batch.map(({ host }) => ({ ...withoutWork(host, 'notReached', ''), notReached: 1 })));
      continue;
    }
    const place = { number: index + 1, of: batches.length };
    report({ type: 'batch-started', play: 'Maintenance', ...place, hosts: batch.map(({ host }) => host) });
    const work = (host: HostMaintenance & { readonly name: string }) =>
      limit(() => maintainHost(host, { request, held: held.host(host.host), turns }, context));
    const ended = await settleHosts(
      batch.map((host) => ({ ...host, name: host.host })),
      work,
      context,
    );
    rows.push(...ended);
    then = after(ended, request);
    report({ type: 'batch-ended', ...place, then, why: then === 'stop' ? 'a host has failed' : '' });
  }
  const end = runEndOf(
    rows.map((row) => row.end),
    { isHalted: then === 'stop' },
  );
  return { end, ...(then === 'stop' && { why: 'a host has failed' }), hosts: rows };
}

/** A host that is left out of service ends it: the next ones would take what is missing already. */
function after(rows: readonly HostSummary[], { onFailure }: MaintainRequest): AfterBatch {
  if (rows.some(({ end }) => end === 'outOfService')) return 'outOfService';
  return onFailure === 'stop' && rows.some(({ end }) => end === 'failed') ? 'stop' : 'goOn';
}
