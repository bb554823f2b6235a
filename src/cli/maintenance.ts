/** `drain`, `restore`, `recover` and `status`: what is done to hosts without a playbook. */
import { selectHosts } from '../config/inventory/patterns.ts';
import { statusText } from '../report/status.ts';
import { EVENT_SCHEMA } from '../rollout/events.ts';
import { drainHosts } from '../runner/maintenance/drain-hosts.ts';
import { runEndOf } from '../rollout/verdict.ts';
import { holdOn } from '../runner/maintenance/hold-on.ts';
import { recoverHosts } from '../runner/recovery/recover-hosts.ts';
import { restoreHosts } from '../runner/recovery/restore-hosts.ts';
import { restoreOverHosts } from '../runner/recovery/restore-over.ts';
import type { RunResult } from '../runner/run.ts';
import { survey, type HostSurvey } from '../runner/preflight/survey.ts';
import type { Command } from './command.ts';
import { conclude } from './conclude.ts';
import { confirm } from './confirm.ts';
import { statusOfAll } from './exit-of.ts';
import { inSession, interruptible, type CliSession } from './session.ts';
import type { Surroundings } from './surroundings.ts';

type HostsCommand = Extract<Command, { name: 'drain' | 'restore' | 'recover' | 'status' }>;

export async function drain(command: Extract<Command, { name: 'drain' }>, around: Surroundings): Promise<number> {
  return inSession(command, around, async (session) => {
    const hosts = await startOn(command, session);
    const { servers, place, policy, note, hold } = command;
    const balancers = balancersOf(command, session.inventory);
    const result = await drainHosts(
      {
        ...{ hosts, servers, place, balancers, policy, note, forMs: hold?.forMs, endsAt: hold?.endsAt },
        confirm: async (consequences) => command.yes || confirm(`${consequences.join('; ')}. Go on?`, around),
      },
      session.context,
    );
    const drained = result.hosts.filter(({ end }) => end === 'updated').map(({ host }) => host);
    if (!hold || hold.isDetached || drained.length === 0) return conclude('drain', result, session);
    const { forMs, endsAt } = hold;
    const leftMs = endsAt ? Math.max(0, endsAt.getTime() - session.context.clock.date().getTime()) : forMs;
    const held = await holdOn(drained, leftMs, session.context);
    const others = result.hosts.filter(({ host }) => !drained.includes(host));
    return conclude('restore', withOthers(held, others), session);
  });
}

/** What became of the hosts that were held, and of those that were not drained. */
function withOthers({ end, hosts }: RunResult, others: RunResult['hosts']): RunResult {
  const all = [...others, ...hosts];
  return { hosts: all, end: end === 'interrupted' ? end : runEndOf(all.map((one) => one.end)) };
}

export async function restore(command: Extract<Command, { name: 'restore' }>, around: Surroundings): Promise<number> {
  return inSession(command, around, async (session) => {
    const hosts = await startOn(command, session);
    const { servers, expired, forget } = command;
    const { context } = session;
    const result = expired
      ? await restoreOverHosts({ hosts }, context)
      : await restoreHosts({ hosts, servers, forget }, context);
    return conclude('restore', result, session);
  });
}

export async function recover(command: Extract<Command, { name: 'recover' }>, around: Surroundings): Promise<number> {
  return inSession(command, around, async (session) => {
    const hosts = await startOn(command, session);
    return conclude('recover', await recoverHosts({ hosts, forget: command.forget }, session.context), session);
  });
}

export async function status(command: Extract<Command, { name: 'status' }>, around: Surroundings): Promise<number> {
  return inSession(command, around, async ({ inventory, context, paint, prepare }) => {
    const hosts = hostsOf(command, inventory);
    await prepare(hosts);
    const { place, forks } = command;
    const balancers = balancersOf(command, inventory);
    const surveys = await interruptible(() => survey({ hosts, place, balancers, forks }, context.fleet), around);
    const lines = command.json ? surveys.map(statusJson) : statusText(surveys, paint, context.clock.date());
    around.stdout.write(lines.map((line) => `${line}\n`).join(''));
    return statusOfAll(surveys.flatMap(({ failures }) => failures));
  });
}

function statusJson({ failures, ...rest }: HostSurvey): string {
  const messages = failures.map(({ message }) => message);
  return JSON.stringify({ schema: EVENT_SCHEMA, type: 'host-status', ...rest, failures: messages });
}

function hostsOf({ pattern, limit }: HostsCommand, inventory: CliSession['inventory']): readonly string[] {
  return selectHosts(inventory, pattern, limit);
}

/** Central balancers, whatever --limit says. */
function balancersOf(
  { balancerHosts }: Extract<Command, { name: 'drain' | 'status' }>,
  inventory: CliSession['inventory'],
): readonly string[] | undefined {
  return balancerHosts === undefined ? undefined : selectHosts(inventory, balancerHosts);
}

async function startOn(command: HostsCommand, { inventory, begin, prepare }: CliSession): Promise<readonly string[]> {
  const hosts = hostsOf(command, inventory);
  await prepare(hosts);
  await begin({ command: command.name, hosts }, command.name === 'drain' ? true : 'home');
  return hosts;
}
