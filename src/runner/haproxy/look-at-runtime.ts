/** What the HAProxy of each host says of its servers at this moment. Looks only. */
import pLimit from 'p-limit';
import { Failure } from '../../errors.ts';
import { placeName, serverPath } from '../../rollout/model.ts';
import type { ServerState } from '../../rollout/observed.ts';
import type { Fleet, LoadBalancer } from '../ports/ports.ts';
import { placeOn, type NamedPlace } from '../preflight/sockets.ts';

/** Who has sessions at one server. */
export interface ServerSessions {
  readonly path: string;
  /** Of the worker that answers, and the age of the oldest in seconds. */
  readonly current: number;
  readonly oldestSeconds: number;
  /** Of workers that reloads have left behind; undefined where they cannot be counted. */
  readonly old: readonly { readonly pid: number; readonly current: number | undefined }[] | undefined;
}

export interface RuntimeLook {
  readonly host: string;
  readonly version: string;
  readonly socket: string;
  readonly servers: readonly ServerState[];
  readonly sessions: readonly ServerSessions[];
  readonly failure: Failure | undefined;
}

export interface RuntimeWants {
  readonly hosts: readonly string[];
  readonly place: NamedPlace;
  readonly forks: number;
  readonly sessions: boolean;
}

export async function lookAtRuntime(wants: RuntimeWants, fleet: Fleet): Promise<readonly RuntimeLook[]> {
  const limit = pLimit(wants.forks);
  return Promise.all(wants.hosts.map((host) => limit(() => lookAt(host, wants, fleet))));
}

async function lookAt(host: string, { place: named, sessions }: RuntimeWants, fleet: Fleet): Promise<RuntimeLook> {
  try {
    const access = await fleet.host(host);
    const place = await placeOn(access, named);
    const balancer = access.balancer(place);
    const [{ version }, backends] = await Promise.all([balancer.facts(), balancer.backends()]);
    const servers = backends.flatMap((backend) => backend.servers);
    const its: ServerSessions[] = [];
    if (sessions) for (const { server } of servers) its.push(await sessionsOf(balancer, server));
    return { host, version, socket: placeName(place), servers, sessions: its, failure: undefined };
  } catch (failure) {
    if (!(failure instanceof Failure)) throw failure;
    return { host, version: '', socket: '', servers: [], sessions: [], failure };
  }
}

async function sessionsOf(balancer: LoadBalancer, server: ServerState['server']): Promise<ServerSessions> {
  const [all, old] = [await balancer.sessions(server), await balancer.oldWorkers(server)];
  const oldestSeconds = Math.max(0, ...all.map(({ ageSeconds }) => ageSeconds));
  return { path: serverPath(server), current: all.length, oldestSeconds, old };
}
