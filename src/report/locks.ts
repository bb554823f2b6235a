import type { FoundLock } from '../rollout/lock.ts';
import { columns, duration } from './columns.ts';
import type { Paint } from './paint.ts';

/** What `lock list` shows of one host. */
export interface LockOfHost {
  readonly host: string;
  readonly lock: FoundLock | undefined;
  readonly failure: Error | undefined;
}

export const lockStates: Readonly<Record<FoundLock['state'], string>> = {
  live: 'live',
  dead: 'dead',
  held: 'held on purpose',
};

/** A line for each host, those that nobody holds among them; what could not be looked at comes last. */
export function locksText(hosts: readonly LockOfHost[], paint: Paint): string[] {
  const looked = hosts.filter(({ failure }) => !failure);
  const header = ['HOST', 'STATE', 'BY', 'RUN', 'REASON', 'SINCE', 'HEARTBEAT'];
  const [title = '', ...lines] = columns([header, ...looked.map(rowOf)]);
  return [
    ...(looked.length === 0 ? [] : [paint('strong', title), ...lines]),
    ...hosts.flatMap(({ failure }) => (failure ? [paint('bad', failure.message)] : [])),
  ];
}

function rowOf({ host, lock }: LockOfHost): string[] {
  if (!lock) return [host, 'free'];
  const { state, owner, ageMs } = lock;
  const heard = state === 'held' || ageMs === undefined ? '-' : `${duration(ageMs)} ago`;
  if (!owner) return [host, lockStates[state], 'not legible', '-', '-', '-', heard];
  const { by, run, reason, since } = owner;
  return [host, lockStates[state], by, run, reason === '' ? '-' : reason, since, heard];
}
