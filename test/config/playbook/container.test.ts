import { describe, expect, it } from 'vitest';
import { aPlaybook, linesOf, resolved, theInstance } from './fleet.ts';

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
      'healthcheck: { test: curl x, interval: 1m30s, retries: 3 }',
      health({ test: ['CMD-SHELL', 'curl x'], intervalMs: 90_000, retries: 3 }),
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

function health(healthcheck: unknown): unknown {
  return { healthcheck };
}

const duration = 'a duration with its unit, such as "30s", "500ms" or "1m30s"';
const volume = 'a volume such as "/srv/data:/data:ro" or "cache:/cache"';
const size = 'a size such as "512m" or "1g" (b, k, m or g), or a number of bytes';

describe('a key of container that is wrong', () => {
  it.each([
    ['pull_policy: daily', '7:20: container.pull_policy: should be always, missing or never, is "daily"'],
    [
      'command: "a \'b"',
      `7:16: container.command: should be a command, or a list of its words, is "a 'b" (a quotation mark is not closed)`,
    ],
    ['command: [a, true]', '7:20: container.command[1]: should be a word of the command, is true (quote it)'],
    ['environment: { A: true }', '7:25: container.environment.A: should be text or a number, is true (quote it)'],
    ['environment: { A: [1] }', '7:25: container.environment.A: should be text or a number, is a list'],
    ['environment: A=1', '7:20: container.environment: should be a mapping or a list of KEY=value, is "A=1"'],
    ['environment: ["=1"]', '7:21: container.environment[0]: should be text or a number, is "=1" (write KEY=value)'],
    [
      'volumes: [./a:/b]',
      `7:17: container.volumes[0]: should be ${volume}, is "./a:/b" (a path of the host must be absolute: the containers run on other machines)`,
    ],
    [
      'volumes: [~/a:/b]',
      `7:17: container.volumes[0]: should be ${volume}, is "~/a:/b" (a path of the host must be absolute: the containers run on other machines)`,
    ],
    ['volumes: [a/b:/b]', `7:17: container.volumes[0]: should be ${volume}, is "a/b:/b"`],
    [
      'volumes: [/data]',
      `7:17: container.volumes[0]: should be ${volume}, is "/data" (a volume without a name is not supported yet, name it)`,
    ],
    ['volumes: ["/a:/b:rx"]', `7:17: container.volumes[0]: should be ${volume}, is "/a:/b:rx" ("rx" is no mode)`],
    [
      'volumes: [{ type: bind }]',
      `7:17: container.volumes[0]: should be ${volume}, is a mapping (the long syntax is not supported yet)`,
    ],
    [
      'restart: sometimes',
      '7:16: container.restart: should be no, always, on-failure, on-failure:3 or unless-stopped, is "sometimes"',
    ],
    [
      'restart: yes',
      '7:16: container.restart: should be no, always, on-failure, on-failure:3 or unless-stopped, is true',
    ],
    ['healthcheck: { interval: 5 }', `7:32: container.healthcheck.interval: should be ${duration}, is 5 (5s or 5ms?)`],
    [
      'healthcheck: { test: [curl] }',
      '7:28: container.healthcheck.test: should be a command for the shell, or a list that begins with CMD, CMD-SHELL or NONE, is a list',
    ],
    [
      'healthcheck: { retries: 0 }',
      '7:31: container.healthcheck.retries: should be a number of checks of at least 1, is 0',
    ],
    ['healthcheck: { start_interval: 1s }', '7:22: container.healthcheck.start_interval: is no known key'],
    ['working_dir: srv', '7:20: container.working_dir: should be an absolute path in the container, is "srv"'],
    [
      'extra_hosts: [db]',
      '7:21: container.extra_hosts[0]: should be a name and an address such as "db:10.0.0.5", is "db"',
    ],
    ['stop_signal: term!', '7:20: container.stop_signal: should be a signal such as SIGTERM, is "term!"'],
    ['init: maybe', '7:13: container.init: should be true or false, is "maybe"'],
    ['cap_add: [net]', '7:17: container.cap_add[0]: should be a capability such as NET_ADMIN, is "net"'],
    ['mem_limit: lots', `7:18: container.mem_limit: should be ${size}, is "lots"`],
    ['mem_limit: 0', `7:18: container.mem_limit: should be ${size}, is 0`],
    ['cpus: 0', '7:13: container.cpus: should be a number of CPUs above 0, such as 0.5, is 0'],
    ['logging: { options: {} }', '7:16: container.logging.driver: is required'],
    [
      'logging: { driver: a, options: [b] }',
      '7:38: container.logging.options: should be a mapping of texts, is a list',
    ],
    ['networks: [a]', '7:7: container.networks: is not supported yet'],
    ['build: .', '7:7: container.build: is not supported yet'],
    ['container_name: a', '7:7: container.container_name: is not supported yet'],
    ['enviroment: {}', '7:7: container.enviroment: is no known key (did you mean "environment"?)'],
  ])('%s', (line, complaint) => {
    const lines = linesOf(() => resolved(aPlaybook(`    container:\n      image: a\n      ${line}\n`)));

    expect(lines).toEqual([`p.yml:${complaint}`]);
  });

  it.each([
    ['{ }', '5:16: container.image: is required'],
    ['{ image: "a b" }', '5:25: container.image: should be an image such as "registry.example.com/shop:1.4", is "a b"'],
    ['{ image: 3 x }', '5:25: container.image: should be an image such as "registry.example.com/shop:1.4", is "3 x"'],
    ['shop', '5:16: container: should be a mapping, is "shop"'],
  ])('container: %s', (written, complaint) => {
    expect(linesOf(() => resolved(aPlaybook(`    container: ${written}\n`)))).toEqual([`p.yml:${complaint}`]);
  });
});
