/** Which volumes and directories a container has that is made like another. */
import type { ContainerSpec } from '../../rollout/model.ts';
import {
  bare,
  bindOf,
  isAnonymous,
  type InspectedContainer,
  type InspectedMount,
  type MountRequest,
} from './inspections.ts';

export interface Mounts {
  readonly binds: readonly string[];
  readonly mounts: readonly MountRequest[];
}

/**
 * Declared volumes take the place of binds and volumes; other kinds, such as tmpfs, stay. Volumes without a name
 * stay with the container whatever is declared, unless their place is taken: what is in them must not be lost.
 */
export function mountsLike(container: InspectedContainer, declared: ContainerSpec['volumes']): Mounts {
  const { Binds, Mounts } = container.HostConfig;
  const kept = declared ?? Binds ?? [];
  const mounts = (Mounts ?? [])
    .filter((mount) => declared === undefined || (mount.Type !== 'bind' && mount.Type !== 'volume'))
    .map((mount) => named(mount, container.Mounts ?? []));
  const taken = new Set([...kept.map((bind) => bindOf(bind).target), ...mounts.map((mount) => bare(mount.Target))]);
  const anonymous = (container.Mounts ?? []).flatMap((mount) => {
    if (mount.Type !== 'volume' || typeof mount.Name !== 'string' || taken.has(bare(mount.Destination))) return [];
    if (declared !== undefined && !isAnonymous(mount.Name)) return [];
    return [`${mount.Name}:${mount.Destination}${mount.RW === false ? ':ro' : ''}`];
  });
  return { binds: [...kept, ...anonymous], mounts };
}

/** A volume mount that was given no name has one by now. */
function named(mount: MountRequest, mounts: readonly InspectedMount[]): MountRequest {
  if (mount.Type !== 'volume' || (mount.Source ?? '') !== '') return mount;
  const name = mounts.find(({ Destination }) => bare(Destination) === bare(mount.Target))?.Name;
  return name === undefined || name === null ? mount : { ...mount, Source: name };
}
