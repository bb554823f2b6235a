import { describe, expect, it } from 'vitest';
import { creationOf } from '../../../src/adapters/docker/recreate.ts';
import type { ContainerSpec } from '../../../src/rollout/container-spec.ts';
import { aSpec, imageConfig, recordedContainer, type Changes, type RecordedContainer } from './fixtures.ts';

function recreated(name: RecordedContainer, settings: Partial<ContainerSpec> = {}, changes: Changes = {}) {
  const like = { container: recordedContainer(name, changes), image: imageConfig(1) };
  return creationOf(aSpec(settings), like);
}

describe('creationOf() without a predecessor', () => {
  it('says nothing that is not declared', () => {
    expect(creationOf(aSpec(), undefined)).toEqual({
      request: { Image: 'app:v2', Env: [], Labels: {}, ExposedPorts: {}, HostConfig: { NetworkMode: 'bridge' } },
      connections: [],
    });
  });

  it('says all that is declared', () => {
    const spec = aSpec({
      command: ['serve'],
      entrypoint: [],
      environment: { A: '1', B: 'x=y' },
      labels: { l: 'v' },
      ports: [
        { hostIp: '127.0.0.1', hostPort: 8081, containerPort: 80, protocol: 'tcp' },
        { hostIp: '', hostPort: undefined, containerPort: 80, protocol: 'tcp' },
      ],
      volumes: ['/a:/b:ro'],
      networkMode: 'front',
      restart: { name: 'on-failure', maximumRetryCount: 3 },
      healthcheck: { test: ['CMD', 'true'], intervalMs: 1500, retries: 2 },
      stopGraceMs: 2500,
      cpus: 1.5,
      memoryBytes: 1000,
      logging: { driver: 'journald', options: { tag: 't' } },
    });

    expect(creationOf(spec, undefined).request).toEqual({
      Image: 'app:v2',
      Env: ['A=1', 'B=x=y'],
      Labels: { l: 'v' },
      ExposedPorts: { '80/tcp': {} },
      Entrypoint: [''],
      Cmd: ['serve'],
      Healthcheck: { Test: ['CMD', 'true'], Interval: 1_500_000_000, Retries: 2 },
      StopTimeout: 3,
      HostConfig: {
        Binds: ['/a:/b:ro'],
        NetworkMode: 'front',
        PortBindings: {
          '80/tcp': [
            { HostIp: '127.0.0.1', HostPort: '8081' },
            { HostIp: '', HostPort: '' },
          ],
        },
        PublishAllPorts: false,
        RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 3 },
        AutoRemove: false,
        NanoCpus: 1_500_000_000,
        CpuPeriod: 0,
        CpuQuota: 0,
        Memory: 1000,
        LogConfig: { Type: 'journald', Config: { tag: 't' } },
      },
    });
  });
});

