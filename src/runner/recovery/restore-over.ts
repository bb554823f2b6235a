/**
 * `sluice restore --expired`: puts back what was drained, and ends what was kept, for a time that is over. For cron: a
 * host that cannot be had this time keeps no other from its servers.
 */
import pLimit from 'p-limit';
import { Failure } from '../../errors.ts';
import type { HostSummary } from '../../rollout/events.ts';
import { keptSets } from '../../rollout/kept.ts';
import type { Server } from '../../rollout/model.ts';
import { runEndOf, type HostEnd } from '../../rollout/verdict.ts';
import { keptOverOn, overOn } from '../hosts/host-time.ts';
import type { ServerAccess } from '../instance/traffic.ts';
import type { Fleet, HostAccess, RecordEntry } from '../ports/ports.ts';
import { letInOf } from './keep-out.ts';
import { restoreHosts, type RestoreRequest } from './restore-hosts.ts';
import type { RunContext, RunResult } from '../run.ts';

export type RestoreOverRequest = Pick<RestoreRequest, 'hosts'>;

const IS_OVER = (_: RecordEntry, isOver: boolean): boolean => isOver;

/** Only hosts that have such are locked. */
export async function restoreOverHosts({ hosts }: RestoreOverRequest, context: RunContext): Promise<RunResult> {
  const limit = pLimit(context.forks);
  const looks = await Promise.all(hosts.map((host) => limit(() => look(host, context))));
  context.stop.beforeNext.throwIfAborted();
  const due = looks.filter(({ isDue }) => isDue).map(({ host }) => host);
  const rows = [
    ...looks
      .filter(({ isDue }) => !isDue)
      .map(({ host, failure }) =>
        failure ? withoutWork(host, 'unreachable', failure.message) : withoutWork(host, 'nothingToDo', ''),
      ),
    ...(await restoreOneByOne(due, { servers: [], isWanted: IS_OVER, endsKept: true }, context)),
  ];
  for (const { host, end, reason } of rows)
    if (end === 'unreachable') context.report({ type: 'host-skipped', host, reason });
  return { end: runEndOf(rows.map(({ end }) => end)), hosts: rows };
}

interface Look {
  readonly host: string;
  readonly isDue: boolean;
  readonly failure?: Failure;
}

async function look(host: string, { fleet }: RunContext): Promise<Look> {
  try {
    const access = await fleet.host(host);
    const entries = await access.record.read();
    const [drained, kept] = [await overOn(access, entries), await keptOverOn(access, entries)];
    return { host, isDue: drained.length + kept.length > 0 || (await hasLetIn(access, entries, fleet)) };
  } catch (failure) {
    if (!(failure instanceof Failure)) throw failure;
    return { host, isDue: false, failure };
  }
}

/** Whether what is kept there for longer is in service again. */
async function hasLetIn(access: HostAccess, entries: readonly RecordEntry[], fleet: Fleet): Promise<boolean> {
  const reach = async (server: Server): Promise<ServerAccess> => {
    const { host } = server.balancer;
    return { server, balancer: (host === access.name ? access : await fleet.host(host)).balancer(server.balancer) };
  };
  const inside = await Promise.all(keptSets(entries).map((set) => letInOf(set, reach).catch(unlessUnknown)));
  return inside.flat().length > 0;
}

/** Where an HAProxy is away nothing is known of it, and nothing can be done about it now: that keeps nobody. */
function unlessUnknown(error: unknown): readonly RecordEntry[] {
  if (error instanceof Failure) return [];
  throw error;
}

/**
 * Each host by itself, one after the other: two may have the same central balancers, whose locks a run has once. One
 * that cannot be had is told of as unreachable, also where somebody else holds it.
 */
export async function restoreOneByOne(
  hosts: readonly string[],
  how: Omit<RestoreRequest, 'hosts'>,
  context: RunContext,
): Promise<readonly HostSummary[]> {
  const rows: HostSummary[] = [];
  for (const host of hosts) {
    try {
      rows.push(...(await restoreHosts({ ...how, hosts: [host] }, context)).hosts);
    } catch (failure) {
      if (!(failure instanceof Failure) || failure.code === 'interrupted') throw failure;
      rows.push(withoutWork(host, 'unreachable', failure.message));
    }
  }
  return rows;
}

/** The summary of a host on which nothing was done. */
export function withoutWork(host: string, end: HostEnd, reason: string): HostSummary {
  const counts = { updated: 0, left: 0, unchanged: 0, outOfService: 0, notReached: 0 };
  return { host, end, reason, ...counts, ms: 0 };
}
