import { keepsContainer } from './model.ts';
import { mayBeChanged } from './rollback.ts';
import { instancesIn, type RunHistory } from './run-history.ts';

/**
 * Whether the run was taking back all that it has updated, and has not come to the end of that: whatever has kept it
 * from it, to go on means to take back the rest, and not to roll out anew.
 */
export function isGoingBack(history: RunHistory): boolean {
  return history.wentBack && toTakeBack(history) > 0;
}

/** How many instances there are that it may have changed still. */
export function toTakeBack(history: RunHistory): number {
  return instancesIn(history).filter((one) => mayBeChanged(one) && !(one.plan && keepsContainer(one.plan.instance)))
    .length;
}
