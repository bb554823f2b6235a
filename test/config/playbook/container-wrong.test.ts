import { describe, expect, it } from 'vitest';
import { aPlaybook, linesOf, resolved } from './fleet.ts';

const duration = 'a duration with its unit, such as "30s", "500ms" or "1m30s"';
const volume = 'a volume such as "/srv/data:/data:ro" or "cache:/cache"';
const size = 'a size such as "512m" or "1g" (b, k, m or g), or a number of bytes';

describe('a key of container that is wrong', () => {
  it.each([
    [
      'pull_policy: daily',
      '7:20: container.pull_policy: should be always, missing or never, is "daily" (Docker does not tell when it last pulled)',
    ],
    [
      'command: "a \'b"',
      `7:16: container.command: should be a command, or a list of its words, is "a 'b" (a quotation mark is not closed)`,
    ],
    ['command: [a, true]', '7:20: container.command[1]: should be a word of the command, is true (quote it)'],
    ['environment: { A: true }', '7:25: container.environment.A: should be text or a number, is true (quote it)'],
    ['environment: { A: [1] }', '7:25: container.environment.A: should be text or a number, is a list'],
    [
      'environment: A=1',
      '7:20: container.environment: should be a mapping or a list of KEY=value, is a text that is not shown here',
    ],
    [
      'environment: ["=1"]',
      '7:21: container.environment[0]: should be text or a number, is a text that is not shown here (write KEY=value)',
    ],
    [
      'volumes: [./a:/b]',
      `7:17: container.volumes[0]: should be ${volume}, is "./a:/b" (a path of the host must be absolute: the containers run on other machines)`,
    ],
    [
      'volumes: [~/a:/b]',
      `7:17: container.volumes[0]: should be ${volume}, is "~/a:/b" (a path of the host must be absolute: the containers run on other machines)`,
    ],
    ['volumes: [a/b:/b]', `7:17: container.volumes[0]: should be ${volume}, is "a/b:/b"`],
    ['volumes: ["/a:/b:rx"]', `7:17: container.volumes[0]: should be ${volume}, is "/a:/b:rx" ("rx" is no mode)`],
    [
      'volumes: [{ type: bind }]',
      `7:17: container.volumes[0]: should be ${volume}, is a mapping (its target is an absolute path in the container, without ":")`,
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
    ['healthcheck: { interval_start: 1s }', '7:22: container.healthcheck.interval_start: is no known key'],
    [
      'volumes: [{ type: npipe, target: /a }]',
      `7:17: container.volumes[0]: should be ${volume}, is a mapping (the type is bind, volume or tmpfs, not "npipe")`,
    ],
    [
      'volumes: [{ type: bind, source: ./a, target: /a }]',
      `7:17: container.volumes[0]: should be ${volume}, is a mapping (a path of the host must be absolute: the containers run on other machines)`,
    ],
    [
      'volumes: [{ type: volume, source: a, target: /a, bind: {} }]',
      `7:17: container.volumes[0]: should be ${volume}, is a mapping ("bind" is no known key of a volume)`,
    ],
    [
      'cpus: 1\n      cpu_quota: 5ms',
      '7:13: container.cpus: stands beside cpu_quota or cpu_period: it is the same in other words',
    ],
    [
      'networks: [a]\n      network_mode: host',
      '7:17: container.networks: stands beside network_mode: only one of them',
    ],
    [
      'mem_limit: 1g\n      deploy: { resources: { limits: { memory: 512m } } }',
      '8:48: container.deploy.resources.limits.memory: says 536870912, but mem_limit says 1073741824: say it once',
    ],
    [
      'deploy: { placement: {} }',
      '7:17: container.deploy.placement: is not supported: the hosts of the play and instances say what runs where',
    ],
    [
      'deploy: { update_config: { order: last } }',
      '7:41: container.deploy.update_config.order: should be stop-first or start-first, is "last"',
    ],
    [
      'deploy: { resources: { reservations: { devices: all } } }',
      '7:55: container.deploy.resources.reservations.devices: should be a list of devices such as "{ driver: nvidia, count: 1, capabilities: [gpu] }", is "all"',
    ],
    [
      'ulimits: { nofile: { soft: 3, hard: 2 } }',
      '7:26: container.ulimits.nofile: should be a limit such as 1024, or a mapping of soft and hard, is a mapping (soft is above hard)',
    ],
    [
      'security_opt: ["seccomp:profile.json"]',
      '7:22: container.security_opt[0]: should be an option such as no-new-privileges or seccomp=unconfined, is "seccomp:profile.json" (a profile is given as JSON: its file is on no host)',
    ],
    ['dns: db', '7:12: container.dns: should be an IP address, or a list of them, is "db"'],
    [
      'networks: { a: { mac_address: "02:00:00:00:00:01" } }',
      '7:22: container.networks.a: should be the name of a network, or a mapping of aliases and addresses, is a mapping ("mac_address" is not supported: a MAC address cannot be that of two containers, and the old and the new one are there at once)',
    ],
    ['pid: service:db', '7:12: container.pid: should be host, or container:NAME, is "service:db"'],
    [
      'tmpfs: run',
      '7:14: container.tmpfs: should be a path, or a list of paths, such as "/run" or "/run:size=64m,mode=1777", is "run"',
    ],
    ['expose: [70000]', '7:16: container.expose[0]: should be a port such as 8080 or "8080-8082/udp", is 70000'],
    [
      'devices: [null]',
      '7:17: container.devices[0]: should be a device such as "/dev/fuse" or "/dev/sda:/dev/xvda:r", is empty',
    ],
    [
      'links: [db]',
      '7:7: container.links: is not supported: containers know each other by their names on a network: say networks',
    ],
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
    [
      'logging: { driver: a, options: [b] }',
      '7:38: container.logging.options: should be a mapping of texts, is a list',
    ],
    [
      'build: .',
      '7:7: container.build: is not supported: an image is built before it is rolled out, and pulled by its name: say image',
    ],
    ['container_name: a', "7:7: container.container_name: is not supported: the app's name is that of the container"],
    [
      'gpus: [{ count: 1, device_ids: ["0"] }]',
      '7:14: container.gpus[0]: should be a mapping of capabilities, driver, count or device_ids, and options, is a mapping (say count or device_ids, not both)',
    ],
    [
      'deploy: { resources: { reservations: { devices: [{ count: 1 }] } } }',
      '7:56: container.deploy.resources.reservations.devices[0]: should be a mapping of capabilities, driver, count or device_ids, and options, is a mapping (capabilities should be a list such as [gpu])',
    ],
    [
      'blkio_config: { weight: 300 }',
      '7:23: container.blkio_config.weight: is not supported: the Engine leaves it out without a word where the kernel has no weights: say rates, or cpu_shares',
    ],
    [
      'blkio_config: { device_read_bps: [{ path: sda, rate: 1mb }] }',
      '7:41: container.blkio_config.device_read_bps[0]: should be a mapping such as "{ path: /dev/sda, rate: 1mb }", is a mapping',
    ],
    ['enviroment: {}', '7:7: container.enviroment: is no known key (did you mean "environment"?)'],
  ])('%s', (line, complaint) => {
    const lines = linesOf(() => resolved(aPlaybook(`    container:\n      image: a\n      ${line}\n`)));

    expect(lines).toEqual([`p.yml:${complaint}`]);
  });

  it.each([
    ['{ }', '5:16: container.image: is required'],
    ['{ image: "a b" }', '5:25: container.image: should be an image such as "registry.example.com/shop:1.4", is "a b"'],
    ['{ image: 3 x }', '5:25: container.image: should be an image such as "registry.example.com/shop:1.4", is "3 x"'],
    [
      `{ image: "a${'+'.repeat(50_000)}!" }`,
      `5:25: container.image: should be an image such as "registry.example.com/shop:1.4", is "a${'+'.repeat(58)}…`,
    ],
    ['shop', '5:16: container: should be a mapping, is "shop"'],
  ])('container: %s', (written, complaint) => {
    expect(linesOf(() => resolved(aPlaybook(`    container: ${written}\n`)))).toEqual([`p.yml:${complaint}`]);
  });
});
