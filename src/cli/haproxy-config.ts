/** `haproxy render`, `diff` and `push`: HAProxy's configuration, made of the inventory and the playbook. */
import { dirname, resolve } from 'node:path';
import pLimit from 'p-limit';
import { LARGEST_BY_HAND } from '../config/document.ts';
import { textOf } from '../config/reading.ts';
import { lookThrough } from '../config/playbook/read.ts';
import { resolveBalancerConfigs } from '../config/playbook/balancer-configs.ts';
import { parseExtraVars } from '../config/playbook/extra-vars.ts';
import { Failure, HAS_CHANGES_STATUS } from '../errors.ts';
import { diffText, type ConfigDiff } from '../report/config-diff.ts';
import type { BalancerConfig } from '../rollout/balancer-config.ts';
import type { Secrets } from '../rollout/secret.ts';
import { EVENT_SCHEMA } from '../rollout/events.ts';
import { pushConfigs } from '../runner/haproxy/push-configs.ts';
import type { Command } from './command.ts';
import { conclude } from './conclude.ts';
import { configAccess } from './config-access.ts';
import { confirm, demandTerminal } from './confirm.ts';
import { serialOf } from './serial-option.ts';
import { statusOfAll } from './exit-of.ts';
import { inSession, interruptible, type CliSession } from './session.ts';
import type { Surroundings } from './surroundings.ts';
import { textFile } from './text-file.ts';

export type ConfigCommand = Extract<Command, { name: 'haproxy'; action: 'render' | 'diff' | 'push' }>;

const QUESTION = 'Push?';

export async function haproxyConfig(command: ConfigCommand, around: Surroundings): Promise<number> {
  return inSession(command, around, async (session) => {
    const configs = configsOf(command, session);
    switch (command.action) {
      case 'render':
        return render(configs, { command, session, around });
      case 'diff':
        return diff(configs, { command, session, around });
      case 'push':
        return push(configs, { command, session, around });
    }
  });
}

interface Acting {
  readonly command: ConfigCommand;
  readonly session: CliSession;
  readonly around: Surroundings;
}

/** Secrets are hidden in what is printed, never in what is pushed. */
function render(configs: readonly BalancerConfig[], { command, session, around }: Acting): number {
  for (const config of configs) {
    const text = session.vault.secrets.hide(config.text);
    const { balancer, path } = config;
    const { host, container } = balancer;
    const json = JSON.stringify({ schema: EVENT_SCHEMA, type: 'haproxy-config', host, container, path, text });
    const lines = [`# ${nameOf(config)}`, ...text.trimEnd().split('\n'), ''];
    around.stdout.write(command.json ? `${json}\n` : lines.map((line) => `${line}\n`).join(''));
  }
  return 0;
}

async function diff(configs: readonly BalancerConfig[], { command, session, around }: Acting): Promise<number> {
  const { fleet, vault, prepare, print, paint } = session;
  await prepare(hostsOf(configs));
  const limit = pLimit(command.forks);
  const look = (config: BalancerConfig): Promise<Looked> =>
    limit(async () => {
      try {
        return { config, before: await configAccess(fleet.link(config.balancer.host), config).file.read() };
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        return { config, failure: error };
      }
    });
  const all = await interruptible(() => Promise.all(configs.map(look)), around);
  for (const one of all) {
    const told = 'failure' in one ? undefined : diffOf(one.config, one.before);
    const failure = 'failure' in one ? one.failure.message : undefined;
    if (command.json) around.stdout.write(`${jsonOf(one.config, { told, failure, secrets: vault.secrets })}\n`);
    print(told ? diffText(told, paint, vault.secrets) : [paint('bad', `problem: ${failure ?? ''}`)]);
  }
  const failures = all.flatMap((one) => ('failure' in one ? [one.failure] : []));
  if (failures.length > 0) return statusOfAll(failures);
  const isChanged = all.some((one) => !('failure' in one) && one.before !== one.config.text);
  return isChanged && command.detailedExitcode ? HAS_CHANGES_STATUS : 0;
}

type Looked = { readonly config: BalancerConfig } & (
  { readonly before: string | undefined } | { readonly failure: Failure }
);

async function push(configs: readonly BalancerConfig[], { command, session, around }: Acting): Promise<number> {
  const { fleet, context, print, paint, prepare, begin, vault } = session;
  if (!command.yes) demandTerminal(QUESTION, around);
  await prepare([...new Set(configs.flatMap(({ balancer, behind }) => [balancer.host, ...behind]))]);
  await begin({ command: 'haproxy push', hosts: hostsOf(configs) }, true);
  const result = await pushConfigs(
    {
      configs,
      serial: serialOf(command.serial),
      reach: (config) => configAccess(fleet.link(config.balancer.host), config),
      onPlanned: (plans) => {
        for (const { config, before } of plans) print(diffText(diffOf(config, before), paint, vault.secrets));
      },
      confirm: async () => command.yes || confirm(QUESTION, around),
    },
    context,
  );
  return conclude('haproxy push', result, session);
}

/** @throws Failure `config` with everything that is wrong in playbook and templates */
function configsOf(command: ConfigCommand, { inventory, vault, context }: CliSession): readonly BalancerConfig[] {
  const { playbook, limit } = command;
  const written = lookThrough(playbook, textFile(playbook, LARGEST_BY_HAND), vault);
  const { vars: extraVars, whereOf: whereOfExtraVar } = parseExtraVars(
    command.extraVars,
    (path) => textOf(path),
    vault,
  );
  const around = { shuffleBy: context.identity.run, secrets: vault.secrets, playbookDir: dirname(resolve(playbook)) };
  const selection = { ...(limit !== undefined && { limit }), tags: [], skipTags: [], extraVars, whereOfExtraVar };
  return resolveBalancerConfigs(written, inventory, { ...selection, ...around }, (template) => textFile(template));
}

function diffOf(config: BalancerConfig, before: string | undefined): ConfigDiff {
  return { name: nameOf(config), before, after: config.text };
}

interface Told {
  readonly told: ConfigDiff | undefined;
  readonly failure: string | undefined;
  readonly secrets: Secrets;
}

/** Secrets are hidden before they are escaped: afterwards some are not to be recognized. */
function jsonOf({ balancer, path }: BalancerConfig, { told, failure, secrets }: Told): string {
  const { host, container } = balancer;
  const diff = told && diffText(told, (_tone, text) => text, secrets).join('\n');
  const isChanged = told && told.before !== told.after;
  return JSON.stringify({
    schema: EVENT_SCHEMA,
    type: 'haproxy-diff',
    host,
    container,
    path,
    isChanged,
    diff,
    failure: failure && secrets.hide(failure),
  });
}

function nameOf({ balancer: { host, container }, path }: BalancerConfig): string {
  return `${host} ${container === undefined ? path : `${container}:${path}`}`;
}

function hostsOf(configs: readonly BalancerConfig[]): readonly string[] {
  return [...new Set(configs.map(({ balancer }) => balancer.host))];
}
