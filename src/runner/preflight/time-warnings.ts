import type { Healthcheck } from '../../rollout/container-spec.ts';
import type { Instance } from '../../rollout/model.ts';
import type { FleetFacts } from '../../rollout/plan.ts';
import { doubtfulTimes, doubtfulTimesWith } from '../../rollout/times.ts';
import type { Finding } from '../hosts/findings.ts';

/** Said once for all hosts, and for all containers that it is true of. */
export function timeWarnings(
  instances: readonly Instance[],
  inherited: (instance: Instance) => Healthcheck | undefined,
): Finding[] {
  return merged(instances, (one) => [...doubtfulTimes(one), ...doubtfulTimesWith(inherited(one), one)]);
}

/** What shows only once an image is on the host. */
export function laterTimeWarnings(
  instances: readonly Instance[],
  inherited: (instance: Instance) => Healthcheck | undefined,
): Finding[] {
  return merged(instances, (one) => doubtfulTimesWith(inherited(one), one));
}

function merged(instances: readonly Instance[], textsOf: (instance: Instance) => readonly string[]): Finding[] {
  const containers = new Map<string, Set<string>>();
  for (const instance of instances.filter(({ revert }) => !revert)) {
    for (const text of textsOf(instance)) {
      containers.set(text, (containers.get(text) ?? new Set()).add(instance.container));
    }
  }
  return [...containers].map(([text, [first = '', ...others]]) => {
    const who = others.length === 0 ? first : `${first} (and ${others.length} more)`;
    return { kind: 'warning', host: '', text: `${who} ${text}` };
  });
}

/** Of its healthcheck, from the image that is to be, and over that what its predecessor has of its own. */
export function inheritedOf(
  instance: Instance,
  { instances }: FleetFacts,
  image = instances.get(instance)?.image.healthcheck,
): Healthcheck | undefined {
  return image && { ...image, ...instances.get(instance)?.container?.ownHealthcheck };
}
