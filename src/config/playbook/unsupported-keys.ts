const WINDOWS = 'it is for Windows';
const WEIGHTS = 'the Engine leaves it out without a word where the kernel has no weights: say rates, or cpu_shares';
const REAL_TIME = 'sluice does not set up real-time scheduling';
const SWARM = 'it is for Swarm, which places and connects services by itself';
const CLUSTER = 'the hosts of the play and instances say what runs where';

type Reasons = Readonly<Record<string, string>>;

/** Keys of a Compose service that are refused, and why. */
export const unsupportedKeys: Reasons = {
  attach: 'it is said of the services of a compose file',
  build: 'an image is built before it is rolled out, and pulled by its name: say image',
  configs: 'it is said of the services of a compose file',
  container_name: "the app's name is that of the container",
  cpu_count: WINDOWS,
  cpu_percent: WINDOWS,
  cpu_rt_period: REAL_TIME,
  cpu_rt_runtime: REAL_TIME,
  credential_spec: WINDOWS,
  depends_on: 'it is said of the services of a compose file',
  develop: 'it is said of the services of a compose file',
  extends: 'it is said of the services of a compose file',
  external_links: 'containers know each other by their names on a network: say networks',
  isolation: WINDOWS,
  links: 'containers know each other by their names on a network: say networks',
  mac_address: 'a MAC address cannot be that of two containers, and the old and the new one are there at once',
  models: 'sluice runs containers only',
  post_start: 'sluice runs no commands at the start of a container; ready proves that it works',
  pre_stop: 'sluice runs no commands before a container stops; drain waits for its requests',
  profiles: 'it is said of the services of a compose file',
  provider: 'sluice runs containers only',
  pull_refresh_after: 'Docker does not tell when it last pulled',
  scale: 'instances, or deploy.replicas, says how many',
  secrets: 'it is said of the services of a compose file',
  storage_opt: 'sluice does not know yet how to compare it',
  use_api_socket: "it hands the Engine's socket to the container; name it under volumes if that is meant",
  volumes_from: 'what belongs to another container comes and goes with that one: name the volumes themselves',
};

export const unsupportedBlockKeys: Reasons = { weight: WEIGHTS, weight_device: WEIGHTS };

export const unsupportedInDeploy: Reasons = {
  endpoint_mode: SWARM,
  labels: 'a service of Swarm has labels of its own; those of the container are said under labels',
  placement: CLUSTER,
  restart_policy: 'restart says when Docker restarts the container',
};

export const unsupportedReservations: Reasons = {
  cpus: 'Docker can limit CPU time, not set it aside: say cpu_shares',
  generic_resources: SWARM,
};
