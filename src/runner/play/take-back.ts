import type { HostSummary, Report, RunEvent } from '../../rollout/events.ts';
import { keepsContainer } from '../../rollout/model.ts';
import type { InstancePlan, PlayPlan } from '../../rollout/plan.ts';
import type { Back } from '../../rollout/play.ts';
import { revert, type RevertContext } from './rollback.ts';
import { takenBackOf, type TakenBack } from './taken-back.ts';

/** What a run has updated so far, play by play. */
export class Updated {
  readonly #keys = new Set<string>();
  #isAny = false;
  readonly #plans: TakenBack[] = [];
  readonly #backs = new Map<string, Back | undefined>();

  /** Passes on what is reported, and hears of instances that end updated, and of those that a monitor has had taken back. */
  hear(report: Report): Report {
    return (event: RunEvent) => {
      if (event.type === 'instance-ended' && event.state === 'updated') {
        const key = `${event.subject.host} ${event.subject.name}`;
        if (event.isRevert) this.#keys.delete(key);
        else this.#keys.add(key);
        this.#isAny ||= event.only === undefined;
      }
      report(event);
    };
  }

  /** A play has ended. An instance that an earlier one has updated already counts as that found it. */
  add(plan: PlayPlan): void {
    const isKnown = ({ instance: { host, container } }: InstancePlan): boolean =>
      this.#plans.some(({ plan: { instance: one } }) => one.host === host && one.container === container);
    const fresh = takenBackOf(
      plan,
      (one) =>
        !keepsContainer(one.instance) &&
        this.#keys.has(`${one.instance.host} ${one.instance.container}`) &&
        !isKnown(one),
    );
    this.#plans.push(...fresh);
    if (fresh.length > 0) this.#backs.set(JSON.stringify(plan.back), plan.back);
  }

  /** There is or was something to take back: a monitor may have had all of it taken back already. */
  get isAny(): boolean {
    return this.#isAny;
  }

  get instances(): readonly TakenBack[] {
    return this.#plans;
  }

  /** What all plays say alike of the way back. */
  get back(): Back | undefined {
    return this.#backs.size === 1 ? [...this.#backs.values()][0] : undefined;
  }
}

/** `on_failure: rollback`: what the run has updated goes back to what it found. The rows of the summary afterwards. */
export async function takeBack(
  updated: Updated,
  rows: readonly HostSummary[],
  context: Omit<RevertContext, 'back' | 'isWhole'>,
): Promise<HostSummary[]> {
  if (updated.instances.length === 0) return [...rows];
  const { hosts } = await revert(updated.instances, { ...context, back: updated.back, isWhole: true });
  return rows.map((row) => {
    const back = hosts.find(({ host }) => host === row.host);
    return back && row.updated > 0 ? afterwards(row, back) : row;
  });
}

/** Those updated whose containers stayed: there is nothing to take back of them. */
export function stayedOf({ only = {} }: Pick<HostSummary, 'only'>): number {
  return (only.restart ?? 0) + (only.run ?? 0);
}

/** `back` is about all plays of the run, a row may be about one of them: no more can have gone back than it updated. */
function afterwards(row: HostSummary, back: HostSummary): HostSummary {
  const reason = row.reason === '' ? back.reason : row.reason;
  const ms = row.ms + back.ms;
  // What is left alone is there already: somebody else has taken it back.
  const wentBack = back.updated + back.left;
  const counts = {
    updated: Math.max(0, row.updated - wentBack - back.outOfService),
    unchanged: row.unchanged + Math.min(row.updated, wentBack),
    outOfService: row.outOfService + Math.min(row.updated, back.outOfService),
  };
  if (back.end === 'outOfService') return { ...row, ...counts, end: 'outOfService', reason: back.reason, ms };
  const isBack = row.end !== 'failed' && counts.updated === stayedOf(row);
  return { ...row, ...counts, end: isBack ? 'rolledBack' : row.end, reason, ms };
}
