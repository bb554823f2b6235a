/** `sluice haproxy push`: gives HAProxys their configuration, batch by batch. */
import pLimit from 'p-limit';
import { Failure } from '../../errors.ts';
import type { BalancerConfig } from '../../rollout/balancer-config.ts';
import type { HostSummary } from '../../rollout/events.ts';
import { sameBalancer, serverPath } from '../../rollout/model.ts';
import { batchesOf, type Serial } from '../../rollout/serial.ts';
import { runEndOf, type HostEnd } from '../../rollout/verdict.ts';
import type { ConfigPort, PushRecords } from '../ports/config-port.ts';
import { problem, refuseIfProblems, type Finding } from '../hosts/findings.ts';
import { holdHosts, type HeldHost, type HeldHosts } from '../hosts/held-hosts.ts';
import { takeOver } from '../recovery/take-over.ts';
import { pushConfig, type ConfigPlan } from './push-config.ts';
import type { RunContext, RunResult } from '../run.ts';
import { settleHosts, type HostOutcome } from '../hosts/settle.ts';

export interface PushRequest {
  readonly configs: readonly BalancerConfig[];
  /** How many hosts at the same time; undefined: as each play has it. */
  readonly serial: Serial | undefined;
  readonly reach: (config: BalancerConfig) => { readonly file: ConfigPort; readonly records: PushRecords };
  /** Told what is different, once everything was looked at and nothing is touched. */
  readonly onPlanned: (plans: readonly ConfigPlan[]) => void;
  /** Asked then, unless there is nothing to do. */
  readonly confirm: () => Promise<boolean>;
}

interface HostPush {
  readonly name: string;
  readonly plans: readonly ConfigPlan[];
}

/** @throws Failure when nothing was touched; what went wrong later is in the result */
export async function pushConfigs(request: PushRequest, context: RunContext): Promise<RunResult> {
  const limit = pLimit(context.forks);
  const { configs } = request;
  const touched = configs.flatMap(({ balancer, behind }) => [balancer.host, ...behind]);
  const held = await holdHosts(touched, { ...context, limit, goesOnWithPushes: true });
  try {
    await takeOver(held, { ...context, limit });
    const findings: Finding[] = [];
    const planned = await Promise.all(
      configs.map((config) =>
        limit(() =>
          planOne(config, { request, held, findings }).catch((error: unknown) => {
            findings.push(problem(config.balancer.host, error));
          }),
        ),
      ),
    );
    for (const { kind, host, text } of findings) context.report({ type: kind, host, text });
    refuseIfProblems(findings);
    const plans = planned.filter((plan) => plan !== undefined);
    request.onPlanned(plans);
    if (plans.some(isOpen) && !(await request.confirm())) {
      throw new Failure('interrupted', 'Nothing was changed: the push was not confirmed');
    }
    return await inBatches(batchesIn(hostsOf(plans), request.serial), context, limit);
  } finally {
    await held.release();
  }
}

/** Whether something is to be done: the text is another, or a push that died may not have come to its reload. */
export function isOpen({ config, before, left }: ConfigPlan): boolean {
  return before !== config.text || left !== undefined;
}

interface Planning {
  readonly request: PushRequest;
  readonly held: HeldHosts;
  readonly findings: Finding[];
}

/** Looks at one HAProxy and has it look at its configuration; what is in the way is added to `findings`. */
async function planOne(config: BalancerConfig, { request, held, findings }: Planning): Promise<ConfigPlan> {
  const { balancer } = config;
  const { host } = balancer;
  const own = held.host(host);
  const { file, records } = request.reach(config);
  findings.push(...inWork(config, held));
  const api = own.access.balancer(balancer);
  const { level } = await api.facts();
  if (level !== 'admin') {
    findings.push({ kind: 'problem', host, text: `HAProxy's socket is at level ${level}: push needs level admin` });
  }
  const before = await file.read();
  const left = await records.read();
  const original = left ? await file.backedUp() : before;
  const isReloaded = left !== undefined && left.pid !== (await file.standings()).pid;
  const inEffect = isReloaded ? before : original;
  const access = { file, records, balancer: api, keep: own.keep };
  const plan: ConfigPlan = { config, before, left, original, inEffect, access };
  if (left) {
    const text = `The push of ${left.by} at ${left.at} (run ${left.run}) has not ended: this one begins with what it left`;
    findings.push({ kind: 'warning', host, text });
  }
  if (!isOpen(plan)) return plan;
  await file.way();
  const refusal = await file.refusal(config.text);
  if (refusal !== undefined) {
    findings.push({ kind: 'problem', host, text: `HAProxy refuses the configuration ${config.path}: ${refusal}` });
  }
  const taken = await file.takenBinds(inEffect ?? '', config.text);
  if (taken.length > 0) {
    // What HAProxy binds since the one that died has had it reloaded is not surely what the file says.
    const [who, kind] = isReloaded ? (['somebody', 'warning'] as const) : (['somebody else', 'problem'] as const);
    const text = `HAProxy could not bind ${taken.join(', ')}, where ${who} listens: the reload would fail`;
    findings.push({ kind, host, text: isReloaded ? `Unless it does so itself, ${text}` : text });
  }
  if (inEffect !== undefined && !/^\s*option\s+idle-close-on-response\b/m.test(inEffect)) {
    const text =
      'its configuration has no "option idle-close-on-response": the worker that leaves closes idle connections, and a request that is just sent on one is lost (docs/haproxy-config.md)';
    findings.push({ kind: 'warning', host, text });
  }
  return plan;
}

