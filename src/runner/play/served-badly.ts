/** What becomes of instances whose monitors have failed. */
import type { Failure } from '../../errors.ts';
import { unitsOf } from '../../rollout/company.ts';
import type { Instance } from '../../rollout/model.ts';
import { instancesOf, type PlayPlan } from '../../rollout/plan.ts';
import type { InstanceEnd } from '../instance/advance.ts';
import type { RollContext } from './roll.ts';

/**
 * What instances come to of which one did not serve well: the version before serves again, unless that fails too. A company
 * goes back as one.
 */
export async function takeBackTogether(
  instances: readonly Instance[],
  failure: Failure,
  { plan, context }: { readonly plan: PlayPlan; readonly context: Pick<RollContext, 'takeBack'> },
): Promise<InstanceEnd> {
  const taken = instancesOf(plan).filter((one) => instances.includes(one.instance));
  const host = (await context.takeBack?.(taken))?.hosts[0];
  if (host?.end === 'updated' || host?.end === 'nothingToDo') return { state: 'unchanged', failure };
  return { state: host?.end === 'outOfService' ? 'outOfService' : 'updated', failure };
}

/** Those that an instance goes back with, itself too. */
export function togetherWith(instance: Instance, plan: PlayPlan): readonly Instance[] {
  const { host } = instance;
  const units = plan.batches.flatMap(({ hosts }) => hosts).filter((one) => one.host === host);
  const all = units.flatMap(({ instances }) => unitsOf(instances)).map((unit) => unit.map((one) => one.instance));
  return all.find((unit) => unit.includes(instance)) ?? [instance];
}
