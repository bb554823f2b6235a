/** Networks, volumes and other containers that a container needs around it. */
import type Dockerode from 'dockerode';
import type { Dependency, NetworkToHave, Surroundings, VolumeToHave } from '../../rollout/container-spec.ts';
import type { Prospects } from '../../runner/ports/ports.ts';
import { unless, type Engine } from './engine.ts';

const LOOK_MS = 15_000;
const MAKE_MS = 60_000;

const nothing: Prospects = { inTheWay: [], made: [] };

export async function prospectsAround(around: Surroundings | undefined, engine: Engine): Promise<Prospects> {
  if (!around) return nothing;
  const { networks, volumes } = await missingOf(around, engine);
  const unmet = await Promise.all(around.services.map((service) => unmetBy(service, engine)));
  const missing = [...named('network', networks), ...named('volume', volumes)];
  return {
    inTheWay: [
      ...missing.filter(({ isExternal }) => isExternal).map(({ what }) => `there is no ${what}, which is external`),
      ...unmet.flat(),
    ],
    made: missing.filter(({ isExternal }) => !isExternal).map(({ what }) => what),
  };
}

function named(kind: string, them: readonly (NetworkToHave | VolumeToHave)[]) {
  return them.map(({ name, isExternal }) => ({ what: `${kind} ${name}`, isExternal }));
}

/** Makes what is nobody else's and not there. */
export async function makeSurroundings(around: Surroundings | undefined, engine: Engine): Promise<void> {
  if (!around) return;
  const { networks, volumes } = await missingOf(around, engine);
  for (const network of networks.filter(({ isExternal }) => !isExternal)) await makeNetwork(network, engine);
  for (const volume of volumes.filter(({ isExternal }) => !isExternal)) await makeVolume(volume, engine);
}

interface Missing {
  readonly networks: readonly NetworkToHave[];
  readonly volumes: readonly VolumeToHave[];
}

async function missingOf({ networks, volumes }: Surroundings, engine: Engine): Promise<Missing> {
  const isThere = async (what: string, ask: (docker: Dockerode) => Promise<unknown>): Promise<boolean> =>
    engine.call({
      what: `look at ${what}`,
      withinMs: LOOK_MS,
      ask: async (docker) => (await unless(404, ask(docker), undefined)) !== undefined,
    });
  const [foundNetworks, foundVolumes] = await Promise.all([
    Promise.all(networks.map(({ name }) => isThere(`network ${name}`, (docker) => docker.getNetwork(name).inspect()))),
    Promise.all(volumes.map(({ name }) => isThere(`volume ${name}`, (docker) => docker.getVolume(name).inspect()))),
  ]);
  return {
    networks: networks.filter((_, index) => foundNetworks[index] === false),
    volumes: volumes.filter((_, index) => foundVolumes[index] === false),
  };
}

async function makeNetwork(network: NetworkToHave, engine: Engine): Promise<void> {
  const { name, driver, options, labels, isInternal, isAttachable, hasIpv6, ipam } = network;
  await engine.call({
    what: `make network ${name}`,
    withinMs: MAKE_MS,
    ask: (docker) =>
      docker.createNetwork({
        ...{ Name: name, CheckDuplicate: true, Driver: driver ?? 'bridge' },
        ...{ Options: { ...options }, Labels: { ...labels } },
        ...{ Internal: isInternal, Attachable: isAttachable, EnableIPv6: hasIpv6 },
        ...(ipam && {
          IPAM: { Driver: ipam.driver, Options: { ...ipam.options }, Config: ipam.pools.map((pool) => ({ ...pool })) },
        }),
      }),
  });
}

async function makeVolume({ name, driver, options, labels }: VolumeToHave, engine: Engine): Promise<void> {
  await engine.call({
    what: `make volume ${name}`,
    withinMs: MAKE_MS,
    ask: (docker) =>
      docker.createVolume({
        ...{ Name: name, Driver: driver ?? 'local' },
        ...{ DriverOpts: { ...options }, Labels: { ...labels } },
      }),
  });
}

interface Seen {
  readonly name: string;
  readonly isRunning: boolean;
  readonly exitCode: number;
  readonly health: string | undefined;
}

/** Why a service that has to be there does not do; it is looked for by Compose's labels, and by its name. */
async function unmetBy(dependency: Dependency, engine: Engine): Promise<string[]> {
  const { service, condition, isRequired } = dependency;
  const seen = await containersOf(dependency, engine);
  if (seen.length === 0) return isRequired ? [`it depends on ${service}, of which there is no container`] : [];
  return seen.flatMap(({ name, isRunning, exitCode, health }) => {
    const because = (why: string): string[] => [`it depends on ${service}, but container ${name} ${why}`];
    if (condition === 'service_completed_successfully') {
      return !isRunning && exitCode === 0 ? [] : because(isRunning ? 'still runs' : `ended with ${exitCode}`);
    }
    if (!isRunning) return because('does not run');
    return condition === 'service_started' || health === 'healthy'
      ? []
      : because(`is ${health ?? 'without a healthcheck'}`);
  });
}

async function containersOf({ service, project, names }: Dependency, engine: Engine): Promise<readonly Seen[]> {
  return engine.call({
    what: `look for ${service}`,
    withinMs: LOOK_MS,
    ask: async (docker, abortSignal) => {
      const label = [`com.docker.compose.project=${project}`, `com.docker.compose.service=${service}`];
      const listed = await docker.listContainers({ all: true, filters: { label }, abortSignal });
      const found = await Promise.all(
        [...new Set([...listed.map(({ Id }) => Id), ...names])].map((id) =>
          unless(404, docker.getContainer(id).inspect({ abortSignal }), undefined),
        ),
      );
      const unique = new Map(found.flatMap((it) => (it ? [[it.Id, it] as const] : [])));
      return [...unique.values()].map(({ Name, State }) => ({
        ...{ name: Name.replace(/^\//, ''), isRunning: State.Running, exitCode: State.ExitCode },
        health: (State as { Health?: { Status: string } }).Health?.Status,
      }));
    },
  });
}