const IN_WORK: readonly string[] = ['rollout', 'front', 'maintain'];

/** What a run that died has left in work behind this HAProxy: only `recover` knows what is to become of it. */
function inWork({ balancer, behind }: BalancerConfig, held: HeldHosts): Finding[] {
  const hosts: readonly HeldHost[] = [...new Set([balancer.host, ...behind])].map((name) => held.host(name));
  return hosts.flatMap(({ access: { name }, undo }) =>
    undo.entries
      .filter(({ kind, server }) => IN_WORK.includes(kind) && sameBalancer(server.balancer, balancer))
      .map(({ server, by, at }): Finding => {
        const what = `${serverPath(server)} was left in work by ${by} at ${at}`;
        return { kind: 'problem', host: balancer.host, text: `${what}: see to it with "sluice recover ${name}"` };
      }),
  );
}

function hostsOf(plans: readonly ConfigPlan[]): readonly HostPush[] {
  const names = [...new Set(plans.map(({ config }) => config.balancer.host))];
  return names.map((name) => ({ name, plans: plans.filter(({ config }) => config.balancer.host === name) }));
}

/** Those of one pace together, in the order in which they appear. */
function batchesIn(hosts: readonly HostPush[], asked: Serial | undefined): readonly (readonly HostPush[])[] {
  if (asked) return batchesOf(hosts, asked);
  const paceOf = ({ plans }: HostPush): string => JSON.stringify(plans[0]?.config.serial);
  const paces = [...new Set(hosts.map(paceOf))].map((pace) => hosts.filter((host) => paceOf(host) === pace));
  return paces.flatMap((group) => batchesOf(group, group[0]?.plans[0]?.config.serial ?? [{ hosts: 1 }]));
}

/** The next batch begins when all of the last one have ended well. */
async function inBatches(
  batches: readonly (readonly HostPush[])[],
  context: RunContext,
  limit: ReturnType<typeof pLimit>,
): Promise<RunResult> {
  const hosts: HostSummary[] = [];
  const bad: readonly HostEnd[] = ['failed', 'outOfService', 'interrupted'];
  let isStopped = false;
  for (const batch of batches) {
    isStopped ||= context.stop.beforeNext.aborted || hosts.some(({ end }) => bad.includes(end));
    if (isStopped) hosts.push(...batch.map(({ name }) => notReachedHost(name)));
    else hosts.push(...(await settleHosts(batch, (host) => limit(() => pushHost(host, context)), context)));
  }
  const failed = hosts.find(({ end }) => end === 'failed');
  const isHalted = failed !== undefined;
  return {
    end: runEndOf(
      hosts.map(({ end }) => end),
      { isHalted },
    ),
    hosts,
    why: failed && `${failed.host} failed`,
  };
}

async function pushHost({ plans }: HostPush, context: RunContext): Promise<HostOutcome> {
  const open = plans.filter(isOpen);
  if (open.length === 0) return { end: 'nothingToDo', reason: '', counts: {} };
  let updated = 0;
  for (const plan of open) {
    const pushed = await pushConfig(plan, context);
    const { reason } = pushed.end === 'updated' ? { reason: '' } : pushed;
    if (pushed.end === 'stuck') return { end: 'outOfService', reason, counts: { updated, outOfService: 1 } };
    if (pushed.end === 'failed') {
      const end = context.stop.forward.aborted ? 'interrupted' : 'failed';
      return { end, reason, counts: { updated, unchanged: 1 } };
    }
    updated += 1;
  }
  return { end: 'updated', reason: '', counts: { updated } };
}

function notReachedHost(host: string): HostSummary {
  return {
    host,
    end: 'notReached',
    updated: 0,
    left: 0,
    unchanged: 0,
    outOfService: 0,
    notReached: 1,
    ms: 0,
    reason: '',
  };
}
