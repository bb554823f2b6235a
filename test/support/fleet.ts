import type { ClientRequest } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Host } from '../../lab/host.ts';
import { docker, hosts, runtime } from '../../lab/lab.ts';
import { startLoad, type Load } from '../../lab/load/load.ts';
import { parseServersState, parseSessions } from '../../src/adapters/haproxy/answers.ts';

const SERVERS = ['pxApp_1', 'pxApp_2', 'pxApp_3'];

/** The weights that the lab's HAProxys are configured with, all servers in service. */
export const ALL_IN_SERVICE = ['pxApp_1 10 0 UP', 'pxApp_2 20 0 UP', 'pxApp_3 30 0 UP'];

/** Every server of a host as `name weight admin-bits health`, straight from HAProxy. */
export async function serversOf(name: string): Promise<string[]> {
  return serversIn('pxapp_cluster', name);
}

export async function serversIn(backend: string, name: string): Promise<string[]> {
  const host = hostNamed(name);
  const rows = parseServersState(await runtime(host, `show servers state ${backend}`));
  return rows.map((row) => {
    // 0 is stopped, 1 starting, 2 running (management guide, "show servers state").
    const health = row.get('srv_op_state') === '2' ? 'UP' : 'DOWN';
    return `${row.get('srv_name') ?? ''} ${row.get('srv_uweight') ?? ''} ${row.get('srv_admin_state') ?? ''} ${health}`;
  });
}

/** Gives the first server of these hosts another weight than it is configured with, as a person would. */
export async function reweigh(...names: readonly string[]): Promise<void> {
  for (const name of names) await runtime(hostNamed(name), 'set server pxapp_cluster/pxApp_1 weight 7');
}

/** The same as `ALL_IN_SERVICE` then. */
export const REWEIGHED = ['pxApp_1 7 0 UP', ...ALL_IN_SERVICE.slice(1)];

/**
 * Waits until HAProxy has seen by new checks that every server of a host is UP, as after a container was replaced by
 * hand: until its checks have failed `fall` times it shows the UP of the container that is gone.
 */
export async function untilFreshlyUp(name: string): Promise<void> {
  for (const server of SERVERS) await runtime(hostNamed(name), `set server pxapp_cluster/${server} health down`);
  while ((await serversOf(name)).join() !== ALL_IN_SERVICE.join()) await sleep(50);
}

/** Until the servers of a host are so; those of an HAProxy that does not run are none. */
export async function untilServers(
  { name }: Pick<Host, 'name'>,
  isSo: (servers: readonly string[]) => boolean,
  withinMs = 60_000,
): Promise<void> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const servers = await serversOf(name).catch(() => []);
    if (isSo(servers)) return;
    if (performance.now() > deadline) throw new Error(`the servers of ${name} stay at ${servers.join()}`);
    await sleep(20);
  }
}

/**
 * Until an HAProxy that has just started loses nothing at a server: it has weight 0, or is seen DOWN, or has passed a
 * check when its container is on that version, not one that is about to be replaced. Before the first check every server
 * counts as UP.
 */
export async function untilOutOrAnswering({ name }: Pick<Host, 'name'>, server: string, tag: string): Promise<void> {
  const isSo = async (): Promise<boolean> => {
    const isOn = (await containersOf(name)).includes(`${server} ${tag}`);
    const rows = parseServersState(await runtime(hostNamed(name), 'show servers state pxapp_cluster'));
    const row = rows.find((one) => one.get('srv_name') === server);
    // A check result of 3 is "passed" (management guide, "show servers state"), 2 of the state is "running".
    const of = (column: string): string => row?.get(column) ?? '';
    return of('srv_uweight') === '0' || of('srv_op_state') === '0' || (isOn && of('srv_check_result') === '3');
  };
  while (!(await isSo().catch(() => false))) await sleep(20);
}

export async function allServers(): Promise<Record<string, string[]>> {
  const entries = await Promise.all(hosts().map(async ({ name }) => [name, await serversOf(name)] as const));
  return Object.fromEntries(entries);
}

export const everyHostInService = { fe1: ALL_IN_SERVICE, fe2: ALL_IN_SERVICE, fe3: ALL_IN_SERVICE };
export const everyHostReweighed = { fe1: REWEIGHED, fe2: REWEIGHED, fe3: REWEIGHED };

/** Every container of a host as `name tag`, stopped ones with their state. */
export async function containersOf(name: string): Promise<string[]> {
  const lines = await docker(hostNamed(name), 'ps', '-a', '--format', '{{.Names}} {{.Image}} {{.State}}');
  return lines
    .trim()
    .split('\n')
    .map((line) => line.replace(/ \S+:([^: ]+) running$/, ' $1'))
    .toSorted();
}

/** The same, without the tag where one of the two good versions runs. */
export async function namesOnEitherVersion(name: string): Promise<string[]> {
  return (await containersOf(name)).map((line) => line.replace(/ v[12]$/, ''));
}

export function containersOn(tag: string): string[] {
  return [1, 2, 3].map((id) => `pxApp_${id} ${tag}`);
}

export function hostNamed(name: string): ReturnType<typeof hosts>[number] {
  const host = hosts().find((one) => one.name === name);
  if (!host) throw new Error(`the lab has no ${name}`);
  return host;
}

/** Of the fast requests to a host, besides four slow ones in hand all the time: the tests share two processors with it. */
export const REQUESTS_PER_SECOND = 100;

interface Traffic {
  readonly webSockets?: number;
  /** Requests a second. */
  readonly perHost?: number;
  /** All unless said. */
  readonly on?: readonly string[];
}

/** Mixed load. Web sockets, which only end when they are made to, only where a test is about them. */
export function load({ webSockets = 0, perHost = REQUESTS_PER_SECOND, on }: Traffic = {}): Load {
  const targets = on?.map(hostNamed) ?? hosts();
  return startLoad({ targets, requestsPerSecond: perHost * targets.length, webSockets });
}

/** The server that HAProxy has given this request to, once it shows in `show sess`. */
export async function serverOfAddress(host: string, request: ClientRequest): Promise<string> {
  for (;;) {
    const port = request.socket?.localPort;
    const sessions = parseSessions(await runtime(hostNamed(host), 'show sess'));
    const own = sessions.find(
      ({ source, srv }) => port !== undefined && source.endsWith(`:${port}`) && srv.includes('pxApp'),
    );
    if (own) return own.srv;
    await sleep(20);
  }
}
