/**
 * What a container has of its own: the Engine mixes the image's configuration into the container's when it creates
 * it, and does not tell afterwards which is which. What equals the image's counts as the image's.
 *
 * @see moby/moby daemon/commit.go, `merge()`
 */
import {
  listOf,
  sameList,
  variablesOf,
  type InspectedConfig,
  type InspectedContainerConfig,
  type InspectedHealthcheck,
} from './inspections.ts';

export interface OwnConfig {
  readonly env: ReadonlyMap<string, string | undefined>;
  readonly labels: Readonly<Record<string, string>>;
  readonly exposedPorts: readonly string[];
  readonly volumes: readonly string[];
  readonly user: string | undefined;
  readonly workingDir: string | undefined;
  /** `['']` for one that does without the entrypoint of its image. */
  readonly entrypoint: readonly string[] | undefined;
  readonly command: readonly string[] | undefined;
  readonly healthcheck: InspectedHealthcheck;
  readonly stopSignal: string | undefined;
  readonly stopTimeout: number | undefined;
  readonly shell: readonly string[] | undefined;
}

export function ownConfigOf(container: InspectedContainerConfig, image: InspectedConfig): OwnConfig {
  const imageEnv = variablesOf(image.Env);
  const imageLabels = image.Labels ?? {};
  const entrypoint = ownEntrypointOf(container, image);
  return {
    env: new Map(
      [...variablesOf(container.Env)].filter(([name, value]) => !imageEnv.has(name) || imageEnv.get(name) !== value),
    ),
    labels: Object.fromEntries(
      Object.entries(container.Labels ?? {}).filter(([name, value]) => imageLabels[name] !== value),
    ),
    exposedPorts: keysWithout(container.ExposedPorts, image.ExposedPorts),
    volumes: keysWithout(container.Volumes, image.Volumes),
    user: own(container.User, image.User),
    workingDir: own(container.WorkingDir, image.WorkingDir),
    entrypoint,
    command: ownCommandOf(container, image, entrypoint !== undefined),
    healthcheck: ownHealthcheckOf(container.Healthcheck, image.Healthcheck),
    stopSignal: own(container.StopSignal, image.StopSignal),
    stopTimeout: own(container.StopTimeout, image.StopTimeout),
    shell: sameList(listOf(container.Shell), listOf(image.Shell)) ? undefined : listOf(container.Shell),
  };
}

function own<T>(value: T | null | undefined, inherited: T | null | undefined): T | undefined {
  return value === inherited || value === '' ? undefined : (value ?? undefined);
}

function keysWithout(keys: object | null | undefined, inherited: object | null | undefined): readonly string[] {
  return Object.keys(keys ?? {}).filter((key) => !(key in (inherited ?? {})));
}

function ownEntrypointOf(container: InspectedConfig, image: InspectedConfig): readonly string[] | undefined {
  const entrypoint = listOf(container.Entrypoint);
  if (sameList(entrypoint, listOf(image.Entrypoint))) return undefined;
  return entrypoint.length === 0 ? [''] : entrypoint;
}

/** With an entrypoint of its own a container does not get the image's command, even if it has the same. */
function ownCommandOf(
  container: InspectedConfig,
  image: InspectedConfig,
  hasOwnEntrypoint: boolean,
): readonly string[] | undefined {
  const command = listOf(container.Cmd);
  if (command.length === 0) return undefined;
  return !hasOwnEntrypoint && sameList(command, listOf(image.Cmd)) ? undefined : command;
}

/** The Engine fills in each field by itself. */
function ownHealthcheckOf(
  container: InspectedHealthcheck | null | undefined,
  image: InspectedHealthcheck | null | undefined,
): InspectedHealthcheck {
  if (!container) return {};
  const isInherited = (field: keyof InspectedHealthcheck) =>
    JSON.stringify(container[field]) === JSON.stringify(image?.[field]) || !container[field];
  const fields = ['Test', 'Interval', 'Timeout', 'StartPeriod', 'StartInterval', 'Retries'] as const;
  return Object.fromEntries(fields.filter((field) => !isInherited(field)).map((field) => [field, container[field]]));
}
