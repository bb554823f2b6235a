/** `sluice status`: what runs on the hosts and how HAProxy sees it. Looks only. */
import pLimit from 'p-limit';
import { Failure } from '../../errors.ts';
import { serverPath } from '../../rollout/model.ts';
import type { Container, ServerState } from '../../rollout/observed.ts';
import type { PushRecord } from '../ports/config-port.ts';
import { frontsOf, type Fronts } from './in-front.ts';
import { timeOn } from '../hosts/host-time.ts';
import type { Fleet, FoundLock, HostAccess, RecordEntry } from '../ports/ports.ts';

/** One container with its servers, or a server that no container of this host stands behind. */
export interface SurveyRow {
  readonly container: Container | undefined;
  readonly servers: readonly ServerState[];
}

export interface HostSurvey {
  readonly host: string;
  /** What could not be looked at, and why. */
  readonly failures: readonly Failure[];
  readonly engine: string;
  readonly balancer: string;
  readonly rows: readonly SurveyRow[];
  /** Who holds the host, or died holding it; undefined: nobody. */
  readonly lock: FoundLock | undefined;
  /** What has been taken out of service, by whom and why. */
  readonly record: readonly RecordEntry[];
  /** Of HAProxy's configuration, that have not ended. */
  readonly pushes: readonly Pick<PushRecord, 'path' | 'by' | 'at' | 'run'>[];
  /** What its own clock shows, where something is recorded that has an end. */
  readonly now: Date | undefined;
}

export interface SurveyOptions extends Fronts {
  readonly hosts: readonly string[];
  readonly forks: number;
}

export async function survey({ hosts, forks, ...fronts }: SurveyOptions, fleet: Fleet): Promise<readonly HostSurvey[]> {
  const limit = pLimit(forks);
  return Promise.all(hosts.map((host) => limit(() => surveyHost(host, fronts, fleet))));
}

/** What cannot be had of a host does not hide what can. */
async function surveyHost(name: string, fronts: Fronts, fleet: Fleet): Promise<HostSurvey> {
  const failures: Failure[] = [];
  const orElse = async <T>(look: () => Promise<T>, otherwise: T): Promise<T> => {
    try {
      return await look();
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      failures.push(error);
      return otherwise;
    }
  };
  const host = await orElse<HostAccess | undefined>(() => fleet.host(name), undefined);
  if (!host) {
    const nothing = { rows: [], record: [], pushes: [], lock: undefined, now: undefined };
    return { host: name, failures, engine: '', balancer: '', ...nothing };
  }
  const [[engine, containers], [balancer, servers], lock, record, pushes] = await Promise.all([
    orElse(() => engineOf(host), ['', []]),
    orElse(() => balancersOf(host, fronts, fleet), ['', []]),
    orElse<FoundLock | undefined>(() => host.lock.look(), undefined),
    orElse(() => host.record.read(), []),
    orElse(() => pushesOf(host), []),
  ]);
  const now = await orElse(() => timeOn(host, record), undefined);
  return { host: name, failures, engine, balancer, rows: rowsOf(containers, servers), lock, record, pushes, now };
}

async function pushesOf(host: HostAccess): Promise<HostSurvey['pushes']> {
  return (await host.pushes()).map(({ path, by, at, run }) => ({ path, by, at, run }));
}

async function engineOf({ containers }: HostAccess): Promise<[string, readonly Container[]]> {
  return Promise.all([containers.version(), containers.list()]);
}

/** Their versions, and the servers of the host. */
async function balancersOf(host: HostAccess, fronts: Fronts, fleet: Fleet): Promise<[string, readonly ServerState[]]> {
  const found = await frontsOf(host, fronts, (name) => fleet.host(name));
  const versions = found.map(({ facts, balancer }) =>
    fronts.balancers === undefined ? facts.version : `${facts.version} on ${balancer.host}`,
  );
  return [versions.join(', '), found.flatMap(({ servers }) => servers)];
}

/** A server belongs to the container of its name, else to the one that publishes the port it points at. */
export function rowsOf(containers: readonly Container[], servers: readonly ServerState[]): SurveyRow[] {
  const owner = (state: ServerState): Container | undefined =>
    containers.find(({ name }) => name === state.server.name) ??
    containers.find(({ running, published }) => running && published.some(({ hostPort }) => hostPort === state.port));
  const owned = containers
    .toSorted((one, other) => one.name.localeCompare(other.name, 'en', { numeric: true }))
    .map((container) => ({ container, servers: servers.filter((state) => owner(state) === container) }));
  const strays = servers
    .filter((state) => !owner(state))
    .toSorted((one, other) => serverPath(one.server).localeCompare(serverPath(other.server)))
    .map((state) => ({ container: undefined, servers: [state] }));
  return [...owned, ...strays];
}
