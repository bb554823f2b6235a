import { daemonNames, daemonOf } from './daemons.ts';
import type { DaemonName } from './daemons.ts';
import { containers } from './engine.ts';
import type { ServerState } from './haproxy.ts';
import { serverStates } from './haproxy.ts';
import type { Host } from './host.ts';
import { inventoryFile } from './inventory.ts';
import { hasNamespaces } from './namespaces.ts';
import { isCut } from './network.ts';
import type { Owner } from './owner.ts';
import { ownerText } from './owner.ts';
import { registryProcess } from './registry.ts';
import { savedSettings } from './settings.ts';

export interface HostStatus {
  readonly name: string;
  readonly address: string;
  readonly network: 'none' | 'cut' | 'up';
  readonly pids: Readonly<Partial<Record<DaemonName, number>>>;
  readonly containers: readonly { readonly name: string; readonly image: string; readonly status: string }[];
  readonly servers: readonly ServerState[];
}

export interface LabStatus {
  /** Undefined when it is down. */
  readonly owner: Owner | undefined;
  readonly inventory: string;
  readonly registryPid: number | undefined;
  readonly hosts: readonly HostStatus[];
}

export async function statusOf(hosts: readonly Host[]): Promise<LabStatus> {
  return {
    owner: savedSettings()?.owner,
    inventory: inventoryFile,
    registryPid: registryProcess()?.pid,
    hosts: await Promise.all(hosts.map(hostStatus)),
  };
}

export function statusText({ owner, inventory, registryPid, hosts }: LabStatus): string {
  if (owner === undefined || hosts.length === 0) return 'The lab is down';
  return [
    `brought up by ${ownerText(owner)}`,
    `inventory: ${inventory}`,
    `registry: ${pidText(registryPid)}`,
    ...hosts.flatMap(hostLines),
  ].join('\n');
}

async function hostStatus(host: Host): Promise<HostStatus> {
  const pids = Object.fromEntries(daemonNames.map((name) => [name, daemonOf(host, name)?.pid]));
  const there = await hasNamespaces(host);
  // A daemon that does not answer is shown by what is missing.
  const found = await containers(host).catch(() => []);
  const servers = await serverStates(host).catch(() => []);
  return {
    name: host.name,
    address: host.address,
    network: !there ? 'none' : (await isCut(host)) ? 'cut' : 'up',
    pids,
    containers: found.map(({ Names, Image, Status }) => ({
      name: Names.join().replaceAll('/', ''),
      image: Image,
      status: Status,
    })),
    servers,
  };
}

function hostLines({ name, address, network, pids, containers: found, servers }: HostStatus): readonly string[] {
  return [
    `${name} ${address} network ${network}, ${daemonNames.map((daemon) => `${daemon} ${pidText(pids[daemon])}`).join(', ')}`,
    ...found.map((container) => `  container ${container.name} ${container.image} ${container.status}`),
    ...servers.map(
      ({ backend, name: server, address: at, weight, configuredWeight, ...state }) =>
        `  server ${backend}/${server} ${at} ${stateText(state)}, weight ${weight} of ${configuredWeight}`,
    ),
  ];
}

function stateText({ operation, admin }: Pick<ServerState, 'operation' | 'admin'>): string {
  const name = ['DOWN', 'STARTING', 'UP', 'STOPPING'][operation] ?? `state ${operation}`;
  return admin === 0 ? name : `${name} (forced, admin state ${admin})`;
}

function pidText(pid: number | undefined): string {
  return pid === undefined ? 'not running' : `pid ${pid}`;
}
