import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { EngineContainers } from '../../../src/adapters/docker/containers.ts';
import type { ContainerSpec } from '../../../src/rollout/container-spec.ts';
import { aPlaybook, theInstance } from '../../config/playbook/fleet.ts';
import { labLink } from '../../support/lab-fleet.ts';
import { own } from '../../support/own-host.ts';

const image = 'registry.lab:5000/pxapp';
const prefix = 'sluice-key';

const link = labLink(own);
const containers = new EngineContainers(link);

let number = 0;
const newName = () => `${prefix}-${process.pid}-${++number}`;

/** What a playbook with these lines under `container` declares. */
function specOf(lines: string): ContainerSpec {
  const written = lines.split('\n').map((line) => `      ${line}\n`);
  return theInstance(
    aPlaybook(`    container:\n      image: ${image}:v1\n      pull_policy: missing\n${written.join('')}`),
  ).spec;
}

async function inspection(name: string): Promise<unknown> {
  const { stdout } = await link.run(`docker inspect ${name}`);
  return (JSON.parse(stdout) as unknown[])[0];
}

beforeAll(async () => {
  await containers.pull({ reference: `${image}:v1`, policy: 'missing', signal: new AbortController().signal });
  await link.run(`docker network create --subnet 172.29.1.0/24 ${prefix}-a; docker network create ${prefix}-b`);
});

afterEach(async () => {
  const left = (await containers.list()).filter(({ name }) => name.startsWith(prefix));
  await Promise.all(left.map(({ name }) => containers.remove(name)));
});

afterAll(async () => {
  await link.run(`docker network rm ${prefix}-a ${prefix}-b; docker volume prune -af`);
  await link.close();
});

interface Case {
  /** As in a playbook. */
  readonly lines: string;
  readonly shows: object;
  /** Another value, and the settings that differ then. */
  readonly other: string;
  readonly differs: readonly string[];
  /** The machine of the lab, itself a container, does not let it start. */
  readonly isUnstartable?: true;
}

const host = (HostConfig: object): object => ({ HostConfig });
const config = (Config: object): object => ({ Config });
const some = (...items: unknown[]): unknown => expect.arrayContaining(items);

