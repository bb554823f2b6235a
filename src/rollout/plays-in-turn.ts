import { keepsContainer, type Instance } from './model.ts';
import { instancesOf, type InstancePlan, type PlayPlan } from './plan.ts';

/**
 * The plans of plays that run in turn: what an earlier play has made so already, a later one leaves alone. A forecast,
 * since a later play is planned again when its turn comes.
 */
export function inTurn(plans: readonly PlayPlan[]): readonly PlayPlan[] {
  const done = new Map<string, string>();
  return plans.map((plan) => {
    const batches = plan.batches.map((batch) => ({
      ...batch,
      hosts: batch.hosts.map((host) => ({ ...host, instances: host.instances.map((one) => leftIfDone(one, done)) })),
    }));
    for (const { instance } of instancesOf(plan))
      if (!keepsContainer(instance)) done.set(keyOf(instance), JSON.stringify(instance.spec));
    return { ...plan, batches };
  });
}

function leftIfDone(plan: InstancePlan, done: ReadonlyMap<string, string>): InstancePlan {
  if (keepsContainer(plan.instance)) return plan;
  const isDone = done.get(keyOf(plan.instance)) === JSON.stringify(plan.instance.spec);
  return isDone ? { ...plan, action: 'leave', because: '' } : plan;
}

function keyOf({ host, container }: Instance): string {
  return `${host} ${container}`;
}
