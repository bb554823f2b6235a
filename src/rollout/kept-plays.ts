/** What one play of a run keeps on a host, and a later play of it would change, or keep beside it. */
import { durationText } from './durations.ts';
import { keepsContainer, specsOf } from './model.ts';
import type { InstancePlan, PlayPlan } from './plan.ts';

export interface KeptBefore {
  /** A `warning` about what may be over by then. */
  readonly kind: 'problem' | 'warning';
  readonly host: string;
  readonly text: string;
}

interface OnHost {
  readonly play: string;
  readonly host: string;
  readonly instances: readonly InstancePlan[];
}

const HINT = 'say keep: 0s in the first, or play it in a run of its own';

/** What of the plays cannot follow one another, host by host: what a run keeps on a host serves again, and ends, as one. */
export function keptBetween(plans: readonly PlayPlan[]): readonly KeptBefore[] {
  const all = plans.map(({ name, batches }) =>
    batches.flatMap(({ hosts }) => hosts.map(({ host, instances }): OnHost => ({ play: name, host, instances }))),
  );
  return all.flatMap((later, index) => {
    const before = all.slice(0, index).flat();
    return later.flatMap((one) => before.filter(({ host }) => host === one.host).flatMap((it) => between(it, one)));
  });
}

function between(earlier: OnHost, { play, host, instances }: OnHost): readonly KeptBefore[] {
  const kept = earlier.instances.filter(isKept);
  const nameOf = ({ instance: { container } }: InstancePlan): string => container;
  const names = kept.map(nameOf);
  const keeps = `"${earlier.play}" keeps the old ${names.join(', ')} for ${durationText(longest(kept))}`;
  const beside = instances.filter((one) => isKept(one) && !names.includes(nameOf(one)));
  const changed = instances.filter((one) => {
    const same = kept.find((other) => nameOf(other) === nameOf(one));
    return same !== undefined && !isSame(one, same);
  });
  return [
    ...(kept.length === 0 || beside.length === 0
      ? []
      : [
          problem(
            host,
            `Cannot play "${play}" on ${host}: ${keeps}, and this one others: put them into one play, or ${HINT}`,
          ),
        ]),
    ...(changed.length === 0
      ? []
      : [
          warning(
            host,
            `${keeps} on ${host}, and "${play}", which changes them, is refused until that is over: ${HINT}`,
          ),
        ]),
  ];
}

function problem(host: string, text: string): KeptBefore {
  return { kind: 'problem', host, text };
}

function warning(host: string, text: string): KeptBefore {
  return { kind: 'warning', host, text };
}

function longest(kept: readonly InstancePlan[]): number {
  return Math.max(0, ...kept.map(({ instance }) => instance.switching?.keepMs ?? 0));
}

/** It has an old container, which runs on. */
function isKept({ instance, from, action }: InstancePlan): boolean {
  const { switching, revert } = instance;
  return action === 'replace' && !revert && from !== undefined && switching !== undefined && switching.keepMs > 0;
}

/** It is as declared once the earlier play has ended, and is left alone. */
function isSame({ instance }: InstancePlan, { instance: before }: InstancePlan): boolean {
  return !keepsContainer(instance) && JSON.stringify(specsOf(instance)) === JSON.stringify(specsOf(before));
}
