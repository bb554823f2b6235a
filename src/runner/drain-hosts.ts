/** `sluice drain`: takes servers out of service and leaves them so, with a note that says who did it and why. */
import pLimit from 'p-limit';
import { Failure, reasonOf } from '../errors.ts';
import { isUsable } from '../rollout/capacity.ts';
import type { HostSummary } from '../rollout/events.ts';
import { serverPath, type DrainPolicy } from '../rollout/model.ts';
import type { BackendState, ServerState } from '../rollout/observed.ts';
import { runEndOf, type HostEnd } from '../rollout/verdict.ts';
import { problem, refuseIfProblems, type Finding } from './findings.ts';
import { holdHosts, type HeldHost } from './held-hosts.ts';
import { balancerProblems } from './preflight-balancer.ts';
import { putBackAll, restoreWithinMs } from './restore-hosts.ts';
import type { RunContext, RunResult } from './rollout.ts';
import { socketOf } from './sockets.ts';
import { quiesce } from './quiesce.ts';
import type { ServerAccess } from './traffic.ts';
import { watchOf } from './watch.ts';

export interface DrainRequest {
  readonly hosts: readonly string[];
  /** Servers by name, as `server` or `backend/server`; empty for all that the host's balancer has. */
  readonly servers: readonly string[];
  /** The balancer's socket on each host; undefined: where it is by custom. */
  readonly socket: string | undefined;
  readonly policy: DrainPolicy;
  readonly note: string;
  /** Asked before a backend is left with no usable server at all, which answers its clients with 503. */
  readonly confirm: (consequences: readonly string[]) => Promise<boolean>;
}

interface HostDrain {
  readonly held: HeldHost;
  readonly servers: readonly ServerState[];
  readonly accesses: readonly ServerAccess[];
  readonly consequences: readonly string[];
}

/** @throws Failure when nothing was touched; what went wrong later is in the result */
export async function drainHosts(request: DrainRequest, context: RunContext): Promise<RunResult> {
  const limit = pLimit(context.forks);
  const held = await holdHosts(request.hosts, { ...context, limit });
  try {
    const findings: Finding[] = [];
    const planned = await Promise.all(
      request.hosts.map((name) =>
        limit(() =>
          planHost(held.host(name), request, findings).catch((error: unknown) => {
            findings.push(problem(name, error));
          }),
        ),
      ),
    );
    for (const { kind, host, text } of findings) context.report({ type: kind, host, text });
    refuseIfProblems(findings);
    const drains = planned.filter((drain) => drain !== undefined);
    const consequences = drains.flatMap((drain) => drain.consequences);
    if (consequences.length > 0 && !(await request.confirm(consequences))) return { end: 'interrupted', hosts: [] };
    const hosts = await Promise.all(drains.map((drain) => limit(() => drainHost(drain, request, context))));
    return { end: runEndOf(hosts.map(({ end }) => end)), hosts };
  } finally {
    await held.release();
  }
}

async function planHost({ access, undo }: HeldHost, request: DrainRequest, findings: Finding[]): Promise<HostDrain> {
  const socket = await socketOf(access, request.socket);
  const balancer = access.balancer(socket);
  findings.push(...balancerProblems(access.name, socket, await balancer.facts()));
  const backends = await balancer.backends();
  const all = backends.flatMap(({ servers }) => servers);
  for (const name of request.servers) {
    if (all.some((state) => isNamed(state, name))) continue;
    const known = all.map((state) => serverPath(state.server)).join(', ');
    findings.push({ kind: 'problem', host: access.name, text: `HAProxy has no server ${name}; it has ${known}` });
  }
  const recorded = new Set(undo.entries.map(({ server }) => `${server.balancer.socket} ${serverPath(server)}`));
  const chosen = all.filter(
    (state) => request.servers.length === 0 || request.servers.some((name) => isNamed(state, name)),
  );
  const servers = chosen.filter((state) => !recorded.has(`${socket} ${serverPath(state.server)}`));
  for (const state of servers.filter(({ hasAgent }) => hasAgent)) {
    const text = `${serverPath(state.server)} has an agent-check, which may overwrite the weight: not supported yet`;
    findings.push({ kind: 'problem', host: access.name, text });
  }
  return {
    held: { access, undo },
    servers,
    accesses: servers.map(({ server }) => ({ server, balancer, host: access })),
    consequences: backends.filter((backend) => isEmptied(backend, servers)).map((backend) => emptied(backend)),
  };
}

function isNamed({ server }: ServerState, name: string): boolean {
  return server.name === name || serverPath(server) === name;
}

function isEmptied({ servers }: BackendState, drained: readonly ServerState[]): boolean {
  const usable = servers.filter(isUsable);
  return usable.length > 0 && usable.every((state) => drained.includes(state));
}

function emptied({ name, balancer }: BackendState): string {
  return `backend ${name} on ${balancer.host} will have no usable server: its clients get 503`;
}

async function drainHost(
  { held, servers, accesses }: HostDrain,
  { policy, note }: DrainRequest,
  context: RunContext,
): Promise<HostSummary> {
  const { clock, report, stop, identity } = context;
  const { access: host, undo } = held;
  const started = clock.now();
  const at = clock.date().toISOString();
  const summary = (end: HostEnd, reason = ''): HostSummary => {
    report({ type: 'host-ended', host: host.name, end, reason });
    const drained = end === 'updated' ? servers.length : 0;
    const counts = { updated: drained, left: 0, unchanged: servers.length - drained, outOfService: 0, notReached: 0 };
    return { host: host.name, end, ...counts, ms: clock.now() - started, reason };
  };
  if (servers.length === 0) return summary('nothingToDo');
  const entries = servers.map(({ server, weight, admin }) => {
    return {
      kind: 'drain' as const,
      server,
      standing: { weight, admin },
      by: identity.by,
      note,
      at,
      run: identity.run,
    };
  });
  try {
    await undo.add(entries);
    const settled = await Promise.allSettled(
      accesses.map(async (access, index) => {
        const subject = { host: host.name, name: serverPath(access.server) };
        const began = clock.now();
        report({ type: 'step-started', subject, step: 'drain', homeward: false });
        const watch = watchOf({ clock, signal: stop.beforeNext, report, subject, step: 'drain' });
        await quiesce([{ access, admin: servers[index]?.admin ?? 'ready' }], policy, watch);
        const outcome = `weight ${servers[index]?.weight ?? 0} → 0, drained, in maint`;
        report({ type: 'step-ended', subject, step: 'drain', homeward: false, ms: clock.now() - began, outcome });
      }),
    );
    const failed = settled.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
    return summary('updated');
  } catch (error) {
    const { ok } = await putBackAll(undo, entries, { host, context, withinMs: restoreWithinMs });
    if (!(error instanceof Failure)) throw error;
    return summary(ok ? 'failed' : 'outOfService', reasonOf(error));
  }
}
