/** What a declaration says, in the Engine's terms. */
import type { ContainerSpec, Healthcheck, PublishedPort } from '../../rollout/model.ts';
import type { InspectedHealthcheck } from './inspections.ts';

const NANOSECONDS_PER_MS = 1_000_000;

/** Fields left out, and times of 0, are the image's own. */
export function healthcheckOf(declared: Healthcheck): InspectedHealthcheck {
  const { test, intervalMs, timeoutMs, startPeriodMs, retries } = declared;
  return {
    ...(test && test.length > 0 && { Test: test }),
    ...(intervalMs !== undefined && { Interval: Math.round(intervalMs * NANOSECONDS_PER_MS) }),
    ...(timeoutMs !== undefined && { Timeout: Math.round(timeoutMs * NANOSECONDS_PER_MS) }),
    ...(startPeriodMs !== undefined && { StartPeriod: Math.round(startPeriodMs * NANOSECONDS_PER_MS) }),
    ...(retries !== undefined && { Retries: retries }),
  };
}

/** The Engine counts whole seconds. */
export function stopTimeoutOf(stopGraceMs: number): number {
  return Math.ceil(stopGraceMs / 1000);
}

export function nanoCpusOf(cpus: number): number {
  return Math.round(cpus * 1e9);
}

/** `8080/tcp` */
export function containerPortOf({ containerPort, protocol }: PublishedPort): string {
  return `${containerPort}/${protocol}`;
}

export function portBindingsOf(
  ports: readonly PublishedPort[],
): Record<string, { HostIp: string; HostPort: string }[]> {
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {};
  for (const port of ports) {
    (bindings[containerPortOf(port)] ??= []).push({ HostIp: port.hostIp, HostPort: String(port.hostPort ?? '') });
  }
  return bindings;
}

export function restartPolicyOf(restart: NonNullable<ContainerSpec['restart']>): {
  Name: string;
  MaximumRetryCount: number;
} {
  return { Name: restart.name, MaximumRetryCount: restart.name === 'on-failure' ? restart.maximumRetryCount : 0 };
}
