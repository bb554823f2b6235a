import type { ContainerSpec } from '../../../../src/rollout/container-spec.ts';

/** Without what means the same: the order of what has none, and `rw`, which is the default. */
export function comparable(spec: ContainerSpec): unknown {
  const { ulimits, volumes, surroundings } = spec;
  return {
    ...spec,
    volumes: volumes?.map((it) => (typeof it === 'string' ? it.replace(/:rw$/, '') : it)),
    ulimits: sortedBy(ulimits, 'name'),
    surroundings: surroundings && {
      networks: sortedBy(surroundings.networks, 'name'),
      volumes: sortedBy(surroundings.volumes, 'name'),
      services: sortedBy(surroundings.services, 'service'),
    },
  };
}

function sortedBy<Key extends string, T extends Readonly<Record<Key, string>>>(
  items: readonly T[] | undefined,
  key: Key,
): readonly T[] | undefined {
  return items?.toSorted((one, other) => (one[key] < other[key] ? -1 : 1));
}