describe('creationOf() like a container', () => {
  it('takes from the new image what the old container had from the old image', () => {
    const { HostConfig, ...config } = recreated('plain').request;

    expect(config).toEqual({
      Image: 'app:v2',
      Tty: false,
      OpenStdin: false,
      StdinOnce: false,
      Env: [],
      Labels: {},
      ExposedPorts: {},
    });
    expect(HostConfig['RestartPolicy']).toEqual({ Name: 'no', MaximumRetryCount: 0 });
  });

  it('keeps what was set for the container itself', () => {
    const { request } = recreated('rich');

    expect(request).toMatchObject({
      Env: ['C=c=d', 'A=own'],
      Labels: { mine: '1' },
      ExposedPorts: { '9/tcp': {} },
      Cmd: ['sleep 1000'],
      Healthcheck: { Interval: 2_000_000_000 },
      StopTimeout: 3,
      HostConfig: {
        PortBindings: { '8080/tcp': [{ HostIp: '127.0.0.1', HostPort: '8081' }] },
        RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 2 },
        CapAdd: ['CAP_NET_ADMIN'],
        ExtraHosts: ['x:1.2.3.4'],
        Ulimits: [{ Name: 'nofile', Soft: 100, Hard: 200 }],
        NanoCpus: 500_000_000,
        LogConfig: { Type: 'json-file', Config: { 'max-size': '1m' } },
      },
    });
    expect(request).not.toHaveProperty('Entrypoint');
    expect(request).not.toHaveProperty('Hostname');
    expect(request['User']).toBeUndefined();
  });

  it('keeps the names and the settings of its networks, without what the Engine added', () => {
    const { request, connections } = recreated('rich');

    expect(request.NetworkingConfig).toEqual({
      EndpointsConfig: { n1: { Aliases: ['web'], IPAMConfig: { IPv4Address: '172.31.1.9' } } },
    });
    expect(connections).toEqual([{ network: 'n2', request: { Aliases: ['db-side'] } }]);
  });

  it('leaves its networks when another is declared', () => {
    const { request, connections } = recreated('rich', { networkMode: 'bridge' });

    expect(request.NetworkingConfig).toBeUndefined();
    expect(request.HostConfig['NetworkMode']).toBe('bridge');
    expect(connections).toEqual([]);
  });

  it('carries over volumes without a name, so that nothing in them is lost', () => {
    const { HostConfig } = recreated('rich').request;

    expect(HostConfig['Binds']).toEqual(['vol1:/v', '/usr:/r:ro', expect.stringMatching(/^[0-9a-f]{64}:\/data$/)]);
    expect(HostConfig['Mounts']).toEqual([
      { Type: 'volume', Target: '/m', Source: expect.stringMatching(/^[0-9a-f]{64}$/) as string },
      { Type: 'tmpfs', Target: '/t' },
    ]);
  });

  it('replaces its volumes by those declared, but for those without a name', () => {
    const { HostConfig } = recreated('rich', { volumes: ['/new:/v', 'data:/data/'] }).request;

    expect(HostConfig['Binds']).toEqual(['/new:/v', 'data:/data/', expect.stringMatching(/^[0-9a-f]{64}:\/m$/)]);
    expect(HostConfig).not.toHaveProperty('Mounts');
  });

  it('replaces its ports by those declared, the exposed ones too', () => {
    const ports = [{ hostIp: '', hostPort: 9000, containerPort: 9000, protocol: 'udp' as const }];

    const { request } = recreated('rich', { ports });

    expect(request['ExposedPorts']).toEqual({ '9/tcp': {}, '9000/udp': {} });
    expect(request.HostConfig['PortBindings']).toEqual({ '9000/udp': [{ HostIp: '', HostPort: '9000' }] });
  });

  it('sets declared variables and labels over its own', () => {
    const { request } = recreated('rich', { environment: { A: 'new', D: 'd' }, labels: { mine: '2', l2: 'x' } });

    expect(request['Env']).toEqual(['C=c=d', 'A=new', 'D=d']);
    expect(request['Labels']).toEqual({ mine: '2', l2: 'x' });
  });

  it('leaves the limit of swap to the Engine when it came from the limit of memory', () => {
    expect(recreated('rich', { memoryBytes: 1000 }).request.HostConfig).not.toHaveProperty('MemorySwap');
    const unlimited = { HostConfig: { MemorySwap: -1 } };
    expect(recreated('rich', { memoryBytes: 1000 }, unlimited).request.HostConfig['MemorySwap']).toBe(-1);
  });

  it('keeps an entrypoint that was taken away, and the command that came with it', () => {
    const { request } = recreated('host');

    expect(request['Entrypoint']).toEqual(['']);
    expect(request['Cmd']).toEqual(['sleep', '1000']);
  });

  it('does not give a command of the image to an entrypoint of its own', () => {
    const changes = { Config: { Entrypoint: ['/own'], Cmd: null } };

    expect(recreated('plain', {}, changes).request).toMatchObject({ Entrypoint: ['/own'] });
    expect(recreated('plain', {}, changes).request).not.toHaveProperty('Cmd');
  });

  it('leaves the command to the Engine when an entrypoint is declared', () => {
    const { request } = recreated('plain', { entrypoint: ['/init'] });

    expect(request['Entrypoint']).toEqual(['/init']);
    expect(request).not.toHaveProperty('Cmd');
  });

  it('does not repeat what the Engine adds to a privileged container', () => {
    expect(recreated('host').request.HostConfig['SecurityOpt']).toEqual([]);
  });

  it('keeps the network of the host, without ports', () => {
    const { HostConfig } = recreated('host', {
      ports: [{ hostIp: '', hostPort: 1, containerPort: 1, protocol: 'tcp' }],
    }).request;

    expect(HostConfig['NetworkMode']).toBe('host');
    expect(HostConfig).not.toHaveProperty('PortBindings');
  });

  it('keeps the network of another container, without names and ports of its own', () => {
    const { request } = recreated('borrowed', { hostname: 'me' });

    expect(request.HostConfig['NetworkMode']).toMatch(/^container:[0-9a-f]{64}$/);
    expect(request).not.toHaveProperty('Hostname');
    expect(request).not.toHaveProperty('ExposedPorts');
    expect(request).not.toHaveProperty('NetworkingConfig');
    expect(request.HostConfig).not.toHaveProperty('ExtraHosts');
  });

  it('keeps a hostname and a MAC address that were chosen, not those the Engine made', () => {
    const chosen = { Config: { Hostname: 'web1', MacAddress: '02:00:00:00:00:01' } };
    expect(recreated('rich', {}, chosen).request).toMatchObject({
      Hostname: 'web1',
      MacAddress: '02:00:00:00:00:01',
    });
    const made = { Config: { MacAddress: '02:42:ac:1f:01:09' } };
    expect(recreated('rich', {}, made).request).not.toHaveProperty('MacAddress');
  });

  it('keeps a variable of the image that was unset', () => {
    const changes = { Config: { Env: ['PATH=/bin', 'A', 'B=same'] } };

    expect(recreated('plain', {}, changes).request['Env']).toEqual(['A']);
  });

  it('asks for links as they were asked for', () => {
    const changes = { HostConfig: { Links: ['/db:/plain/database'] } };

    expect(recreated('plain', {}, changes).request.HostConfig['Links']).toEqual(['db:database']);
  });
});
