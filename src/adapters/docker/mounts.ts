/** Which volumes and directories a container has that is made like another. */
import type { ContainerSpec } from '../../rollout/container-spec.ts';
import { mountRequest } from './declared.ts';
import {
  bare,
  bindOf,
  isAnonymous,
  type InspectedContainer,
  type InspectedMount,
  type MountRequest,
} from './inspections.ts';

/** A part of HostConfig. */
export interface Mounts {
  readonly Binds?: readonly string[];
  readonly Mounts: readonly MountRequest[] | undefined;
}

type Declared = ContainerSpec['volumes'];

export function mountsFor(declared: Declared, like: InspectedContainer | undefined): Mounts {
  if (like) return mountsLike(like, declared);
  return declared ? withoutNone(bindsIn(declared), mountsIn(declared)) : { Mounts: undefined };
}

/**
 * Declared volumes take the place of those there. Volumes without a name stay with the container whatever is declared,
 * unless their place is taken: what is in them must not be lost.
 */
function mountsLike(container: InspectedContainer, declared: Declared): Mounts {
  const { Binds, Mounts } = container.HostConfig;
  const kept = declared ? bindsIn(declared) : (Binds ?? []);
  const mounts = declared ? mountsIn(declared) : (Mounts ?? []).map((mount) => named(mount, container.Mounts ?? []));
  const taken = new Set([...kept.map((bind) => bindOf(bind).target), ...mounts.map((mount) => bare(mount.Target))]);
  const anonymous = (container.Mounts ?? []).flatMap((mount) => {
    if (mount.Type !== 'volume' || typeof mount.Name !== 'string' || taken.has(bare(mount.Destination))) return [];
    if (declared !== undefined && !isAnonymous(mount.Name)) return [];
    return [`${mount.Name}:${mount.Destination}${mount.RW === false ? ':ro' : ''}`];
  });
  return withoutNone([...kept, ...anonymous], mounts);
}

function withoutNone(binds: readonly string[], mounts: readonly MountRequest[]): Mounts {
  return { Binds: binds, Mounts: mounts.length > 0 ? mounts : undefined };
}

function bindsIn(declared: NonNullable<Declared>): readonly string[] {
  return declared.filter((it) => typeof it === 'string' && it.includes(':')) as string[];
}

function mountsIn(declared: NonNullable<Declared>): readonly MountRequest[] {
  return declared.flatMap((it) => (typeof it === 'string' ? [] : [mountRequest(it)]));
}

/** Where volumes without a name are declared. */
export function anonymousIn(declared: Declared): readonly string[] {
  return (declared ?? []).filter((it) => typeof it === 'string' && !it.includes(':')) as string[];
}

/** A volume mount that was given no name has one by now. */
function named(mount: MountRequest, mounts: readonly InspectedMount[]): MountRequest {
  if (mount.Type !== 'volume' || (mount.Source ?? '') !== '') return mount;
  const name = mounts.find(({ Destination }) => bare(Destination) === bare(mount.Target))?.Name;
  return name === undefined || name === null ? mount : { ...mount, Source: name };
}
