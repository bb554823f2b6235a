/** What comes of an instance over several attempts of one run, of which each begins where the one before has left it. */
import type { StampedEvent } from './events.ts';
import type { InstanceHistory, InstanceState, RunHistory } from './run-history.ts';

/**
 * What the run has updated, and tries again, is put back to that when it fails; unless somebody has taken it back in the
 * meantime.
 */
export function updatedBefore(
  { state, to }: InstanceHistory,
  { isRevert, from }: Extract<StampedEvent, { type: 'instance-started' }>,
): Pick<InstanceHistory, 'stateBefore'> {
  return { stateBefore: state === 'updated' && from === to && !isRevert ? state : undefined };
}

/** It was begun again by what is recorded of it, not by how it was found then: it goes home to how that was at first. */
export function isOfItsRecord({ isFoundAgain, found, to }: InstanceHistory): boolean {
  return isFoundAgain === false && found?.old !== undefined && found.old.image !== to;
}

/**
 * A run that takes back what it has updated itself has changed nothing then; what it failed to, stays updated. What
 * another has left in work is as this run had made it once that is put back. What it had updated when it died is what it
 * finds when it is gone on with, and puts back.
 */
export function endOf(
  { command }: RunHistory,
  { stateBefore, from, to, found, isFoundAgain }: InstanceHistory,
  { state, isRevert }: Extract<StampedEvent, { type: 'instance-ended' }>,
): InstanceState {
  if (stateBefore !== undefined && state !== 'outOfService') return stateBefore;
  if (!isRevert || command === 'rollback' || state === 'outOfService') {
    const wasUpdated = isFoundAgain === true && from !== to && found?.old?.image === to;
    return state === 'unchanged' && wasUpdated ? 'updated' : state;
  }
  return state === 'updated' ? 'unchanged' : 'updated';
}

/**
 * A run that is gone on with leaves alone what it has updated before, and what it was at when it died and turns out to
 * be as it should; what was put back, and is left alone now, is as it was.
 */
export function leftAs({ state: last, stateBefore: state = last }: InstanceHistory): InstanceState {
  if (state === 'updated' || state === 'inWork' || state === 'outOfService') return 'updated';
  return state === 'unchanged' ? 'unchanged' : 'left';
}

/** From what the run has found at first, whatever it was at when it was begun again; to what it was last to be. */
export function versionsOf(
  { command }: RunHistory,
  before: InstanceHistory,
  { from, to, isRevert }: Extract<StampedEvent, { type: 'instance-started' }>,
): Pick<InstanceHistory, 'from' | 'to'> {
  const isOwn = isRevert && command !== 'rollback';
  return { from: before.from ?? from, to: isOwn ? (before.to ?? to) : to };
}
