/** Which container a server sends its requests to, and who sends requests to a container: its HAProxy may be elsewhere. */
import { THE_HOST } from '../../../src/rollout/maintenance.ts';
import type { Server } from '../../../src/rollout/model.ts';
import type { RecordEntry } from '../../../src/runner/ports/ports.ts';
import type { SimHost } from './host.ts';
import { pathOf, type Slot } from './worker.ts';

/** One server, and the host of its HAProxy. */
export interface Front {
  readonly at: SimHost;
  readonly slot: Slot;
}

const OTHER_SLOT = '_b';
const OF_HOST = ':';
const ELSEWHERE = ' on ';
/** Where the HAProxy of a host that has a tier in front listens. */
export const HOST_PORT = 80;

/** The server of a container in its other slot. */
export function inOtherSlot(server: string): string {
  return `${server}${OTHER_SLOT}`;
}

/** The server of a container in an HAProxy that has those of several hosts. */
export function ofHost(host: string, server: string): string {
  return `${host}${OF_HOST}${server}`;
}

/** The server of a host as a whole, in a tier in front of it. */
export function ofWhole(host: string): string {
  return ofHost(host, THE_HOST);
}

export function isWhole({ name }: { readonly name: string }): boolean {
  return containerOf(name) === THE_HOST;
}

/** The container that a server is of, in whichever slot, by its name, its path, or what events call it. */
export function containerOf(server: string): string {
  const end = server.indexOf(ELSEWHERE);
  const path = end < 0 ? server : server.slice(0, end);
  return inFirstSlot(path.slice(Math.max(path.indexOf('/'), path.indexOf(OF_HOST)) + 1));
}

export function inFirstSlot(server: string): string {
  return server.endsWith(OTHER_SLOT) ? server.slice(0, -OTHER_SLOT.length) : server;
}

/** The host whose container a server is of. */
export function homeOf(at: SimHost, server: string): SimHost {
  const end = server.indexOf(OF_HOST);
  return end < 0 ? at : (at.fleet.get(server.slice(0, end)) ?? at);
}

/** All servers of the containers of a host, as the current workers have them. */
export function serversOf(host: SimHost): readonly Front[] {
  return host.fronts.flatMap((at) =>
    [...at.haproxy.current.slots.values()]
      .filter(({ line }) => homeOf(at, line.name) === host)
      .map((slot) => ({ at, slot })),
  );
}

/** What the events of a host call a server of its containers. */
export function toldAs(home: SimHost, { at, path }: { readonly at: SimHost; readonly path: string }): string {
  return at === home ? path : `${path}${ELSEWHERE}${at.name}`;
}

/** As the watchman knows it. */
export function keyOf(at: SimHost, server: { readonly backend: string; readonly name: string }): string {
  return `${at.name} ${pathOf(server)}`;
}

export function keyIn({ balancer, ...server }: Server): string {
  return `${balancer.host} ${pathOf(server)}`;
}

/** What is recorded of a server: on the host of its container. */
export function recordOf(
  at: SimHost,
  server: { readonly backend: string; readonly name: string },
): readonly RecordEntry[] {
  const { record } = homeOf(at, server.name);
  if (record.length === 0) return record;
  const path = pathOf(server);
  return record.filter((entry) => entry.server.balancer.host === at.name && pathOf(entry.server) === path);
}

export function isRecorded(at: SimHost, server: { readonly backend: string; readonly name: string }): boolean {
  return recordOf(at, server).length > 0;
}
