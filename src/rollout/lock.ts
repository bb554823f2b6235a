/** Who holds a host, and whether they still live. */

/** What `lock.json` on a host says. */
export interface LockOwner {
  /** A `run` lives as long as its controller; what a person `hold`s on purpose stays until it is released. */
  readonly kind: 'run' | 'hold';
  readonly run: string;
  readonly machine: string;
  /** Of the controller, on `machine`. */
  readonly pid: number;
  /** A word that no other process has: in containers run, machine and pid may be another's, too. Older builds have none. */
  readonly nonce?: string;
  /** `user@machine` */
  readonly by: string;
  /** The command, or what the person has said. */
  readonly reason: string;
  /** RFC 3339. */
  readonly since: string;
  /** After how long without a heartbeat the holder on the host gives up, in milliseconds; 0 for `hold`. */
  readonly ttlMs: number;
}

/** A lock as it was found on a host. */
export interface FoundLock {
  /** `live`: its holder is there. `dead`: its run ended without releasing it. `held`: by a person, on purpose. */
  readonly state: 'live' | 'dead' | 'held';
  /** Undefined when the host does not say, or says it illegibly. */
  readonly owner: LockOwner | undefined;
  /** Milliseconds since the last heartbeat, or since a person took it, by the host's own clock. */
  readonly ageMs: number | undefined;
}

/** `it is held by ann@desk, run R, pid 4711 (rollout shop.yml), since …, last heartbeat 3 s ago`: after "host: ". */
export function explainLock({ state, owner, ageMs }: FoundLock, now: Date): string {
  if (!owner) {
    const who = 'somebody who does not say who it is (no legible lock.json)';
    return state === 'live' ? `it is held by ${who}` : `a lock was left by ${who}`;
  }
  const { by, run, machine, pid, reason, since } = owner;
  const why = reason === '' ? '' : ` ("${reason}")`;
  if (state === 'held') return `it is held on purpose by ${by}${why}, since ${since}`;
  const who = `${by}, run ${run}, pid ${pid} on ${machine}${why}`;
  if (state === 'dead') return `${who}, died${diedAt(ageMs, now)}`;
  const heard = ageMs === undefined ? '' : `, last heartbeat ${Math.round(ageMs / 1000)} s ago`;
  return `it is held by ${who}, since ${since}${heard}`;
}

function diedAt(ageMs: number | undefined, now: Date): string {
  if (ageMs === undefined) return '';
  const at = new Date(now.getTime() - ageMs).toISOString();
  return ` about ${at.slice(0, 16)}Z`;
}
