/** What sluice must make of every HAProxy, of a running one and of a recorded one. */
import { expect } from 'vitest';
import { parseFailedReloads } from '../../../../src/adapters/haproxy/answers.ts';
import { RuntimeApi } from '../../../../src/adapters/haproxy/runtime-api.ts';
import type { Ask } from '../../../../src/adapters/haproxy/runtime-socket.ts';
import type { Server } from '../../../../src/rollout/model.ts';

/** An HAProxy with {@link CONFIG} that two requests are open at, for `web/s1` and for `alone/a1`. */
export interface Told {
  readonly ask: Ask;
  readonly master: Ask;
  /** A new worker answers when it is done. */
  readonly reload: () => Promise<void>;
}

/** `{dir}` is a folder of its own, for sockets; behind `app.sock` is what answers to its checks, and to nothing else. */
export const CONFIG = `global
  stats socket {dir}/admin.sock level admin
defaults
  mode http
  timeout connect 1s
  timeout client 60s
  timeout server 60s
  default-server inter 60s
frontend in
  bind unix@{dir}/in.sock
  use_backend alone if { path /alone }
  default_backend web
backend web
  option httpchk GET /health
  server s1 unix@{dir}/app.sock check weight 10
  server s2 127.0.0.1:9 disabled weight 20
backend follows
  server t1 127.0.0.1:9 track web/s1
backend mapped
  balance source
  server m1 127.0.0.1:9
backend hashed
  balance source
  hash-type consistent
  server h1 127.0.0.1:9 weight 7
backend fixed
  balance static-rr
  server f1 127.0.0.1:9
backend alone
  server a1 unix@{dir}/app.sock
`;

export async function tell({ ask, master, reload }: Told): Promise<void> {
  const balancer = { host: 'fe1', socket: '/admin.sock' };
  const processes = { isMasterNamed: true, master: async () => master, kin: async () => [], runs: async () => true };
  const api = new RuntimeApi(ask, balancer, processes);
  const serverOf = (backend: string, name: string): Server => ({ balancer, backend, name });
  const s1 = serverOf('web', 's1');
  const version = Number.parseFloat((await api.facts()).version);

  await expectLooks(api, { s1, version });
  await expectWeights(api, version);
  await expectChanges(api, { s1, version });
  await expect(api.look(serverOf('web', 's9'))).rejects.toThrow('HAProxy has no such server');
  await expect(api.setAdmin(serverOf('nosuch', 's1'), 'maint')).rejects.toThrow(/answers "No such (backend|server)\."/);
  await expect(api.setWeight(serverOf('fixed', 'f1'), 7)).rejects.toThrow('is using a static LB algorithm');
  await expectOldWorker(api, { s1, version, reload });
  expect(parseFailedReloads(await master('show proc'))).toBe(version < 2.5 ? undefined : 0);
}

interface Of {
  readonly s1: Server;
  /** Up to its minor number. */
  readonly version: number;
}

async function expectLooks(api: RuntimeApi, { s1, version }: Of): Promise<void> {
  expect(await api.facts()).toEqual({ version: expect.stringMatching(/^[23]\.\d+\.\d+/) as string, level: 'admin' });
  const all = (await api.backends()).flatMap(({ servers }) => servers);
  expect(
    all.map(({ server: { backend, name }, admin, weight, tracks }) => [backend, name, admin, weight, tracks]),
  ).toEqual([
    ['web', 's1', 'ready', 10, undefined],
    ['web', 's2', 'maint', 20, undefined],
    ['follows', 't1', 'ready', 1, 'web/s1'],
    ['mapped', 'm1', 'ready', 1, undefined],
    ['hashed', 'h1', 'ready', 7, undefined],
    ['fixed', 'f1', 'ready', 1, undefined],
    ['alone', 'a1', 'ready', 1, undefined],
  ]);
  expect(all[0]).toMatchObject({ isUp: true, hasCheck: true, hasAgent: false, isBackup: false, current: 1, queued: 0 });
  expect(all[3]).toMatchObject({ isUp: true, hasCheck: false, status: 'no check', address: '127.0.0.1', port: 9 });
  // Where the configuration says none it is `random` from 3.3 on, which `show stat` has no name for.
  expect((await api.backends('web')).map(({ algorithm, queued }) => [algorithm, queued])).toEqual([
    [version < 3.3 ? 'roundrobin' : 'unknown', 0],
  ]);
  expect(await api.backends('nosuch')).toEqual([]);
  expect(await api.look(s1)).toMatchObject({
    isUp: true,
    admin: 'ready',
    weight: 10,
    current: 1,
    queued: 0,
    retries: 0,
  });
  expect(await api.sessions(s1)).toHaveLength(1);
  expect((await api.counters('web')).map(({ requests, connectionErrors }) => [requests, connectionErrors])).toEqual([
    [0, 0],
    [0, 0],
  ]);
}

async function expectWeights(api: RuntimeApi, version: number): Promise<void> {
  // Before 2.6 nothing tells whether a hash takes weights.
  const isTold = version >= 2.6;
  const takes = async (backend: string): Promise<string> => await api.takesWeights(backend);
  expect(await takes('web')).toBe('any');
  expect(await takes('fixed')).toBe('fixed');
  expect(await takes('mapped')).toBe(isTold ? 'fixed' : 'unknown');
  expect(await takes('hashed')).toBe(isTold ? 'any' : 'unknown');
}

async function expectChanges(api: RuntimeApi, { s1, version }: Of): Promise<void> {
  await api.setWeight(s1, 0);
  expect(await api.look(s1)).toMatchObject({ isUp: true, admin: 'ready', weight: 0 });
  await api.setAdmin(s1, 'maint');
  expect(await api.look(s1)).toMatchObject({ isUp: false, admin: 'maint', weight: 0, current: 1 });
  // `track` names it, of which no HAProxy tells; of the others, those from 3.0 on do.
  expect(await api.isHeld(s1)).toBeUndefined();
  expect(await api.isHeld({ ...s1, name: 's2' })).toBe(version < 3 ? undefined : false);
  const a1 = { ...s1, backend: 'alone', name: 'a1' };
  await api.setAdmin(a1, 'maint');
  expect(await api.isHeld(a1)).toBe(version < 3 ? undefined : true);
  const [follower] = (await api.backends('follows')).flatMap(({ servers }) => servers);
  expect(follower).toMatchObject({ admin: 'maint', status: 'MAINT (via web/s1)' });
  await api.setWeight(s1, 10);
  await api.setReadyWhenProven(s1);
  expect(await api.look(s1)).toMatchObject({ isUp: false, admin: 'ready', weight: 10 });
  await api.setAdmin(s1, 'drain');
  expect(await api.backends('web')).toMatchObject([{ servers: [{ admin: 'drain' }, { admin: 'maint' }] }]);
}

async function expectOldWorker(
  api: RuntimeApi,
  { s1, version, reload }: Of & { readonly reload: () => Promise<void> },
): Promise<void> {
  const { pid } = await api.look(s1);
  expect(await api.oldWorkers(s1)).toEqual([]);
  await reload();
  expect((await api.look(s1)).pid).not.toBe(pid);
  // A 2.4 shows nothing of what it has stopped listening for.
  expect(await api.oldWorkers(s1)).toEqual([{ pid, current: version < 2.5 ? undefined : 1 }]);
}
