/** The instances of a host that go together: none of them takes a step before all have come to it. */
import type { Instance } from './model.ts';
import type { InstancePlan } from './plan.ts';

export function isForCompany({ strategy }: Pick<Instance, 'strategy'>): boolean {
  return strategy === 'recreate-host';
}

/** What is in work as one, in turn: each instance by itself, and its company where the first one of that stands. */
export function unitsOf(instances: readonly InstancePlan[]): readonly (readonly InstancePlan[])[] {
  // What is the new version already has nothing to go for, and is left alone.
  const company = instances.filter(({ action, instance }) => action !== 'leave' && isForCompany(instance));
  return instances.flatMap((one) => {
    if (!company.includes(one)) return [[one]];
    return one === company[0] ? [company] : [];
  });
}
