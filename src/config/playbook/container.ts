import { z } from 'zod';
import type { ContainerSpec, Healthcheck } from '../../rollout/model.ts';
import {
  cpus,
  type Environment,
  environment,
  extraHosts,
  healthTest,
  labels,
  options,
  pullPolicy,
  restart,
  size,
  volumes,
} from './container-leaves.ts';
import { field, requiredField } from './field.ts';
import { boolean, commandLine, duration, durationAboveZero, integer, listOf, matching } from './leaves.ts';
import { ports } from './ports.ts';

const image = matching('an image such as "registry.example.com/shop:1.4"', /^[\w.-]+(?::\d+)?(?:[/:@+][\w.+-]+)*$/);
const networkMode = matching('a network mode such as bridge, host or the name of a network', /^[\w.:-]+$/);
const user = matching('a user such as "1000:1000" or "www-data"', /^[\w.-]+(?::[\w.-]+)?$/);
const hostname = matching('a host name', /^[a-zA-Z0-9](?:[\w.-]*\w)?$/);
const path = matching('an absolute path in the container', /^\//);
const signal = matching('a signal such as SIGTERM', /^(?:[A-Z][A-Z0-9+-]*|\d{1,2})$/);
const capabilities = listOf(
  matching('a capability such as NET_ADMIN', /^[A-Z_]+$/),
  'a list of capabilities such as NET_ADMIN',
);

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
  retries: field(integer('a number of checks of at least 1', 1), {
    description: 'Failed checks in a row that make the container unhealthy.',
    otherwise: '3 (Docker)',
  }),
  disable: field(boolean, { description: "Switches off the image's healthcheck.", default: 'false' }),
});

const logging = z.strictObject({
  driver: requiredField(matching('the name of a logging driver', /^[\w./:-]+$/), { description: 'Logging driver.' }),
  options: field(options, { description: "The driver's options.", otherwise: 'none' }),
});

const KEPT = 'kept';

export const containerSchema = z.strictObject({
  image: requiredField(image, { description: 'Image of the new containers.' }),
  pull_policy: field(pullPolicy, {
    description: 'When the image is pulled. `if_not_present` is the same as `missing`.',
    default: 'always',
  }),
  command: field(commandLine, {
    description:
      'Arguments of the entrypoint. A string is split into words as a shell would; a list is taken as it is.',
    otherwise: KEPT,
  }),
  entrypoint: field(commandLine, { description: 'Program that is run, read as `command` is.', otherwise: KEPT }),
  environment: field(environment, {
    description:
      'Added to, or set over, the variables there. A key without a value takes that of the controller, if it has one. Quote `"true"` and `"false"`.',
    otherwise: 'nothing is added',
  }),
  labels: field(labels, { description: 'Added to, or set over, the labels there.', otherwise: 'nothing is added' }),
  ports: field(ports, {
    description: 'Published ports, `[[address:]host:]container[/tcp or /udp]`, also ranges; instead of those there.',
    otherwise: KEPT,
  }),
  volumes: field(volumes, {
    description: '`source:target[:mode]`, instead of those there; source is an absolute path of the host or a volume.',
    otherwise: KEPT,
  }),
  network_mode: field(networkMode, { description: 'Network of the container.', otherwise: KEPT }),
  restart: field(restart, { description: 'When Docker restarts the container.', otherwise: KEPT }),
  healthcheck: healthcheck.optional().meta({ description: "Docker's own check of the container." }),
  user: field(user, { description: 'User, and group, that the command runs as.', otherwise: KEPT }),
  working_dir: field(path, { description: 'Where the command starts.', otherwise: KEPT }),
  hostname: field(hostname, { description: 'Host name in the container.', otherwise: KEPT }),
  extra_hosts: field(extraHosts, { description: 'Lines for `/etc/hosts` in the container.', otherwise: KEPT }),
  stop_signal: field(signal, { description: 'Signal that asks the container to end.', otherwise: KEPT }),
  stop_grace_period: field(duration, {
    description: 'How long the container may take to end before it is killed.',
    otherwise: KEPT,
  }),
  init: field(boolean, { description: 'Runs an init process that reaps children.', otherwise: KEPT }),
  read_only: field(boolean, { description: 'Mounts the root file system read-only.', otherwise: KEPT }),
  privileged: field(boolean, { description: 'Gives the container all of the host.', otherwise: KEPT }),
  cap_add: field(capabilities, { description: 'Linux capabilities to add.', otherwise: KEPT }),
  cap_drop: field(capabilities, { description: 'Linux capabilities to take away.', otherwise: KEPT }),
  mem_limit: field(size, { description: 'Most memory, in powers of 1024.', otherwise: KEPT }),
  cpus: field(cpus, { description: 'Most CPU time, in CPUs.', otherwise: KEPT }),
  logging: logging.optional().meta({ description: 'Where the output goes.' }),
});

type WrittenContainer = z.infer<typeof containerSchema>;

/** `controller` is the environment of this process. */
export function specOf(written: WrittenContainer, controller: Environment): ContainerSpec {
  return {
    image: written.image,
    pullPolicy: written.pull_policy ?? 'always',
    command: written.command,
    entrypoint: written.entrypoint,
    environment: written.environment && filledFrom(controller, written.environment),
    labels: written.labels,
    ports: written.ports,
    volumes: written.volumes,
    networkMode: written.network_mode,
    restart: written.restart,
    healthcheck: written.healthcheck && healthcheckOf(written.healthcheck),
    user: written.user,
    workingDir: written.working_dir,
    hostname: written.hostname,
    extraHosts: written.extra_hosts,
    stopSignal: written.stop_signal,
    stopGraceMs: written.stop_grace_period,
    init: written.init,
    readOnly: written.read_only,
    privileged: written.privileged,
    capAdd: written.cap_add,
    capDrop: written.cap_drop,
    memoryBytes: written.mem_limit,
    cpus: written.cpus,
    logging: written.logging && { driver: written.logging.driver, options: written.logging.options ?? {} },
  };
}

function filledFrom(controller: Environment, written: Environment): Record<string, string> {
  const filled = Object.entries(written).map(([key, value]) => [key, value ?? controller[key]] as const);
  return Object.fromEntries(filled.filter((it): it is readonly [string, string] => it[1] !== undefined));
}

function healthcheckOf(written: NonNullable<WrittenContainer['healthcheck']>): Healthcheck {
  if (written.disable === true) return { test: ['NONE'] };
  return {
    test: written.test,
    intervalMs: written.interval,
    timeoutMs: written.timeout,
    startPeriodMs: written.start_period,
    retries: written.retries,
  };
}

/** Keys of a Compose service that mean something to Compose, but not to us. */
export const unsupportedKeys: ReadonlySet<string> = new Set(
  `annotations attach build blkio_config cpu_count cpu_percent cpu_period cpu_quota cpu_rt_period cpu_rt_runtime cpu_shares
   cpuset cgroup cgroup_parent configs container_name credential_spec depends_on deploy develop device_cgroup_rules devices
   dns dns_opt dns_search domainname env_file expose extends external_links gpus group_add ipc isolation label_file links
   mac_address mem_reservation mem_swappiness memswap_limit models networks oom_kill_disable oom_score_adj pid pids_limit
   platform post_start pre_stop profiles provider runtime scale secrets security_opt shm_size stdin_open storage_opt sysctls
   tmpfs tty ulimits use_api_socket userns_mode uts volumes_from`.split(/\s+/),
);
