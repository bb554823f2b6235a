import type { ContainerSpec } from '../../rollout/container-spec.ts';
import { NOT_SET } from '../../rollout/observed.ts';
import { soundsSecret, withoutValues } from '../../rollout/secret.ts';
import type { SettingChange } from '../../runner/ports/ports.ts';
import { endpointOf, healthcheckOf, mountRequest, portBindingsOf, stopTimeoutOf } from './declared.ts';
import { hostSettings } from './host-settings.ts';
import { platformOf } from './images.ts';
import { ownConfigOf } from './inheritance.ts';
import {
  bare,
  bindOf,
  bindText,
  isAnonymous,
  listOf,
  networkModeOf,
  variablesOf,
  type InspectedConfig,
  type InspectedContainer,
  type InspectedHealthcheck,
  type InspectedImage,
} from './inspections.ts';
import { anonymousIn } from './mounts.ts';
import { endpointsOf } from './networks.ts';
import {
  argv,
  extraHostsText,
  healthcheckText,
  isBorrowed,
  mountText,
  networksText,
  portsText,
  publishesPorts,
  signalName,
  sorted,
  volumesOf,
} from './setting-texts.ts';

/** What the Engine takes where nothing is said. */
const STOP_TIMEOUT_SECONDS = 10;

interface Comparison {
  readonly spec: ContainerSpec;
  readonly container: InspectedContainer;
  /** Of the image that the container was made from; undefined when that is gone. */
  readonly image: InspectedConfig | undefined;
  /** What that image was made for. */
  readonly platform?: Pick<InspectedImage, 'Os' | 'Architecture' | 'Variant'> | undefined;
}

/** One setting as it is and as it should be, in a form in which equal means equal; undefined when not declared. */
type Setting = (comparison: Comparison) => readonly [is: string, shouldBe: string] | undefined;

/**
 * The declared settings that a container does not have, the image apart. What counts is what it has, no matter
 * whether by itself or from its image.
 */
export function changesOf(comparison: Comparison): readonly SettingChange[] {
  const { spec, container } = comparison;
  const own = Object.entries(settings).map(([setting, read]) => [setting, read(comparison)] as const);
  const ofHost = hostSettings.flatMap(({ name, requested, text, isSecret }) => {
    const request = requested(spec, {});
    if (!request) return [];
    const change = changeOf(name, [text(container.HostConfig, request), text(request, request)]);
    return [container.HostConfig, request].some(isSecret) ? change.map(withoutValues) : change;
  });
  return [...own.flatMap(([name, values]) => changeOf(name, values)), ...ofHost, ...entryChanges(comparison)];
}

function changeOf(setting: string, values: ReturnType<Setting>): SettingChange[] {
  return values && values[0] !== values[1] ? [{ setting, from: values[0], to: values[1] }] : [];
}

const settings: Readonly<Record<string, Setting>> = {
  command: (comparison) => declared(comparison.spec.command, (words) => commands(comparison, words)),
  entrypoint: ({ spec, container }) =>
    declared(spec.entrypoint, (words) => [argv(listOf(container.Config.Entrypoint)), argv(words)]),
  ports: ({ spec, container: { HostConfig } }) =>
    declared(publishesPorts(spec, HostConfig) ? spec.ports : undefined, (ports) => [
      portsText(HostConfig.PortBindings ?? {}),
      portsText(portBindingsOf(ports)),
    ]),
  expose: ({ spec, container }) =>
    declared(spec.expose, (ports) => [
      sorted(ports.filter((port) => Object.hasOwn(container.Config.ExposedPorts ?? {}, port))),
      sorted(ports),
    ]),
  volumes: ({ spec, container }) =>
    declared(spec.volumes, (volumes) => [sorted(volumesOf(container)), sorted(declaredVolumes(volumes, container))]),
  network_mode: ({ spec, container }) =>
    declared(spec.networkMode, (mode) => [networkModeOf(container.HostConfig), networkModeOf({ NetworkMode: mode })]),
  networks: ({ spec, container }) =>
    declared(spec.networks, (networks) => [
      networksText(endpointsOf(container)),
      networksText(networks.map(endpointOf)),
    ]),
  healthcheck: (comparison) => declared(comparison.spec.healthcheck, () => healthchecks(comparison)),
  // Empty means: the image's.
  user: ({ spec, container, image }) =>
    declared(spec.user, (user) => [container.Config.User ?? '', user || (image?.User ?? '')]),
  working_dir: ({ spec, container, image }) =>
    declared(spec.workingDir, (path) => [
      bare(container.Config.WorkingDir ?? ''),
      bare(path || (image?.WorkingDir ?? '')),
    ]),
  hostname: ({ spec, container: { Config, HostConfig } }) =>
    declared(isBorrowed(spec, HostConfig) ? undefined : spec.hostname, (name) => [Config.Hostname ?? '', name]),
  domainname: ({ spec, container: { Config, HostConfig } }) =>
    declared(isBorrowed(spec, HostConfig) ? undefined : spec.domainname, (name) => [Config.Domainname ?? '', name]),
  extra_hosts: ({ spec, container: { HostConfig } }) =>
    declared(isBorrowed(spec, HostConfig) ? undefined : spec.extraHosts, (hosts) => [
      extraHostsText(HostConfig.ExtraHosts ?? []),
      extraHostsText(hosts),
    ]),
  stop_signal: ({ spec, container }) =>
    declared(spec.stopSignal, (signal) => [signalName(container.Config.StopSignal ?? ''), signalName(signal)]),
  stop_grace_period: ({ spec, container }) =>
    declared(spec.stopGraceMs, (graceMs) => [
      `${container.Config.StopTimeout ?? STOP_TIMEOUT_SECONDS}s`,
      `${stopTimeoutOf(graceMs)}s`,
    ]),
  tty: ({ spec, container }) => declared(spec.tty, (value) => [String(container.Config.Tty ?? false), String(value)]),
  stdin_open: ({ spec, container }) =>
    declared(spec.stdinOpen, (value) => [String(container.Config.OpenStdin ?? false), String(value)]),
  platform: ({ spec, platform }) => declared(spec.platform, (wanted) => [platformOf(platform ?? {}, wanted), wanted]),
};

