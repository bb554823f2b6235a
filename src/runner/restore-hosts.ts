/** `sluice restore`: puts back what the hosts' own undo records say, whoever took it out and from wherever. */
import pLimit from 'p-limit';
import { Failure, reasonOf } from '../errors.ts';
import type { HostSummary } from '../rollout/events.ts';
import { serverPath, type Instance } from '../rollout/model.ts';
import { runEndOf, type HostEnd } from '../rollout/verdict.ts';
import { advance, stepActions } from './advance.ts';
import { holdHosts, type HeldHost } from './held-hosts.ts';
import type { HostAccess, RecordEntry } from './ports.ts';
import type { RunContext, RunResult } from './rollout.ts';
import { putBack } from './traffic.ts';
import type { Undo } from './undo.ts';
import { watchOf } from './watch.ts';
import type { Work } from './work.ts';

export interface RestoreRequest {
  readonly hosts: readonly string[];
  /** Servers by name, as `server` or `backend/server`; empty for all that are recorded. */
  readonly servers: readonly string[];
}

/** How long a server may take to be seen UP again. */
export const restoreWithinMs = 60_000;

/** @throws Failure when nothing was touched; what went wrong later is in the result */
export async function restoreHosts(request: RestoreRequest, context: RunContext): Promise<RunResult> {
  const limit = pLimit(context.forks);
  const held = await holdHosts(request.hosts, { ...context, limit });
  try {
    const hosts = await Promise.all(
      request.hosts.map((name) => limit(() => restoreHost(held.host(name), request.servers, context))),
    );
    return { end: runEndOf(hosts.map(({ end }) => end)), hosts };
  } finally {
    await held.release();
  }
}

async function restoreHost(held: HeldHost, servers: readonly string[], context: RunContext): Promise<HostSummary> {
  const { clock, report } = context;
  const { access: host, undo } = held;
  const started = clock.now();
  const entries = undo.entries.filter(
    ({ server }) => servers.length === 0 || servers.includes(server.name) || servers.includes(serverPath(server)),
  );
  const drained = entries.filter(({ kind }) => kind === 'drain');
  const results = [await putBackAll(undo, drained, { host, context, withinMs: restoreWithinMs })];
  for (const left of byContainer(entries.filter(({ kind }) => kind === 'rollout'))) {
    results.push(await finish(left, held, context));
  }
  const failed = results.find(({ ok }) => !ok);
  const end: HostEnd = failed ? 'outOfService' : entries.length === 0 ? 'nothingToDo' : 'updated';
  const reason = failed?.reason ?? '';
  report({ type: 'host-ended', host: host.name, end, reason });
  const out = undo.entries.filter((entry) => entries.some(({ server }) => server === entry.server)).length;
  const counts = { updated: entries.length - out, left: 0, unchanged: 0, outOfService: out, notReached: 0 };
  return { host: host.name, end, ...counts, ms: clock.now() - started, reason };
}

interface Outcome {
  readonly ok: boolean;
  readonly reason: string;
}

/** Puts each of these servers back to its standing and forgets it once it is. */
export async function putBackAll(
  undo: Undo,
  entries: readonly RecordEntry[],
  { host, context, withinMs }: { readonly host: HostAccess; readonly context: RunContext; readonly withinMs: number },
): Promise<Outcome> {
  const { clock, report, stop } = context;
  const settled = await Promise.allSettled(
    entries.map(async ({ server, standing }) => {
      const subject = { host: host.name, name: serverPath(server) };
      const began = clock.now();
      report({ type: 'step-started', subject, step: 'restore', homeward: true });
      try {
        const access = { server, host, balancer: host.balancer(server.balancer.socket) };
        const watch = watchOf({ clock, signal: stop.homeward, report, subject, step: 'restore' });
        await putBack(access, standing, { withinMs, expectUp: standing.weight > 0 }, watch);
        const outcome = standing.admin === 'ready' ? `UP, weight ${standing.weight}` : `${standing.admin} as before`;
        report({ type: 'step-ended', subject, step: 'restore', homeward: true, ms: clock.now() - began, outcome });
        return server;
      } catch (error) {
        const ms = clock.now() - began;
        report({ type: 'step-failed', subject, step: 'restore', ms, reason: reasonOf(error), details: [] });
        throw error;
      }
    }),
  );
  await undo.drop(settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : [])));
  const failure = settled.find((result) => result.status === 'rejected');
  if (failure && !(failure.reason instanceof Failure)) throw failure.reason;
  return { ok: !failure, reason: failure ? reasonOf(failure.reason) : '' };
}

function byContainer(entries: readonly RecordEntry[]): RecordEntry[][] {
  const containers = [...new Set(entries.map(({ container }) => container))];
  return containers.map((container) => entries.filter((entry) => entry.container === container));
}

/**
 * Finishes an instance that a run left in work when it died. With an old container still waiting, the new one never
 * proved itself: the way home begins. Without one, whatever bears the name is put back in service.
 */
async function finish(entries: readonly RecordEntry[], held: HeldHost, context: RunContext): Promise<Outcome> {
  const [first] = entries;
  if (first?.container === undefined) return { ok: false, reason: 'the undo record names no container' };
  const { access: host } = held;
  const aside = first.aside === undefined ? undefined : await host.containers.inspect(first.aside);
  const old = aside ?? (await host.containers.inspect(first.container));
  const work: Work = {
    ...{ instance: instanceOf(entries, first.container), host, undo: held.undo },
    identity: { run: first.run, by: first.by },
    servers: entries.map(({ server }) => ({ server, host, balancer: host.balancer(server.balancer.socket) })),
    found: entries.map(({ server, standing }) => ({
      ...standing,
      access: { server, host, balancer: host.balancer(server.balancer.socket) },
      wasUp: standing.weight > 0,
    })),
    container: old && { ...old, restart: first.restart ?? old.restart, running: true },
    startedAt: undefined,
    upAfterMs: 0,
  };
  const { state, failure } = await advance(
    work,
    { ...context, actions: stepActions },
    aside ? 'withdrawing' : 'rollingBack',
  );
  return { ok: state !== 'outOfService', reason: state === 'outOfService' ? reasonOf(failure) : '' };
}

/** What the way home needs to know of an instance without its playbook. */
function instanceOf(entries: readonly RecordEntry[], container: string): Instance {
  return {
    host: entries[0]?.server.balancer.host ?? '',
    container,
    servers: entries.map(({ server }) => server),
    spec: { image: 'the old image', pullPolicy: 'never' },
    drain: { timeoutMs: 60_000, onTimeout: 'continue' },
    ready: { probe: undefined, withinMs: restoreWithinMs, everyMs: 250 },
    soakMs: undefined,
    keep: 0,
    minUp: { servers: 0 },
  };
}
