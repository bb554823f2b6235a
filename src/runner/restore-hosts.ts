/** `sluice restore`: puts back what the hosts' own undo records say, whoever took it out and from wherever. */
import pLimit from 'p-limit';
import { Failure, reasonOf } from '../errors.ts';
import type { State } from '../rollout/lifecycle.ts';
import { serverPath, type Instance } from '../rollout/model.ts';
import { runEndOf } from '../rollout/verdict.ts';
import { advance, stepActions } from './advance.ts';
import { isNamed } from './drain-plan.ts';
import { holdHosts, type HeldHost } from './held-hosts.ts';
import type { RecordEntry } from './ports.ts';
import { putBackAll, UP_WITHIN_MS, type PutBackOutcome } from './put-back-all.ts';
import type { RunContext, RunResult } from './rollout.ts';
import { settleHosts, type HostOutcome } from './settle.ts';
import type { Work } from './work.ts';

export interface RestoreRequest {
  readonly hosts: readonly string[];
  /** Servers by name, as `server` or `backend/server`; empty for all that are recorded. */
  readonly servers: readonly string[];
}

/** @throws Failure when nothing was touched; what went wrong later is in the result */
export async function restoreHosts(request: RestoreRequest, context: RunContext): Promise<RunResult> {
  const limit = pLimit(context.forks);
  const held = await holdHosts(request.hosts, { ...context, limit });
  try {
    const hosts = request.hosts.map((name) => ({ name, ...held.host(name) }));
    refuseStrangers(request.servers, hosts);
    const summaries = await settleHosts(
      hosts,
      (host) => limit(() => restoreHost(host, request.servers, context)),
      context,
    );
    return { end: runEndOf(summaries.map(({ end }) => end)), hosts: summaries };
  } finally {
    await held.release();
  }
}

function refuseStrangers(names: readonly string[], hosts: readonly HeldHost[]): void {
  const recorded = hosts.flatMap(({ undo }) => undo.entries);
  const stranger = names.find((name) => !recorded.some((entry) => isNamed(entry, name)));
  if (stranger === undefined) return;
  const known = recorded.length === 0 ? 'nothing' : recorded.map(({ server }) => serverPath(server)).join(', ');
  throw new Failure('config', `Cannot restore ${stranger}: no record of it on these hosts; recorded: ${known}`);
}

async function restoreHost(held: HeldHost, servers: readonly string[], context: RunContext): Promise<HostOutcome> {
  const { access: host, undo } = held;
  const entries = undo.entries.filter((entry) => servers.length === 0 || servers.some((name) => isNamed(entry, name)));
  if (entries.length === 0) return { end: 'nothingToDo', reason: '', counts: {} };
  const drained = entries.filter(({ kind }) => kind === 'drain');
  const results = [await putBackAll(undo, drained, { host, context })];
  for (const left of byContainer(entries.filter(({ kind }) => kind === 'rollout'))) {
    results.push(await finish(left, held, context));
  }
  const failed = results.find(({ ok }) => !ok);
  const out = undo.entries.filter((entry) =>
    entries.some(({ server }) => serverPath(server) === serverPath(entry.server)),
  ).length;
  const counts = { updated: entries.length - out, outOfService: out };
  return { end: failed ? 'outOfService' : 'updated', reason: failed?.reason ?? '', counts };
}

function byContainer(entries: readonly RecordEntry[]): RecordEntry[][] {
  const containers = [...new Set(entries.map(({ container }) => container))];
  return containers.map((container) => entries.filter((entry) => entry.container === container));
}

/**
 * Finishes an instance that a run left in work when it died. The record goes before the old container is let go, so
 * whatever is recorded has not proved itself: the way home begins. An old container that never left its name needs no
 * roll-back, and if it is gone for good, whatever bears the name is put back in service.
 */
async function finish(entries: readonly RecordEntry[], held: HeldHost, context: RunContext): Promise<PutBackOutcome> {
  const [first] = entries;
  if (first?.container === undefined) return { ok: false, reason: 'the undo record names no container' };
  const { access: host } = held;
  const aside = first.aside === undefined ? undefined : await host.containers.inspect(first.aside);
  const named = await host.containers.inspect(first.container);
  const isOldNamed = named !== undefined && named.id === first.old?.id;
  const old = aside ?? (isOldNamed ? named : undefined);
  const servers = entries.map(({ server }) => ({ server, host, balancer: host.balancer(server.balancer.socket) }));
  const work: Work = {
    ...{ instance: instanceOf(entries, first, host.name), host, undo: held.undo, servers },
    identity: { run: first.run, by: first.by },
    found: entries.flatMap(({ standing, wasUp }, index) => {
      const access = servers[index];
      return access ? [{ ...standing, access, wasUp }] : [];
    }),
    container: old && { ...old, restart: first.old?.restart ?? old.restart, running: first.old?.running ?? true },
    ...{ wasReady: first.old?.wasReady ?? false, barriers: [], started: undefined, upAfterMs: 0 },
  };
  const from: State = aside ? 'withdrawing' : !named || isOldNamed || !first.old ? 'rollingBack' : 'returning';
  const { state, failure } = await advance(work, { ...context, actions: stepActions }, from);
  return { ok: state !== 'outOfService', reason: state === 'outOfService' ? reasonOf(failure) : '' };
}

/** What the way home needs to know of an instance, without its playbook. */
function instanceOf(
  entries: readonly RecordEntry[],
  { container = '', ready, drain }: RecordEntry,
  host: string,
): Instance {
  return {
    ...{ host, container, servers: entries.map(({ server }) => server) },
    spec: { image: 'the image it had', pullPolicy: 'never' },
    drain: drain ?? { timeoutMs: UP_WITHIN_MS, onTimeout: 'continue' },
    ready: ready ?? { probe: undefined, withinMs: UP_WITHIN_MS, everyMs: 250 },
    ...{ soakMs: undefined, keep: 0, minUp: { servers: 0 } },
  };
}
