import { describe, expect, it } from 'vitest';
import type { ContainerSpec } from '../../src/rollout/container-spec.ts';
import type { Server } from '../../src/rollout/model.ts';
import type { Container, ServerState } from '../../src/rollout/observed.ts';
import { Failure } from '../../src/errors.ts';
import { alsoThere } from '../../src/runner/preflight/also-there.ts';
import { aBackend, aServer, aServerState, anInstance } from '../support/builders.ts';

const api = { ...aServer('app1'), backend: 'api' };

/** What is said when the HAProxy has this server, too, in a backend of its own. */
async function said(
  other: Partial<ServerState>,
  { servers = [aServer()], spec, container, own = {} }: Given = {},
): Promise<string[]> {
  const all = [
    aBackend([aServerState(own)]),
    aBackend([aServerState({ server: api, ...other })], { name: other.server?.backend ?? 'api' }),
  ];
  const instance = anInstance({ servers, ...(spec && { spec: { ...anInstance().spec, ...spec } }) });
  const host = { name: 'fe1', addresses: async () => ['10.0.0.5'] };
  const findings = await alsoThere(instance, all, { container, host });
  return findings.map(({ kind, host: where, text }) => `${kind} ${where}: ${text}`);
}

interface Given {
  readonly servers?: readonly Server[];
  readonly spec?: Partial<ContainerSpec>;
  readonly container?: Pick<Container, 'published'>;
  /** What HAProxy says of the server of the container. */
  readonly own?: Partial<ServerState>;
}

const nameIt =
  'its requests to pxApp_1 would fail, since it would not be drained: name it in the playbook, too (balancer.backend may be a list, and server a mapping: api: app1), or set it to maint';

describe('a server of another backend', () => {
  it('that sends requests to the same container is refused: nobody would drain it', async () => {
    expect(await said({})).toEqual([
      `problem fe1: api/app1 goes to 127.0.0.1:8081, as pxapp_cluster/pxApp_1 does: ${nameIt}`,
    ]);
    // Whatever else is wrong with it, it may be UP the next moment.
    expect(await said({ isUp: false, status: 'DOWN' })).toHaveLength(1);
    expect(await said({ weight: 0 })).toHaveLength(1);
  });

  it('of the same name is asked for by its backend', async () => {
    const server = { ...aServer(), backend: 'api' };

    expect(await said({ server })).toEqual([expect.stringContaining('name its backend in the playbook, too')]);
  });

  it('that goes to another port of the container is refused, declared or there', async () => {
    const grpc = { hostIp: '127.0.0.1', hostPort: 9081 };
    const declared = { spec: { ports: [{ ...grpc, containerPort: 9000, protocol: 'tcp' as const }] } };
    const goes = `problem fe1: api/app1 goes to 127.0.0.1:9081, where pxApp_1 is, too: ${nameIt}`;

    expect(await said({ port: 9081 }, declared)).toEqual([goes]);
    expect(await said({ port: 9081 }, { container: { published: [grpc] } })).toEqual([goes]);
    expect(await said({ port: 9082 }, declared)).toEqual([]);
  });

  it('that goes to another address of its host is refused, where the port is published there', async () => {
    const everywhere = { container: { published: [{ hostIp: '', hostPort: 8081 }] } };
    const there = { container: { published: [{ hostIp: '127.0.0.1', hostPort: 8081 }] } };

    expect(await said({ address: '10.0.0.5' }, everywhere)).toHaveLength(1);
    expect(await said({ address: '10.0.0.6' }, everywhere)).toEqual([]);
    expect(await said({ address: '10.0.0.5' }, there)).toEqual([]);
  });

  it('that goes to its address in a Docker network is refused, whatever the port', async () => {
    const spec = { networks: [{ name: 'apps', aliases: [], ipv4Address: '172.30.0.5' }] };

    expect(await said({ address: '172.30.0.5', port: 1234 }, { spec })).toHaveLength(1);
  });

  it('of a central HAProxy is looked at as that sees the host', async () => {
    const balancer = { ...aServer().balancer, host: 'lb1' };
    const own = { server: { ...aServer(), balancer }, address: '10.0.0.5' };
    const ofCentral = { own, servers: [own.server], container: { published: [{ hostIp: '', hostPort: 9081 }] } };
    const server = { ...api, balancer };

    expect(await said({ server, address: '10.0.0.5', port: 9081 }, ofCentral)).toHaveLength(1);
    // Its own loopback.
    expect(await said({ server, address: '127.0.0.1', port: 9081 }, ofCentral)).toEqual([]);
  });

  it.each<{ why: string; other: Partial<ServerState> }>([
    { why: 'goes elsewhere', other: { port: 8082 } },
    { why: 'goes to another host', other: { address: '10.0.0.2' } },
    { why: 'is in maintenance', other: { admin: 'maint' } },
    { why: 'is of another HAProxy', other: { server: { ...api, balancer: { ...api.balancer, host: 'lb1' } } } },
  ])('is no matter when it $why', async ({ other }) => {
    expect(await said(other)).toEqual([]);
  });

  it('that tracks the server of the container is refused: it would go into maintenance with it', async () => {
    const tracks = 'pxapp_cluster/pxApp_1';

    expect(await said({ tracks, port: 9 })).toEqual([
      'problem fe1: api/app1 (127.0.0.1:9) tracks pxapp_cluster/pxApp_1 and would be in maintenance with it, undrained: give it a check of its own, or set it to maint',
    ]);
    expect(await said({ tracks })).toHaveLength(1);
    expect(await said({ tracks, port: 9, admin: 'maint' })).toEqual([]);
    expect(await said({ tracks: 'pxapp_cluster/pxApp_2', port: 9 })).toEqual([]);
  });

  it('is no matter when the playbook names it', async () => {
    expect(await said({}, { servers: [aServer(), api] })).toEqual([]);
  });

  it('is no matter when HAProxy does not say where either goes', async () => {
    expect(await said({ address: '', port: 0 }, { own: { address: '', port: 0 } })).toEqual([]);
  });

  it('whose host does not tell its addresses is a problem of that host', async () => {
    const addresses = async (): Promise<never> => {
      throw new Failure('unreachable', 'Cannot reach fe1: connection lost');
    };
    const all = [
      aBackend([aServerState()]),
      aBackend([aServerState({ server: api, address: '10.0.0.5' })], { name: 'api' }),
    ];
    const where = {
      container: { published: [{ hostIp: '', hostPort: 8081 }] },
      host: { name: 'fe1', addresses },
    };

    expect(await alsoThere(anInstance(), all, where)).toMatchObject([{ host: 'fe1', isUnreachable: true }]);
  });
});
