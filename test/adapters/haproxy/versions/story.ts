/** What sluice must make of every HAProxy, of a running one and of a recorded one. */
import { expect } from 'vitest';
import { parseFailedReloads } from '../../../../src/adapters/haproxy/answers.ts';
import { RuntimeApi } from '../../../../src/adapters/haproxy/runtime-api.ts';
import type { Ask } from '../../../../src/adapters/haproxy/runtime-socket.ts';
import type { Server } from '../../../../src/rollout/model.ts';

/** An HAProxy with {@link CONFIG} that a request is open at, for `web/s1`. */
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
`;

export async function tell({ ask, master, reload }: Told): Promise<void> {
  const balancer = { host: 'fe1', socket: '/admin.sock' };
  const processes = { isMasterNamed: true, master: async () => master, kin: async () => [], runs: async () => true };
  const api = new RuntimeApi(ask, balancer, processes);
  const serverOf = (backend: string, name: string): Server => ({ balancer, backend, name });
  const s1 = serverOf('web', 's1');

  await expectLooks(api, s1);
  await expectWeights(api);
  await expectChanges(api, s1);
  await expect(api.look(serverOf('web', 's9'))).rejects.toThrow('HAProxy has no such server');
  await expect(api.setAdmin(serverOf('nosuch', 's1'), 'maint')).rejects.toThrow(/answers "No such (backend|server)\."/);
  await expect(api.setWeight(serverOf('fixed', 'f1'), 7)).rejects.toThrow('is using a static LB algorithm');
  await expectOldWorker(api, { s1, reload });
  expect(parseFailedReloads(await master('show proc'))).toBe(0);
}

async function expectLooks(api: RuntimeApi, s1: Server): Promise<void> {
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
  ]);
  expect(all[0]).toMatchObject({ isUp: true, hasCheck: true, hasAgent: false, isBackup: false, current: 1, queued: 0 });
  expect(all[3]).toMatchObject({ isUp: true, hasCheck: false, status: 'no check', address: '127.0.0.1', port: 9 });
  expect((await api.backends('web')).map(({ algorithm, queued }) => [algorithm, queued])).toEqual([['roundrobin', 0]]);
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

async function expectWeights(api: RuntimeApi): Promise<void> {
  const takes = async (backend: string): Promise<string> => await api.takesWeights(backend);
  expect(await takes('web')).toBe('any');
  expect(await takes('fixed')).toBe('fixed');
  expect(await takes('mapped')).toBe('fixed');
  expect(await takes('hashed')).toBe('any');
}

async function expectChanges(api: RuntimeApi, s1: Server): Promise<void> {
  await api.setWeight(s1, 0);
  expect(await api.look(s1)).toMatchObject({ isUp: true, admin: 'ready', weight: 0 });
  await api.setAdmin(s1, 'maint');
  expect(await api.look(s1)).toMatchObject({ isUp: false, admin: 'maint', weight: 0, current: 1 });
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
  { s1, reload }: { readonly s1: Server; readonly reload: () => Promise<void> },
): Promise<void> {
  const { pid } = await api.look(s1);
  expect(await api.oldWorkers(s1)).toEqual([]);
  await reload();
  expect((await api.look(s1)).pid).not.toBe(pid);
  expect(await api.oldWorkers(s1)).toEqual([{ pid, current: 1 }]);
}