// prettier-ignore
const cases: readonly Case[] = [
  { lines: 'command: [/usr/bin/node, /app/app.js, -v]', shows: config({ Cmd: ['/usr/bin/node', '/app/app.js', '-v'] }), other: 'command: /usr/bin/node /app/app.js', differs: ['command'] },
  { lines: 'entrypoint: [/usr/bin/node]\ncommand: /app/app.js', shows: config({ Entrypoint: ['/usr/bin/node'], Cmd: ['/app/app.js'] }), other: 'entrypoint: [/usr/bin/node, --no-warnings]\ncommand: /app/app.js', differs: ['entrypoint'] },
  { lines: 'environment: { A: 1, B: "x y" }', shows: config({ Env: some('A=1', 'B=x y') }), other: 'environment: [A=1, B=z]', differs: ['environment.B'] },
  { lines: 'labels: { a.b: c }', shows: config({ Labels: { 'a.b': 'c' } }), other: 'labels: [a.b=d]', differs: ['labels.a.b'] },
  { lines: 'ports: ["127.0.0.1:19001-19002:8080-8081", "19003:53/udp"]', shows: host({ PortBindings: { '8080/tcp': [{ HostIp: '127.0.0.1', HostPort: '19001' }], '8081/tcp': [{ HostIp: '127.0.0.1', HostPort: '19002' }], '53/udp': [{ HostIp: '', HostPort: '19003' }] } }), other: 'ports: ["19001:8080"]', differs: ['ports'] },
  { lines: 'ports: [{ target: 8080, published: "19001", host_ip: 127.0.0.1, protocol: tcp, mode: host }]', shows: host({ PortBindings: { '8080/tcp': [{ HostIp: '127.0.0.1', HostPort: '19001' }] } }), other: 'ports: [{ target: 8080, published: 19004, host_ip: 127.0.0.1 }]', differs: ['ports'] },
  { lines: 'expose: [9000, "9001-9002/udp"]', shows: config({ ExposedPorts: { '9000/tcp': {}, '9001/udp': {}, '9002/udp': {} } }), other: 'expose: [9003]', differs: ['expose'] },
  { lines: `volumes: ["/usr:/u:ro", "${prefix}-data:/data", /anon]`, shows: host({ Binds: ['/usr:/u:ro', `${prefix}-data:/data`] }), other: `volumes: ["/usr:/u:ro", "${prefix}-data:/data", /anon2]`, differs: ['volumes'] },
  { lines: 'volumes: [{ type: bind, source: /usr, target: /u, read_only: true, bind: { propagation: rprivate } }]', shows: host({ Binds: ['/usr:/u:ro,rprivate'] }), other: 'volumes: [{ type: bind, source: /usr, target: /u }]', differs: ['volumes'] },
  { lines: 'volumes: [{ type: bind, source: /usr, target: /u, bind: { create_host_path: false } }]', shows: host({ Mounts: [{ Type: 'bind', Source: '/usr', Target: '/u' }] }), other: 'volumes: [{ type: bind, source: /var, target: /u, bind: { create_host_path: false } }]', differs: ['volumes'] },
  { lines: `volumes: [{ type: volume, source: ${prefix}-data, target: /data, volume: { nocopy: true } }]`, shows: host({ Binds: [`${prefix}-data:/data:nocopy`] }), other: `volumes: [{ type: volume, source: ${prefix}-data, target: /data2 }]`, differs: ['volumes'] },
  { lines: 'volumes: [{ type: tmpfs, target: /t, tmpfs: { size: 1m, mode: 0o1777 } }]', shows: host({ Mounts: [{ Type: 'tmpfs', Target: '/t', TmpfsOptions: { SizeBytes: 1_048_576, Mode: 0o1777 } }] }), other: 'volumes: [{ type: tmpfs, target: /t, tmpfs: { size: 2m } }]', differs: ['volumes'] },
  { lines: 'tmpfs: ["/run:size=64m,mode=1777", /tmp2]', shows: host({ Tmpfs: { '/run': 'size=64m,mode=1777', '/tmp2': '' } }), other: 'tmpfs: /run', differs: ['tmpfs'] },
  { lines: 'network_mode: host', shows: host({ NetworkMode: 'host' }), other: 'network_mode: none', differs: ['network_mode'] },
  { lines: `networks: [${prefix}-a, ${prefix}-b]`, shows: { NetworkSettings: { Networks: { [`${prefix}-a`]: {}, [`${prefix}-b`]: {} } } }, other: `networks: [${prefix}-a]`, differs: ['networks'] },
  { lines: `networks: { ${prefix}-a: { aliases: [web, px], ipv4_address: 172.29.1.77 }, ${prefix}-b: { priority: 10 } }`, shows: { HostConfig: { NetworkMode: `${prefix}-b` }, NetworkSettings: { Networks: { [`${prefix}-a`]: { Aliases: some('web', 'px'), IPAMConfig: { IPv4Address: '172.29.1.77' } } } } }, other: `networks: { ${prefix}-a: { aliases: [web] }, ${prefix}-b: { priority: 10 } }`, differs: ['networks'] },
  { lines: 'healthcheck: { test: [CMD, "true"], interval: 1m30s, timeout: 1500ms, start_period: 2s, retries: 4 }', shows: config({ Healthcheck: { Test: ['CMD', 'true'], Interval: 90e9, Timeout: 1.5e9, StartPeriod: 2e9, Retries: 4 } }), other: 'healthcheck: { test: exit 0 }', differs: ['healthcheck'] },
  { lines: 'healthcheck: { disable: true }', shows: config({ Healthcheck: { Test: ['NONE'] } }), other: 'healthcheck: { test: exit 0 }', differs: ['healthcheck'] },
  { lines: 'restart: on-failure:3', shows: host({ RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 3 } }), other: 'restart: always', differs: ['restart'] },
  { lines: 'user: "1000:1000"', shows: config({ User: '1000:1000' }), other: 'user: "1000"', differs: ['user'] },
  { lines: 'group_add: [audio, 2000]', shows: host({ GroupAdd: ['audio', '2000'] }), other: 'group_add: [2000]', differs: ['group_add'], isUnstartable: true },
  { lines: 'working_dir: /tmp', shows: config({ WorkingDir: '/tmp' }), other: 'working_dir: /app', differs: ['working_dir'] },
  { lines: 'hostname: px1\ndomainname: lab.example', shows: config({ Hostname: 'px1', Domainname: 'lab.example' }), other: 'hostname: px2\ndomainname: example', differs: ['hostname', 'domainname'] },
  { lines: 'extra_hosts: { db: 10.0.0.1 }', shows: host({ ExtraHosts: ['db:10.0.0.1'] }), other: 'extra_hosts: ["db=10.0.0.2"]', differs: ['extra_hosts'] },
  { lines: 'dns: [10.0.0.1, 10.0.0.2]\ndns_search: [a.lab, b.lab]\ndns_opt: ["ndots:2"]', shows: host({ Dns: ['10.0.0.1', '10.0.0.2'], DnsSearch: ['a.lab', 'b.lab'], DnsOptions: ['ndots:2'] }), other: 'dns: 10.0.0.2\ndns_search: b.lab\ndns_opt: [use-vc]', differs: ['dns', 'dns_search', 'dns_opt'] },
  { lines: 'cap_add: [NET_ADMIN, CAP_SYS_TIME]\ncap_drop: [ALL]', shows: host({ CapAdd: some('NET_ADMIN'), CapDrop: ['ALL'] }), other: 'cap_add: [NET_ADMIN]\ncap_drop: []', differs: ['cap_add', 'cap_drop'] },
  { lines: 'security_opt: [no-new-privileges:true, "seccomp:unconfined"]', shows: host({ SecurityOpt: ['no-new-privileges', 'seccomp=unconfined'] }), other: 'security_opt: [no-new-privileges]', differs: ['security_opt'] },
  { lines: 'privileged: true', shows: host({ Privileged: true }), other: 'privileged: false', differs: ['privileged'], isUnstartable: true },
  { lines: 'read_only: true', shows: host({ ReadonlyRootfs: true }), other: 'read_only: false', differs: ['read_only'] },
  { lines: 'ulimits: { nofile: { soft: 1000, hard: 2000 }, nproc: 500 }', shows: host({ Ulimits: [{ Name: 'nofile', Soft: 1000, Hard: 2000 }, { Name: 'nproc', Soft: 500, Hard: 500 }] }), other: 'ulimits: { nproc: 600 }', differs: ['ulimits'] },
  { lines: 'sysctls: { net.core.somaxconn: 1024 }', shows: host({ Sysctls: { 'net.core.somaxconn': '1024' } }), other: 'sysctls: [net.core.somaxconn=512]', differs: ['sysctls'] },
  { lines: 'shm_size: 32m', shows: host({ ShmSize: 33_554_432 }), other: 'shm_size: 64mb', differs: ['shm_size'] },
  { lines: 'init: true', shows: host({ Init: true }), other: 'init: false', differs: ['init'] },
  { lines: 'tty: true\nstdin_open: true', shows: config({ Tty: true, OpenStdin: true }), other: 'tty: false\nstdin_open: false', differs: ['tty', 'stdin_open'] },
  { lines: 'stop_signal: SIGINT', shows: config({ StopSignal: 'SIGINT' }), other: 'stop_signal: SIGTERM', differs: ['stop_signal'] },
  { lines: 'stop_grace_period: 1m30s', shows: config({ StopTimeout: 90 }), other: 'stop_grace_period: 10s', differs: ['stop_grace_period'] },
  { lines: 'logging: { driver: json-file, options: { max-size: 1m, max-file: 2 } }', shows: host({ LogConfig: { Type: 'json-file', Config: { 'max-size': '1m', 'max-file': '2' } } }), other: 'logging: { driver: json-file, options: { max-size: 2m } }', differs: ['logging'] },
  { lines: 'logging: { options: { max-size: 1m } }', shows: host({ LogConfig: { Type: 'json-file', Config: { 'max-size': '1m' } } }), other: 'logging: { options: { max-size: 2m } }', differs: ['logging'] },
  { lines: 'devices: ["/dev/null:/dev/mine:mr", /dev/zero]', shows: host({ Devices: [{ PathOnHost: '/dev/null', PathInContainer: '/dev/mine', CgroupPermissions: 'mr' }, { PathOnHost: '/dev/zero', PathInContainer: '/dev/zero', CgroupPermissions: 'rwm' }] }), other: 'devices: ["/dev/null:/dev/mine:rm"]', differs: ['devices'] },
  { lines: 'device_cgroup_rules: ["c 1:3 mr"]', shows: host({ DeviceCgroupRules: ['c 1:3 mr'] }), other: 'device_cgroup_rules: ["c 1:5 mr"]', differs: ['device_cgroup_rules'] },
  { lines: 'cpus: 0.5', shows: host({ NanoCpus: 5e8 }), other: 'cpus: "1"', differs: ['cpus'] },
  { lines: 'cpu_shares: 512\ncpuset: "0"', shows: host({ CpuShares: 512, CpusetCpus: '0' }), other: 'cpu_shares: 256\ncpuset: "0-1"', differs: ['cpu_shares', 'cpuset'] },
  { lines: 'cpu_period: 50000\ncpu_quota: 25ms', shows: host({ CpuPeriod: 50_000, CpuQuota: 25_000 }), other: 'cpu_period: 100ms\ncpu_quota: 50000', differs: ['cpu_period', 'cpu_quota'] },
  { lines: 'mem_limit: 64m\nmem_reservation: 32m\nmemswap_limit: 96m', shows: host({ Memory: 67_108_864, MemoryReservation: 33_554_432, MemorySwap: 100_663_296 }), other: 'mem_limit: 80m\nmem_reservation: 16m\nmemswap_limit: -1', differs: ['mem_limit', 'mem_reservation', 'memswap_limit'] },
  { lines: 'mem_swappiness: 10', shows: host({ MemorySwappiness: 10 }), other: 'mem_swappiness: 0', differs: ['mem_swappiness'] },
  { lines: 'pids_limit: 100', shows: host({ PidsLimit: 100 }), other: 'pids_limit: -1', differs: ['pids_limit'] },
  { lines: 'deploy: { resources: { limits: { cpus: "0.25", memory: 64M, pids: 50 }, reservations: { memory: 32M } } }', shows: host({ NanoCpus: 25e7, Memory: 67_108_864, PidsLimit: 50, MemoryReservation: 33_554_432 }), other: 'cpus: 0.25\nmem_limit: 65m', differs: ['mem_limit'] },
  { lines: 'blkio_config: { device_read_bps: [{ path: /dev/loop0, rate: 1mb }], device_write_iops: [{ path: /dev/loop0, rate: 100 }] }', shows: host({ BlkioDeviceReadBps: [{ Path: '/dev/loop0', Rate: 1_048_576 }], BlkioDeviceWriteIOps: [{ Path: '/dev/loop0', Rate: 100 }] }), other: 'blkio_config: { device_read_bps: [{ path: /dev/loop0, rate: 2mb }] }', differs: ['blkio_config'] },
  { lines: 'blkio_config: { device_write_bps: [{ path: /dev/loop0, rate: 4096 }], device_read_iops: [{ path: /dev/loop0, rate: 50 }] }', shows: host({ BlkioDeviceWriteBps: [{ Path: '/dev/loop0', Rate: 4096 }], BlkioDeviceReadIOps: [{ Path: '/dev/loop0', Rate: 50 }] }), other: 'blkio_config: { device_read_iops: [{ path: /dev/loop1, rate: 50 }] }', differs: ['blkio_config'] },
  { lines: 'gpus: all', shows: host({ DeviceRequests: [{ Driver: '', Count: -1, Capabilities: [['gpu']] }] }), other: 'gpus: [{ count: 1 }]', differs: ['gpus'], isUnstartable: true },
  { lines: 'deploy: { resources: { reservations: { devices: [{ driver: nvidia, device_ids: ["0", "3"], capabilities: [gpu, utility] }] } } }', shows: host({ DeviceRequests: [{ Driver: 'nvidia', Count: 0, DeviceIDs: ['0', '3'], Capabilities: [['gpu', 'utility']] }] }), other: 'gpus: [{ driver: nvidia, device_ids: ["0"], capabilities: [utility] }]', differs: ['gpus'], isUnstartable: true },
  { lines: 'pid: host', shows: host({ PidMode: 'host' }), other: 'pid: container:pxApp_1', differs: ['pid'] },
  { lines: 'pid: container:pxApp_1', shows: host({ PidMode: expect.stringMatching(/^container:/) as unknown }), other: 'pid: container:pxApp_2', differs: ['pid'] },
  { lines: 'ipc: shareable', shows: host({ IpcMode: 'shareable' }), other: 'ipc: private', differs: ['ipc'] },
  { lines: 'ipc: host', shows: host({ IpcMode: 'host' }), other: 'ipc: private', differs: ['ipc'] },
  { lines: 'uts: host', shows: host({ UTSMode: 'host' }), other: 'uts: host\nipc: host', differs: ['ipc'] },
  { lines: 'cgroup: host', shows: host({ CgroupnsMode: 'host' }), other: 'cgroup: private', differs: ['cgroup'] },
  { lines: 'cgroup_parent: /sluice', shows: host({ CgroupParent: '/sluice' }), other: 'cgroup_parent: /other', differs: ['cgroup_parent'] },
  { lines: 'userns_mode: host', shows: host({ UsernsMode: 'host' }), other: 'userns_mode: host\ninit: true', differs: ['init'] },
  { lines: 'runtime: runc', shows: host({ Runtime: 'runc' }), other: 'runtime: io.containerd.runc.v2', differs: ['runtime'] },
  { lines: 'oom_score_adj: 100\noom_kill_disable: true', shows: host({ OomScoreAdj: 100, OomKillDisable: true }), other: 'oom_score_adj: 0\noom_kill_disable: false', differs: ['oom_score_adj', 'oom_kill_disable'] },
  { lines: 'platform: linux/amd64', shows: { Platform: 'linux' }, other: 'platform: linux/arm64', differs: ['platform'] },
];

describe('a key of container', () => {
  it.each(cases)('$lines', async ({ lines, shows, other, differs, isUnstartable }) => {
    const [first, second] = [newName(), newName()];
    const [spec, another] = [specOf(lines), specOf(other)];
    expect(await containers.prospects(spec)).toEqual({ inTheWay: [], made: [] });

    await containers.create(first, spec, undefined);
    if (!isUnstartable) await containers.start(first);

    expect(await inspection(first)).toMatchObject(shows);
    expect(await containers.changes(first, spec)).toEqual([]);
    expect((await containers.changes(first, another)).map(({ setting }) => setting).toSorted()).toEqual(
      differs.toSorted(),
    );

    // What is not declared stays, and what was found can be made again.
    await containers.create(second, specOf('init: false'), first);
    const snapshot = await containers.snapshot(first);
    await containers.remove(first);

    expect(await containers.changes(second, { ...spec, init: undefined })).toEqual([]);
    await containers.createFrom(first, snapshot);
    expect(await containers.changes(first, spec)).toEqual([]);
    expect(await containers.isAsIn(first, snapshot)).toBe(true);
  });
});
