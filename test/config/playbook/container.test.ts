import { describe, expect, it } from 'vitest';
import { aPlaybook, theInstance } from './fleet.ts';

function specWith(line: string, controller: Record<string, string> = {}): unknown {
  const { spec } = theInstance(aPlaybook(`    container:\n      image: a\n      ${line}\n`), undefined, { controller });
  return Object.fromEntries(
    Object.entries(spec).filter(([key, value]) => key !== 'image' && value !== undefined && value !== 'always'),
  );
}

describe('a key of container that is good', () => {
  it.each<[string, unknown]>([
    ['pull_policy: if_not_present', { pullPolicy: 'missing' }],
    ['pull_policy: never', { pullPolicy: 'never' }],
    ['command: run --name "a b" \'c d\' e\\ f', { command: ['run', '--name', 'a b', 'c d', 'e f'] }],
    ['command: [run, "a b", 3]', { command: ['run', 'a b', '3'] }],
    ['command: []', { command: [] }],
    ['entrypoint: /run.sh', { entrypoint: ['/run.sh'] }],
    ['environment: { A: 1, B: x, C: "", D: 1.5 }', { environment: { A: '1', B: 'x', C: '', D: '1.5' } }],
    ['environment: { HOME_OF: , GONE: }', { environment: { HOME_OF: '/root' } }],
    ['environment: [A=1, B=x=y, HOME_OF, GONE, C=]', { environment: { A: '1', B: 'x=y', HOME_OF: '/root', C: '' } }],
    ['environment: { A: "l1\\nl2" }', { environment: { A: 'l1\nl2' } }],
    ['labels: { a.b: true, c: }', { labels: { 'a.b': 'true', c: '' } }],
    ['labels: [a=1, b]', { labels: { a: '1', b: '' } }],
    ['volumes: [/srv:/data:ro, "cache:/c", "/a:/b:ro,z"]', { volumes: ['/srv:/data:ro', 'cache:/c', '/a:/b:ro,z'] }],
    ['network_mode: host', { networkMode: 'host' }],
    ['restart: no', { restart: { name: 'no', maximumRetryCount: 0 } }],
    ['restart: "no"', { restart: { name: 'no', maximumRetryCount: 0 } }],
    ['restart: on-failure:3', { restart: { name: 'on-failure', maximumRetryCount: 3 } }],
    ['restart: on-failure', { restart: { name: 'on-failure', maximumRetryCount: 0 } }],
    ['restart: unless-stopped', { restart: { name: 'unless-stopped', maximumRetryCount: 0 } }],
    [
      'healthcheck: { test: curl x, interval: 45s, retries: 3 }',
      health({ test: ['CMD-SHELL', 'curl x'], intervalMs: 45_000, retries: 3 }),
    ],
    [
      'healthcheck: { test: [CMD, a], timeout: 1s, start_period: 0s }',
      health({ test: ['CMD', 'a'], timeoutMs: 1000, startPeriodMs: 0 }),
    ],
    ['healthcheck: { test: [NONE] }', health({ test: ['NONE'] })],
    ['healthcheck: { disable: true }', health({ test: ['NONE'] })],
    ['user: 1000', { user: '1000' }],
    ['user: www-data:www-data', { user: 'www-data:www-data' }],
    ['working_dir: /srv', { workingDir: '/srv' }],
    ['hostname: a.b', { hostname: 'a.b' }],
    ['extra_hosts: { db: 10.0.0.5, six: "::1" }', { extraHosts: ['db:10.0.0.5', 'six:::1'] }],
    [
      'extra_hosts: ["db:10.0.0.5", "h=host-gateway", "six=[::1]"]',
      { extraHosts: ['db:10.0.0.5', 'h:host-gateway', 'six:::1'] },
    ],
    ['stop_signal: SIGTERM', { stopSignal: 'SIGTERM' }],
    ['stop_grace_period: 1m', { stopGraceMs: 60_000 }],
    ['init: true', { init: true }],
    ['read_only: yes', { readOnly: true }],
    ['privileged: "false"', { privileged: false }],
    ['cap_add: [NET_ADMIN]', { capAdd: ['NET_ADMIN'] }],
    ['cap_drop: [ALL]', { capDrop: ['ALL'] }],
    ['mem_limit: 512m', { memoryBytes: 536_870_912 }],
    ['mem_limit: 1.5gb', { memoryBytes: 1_610_612_736 }],
    ['mem_limit: 6291456', { memoryBytes: 6_291_456 }],
    ['mem_limit: 8KB', { memoryBytes: 8192 }],
    ['cpus: 0.5', { cpus: 0.5 }],
    ['cpus: "2"', { cpus: 2 }],
    ['logging: { driver: json-file }', { logging: { driver: 'json-file', options: {} } }],
    [
      'logging: { driver: local, options: { max-file: 3 } }',
      { logging: { driver: 'local', options: { 'max-file': '3' } } },
    ],
    ['x-mine: [1]', {}],
    ['platform: linux/arm64/v8', { platform: 'linux/arm64/v8' }],
    ['volumes: [/data, "/a:/b:ro"]', { volumes: ['/data', '/a:/b:ro'] }],
    [
      'volumes: [{ type: bind, source: /a, target: /b, read_only: true, bind: { propagation: rslave, selinux: z } }]',
      { volumes: ['/a:/b:ro,rslave,z'] },
    ],
    ['volumes: [{ type: volume, source: v, target: /b, volume: { nocopy: true } }]', { volumes: ['v:/b:nocopy'] }],
    ['volumes: [{ type: volume, target: /b }]', { volumes: ['/b'] }],
    [
      'volumes: [{ type: volume, source: v, target: /b, volume: { subpath: a } }]',
      { volumes: [{ kind: 'volume', source: 'v', target: '/b', isReadOnly: false, subpath: 'a' }] },
    ],
    [
      'volumes: [{ type: tmpfs, target: /b, tmpfs: { size: 1m, mode: 01777 } }]',
      { volumes: [{ kind: 'tmpfs', target: '/b', sizeBytes: 1_048_576, mode: 0o1777 }] },
    ],
    ['tmpfs: [/run, "/tmp:size=1m"]', { tmpfs: { '/run': '', '/tmp': 'size=1m' } }],
    ['networks: [b, a]', { networks: [network('a'), network('b')] }],
    [
      'networks: { a: , b: { aliases: [x], ipv4_address: 10.0.0.2, priority: 2 } }',
      { networks: [{ ...network('b', 'x'), ipv4Address: '10.0.0.2' }, network('a')] },
    ],
    [
      'networks: { b: { ipv4_address: "10.0.0.{{ 1 + 1 }}" } }',
      { networks: [{ ...network('b'), ipv4Address: '10.0.0.2' }] },
    ],
    ['healthcheck: { start_interval: 500ms }', health({ startIntervalMs: 500 })],
    ['logging: { options: { max-size: 1m } }', { logging: { driver: '', options: { 'max-size': '1m' } } }],
    [
      'ulimits: { nproc: 5, nofile: { soft: 1, hard: -1 } }',
      {
        ulimits: [
          { name: 'nproc', soft: 5, hard: 5 },
          { name: 'nofile', soft: 1, hard: -1 },
        ],
      },
    ],
    ['sysctls: [a.b=1]', { sysctls: { 'a.b': '1' } }],
    [
      'devices: [/dev/a, "/dev/b:/dev/c:r"]',
      {
        devices: [
          { onHost: '/dev/a', inContainer: '/dev/a', permissions: 'rwm' },
          { onHost: '/dev/b', inContainer: '/dev/c', permissions: 'r' },
        ],
      },
    ],
    ['dns: 10.0.0.1', { dns: ['10.0.0.1'] }],
    ['memswap_limit: -1', { memorySwapBytes: -1 }],
    ['expose: [80, "81-82/udp"]', { expose: ['80/tcp', '81/udp', '82/udp'] }],
    ['cpu_quota: 25ms', { cpuQuotaUs: 25_000 }],
    [
      'deploy: { resources: { limits: { cpus: "0.5", memory: 1k, pids: 3 }, reservations: { memory: 2k } } }',
      { cpus: 0.5, memoryBytes: 1024, pidsLimit: 3, memoryReservationBytes: 2048 },
    ],
    ['mem_limit: 1k\n      deploy: { resources: { limits: { memory: 1024 } } }', { memoryBytes: 1024 }],
  ])('%s', (line, expected) => {
    expect(specWith(line, { HOME_OF: '/root' })).toEqual(expected);
  });

  it.each(['a', 'a:1', 'a/b:v1', 'registry.lab:5000/pxapp:v1', 'a@sha256:0f', 'a:v1@sha256:0f'])(
    'image: %s',
    (image) => {
      expect(theInstance(aPlaybook(`    container: { image: "${image}" }\n`)).spec.image).toBe(image);
    },
  );
});

function network(name: string, ...aliases: string[]): object {
  return { name, aliases };
}

function health(healthcheck: unknown): unknown {
  return { healthcheck };
}
