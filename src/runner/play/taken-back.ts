import type { FrontPlan, InstancePlan, PlayPlan } from '../../rollout/plan.ts';

/** An instance, and the tier in front of its host. */
export interface TakenBack {
  readonly plan: InstancePlan;
  readonly front: FrontPlan | undefined;
}

export function takenBackOf(
  plan: Pick<PlayPlan, 'batches'>,
  isTaken: (one: InstancePlan) => boolean,
): readonly TakenBack[] {
  const hosts = plan.batches.flatMap((batch) => batch.hosts);
  return hosts.flatMap(({ instances, front }) => instances.filter(isTaken).map((one) => ({ plan: one, front })));
}
