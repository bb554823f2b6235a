/** Settings as texts: for people to read, and such that two that mean the same are the same. */
import { constants } from 'node:os';
import type { ContainerSpec } from '../../rollout/model.ts';
import {
  bindOf,
  bindText,
  isAnonymous,
  isBorrowedNetwork,
  networkModeOf,
  type InspectedContainer,
  type InspectedHealthcheck,
  type InspectedHostConfig,
  type PortBindings,
} from './inspections.ts';

const STOP_SIGNAL = 'SIGTERM';

/** `sh -c "exit 0"` */
export function argv(words: readonly string[]): string {
  return words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : JSON.stringify(word))).join(' ');
}

export function sorted(words: readonly string[]): string {
  return words.toSorted().join(', ');
}

export function switches(is: boolean | null | undefined, shouldBe: boolean): readonly [string, string] {
  return [String(is ?? false), String(shouldBe)];
}

/** `SIGTERM` for `TERM`, `15` and nothing. */
export function signalName(signal: string): string {
  if (signal === '') return STOP_SIGNAL;
  const byNumber = Object.entries(constants.signals).find(([, number]) => String(number) === signal)?.[0];
  const name = byNumber ?? signal.toUpperCase();
  return name.startsWith('SIG') ? name : `SIG${name}`;
}

/** The Engine adds or drops `CAP_`, by its version. */
export function capabilities(names: readonly string[]): string {
  return sorted([...new Set(names.map((name) => name.toUpperCase().replace(/^CAP_/, '')))]);
}

export function restartText({ Name, MaximumRetryCount }: NonNullable<InspectedHostConfig['RestartPolicy']>): string {
  const name = (Name ?? '') === '' ? 'no' : String(Name);
  return name === 'on-failure' && MaximumRetryCount ? `${name}:${MaximumRetryCount}` : name;
}

export function loggingText(driver: string, options: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(options).map(([name, value]) => `${name}=${value}`);
  return [driver, ...pairs.toSorted()].join(' ');
}

/** `127.0.0.1:8081:8080/tcp, …` */
export function portsText(bindings: PortBindings): string {
  return sorted(
    Object.entries(bindings).flatMap(([port, hosts]) =>
      (hosts ?? []).map(({ HostIp, HostPort }) =>
        [HostIp ?? '', HostPort ?? '', port].filter((part, index) => part !== '' || index > 0).join(':'),
      ),
    ),
  );
}

/** `name:port` and `name=port` are the same to the Engine. */
export function extraHostsText(hosts: readonly string[]): string {
  return sorted(hosts.map((host) => host.replace('=', ':')));
}

/** Binds and volumes that have a name, however they were asked for. */
export function volumesOf({ HostConfig: { Binds, Mounts } }: InspectedContainer): readonly string[] {
  const binds = (Binds ?? []).map(bindOf);
  const mounts = (Mounts ?? [])
    .filter(({ Type }) => Type === 'bind' || Type === 'volume')
    .map((mount) => bindOf(`${mount.Source ?? ''}:${mount.Target}${mount.ReadOnly === true ? ':ro' : ''}`));
  return [...binds, ...mounts].filter(({ source }) => source !== '' && !isAnonymous(source)).map(bindText);
}

export function healthcheckText(healthcheck: InspectedHealthcheck): string {
  const { Test, Interval, Timeout, StartPeriod, Retries } = healthcheck;
  const seconds = (name: string, value: number | null | undefined) =>
    value === undefined || value === null ? [] : [`${name} ${value / 1e9}s`];
  return [
    ...(Test ? [argv(Test)] : []),
    ...seconds('interval', Interval),
    ...seconds('timeout', Timeout),
    ...seconds('start_period', StartPeriod),
    ...(Retries === undefined || Retries === null ? [] : [`retries ${Retries}`]),
  ].join(', ');
}

/** Whether the container has, or is to have, the network of another one. */
export function isBorrowed(spec: ContainerSpec, hostConfig: InspectedHostConfig): boolean {
  return isBorrowedNetwork(spec.networkMode ?? networkModeOf(hostConfig));
}

/** Ports are published neither on the host's own network nor on another container's. */
export function publishesPorts(spec: ContainerSpec, hostConfig: InspectedHostConfig): boolean {
  return !isBorrowed(spec, hostConfig) && (spec.networkMode ?? networkModeOf(hostConfig)) !== 'host';
}
