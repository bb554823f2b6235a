import type { ContainerSpec } from '../../rollout/model.ts';
import { soundsSecret } from '../../rollout/secret.ts';
import type { SettingChange } from '../../runner/ports.ts';
import { healthcheckOf, nanoCpusOf, portBindingsOf, restartPolicyOf, stopTimeoutOf } from './declared.ts';
import { ownConfigOf } from './inheritance.ts';
import {
  bare,
  bindOf,
  bindText,
  listOf,
  networkModeOf,
  variablesOf,
  type InspectedConfig,
  type InspectedContainer,
  type InspectedHealthcheck,
} from './inspections.ts';
import {
  argv,
  capabilities,
  extraHostsText,
  healthcheckText,
  isBorrowed,
  loggingText,
  portsText,
  publishesPorts,
  restartText,
  signalName,
  sorted,
  switches,
  volumesOf,
} from './setting-texts.ts';

/** What the Engine takes where nothing is said. */
const STOP_TIMEOUT_SECONDS = 10;

interface Comparison {
  readonly spec: ContainerSpec;
  readonly container: InspectedContainer;
  /** Of the image that the container was made from; undefined when that is gone. */
  readonly image: InspectedConfig | undefined;
}

/** One setting as it is and as it should be, in a form in which equal means equal; undefined when not declared. */
type Setting = (comparison: Comparison) => readonly [is: string, shouldBe: string] | undefined;

/**
 * The declared settings that a container does not have, the image apart. What counts is what it has, no matter
 * whether by itself or from its image.
 */
export function changesOf(comparison: Comparison): readonly SettingChange[] {
  const single = Object.entries(settings).flatMap(([setting, read]) => {
    const values = read(comparison);
    return values && values[0] !== values[1] ? [{ setting, from: values[0], to: values[1] }] : [];
  });
  return [...single, ...entryChanges(comparison)];
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
  volumes: ({ spec, container }) =>
    declared(spec.volumes, (volumes) => [sorted(volumesOf(container)), sorted(volumes.map(bindOf).map(bindText))]),
  network_mode: ({ spec, container }) =>
    declared(spec.networkMode, (mode) => [networkModeOf(container.HostConfig), networkModeOf({ NetworkMode: mode })]),
  restart: ({ spec, container }) =>
    declared(spec.restart, (restart) => [
      restartText(container.HostConfig.RestartPolicy ?? {}),
      restartText(restartPolicyOf(restart)),
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
  init: ({ spec, container: { HostConfig } }) => declared(spec.init, (value) => switches(HostConfig.Init, value)),
  read_only: ({ spec, container: { HostConfig } }) =>
    declared(spec.readOnly, (value) => switches(HostConfig.ReadonlyRootfs, value)),
  privileged: ({ spec, container: { HostConfig } }) =>
    declared(spec.privileged, (value) => switches(HostConfig.Privileged, value)),
  cap_add: ({ spec, container: { HostConfig } }) =>
    declared(spec.capAdd, (names) => [capabilities(HostConfig.CapAdd ?? []), capabilities(names)]),
  cap_drop: ({ spec, container: { HostConfig } }) =>
    declared(spec.capDrop, (names) => [capabilities(HostConfig.CapDrop ?? []), capabilities(names)]),
  memory: ({ spec, container: { HostConfig } }) =>
    declared(spec.memoryBytes, (bytes) => [String(HostConfig.Memory ?? 0), String(bytes)]),
  cpus: ({ spec, container: { HostConfig } }) =>
    declared(spec.cpus, (cpus) => [String((HostConfig.NanoCpus ?? 0) / 1e9), String(nanoCpusOf(cpus) / 1e9)]),
  logging: ({ spec, container: { HostConfig } }) =>
    declared(spec.logging, ({ driver, options }) => [
      loggingText(HostConfig.LogConfig?.Type ?? '', HostConfig.LogConfig?.Config ?? {}),
      loggingText(driver, options),
    ]),
};

function declared<T>(value: T | undefined, compare: (value: T) => readonly [string, string]) {
  return value === undefined ? undefined : compare(value);
}

/** Environment and labels, each entry by itself: those not declared stay. */
function entryChanges({ spec, container: { Config } }: Comparison): SettingChange[] {
  const environment = variablesOf(Config.Env);
  const labels = new Map(Object.entries(Config.Labels ?? {}));
  return [
    ...Object.entries(spec.environment ?? {}).flatMap(([name, value]) => {
      const change = entryChange(`environment.${name}`, environment.get(name), value);
      return soundsSecret(name) ? change.map((shown) => ({ ...shown, ...hidden(shown) })) : change;
    }),
    ...Object.entries(spec.labels ?? {}).flatMap(([name, value]) =>
      entryChange(`labels.${name}`, labels.get(name), value),
    ),
  ];
}

function entryChange(setting: string, from: string | undefined, to: string): SettingChange[] {
  return from === to ? [] : [{ setting, from: from ?? '(not set)', to }];
}

function hidden({ from }: SettingChange): Pick<SettingChange, 'from' | 'to'> {
  return { from: from === '(not set)' ? from : '(hidden)', to: '(hidden)' };
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
