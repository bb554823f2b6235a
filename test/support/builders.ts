import type { Instance, Server } from '../../src/rollout/model.ts';
import type { LockOwner } from '../../src/rollout/lock.ts';
import type { BackendState, Container, ServerState } from '../../src/rollout/observed.ts';
import type { RecordEntry } from '../../src/runner/ports/ports.ts';

/** Plausible values; a test states only what differs. */
export const SOCKET = '/var/run/haproxy.sock';

export function aServer(name = 'pxApp_1', host = 'fe1'): Server {
  return { balancer: { host, socket: SOCKET }, backend: 'pxapp_cluster', name };
}

export function anInstance(over: Partial<Instance> = {}): Instance {
  const { host = 'fe1', container = 'pxApp_1' } = over;
  return {
    ...{ host, container, servers: [aServer(container, host)] },
    spec: { image: 'registry.lab:5000/pxapp:v2', pullPolicy: 'always' },
    drain: { timeoutMs: 60_000, onTimeout: 'fail' },
    ready: {
      probe: { kind: 'http', url: 'http://127.0.0.1:8081/health', status: [200, 399] },
      withinMs: 60_000,
      everyMs: 250,
    },
    ...{ soakMs: undefined, keep: 0, minUp: { servers: 1 } },
    ...over,
  };
}

export function aContainer(over: Partial<Container> = {}): Container {
  return {
    id: 'c0ffee',
    name: 'pxApp_1',
    image: {
      reference: 'registry.lab:5000/pxapp:v1',
      id: 'sha256:1111',
      digests: ['sha256:aaaa'],
      healthcheck: { intervalMs: 100 },
    },
    ...{ running: true, status: 'running', exitCode: 0, restartCount: 0, startedAt: '2026-11-21T09:00:00Z' },
    ...{
      health: 'healthy' as const,
      healthOutput: '',
      isAutoRemoved: false,
      published: [{ hostIp: '', hostPort: 8081 }],
    },
    restart: { name: 'always', maximumRetryCount: 0 },
    ...over,
  };
}

export function aServerState(over: Partial<ServerState> = {}): ServerState {
  const { server = aServer() } = over;
  return {
    server,
    ...{ weight: 10, initialWeight: 10, admin: 'ready' as const, status: 'UP', isUp: true, isBackup: false },
    ...{ hasCheck: true, hasAgent: false, tracks: undefined, lastCheck: 'L7OK/200', address: '127.0.0.1', port: 8081 },
    ...{ current: 0, queued: 0 },
    ...over,
  };
}

export function aBackend(servers: readonly ServerState[], over: Partial<BackendState> = {}): BackendState {
  const { balancer } = servers[0]?.server ?? aServer();
  return { balancer, name: 'pxapp_cluster', algorithm: 'roundrobin', queued: 0, servers, ...over };
}

/** Bob's, from another machine. */
export function aLockOwner(over: Partial<LockOwner> = {}): LockOwner {
  return {
    ...{ kind: 'run', run: '20261121-085900-bob', machine: 'laptop', pid: 4711, nonce: '5f3a', by: 'bob@laptop' },
    ...{ reason: 'rollout shop.yml', since: '2026-11-21T08:59:00.000Z', ttlMs: 45_000 },
    ...over,
  };
}

/** Of a rollout that has died. */
export function aRecordEntry(over: Partial<RecordEntry> = {}): RecordEntry {
  return {
    ...{ kind: 'rollout', server: aServer(), standing: { weight: 10, admin: 'ready' }, wasUp: true },
    ...{ by: 'bob@laptop', note: '', at: '2026-11-21T08:00:00Z', run: 'earlier', container: 'pxApp_1' },
    ...over,
  };
}
