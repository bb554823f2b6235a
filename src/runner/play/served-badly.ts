/** What becomes of instances whose monitors have failed. */
import type { Failure } from '../../errors.ts';
import { isForCompany, unitsOf } from '../../rollout/company.ts';
import type { EndState } from '../../rollout/lifecycle.ts';
import type { Instance } from '../../rollout/model.ts';
import type { PlayPlan } from '../../rollout/plan.ts';
import type { Resumption } from '../../rollout/resumption.ts';
import type { InstanceEnd } from '../instance/advance.ts';
import type { RollContext } from './roll.ts';
import { takenBackOf } from './taken-back.ts';

/**
 * What instances come to of which one did not serve well: the version before serves again, unless that fails too. A company
 * goes back as one.
 */
export async function takeBackTogether(
  instances: readonly Instance[],
  failure: Failure,
  { plan, context }: { readonly plan: PlayPlan; readonly context: Pick<RollContext, 'takeBack' | 'report'> },
): Promise<ReadonlyMap<Instance, InstanceEnd>> {
  const taken = takenBackOf(plan, (one) => instances.includes(one.instance));
  const ends = new Map<string, EndState>();
  const back = await context.takeBack?.(taken, (event) => {
    if (event.type === 'instance-ended') ends.set(event.subject.name, event.state);
    context.report(event);
  });
  // Those that were never begun: there was nothing to take back, or it could not be.
  const [host] = back?.hosts ?? [];
  const others: EndState = host?.end === 'updated' || host?.end === 'nothingToDo' ? 'updated' : 'unchanged';
  return new Map(
    instances.map((one) => [one, { state: opposite[ends.get(one.container) ?? others], failure }] as const),
  );
}

/** What the way back has brought to its end is as the run found it; what has failed on it is as the run has made it. */
const opposite: Readonly<Record<EndState, EndState>> = {
  ...{ updated: 'unchanged', unchanged: 'updated', outOfService: 'outOfService' },
};

/** Those that an instance goes back with, itself too; of its company also those that the first part of the run has updated. */
export function togetherWith(instance: Instance, plan: PlayPlan, first?: Resumption): readonly Instance[] {
  const onHost = plan.batches
    .flatMap(({ hosts }) => hosts)
    .filter(({ host }) => host === instance.host)
    .flatMap(({ instances }) => instances);
  const unit = unitsOf(onHost).find((one) => one.some((member) => member.instance === instance)) ?? [];
  const before = onHost.filter((one) => one.action === 'leave' && isUpdatedBy(one.instance, first));
  const company = before.filter((one) => isForCompany(one.instance) && one.instance.strategy === instance.strategy);
  return unit.length === 0 ? [instance] : [...unit, ...company].map((one) => one.instance);
}

/** What was in work by the journal, and is as it is to be, has come to its end all the same. */
function isUpdatedBy({ host, container }: Instance, first: Resumption | undefined): boolean {
  const name = `${host} ${container}`;
  return first !== undefined && (first.updated.has(name) || first.inWork.has(name));
}
