/** The instances of a host that go together: none of them takes a step before all have come to it. */
import type { Instance } from './model.ts';
import type { InstancePlan } from './plan.ts';

/** `blue-green` is taken back `start-first`, one by one. */
export function isForCompany({ strategy, revert }: Pick<Instance, 'strategy' | 'revert'>): boolean {
  return strategy === 'recreate-host' || (strategy === 'blue-green' && !revert);
}

/** What is in work as one, in turn: each instance by itself, and its company where the first one of that stands. */
export function unitsOf(instances: readonly InstancePlan[]): readonly (readonly InstancePlan[])[] {
  // What is the new version already has nothing to go for, and is left alone.
  const goers = instances.filter(({ action, instance }) => action !== 'leave' && isForCompany(instance));
  return instances.flatMap((one) => {
    if (!goers.includes(one)) return [[one]];
    const company = goers.filter(({ instance }) => instance.strategy === one.instance.strategy);
    return one === company[0] ? [company] : [];
  });
}
