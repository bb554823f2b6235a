/** `sluice status`: what runs on the hosts and how HAProxy sees it. Looks only. */
import pLimit from 'p-limit';
import { Failure } from '../errors.ts';
import { serverPath } from '../rollout/model.ts';
import type { BackendState, Container, ServerState } from '../rollout/observed.ts';
import type { Fleet, RecordEntry } from './ports.ts';
import { socketOf } from './sockets.ts';

/** One container with its servers, or a server that no container of this host stands behind. */
export interface SurveyRow {
  readonly container: Container | undefined;
  readonly servers: readonly ServerState[];
}

export interface HostSurvey {
  readonly host: string;
  /** Why the host could not be looked at, or undefined. */
  readonly failure: Failure | undefined;
  readonly engine: string;
  readonly balancer: string;
  readonly rows: readonly SurveyRow[];
  /** What has been taken out of service, by whom and why. */
  readonly record: readonly RecordEntry[];
}

export interface SurveyOptions {
  readonly hosts: readonly string[];
  readonly socket: string | undefined;
  readonly forks: number;
}

export async function survey({ hosts, socket, forks }: SurveyOptions, fleet: Fleet): Promise<readonly HostSurvey[]> {
  const limit = pLimit(forks);
  return Promise.all(hosts.map((host) => limit(() => surveyHost(host, socket, fleet))));
}

async function surveyHost(name: string, socket: string | undefined, fleet: Fleet): Promise<HostSurvey> {
  try {
    const host = await fleet.host(name);
    const balancer = host.balancer(await socketOf(host, socket));
    const [engine, containers, facts, backends, record] = await Promise.all([
      host.containers.version(),
      host.containers.list(),
      balancer.facts(),
      balancer.backends(),
      host.record.read(),
    ]);
    return {
      host: name,
      failure: undefined,
      engine,
      balancer: facts.version,
      rows: rowsOf(containers, backends),
      record,
    };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { host: name, failure: error, engine: '', balancer: '', rows: [], record: [] };
  }
}

/** A server belongs to the container of its name, else to the one that publishes the port it points at. */
export function rowsOf(containers: readonly Container[], backends: readonly BackendState[]): SurveyRow[] {
  const servers = backends.flatMap((backend) => backend.servers);
  const owner = (state: ServerState): Container | undefined =>
    containers.find(({ name }) => name === state.server.name) ??
    containers.find(({ running, publishedPorts }) => running && publishedPorts.includes(state.port));
  const owned = containers
    .toSorted((one, other) => one.name.localeCompare(other.name, 'en', { numeric: true }))
    .map((container) => ({ container, servers: servers.filter((state) => owner(state) === container) }));
  const strays = servers
    .filter((state) => !owner(state))
    .toSorted((one, other) => serverPath(one.server).localeCompare(serverPath(other.server)))
    .map((state) => ({ container: undefined, servers: [state] }));
  return [...owned, ...strays];
}
