import { z } from 'zod';
import {
  environment,
  extraHosts,
  healthTest,
  labels,
  names,
  options,
  pullPolicy,
  restart,
  securityOptions,
  sysctls,
} from './container-leaves.ts';
import { envFiles } from './env-files.ts';
import { field, requiredField, type FieldNote, type Leaf } from './field.ts';
import { boolean, commandLine, duration, durationAboveZero, integer, listOf, matching, oneOf } from './leaves.ts';
import { byteRates, gpus, operationRates } from './device-leaves.ts';
import { addresses, expose, networks, searchDomains } from './network-leaves.ts';
import { ports } from './ports.ts';
import { cpus, cpuTime, devices, size, swapLimit, ulimits } from './resource-leaves.ts';
import { deploySchema, pids, resourceKeys } from './resources.ts';
import { unsupportedBlockKeys, unsupportedKeys } from './unsupported-keys.ts';
import { tmpfs, volumes } from './volumes.ts';

const image = matching('an image such as "registry.example.com/shop:1.4"', /^[\w.-]+(?:[/:@][\w.+-]+)*$/);
const platform = matching('a platform such as linux/amd64', /^[a-z0-9]+(?:\/[a-z0-9_]+){0,2}$/);
const networkMode = matching(
  'a network mode such as bridge, host, container:NAME or the name of a network',
  /^(?!service:)[\w.:-]+$/,
);
const user = matching('a user such as "1000:1000" or "www-data"', /^[\w.-]+(?::[\w.-]+)?$/);
const hostname = matching('a host name', /^[a-zA-Z0-9](?:[\w.-]*\w)?$/);
const path = matching('an absolute path in the container', /^\//);
const signal = matching('a signal such as SIGTERM', /^(?:[A-Z][A-Z0-9+-]*|\d{1,2})$/);
const capabilities = listOf(
  matching('a capability such as NET_ADMIN', /^[A-Z_]+$/),
  'a list of capabilities such as NET_ADMIN',
);
const cgroupRules = listOf(
  matching('a rule such as "c 1:3 mr"', /^[acb] (?:\d+|\*):(?:\d+|\*) [rwm]{1,3}$/),
  'a list of rules such as "c 1:3 mr"',
);
const groups = listOf(matching('a group', /^[\w.-]+$/), 'a list of groups');
const pid = matching('host, or container:NAME', /^(?:host|container:[\w.-]+)$/);
const ipc = matching(
  'private, shareable, host, none or container:NAME',
  /^(?:private|shareable|host|none|container:[\w.-]+)$/,
);
const cpuset = matching('CPUs such as "0-2" or "0,3"', /^\d+(?:-\d+)?(?:,\d+(?:-\d+)?)*$/);
const cgroupParent = matching('the path or the name of a cgroup', /^[\w./:-]+$/);
const runtime = matching('the name of a runtime', /^[\w./-]+$/);

const KEPT = 'kept';

/** A key that leaves the container as it is where it is left out. */
function kept<T>(leaf: Leaf<T>, description: FieldNote['description']): z.ZodOptional<z.ZodType<T>> {
  return field(leaf, { description, otherwise: KEPT });
}

const healthcheck = z.strictObject({
  test: field(healthTest, { description: 'What proves the container healthy.', otherwise: "the image's" }),
  interval: field(durationAboveZero, { description: 'Time between two checks.', otherwise: '30s (Docker)' }),
  timeout: field(durationAboveZero, {
    description: 'A check that takes longer has failed.',
    otherwise: '30s (Docker)',
  }),
  start_period: field(duration, {
    description: 'Failed checks do not count for this long after the start.',
    otherwise: '0s (Docker)',
  }),
  start_interval: field(durationAboveZero, {
    description: 'Time between two checks during the start period; needs Engine 25.',
    otherwise: '5s (Docker)',
  }),
  retries: field(integer('a number of checks of at least 1', 1), {
    description: 'Failed checks in a row that make the container unhealthy.',
    otherwise: '3 (Docker)',
  }),
  disable: field(boolean, { description: "Switches off the image's healthcheck.", default: 'false' }),
});

const logging = z.strictObject({
  driver: field(matching('the name of a logging driver', /^[\w./:-]+$/), {
    description: 'Logging driver.',
    otherwise: "the Engine's",
  }),
  options: field(options, { description: "The driver's options.", otherwise: 'none' }),
});

const blkioConfig = z
  .strictObject({
    device_read_bps: kept(byteRates, 'Most bytes read from a device.'),
    device_write_bps: kept(byteRates, 'Most bytes written to it.'),
    device_read_iops: kept(operationRates, 'Most reads.'),
    device_write_iops: kept(operationRates, 'Most writes.'),
  })
  .meta({ unsupported: unsupportedBlockKeys });

const process = {
  command: kept(
    commandLine,
    'Arguments of the entrypoint. A string is split into words as a shell would; a list is taken as it is.',
  ),
  entrypoint: kept(commandLine, 'Program that is run, read as `command` is.'),
  environment: field(environment, {
    description:
      'Added to, or set over, the variables there. A key without a value takes that of the controller, if it has one. Quote `"true"` and `"false"`.',
    otherwise: 'nothing is added',
  }),
  env_file: field(envFiles, {
    description:
      'Files of `KEY=value` on the controller, beside the playbook; a later one over an earlier, `environment` over all.',
    otherwise: 'none',
  }),
  user: kept(user, 'User, and group, that the command runs as.'),
  group_add: kept(groups, 'Further groups of that user.'),
  working_dir: kept(path, 'Where the command starts.'),
  init: kept(boolean, 'Runs an init process that reaps children.'),
  tty: kept(boolean, 'Gives the command a terminal.'),
  stdin_open: kept(boolean, 'Keeps its standard input open.'),
  stop_signal: kept(signal, 'Signal that asks the container to end.'),
  stop_grace_period: kept(duration, 'How long the container may take to end before it is killed.'),
};

const network = {
  ports: kept(
    ports,
    'Published ports, `[[address:]host:]container[/protocol]` or long, also ranges; instead of those there.',
  ),
  expose: field(expose, {
    description: 'Ports that it listens on without publishing them.',
    otherwise: 'nothing is added',
  }),
  network_mode: kept(networkMode, 'Network of the container.'),
  networks: kept(networks, 'Networks that it is on, with `aliases`, addresses and `priority`; instead of those there.'),
  hostname: kept(hostname, 'Host name in the container.'),
  domainname: kept(hostname, 'Domain of that name.'),
  extra_hosts: kept(extraHosts, 'Lines for `/etc/hosts` in the container.'),
  dns: kept(addresses, 'Servers that resolve names.'),
  dns_search: kept(searchDomains, 'Domains that short names are looked up in.'),
  dns_opt: kept(names, 'Options of the resolver.'),
};

const storage = {
  volumes: kept(
    volumes,
    '`source:target[:mode]` or long, instead of those there; source is an absolute path of the host or a volume.',
  ),
  tmpfs: kept(tmpfs, 'File systems in memory; instead of those there.'),
  read_only: kept(boolean, 'Mounts the root file system read-only.'),
  shm_size: kept(size, 'Size of `/dev/shm`.'),
  devices: kept(devices, 'Devices of the host, `host[:container[:rwm]]`.'),
  device_cgroup_rules: kept(cgroupRules, 'Rules for devices.'),
};

const security = {
  privileged: kept(boolean, 'Gives the container all of the host.'),
  cap_add: kept(capabilities, 'Linux capabilities to add.'),
  cap_drop: kept(capabilities, 'Linux capabilities to take away.'),
  security_opt: kept(securityOptions, 'Options such as `no-new-privileges`, `apparmor=…`, `seccomp=unconfined`.'),
  userns_mode: kept(oneOf(['host'] as const), 'User namespace.'),
  pid: kept(pid, 'Process namespace.'),
  ipc: kept(ipc, 'Namespace of shared memory.'),
  uts: kept(oneOf(['host'] as const), 'Namespace of the host name.'),
  cgroup: kept(oneOf(['host', 'private'] as const), 'Namespace of cgroups.'),
  cgroup_parent: kept(cgroupParent, 'Cgroup that it is put into.'),
  runtime: kept(runtime, 'Runtime of the Engine.'),
};

const resources = {
  mem_limit: kept(size, 'Most memory, in powers of 1024.'),
  mem_reservation: kept(size, 'Memory that it should have when memory is short.'),
  memswap_limit: kept(swapLimit, 'Most memory and swap together.'),
  mem_swappiness: kept(integer('a number from 0 to 100', 0, 100), 'How readily its memory is swapped out.'),
  cpus: kept(cpus, 'Most CPU time, in CPUs.'),
  cpu_shares: kept(integer('a number from 2 on', 2), 'Its share of the CPUs when they are busy; 1024 is usual.'),
  cpu_period: kept(cpuTime, 'Period of `cpu_quota`.'),
  cpu_quota: kept(cpuTime, 'CPU time in each period.'),
  cpuset: kept(cpuset, 'CPUs that it runs on.'),
  pids_limit: kept(pids, 'Most processes.'),
  blkio_config: blkioConfig.optional().meta({ description: 'How much it may read and write in a second.' }),
  gpus: kept(gpus, 'GPUs, as a driver of the Engine hands them out; instead of those there.'),
  ulimits: field(ulimits, {
    description: 'Limits of its processes, added to, or set over, those there.',
    otherwise: 'nothing is added',
  }),
  sysctls: kept(sysctls, 'Kernel parameters; instead of those there.'),
  oom_kill_disable: kept(boolean, 'Does not kill it when memory runs out.'),
  oom_score_adj: kept(integer('a number from -1000 to 1000', -1000, 1000), 'How readily it is killed then.'),
  deploy: deploySchema.optional().meta({ description: 'Compose says some of this here as well.' }),
};

const everyKey = z.strictObject({
  image: field(image, {
    description: 'Image of the new containers.',
    otherwise: '**required**, or in the compose file',
  }),
  pull_policy: field(pullPolicy, {
    description: 'When the image is pulled. `if_not_present` is the same as `missing`.',
    default: 'always',
  }),
  platform: kept(platform, 'Platform of the image.'),
  ...process,
  labels: field(labels, { description: 'Added to, or set over, the labels there.', otherwise: 'nothing is added' }),
  label_file: field(envFiles, {
    description: 'Files of `key=value` on the controller, as `env_file`; `labels` over all.',
    otherwise: 'none',
  }),
  annotations: field(labels, {
    description: 'For the runtime, added to, or set over, those there; needs Engine 24.',
    otherwise: 'nothing is added',
  }),
  ...network,
  ...storage,
  restart: kept(restart, 'When Docker restarts the container.'),
  healthcheck: healthcheck.optional().meta({ description: "Docker's own check of the container." }),
  ...security,
  ...resources,
  logging: logging.optional().meta({ description: 'Where the output goes.' }),
});

/** What a container may say as a whole. */
export const containerSchema = everyKey
  .superRefine((written, context) => {
    const complain = (at: readonly string[], message: string): void => {
      context.addIssue({ code: 'custom', path: [...at], message });
    };
    const { deploy, networks: named, network_mode: mode } = written;
    if (named && mode !== undefined) complain(['networks'], 'stands beside network_mode: only one of them');
    if (written.cpus !== undefined && (written.cpu_quota ?? written.cpu_period) !== undefined) {
      complain(['cpus'], 'stands beside cpu_quota or cpu_period: it is the same in other words');
    }
    for (const { key, path: at, of } of deploy ? resourceKeys : []) {
      const [one, other] = [written[key], deploy && of(deploy)];
      if (one === undefined || other === undefined || one === other) continue;
      complain(['deploy', 'resources', ...at], `says ${other}, but ${key} says ${one}: say it once`);
    }
  })
  .meta({ unsupported: unsupportedKeys });

/** The same with an image, which may come from elsewhere until then. */
export const wholeContainerSchema = containerSchema
  .safeExtend({ image: requiredField(image, { description: 'Image of the new containers.' }) })
  .meta({ unsupported: unsupportedKeys });

export type WrittenContainer = z.infer<typeof containerSchema>;
export type WholeContainer = z.infer<typeof wholeContainerSchema>;
