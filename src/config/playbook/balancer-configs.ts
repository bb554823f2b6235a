/** The configurations of the HAProxys of a playbook: which there are, and what their templates are given. */
import { dirname, join } from 'node:path';
import { Failure } from '../../errors.ts';
import type { BalancerConfig } from '../../rollout/balancer-config.ts';
import { isToBeFound } from '../../rollout/discover.ts';
import { balancerKey, sameBalancer, serversOf, type Balancer } from '../../rollout/model.ts';
import type { Serial } from '../../rollout/serial.ts';
import { addressOf } from '../inventory/connection.ts';
import { surroundingsIn } from '../inventory/host-scope.ts';
import { HostVars } from '../inventory/host-vars.ts';
import type { Inventory, InventoryHost } from '../inventory/inventory.ts';
import { selectHosts } from '../inventory/patterns.ts';
import type { Vars } from '../inventory/inventory.ts';
import { configSchema } from './balancer-schema.ts';
import { backendsOf, behindIt, type Behind } from './behind-balancer.ts';
import type { Fronted } from './host-resolver.ts';
import type { WrittenPlaybook } from './read.ts';
import { resolvePlaybook, type ResolvedPlay, type Selection } from './resolve.ts';
import { defaultsOf } from './schema.ts';

const ONE_BY_ONE: Serial = [{ hosts: 1 }];

type Written = NonNullable<Fronted['balancer']['config']>;

/** One HAProxy, and what of the playbook is about it. */
interface Target {
  readonly balancer: Balancer;
  readonly config: Written & { readonly path: string };
  readonly play: ResolvedPlay;
  readonly isCentral: boolean;
  /** Of all plays. */
  readonly fronted: readonly Fronted[];
}

/**
 * Fills in the configuration of every HAProxy that the playbook has one for, whatever `--limit` leaves of what is behind
 * it: only the HAProxys themselves are limited.
 *
 * @throws Failure `config` with everything that is wrong in playbook and templates, or when there is none
 */
export function resolveBalancerConfigs(
  playbook: WrittenPlaybook,
  inventory: Inventory,
  { limit, ...selection }: Selection,
  readFile: (path: string) => string,
): readonly BalancerConfig[] {
  const { file } = playbook.document;
  const plays = resolvePlaybook(playbook, inventory, selection);
  const within = limit === undefined ? undefined : selectHosts(inventory, limit);
  const all = targetsOf(plays);
  if (all.length === 0) {
    const instead = 'no balancer of its plays has a config (see docs/haproxy-config.md)';
    throw new Failure('config', `Cannot tell HAProxy's configuration from ${file}: ${instead}`);
  }
  const targets = all.filter(({ balancer }) => within?.includes(balancer.host) ?? true);
  if (targets.length === 0)
    throw new Failure('config', `Cannot use --limit ${limit ?? ''}: no HAProxy of ${file} is there`);
  const problems: string[] = [...clashesIn(all, file), ...namelessIn(all, file)];
  const folder = dirname(file);
  const configs = targets.map((target): BalancerConfig => {
    const { balancer, config, play, isCentral, fronted } = target;
    const template = join(folder, config.template);
    const host = inventory.hosts.get(balancer.host) ?? { name: balancer.host, vars: {}, groups: [] };
    const given = givenTo(target, inventory, selection);
    const rendered = play.scopeOf(host, { balancer: given }).renderFile(readFile(template));
    if (typeof rendered !== 'string') problems.push(`${template}:${rendered.line}: ${rendered.message}`);
    return {
      ...{ balancer, path: config.path, reload: config.reload },
      text: typeof rendered === 'string' ? rendered : '',
      behind: [...new Set(fronted.map((one) => one.host.name))],
      serial: isCentral ? ONE_BY_ONE : (play.play?.serial ?? ONE_BY_ONE),
    };
  });
  if (problems.length > 0) throw new Failure('config', [...new Set(problems)].join('\n'));
  return configs;
}

function targetsOf(plays: readonly ResolvedPlay[]): readonly Target[] {
  const fronted = plays.flatMap((play) => play.fronted.map((one) => ({ play, one })));
  const targets = new Map<string, Target>();
  for (const { play, one } of fronted) {
    const { config, hosts } = one.balancer;
    if (!config) continue;
    for (const { balancer } of serversOf(one.instance)) {
      const known = targets.get(balancerKey(balancer));
      if (known) continue;
      const its = fronted.map((it) => it.one).filter((it) => isBehind(it, balancer));
      const withPath = { ...config, path: config.path ?? defaultsOf(configSchema).path ?? '' };
      const target = { balancer, config: withPath, play, isCentral: hosts !== undefined, fronted: its };
      targets.set(balancerKey(balancer), target);
    }
  }
  return [...targets.values()];
}

function isBehind({ instance }: Fronted, balancer: Balancer): boolean {
  return serversOf(instance).some((server) => sameBalancer(server.balancer, balancer));
}

/** Apps behind one HAProxy that would have it configured in different ways, each told once. */
function clashesIn(targets: readonly Target[], file: string): string[] {
  const clashes = targets.flatMap(({ config, fronted }) =>
    fronted.flatMap(({ balancer, app }) => {
      const other = balancer.config;
      if (!other || JSON.stringify(written(other)) === JSON.stringify(written(config))) return [];
      return [
        `${file}: ${String(app.app['name'])} has another balancer.config than the apps before it behind the same HAProxy`,
      ];
    }),
  );
  return [...new Set(clashes)];
}

/** A server that is to be written cannot be found by what is written. */
function namelessIn(targets: readonly Target[], file: string): string[] {
  const nameless = targets.flatMap(({ fronted }) =>
    fronted.filter(({ instance }) => serversOf(instance).some(isToBeFound)),
  );
  return nameless.map(({ app }) => {
    return `${file}: ${String(app.app['name'])} has server: discover, and balancer.config needs its name: say server`;
  });
}

function written({ template, path, reload }: Written): readonly unknown[] {
  return [template, path ?? defaultsOf(configSchema).path, reload];
}

/** What the template knows as `balancer`. */
function givenTo({ balancer, fronted }: Target, inventory: Inventory, selection: Omit<Selection, 'limit'>): Vars {
  const around = surroundingsIn(inventory, { secrets: selection.secrets, folder: selection.playbookDir });
  const addressOn = (host: InventoryHost): string => addressOf(new HostVars(host, around)) ?? host.name;
  const own = inventory.hosts.get(balancer.host);
  const servers: readonly Behind[] = fronted.flatMap((one) => behindIt(one, balancer, addressOn(one.host)));
  const hosts = [...new Map(fronted.map(({ host }) => [host.name, host])).values()];
  const apps = [...new Set(servers.map(({ app }) => app))];
  return {
    ...{ host: balancer.host, address: own ? addressOn(own) : balancer.host },
    ...{ socket: balancer.socket, ...(balancer.container !== undefined && { container: balancer.container }) },
    instances: servers,
    backends: backendsOf(servers),
    apps: apps.map((name) => ({ name, instances: servers.filter(({ app }) => app === name) })),
    hosts: hosts.map((host) => ({
      ...{ name: host.name, address: addressOn(host), groups: host.groups },
      instances: servers.filter((one) => one.host === host.name),
    })),
  };
}
