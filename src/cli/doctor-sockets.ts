/** The sockets that the HAProxys of a host have, found by their processes, each of them asked what it is. */
import { isAbsolute } from 'node:path';
import { parseMasterVersion, parseProc } from '../adapters/haproxy/answers.ts';
import { seenHaproxys, type DeclaredSocket, type SeenHaproxy } from '../adapters/haproxy/declared-sockets.ts';
import { onHost, type Inside } from '../adapters/haproxy/inside.ts';
import { askMaster, processesOver } from '../adapters/haproxy/processes.ts';
import { RuntimeApi } from '../adapters/haproxy/runtime-api.ts';
import { askOver } from '../adapters/haproxy/runtime-socket.ts';
import type { Link } from '../adapters/link.ts';
import { Failure } from '../errors.ts';
import type { FoundSocket } from '../report/doctor.ts';
import type { BalancerPlace } from '../rollout/model.ts';
import { runOn } from './config-access.ts';

/** What of Docker is needed. */
export interface ContainersThere {
  readonly inspect: (id: string) => Promise<{ readonly name: string } | undefined>;
  readonly inside: (name: string) => Inside;
}

export type Socket = Omit<FoundSocket, 'isUsed'>;

export interface FoundSockets {
  readonly sockets: readonly Socket[];
  /** What is not known, and why, each a sentence. */
  readonly unknown: readonly string[];
}

/** Looks for them as whom we come to the host; what that user may not see is told. */
export async function findSockets(link: Link, containers: ContainersThere): Promise<FoundSockets> {
  const seen = await seenHaproxys(runOn(link));
  if (seen.length === 0) return { sockets: [], unknown: ['no HAProxy is to be seen among the processes'] };
  const placed = await Promise.all(seen.map(async (one) => ({ one, container: await nameOf(one, containers) })));
  const there = placed.filter(({ one, container }) => one.container === undefined || container !== undefined);
  const ours = there.filter(({ one }) => !one.isElsewhere);
  const sockets = new Map<string, Socket>();
  for (const { one, container } of ours) {
    for (const socket of one.sockets) {
      const key = placeKey(placeOf(socket.socket, container));
      if (!sockets.has(key)) sockets.set(key, await asked({ link, containers, of: one, container, socket }));
    }
  }
  const others = placed.filter(({ one }) => !ours.some((our) => our.one === one)).map(({ one }) => one.pid);
  const declared = new Set([...sockets.values()].map(({ socket }) => socket));
  return {
    sockets: [...sockets.values()],
    unknown: [
      ...ours.flatMap(({ one }) => unreadable(one, declared)),
      ...(others.length === 0
        ? []
        : [`processes ${others.join(', ')} are HAProxys too, in no container that Docker tells of`]),
    ],
  };
}

/** The same for two names of the same place: /var/run is /run. */
export function placeKey({ socket, container = '' }: BalancerPlace): string {
  return `${container}:${socket.replace(/^\/var\/run\//, '/run/')}`;
}

/** The containers of an Engine that cannot be asked are nameless. */
async function nameOf({ container }: SeenHaproxy, containers: ContainersThere): Promise<string | undefined> {
  if (container === undefined) return undefined;
  try {
    return (await containers.inspect(container))?.name;
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
}

function unreadable(
  { pid, unreadable: files, listened }: SeenHaproxy,
  declared: ReadonlySet<string>,
): readonly string[] {
  if (files.length === 0) return [];
  const more = listened.filter((path) => !declared.has(path));
  const listens = more.length === 0 ? '' : `; what is listened on there is ${[...new Set(more)].join(', ')}`;
  return [`the sockets of process ${pid} are not known, as we cannot read ${files.join(', ')}${listens}`];
}

interface Asking {
  readonly link: Link;
  readonly containers: ContainersThere;
  readonly of: SeenHaproxy;
  readonly container: string | undefined;
  readonly socket: DeclaredSocket;
}

async function asked(asking: Asking): Promise<Socket> {
  const { of, container, socket } = asking;
  const isHosts = !isAbsolute(socket.socket) && of.hasHostNetwork;
  const found: Socket = {
    ...{
      socket: socket.socket,
      container: isHosts ? undefined : container,
      kind: socket.isMaster ? 'master' : 'stats',
    },
    ...{ version: undefined, level: socket.level, workers: undefined, pid: of.pid, from: socket.from },
    problem: undefined,
  };
  const hindrance = hindranceTo(asking);
  if (hindrance !== undefined) return { ...found, problem: hindrance };
  try {
    return { ...found, ...(await (socket.isMaster ? masterFacts(asking) : statsFacts(asking))) };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { ...found, problem: error.message };
  }
}

function hindranceTo({ of, container, socket }: Asking): string | undefined {
  if (!socket.isReachable) return 'an address of a kind that sluice has no way to';
  if (socket.isListened === false) return 'HAProxy does not listen on it: what it has read was another configuration';
  if (container === undefined || isAbsolute(socket.socket) || of.hasHostNetwork) return undefined;
  return "an address in the container's own network, which the host has no way to";
}

async function statsFacts({ link, containers, container, socket }: Asking): Promise<Partial<Socket>> {
  const inside = container === undefined ? onHost : containers.inside(container);
  const place = placeOf(socket.socket, container);
  const ask = askOver(link, place, { inside: isAbsolute(socket.socket) ? inside : onHost });
  const api = new RuntimeApi(ask, { host: link.host, ...place }, processesOver(link, place, inside));
  const { version, level } = await api.facts();
  return { version, level, problem: level === 'admin' ? undefined : 'too low to take servers out of service' };
}

/** An address in the host's network is reached from the host, whatever container listens on it. */
function placeOf(socket: string, container: string | undefined): BalancerPlace {
  return container === undefined || !isAbsolute(socket) ? { socket } : { socket, container };
}

async function masterFacts({ link, containers, container, socket }: Asking): Promise<Partial<Socket>> {
  const inside = container === undefined ? onHost : containers.inside(container);
  const place = placeOf(socket.socket, container);
  const answer = await askMaster(link, socket.socket, { place, inside })('show proc');
  return { version: parseMasterVersion(answer), workers: parseProc(answer).length };
}
