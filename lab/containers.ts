import type { ContainerDetails, ContainerSummary } from './engine.ts';
import { containers, engine, images, pull } from './engine.ts';
import { portOf } from './haproxy.ts';
import type { Host } from './host.ts';
import type { LabSettings } from './settings.ts';
import { imageOf } from './settings.ts';
import { all, until } from './wait.ts';

export interface Wanted {
  readonly settings: LabSettings;
  /** Digest of the settings' version in the registry. */
  readonly digest: string;
}

/** Has exactly the wanted containers run on the host; those that are right already are left alone. */
export async function convergeContainers(host: Host, { settings, digest }: Wanted): Promise<void> {
  const imageId = await onlyImage(host, imageOf(settings.version), digest);
  const ids = Array.from({ length: settings.apps }, (_, index) => index + 1);
  const found = await containers(host);
  const kept = new Set<number>();
  const isKept = async (summary: ContainerSummary): Promise<void> => {
    const id = ids.find((candidate) => summary.Names.includes(`/${nameOf(candidate)}`));
    if (id !== undefined && (await isAsWanted(host, summary, { id, imageId, settings }))) kept.add(id);
    else await engine(host, `/containers/${summary.Id}?force=1&v=1`, { method: 'DELETE', accept: [404, 409] });
  };
  await all(found.map(isKept));
  await all(ids.filter((id) => !kept.has(id)).map((id) => createContainer(host, id, settings)));
  await pruneOthers(host, imageId);
}

/** Without healthchecks, those that run are taken for healthy. */
export async function healthyContainers(host: Host, { apps, healthchecks }: LabSettings): Promise<void> {
  const areHealthy = async (): Promise<boolean | string> => {
    const found = await containers(host);
    const healthy = found.filter(({ Status }) =>
      healthchecks ? Status.includes('(healthy)') : Status.startsWith('Up '),
    );
    return healthy.length === apps || found.map(({ Names, Status }) => `${Names.join()} ${Status}`).join(', ');
  };
  await until(`${apps} healthy containers on ${host.name}`, areHealthy, { withinMs: 60_000, everyMs: 100 });
}

function nameOf(id: number): string {
  return `pxApp_${id}`;
}

/** Pulls the image unless the host has it, and answers its id. */
async function onlyImage(host: Host, image: string, digest: string): Promise<string> {
  const present = async (): Promise<string | undefined> =>
    (await images(host)).find(
      ({ RepoTags, RepoDigests }) =>
        RepoTags?.includes(image) === true && RepoDigests?.some((known) => known.endsWith(digest)) === true,
    )?.Id;
  const known = await present();
  if (known !== undefined) return known;
  await pull(host, image);
  const pulled = await present();
  if (pulled === undefined)
    throw new Error(`Cannot find ${image} with digest ${digest} on ${host.name} after its pull`);
  return pulled;
}

/** Images, volumes and networks that a test has left. */
async function pruneOthers(host: Host, imageId: string): Promise<void> {
  for (const { Id } of await images(host)) {
    if (Id !== imageId) await engine(host, `/images/${Id}?force=1`, { method: 'DELETE', accept: [404, 409] });
  }
  await engine(host, '/volumes/prune', { method: 'POST' });
  await engine(host, '/networks/prune', { method: 'POST' });
}

interface WantedContainer {
  readonly id: number;
  readonly imageId: string;
  readonly settings: LabSettings;
}

/** Whether a container is as `createContainer` makes it, and neither paused nor sick. */
async function isAsWanted(
  host: Host,
  { Id }: ContainerSummary,
  { id, imageId, settings }: WantedContainer,
): Promise<boolean> {
  const answer = await engine(host, `/containers/${Id}/json`, { accept: [404] });
  const { Image, State, Config, HostConfig } = JSON.parse(answer) as Partial<ContainerDetails>;
  if (State === undefined || Config === undefined || HostConfig === undefined) return false;
  const spec = specOf(id, settings);
  const isSick = !State.Running || State.Paused || State.Health?.Status === 'unhealthy';
  const ours = Config.Env.filter((line) => line.startsWith('START_DELAY_MS='));
  return (
    !isSick &&
    Image === imageId &&
    Config.Image === spec.Image &&
    isSame(ours, spec.Env) &&
    isSame(Config.Labels ?? {}, {}) &&
    (Config.Healthcheck?.Test?.[0] === 'NONE') === !settings.healthchecks &&
    isSame(HostConfig.PortBindings, spec.HostConfig.PortBindings) &&
    HostConfig.RestartPolicy.Name === 'always' &&
    (HostConfig.Binds ?? []).length === 0
  );
}

async function createContainer(host: Host, id: number, settings: LabSettings): Promise<void> {
  await engine(host, `/containers/create?name=${nameOf(id)}`, { method: 'POST', body: specOf(id, settings) });
  await engine(host, `/containers/${nameOf(id)}/start`, { method: 'POST' });
}

function specOf(id: number, settings: LabSettings) {
  return {
    Image: imageOf(settings.version),
    Env: [`START_DELAY_MS=${settings.appDelayMs}`],
    ...(!settings.healthchecks && { Healthcheck: { Test: ['NONE'] } }),
    HostConfig: {
      PortBindings: { '8080/tcp': [{ HostIp: settings.publishOn, HostPort: String(portOf(id)) }] },
      RestartPolicy: { Name: 'always' },
    },
  };
}

function isSame(left: unknown, right: unknown): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}
