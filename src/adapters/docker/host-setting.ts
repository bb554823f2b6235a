import type { ContainerSpec } from '../../rollout/container-spec.ts';
import type { InspectedHostConfig } from './inspections.ts';

/** A setting that is a part of the Engine's HostConfig and nothing else: what to ask for, and how it reads. */
export interface HostSetting {
  /** As the playbook calls it. */
  readonly name: string;
  /** What is asked for; undefined when it is not declared. */
  readonly requested: (spec: ContainerSpec, before: InspectedHostConfig) => InspectedHostConfig | undefined;
  /** Equal where it means the same, as far as `requested` says anything of it. */
  readonly text: (hostConfig: InspectedHostConfig, requested: InspectedHostConfig) => string;
  /** Whether what it is, or what it should be, is not to be shown. */
  readonly isSecret: (hostConfig: InspectedHostConfig) => boolean;
}

export function setting<Key extends keyof ContainerSpec>(
  [name, key]: readonly [string, Key],
  request: (value: Exclude<ContainerSpec[Key], undefined>, before: InspectedHostConfig) => InspectedHostConfig,
  text: HostSetting['text'],
  isSecret: HostSetting['isSecret'] = () => false,
): HostSetting {
  return {
    name,
    requested: (spec, before) => {
      const value = spec[key];
      return value === undefined ? undefined : request(value as Exclude<ContainerSpec[Key], undefined>, before);
    },
    text,
    isSecret,
  };
}
