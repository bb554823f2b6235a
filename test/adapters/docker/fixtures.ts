import { readFileSync } from 'node:fs';
import type {
  InspectedConfig,
  InspectedContainer,
  InspectedHostConfig,
  InspectedImage,
} from '../../../src/adapters/docker/inspections.ts';
import type { ContainerSpec } from '../../../src/rollout/container-spec.ts';

/** Recorded from Docker Engine 20.10.24. All four run `image-v1`. */
export type RecordedContainer = 'plain' | 'rich' | 'host' | 'borrowed';

export function recordedContainer(name: RecordedContainer, changes: Changes = {}): InspectedContainer {
  const container = recorded(name) as InspectedContainer;
  return {
    ...container,
    Config: { ...container.Config, ...changes.Config },
    HostConfig: { ...container.HostConfig, ...changes.HostConfig },
  };
}

export interface Changes {
  readonly Config?: InspectedConfig & { readonly Hostname?: string; readonly MacAddress?: string };
  readonly HostConfig?: InspectedHostConfig;
}

export function imageConfig(version: 1 | 2): InspectedConfig {
  return (recorded(`image-v${version}`) as InspectedImage).Config ?? {};
}

export function aSpec(settings: Partial<ContainerSpec> = {}): ContainerSpec {
  return { image: 'app:v2', pullPolicy: 'missing', ...settings };
}

function recorded(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`fixtures/${name}.json`, import.meta.url), 'utf8'));
}