/** A volume without a name is there where anything has been put in its place. */
function declaredVolumes(volumes: NonNullable<ContainerSpec['volumes']>, container: InspectedContainer): string[] {
  const mounted = new Set(
    (container.Mounts ?? []).filter(({ Name }) => isAnonymous(Name ?? '')).map(({ Destination }) => bare(Destination)),
  );
  const named = volumes.flatMap((it) => {
    if (typeof it !== 'string') return [mountText(mountRequest(it))];
    return it.includes(':') ? [bindText(bindOf(it))] : [];
  });
  return [
    ...named,
    ...anonymousIn(volumes)
      .map(bare)
      .filter((path) => !mounted.has(path)),
  ];
}

function declared<T>(value: T | undefined, compare: (value: T) => readonly [string, string]) {
  return value === undefined ? undefined : compare(value);
}

/** Environment, labels and annotations, each entry by itself: those not declared stay. */
function entryChanges({ spec, container: { Config, HostConfig } }: Comparison): SettingChange[] {
  return [
    ...mappingChanges('environment', variablesOf(Config.Env), spec.environment),
    ...mappingChanges('labels', entriesOf(Config.Labels), spec.labels),
    ...mappingChanges('annotations', entriesOf(HostConfig.Annotations), spec.annotations),
  ];
}

type Texts = Readonly<Record<string, string>>;

function entriesOf(texts: Texts | null | undefined): ReadonlyMap<string, string> {
  return new Map(Object.entries(texts ?? {}));
}

function mappingChanges(
  setting: string,
  is: ReadonlyMap<string, string | undefined>,
  shouldBe: Texts = {},
): SettingChange[] {
  return Object.entries(shouldBe).flatMap(([name, to]) => {
    const from = is.get(name);
    if (from === to) return [];
    const change = { setting: `${setting}.${name}`, from: from ?? NOT_SET, to };
    return [soundsSecret(name) ? withoutValues(change) : change];
  });
}

/** An empty command is the image's own, if the entrypoint is the image's too. */
function commands({ spec, container, image }: Comparison, words: readonly string[]): readonly [string, string] {
  const is = argv(listOf(container.Config.Cmd));
  if (words.length > 0) return [is, argv(words)];
  const ownEntrypoint = spec.entrypoint ?? (image && ownConfigOf(container.Config, image).entrypoint);
  return [is, ownEntrypoint || !image ? argv(words) : argv(listOf(image.Cmd))];
}

/** Only the declared fields; one declared as nothing is the image's. */
function healthchecks({ spec, container, image }: Comparison): readonly [string, string] {
  const is = container.Config.Healthcheck ?? {};
  const shouldBe = healthcheckOf(spec.healthcheck ?? {});
  if (shouldBe.Test?.[0] === 'NONE') return [healthcheckText({ Test: is.Test }), healthcheckText({ Test: ['NONE'] })];
  const inherited = image?.Healthcheck ?? {};
  const fields = Object.keys(shouldBe) as (keyof InspectedHealthcheck)[];
  const part = (valueOf: (field: keyof InspectedHealthcheck) => unknown) =>
    healthcheckText(Object.fromEntries(fields.map((field) => [field, valueOf(field) ?? 0])));
  return [part((field) => is[field]), part((field) => (shouldBe[field] === 0 ? inherited[field] : shouldBe[field]))];
}
