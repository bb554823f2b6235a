import type { PublishedAt } from '../../rollout/observed.ts';
import type { Container, Health, Image } from '../../runner/ports/ports.ts';
import type { InspectedContainer, InspectedHostConfig, InspectedImage, PortBindings } from './inspections.ts';
import { declaredOf } from './declared.ts';
import { imageOf } from './images.ts';
import { ownConfigOf } from './inheritance.ts';

const STOP_TIMEOUT_SECONDS = 10;
/** For a container that asks never to be killed (-1). */
const ENDLESS_SECONDS = 3_600;

/** A container as the runner sees it. `image`: what it runs, undefined when that is gone from the host. */
export function containerOf(inspected: InspectedContainer, image: InspectedImage | undefined): Container {
  const { Config, HostConfig, State } = inspected;
  return {
    id: inspected.Id,
    name: inspected.Name.replace(/^\//, ''),
    image: { ...(image ? imageOf(image, Config.Image) : goneImage(inspected.Image)), reference: Config.Image },
    running: State.Running,
    status: State.Status,
    exitCode: State.ExitCode,
    restartCount: inspected.RestartCount ?? 0,
    startedAt: State.StartedAt,
    health: healthOf(State.Health?.Status),
    ownHealthcheck: image && declaredOf(ownConfigOf(Config, image.Config ?? {}).healthcheck),
    healthOutput: State.Health?.Log?.at(-1)?.Output?.trim() ?? '',
    isAutoRemoved: HostConfig.AutoRemove === true,
    restart: restartOf(HostConfig),
    published: publishedBy(inspected),
  };
}

/** An image that is not on the host any more: only its id is known. */
function goneImage(id: string): Image {
  return { id, digests: [], healthcheck: undefined };
}

function restartOf({ RestartPolicy }: InspectedHostConfig): Container['restart'] {
  const name = RestartPolicy?.Name ?? '';
  return { name: name === '' ? 'no' : name, maximumRetryCount: RestartPolicy?.MaximumRetryCount ?? 0 };
}

export function stopGraceMsOf({ Config }: InspectedContainer): number {
  const seconds = Config.StopTimeout ?? STOP_TIMEOUT_SECONDS;
  return (seconds < 0 ? ENDLESS_SECONDS : seconds) * 1000;
}

function healthOf(status: string | undefined): Health {
  return status === 'starting' || status === 'healthy' || status === 'unhealthy' ? status : 'none';
}

/** Those asked for, also while it does not run, and those the Engine chose. */
function publishedBy({ HostConfig, NetworkSettings }: InspectedContainer): readonly PublishedAt[] {
  const bindings = [HostConfig.PortBindings, NetworkSettings.Ports].flatMap((ports: PortBindings | null | undefined) =>
    Object.entries(ports ?? {}).flatMap(([port, hosts]) => (port.endsWith('/udp') ? [] : (hosts ?? []))),
  );
  const published = bindings
    .map(({ HostIp, HostPort }) => ({ hostIp: HostIp ?? '', hostPort: Number(HostPort) }))
    .filter(({ hostPort }) => Number.isInteger(hostPort) && hostPort > 0);
  const unique = new Map(published.map((one) => [`${one.hostPort} ${one.hostIp}`, one]));
  return [...unique.values()].toSorted((one, other) => one.hostPort - other.hostPort);
}
