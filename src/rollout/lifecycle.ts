export type Step = 'drain' | 'replace' | 'check' | 'restore' | 'soak' | 'retire' | 'withdraw' | 'rollBack';

/** How an instance may end. `unchanged`: the old container serves again. `outOfService`: a person is needed. */
export type EndState = 'updated' | 'unchanged' | 'outOfService';

export type WorkingState =
  | 'draining'
  | 'redraining'
  | 'retaking'
  | 'replacing'
  | 'checking'
  | 'restoring'
  | 'soaking'
  | 'retiring'
  | 'withdrawing'
  | 'rollingBack'
  | 'rechecking'
  | 'returning';

export type State = WorkingState | EndState;

export interface Transition {
  readonly step: Step;
  readonly ok: State;
  readonly failed: State;
  /** Instead of `failed`, when nothing of the instance was taken yet: there is nothing to put back. */
  readonly untouched?: EndState;
  /** On the way home: the step goes on although the rollout is being stopped. */
  readonly homeward: boolean;
}

export const initialState: State = 'draining';

/**
 * The life of one instance during a rollout, as data. Read a row as: in this state take `step`; go to `ok` if it
 * succeeds, to `failed` if it does not, or to `untouched`, where there is such an end, if it had taken nothing. Drawn in
 * docs/architecture.md.
 *
 * An instance that a run has left in work when it died is gone on with in `redraining`, or in `retaking` when there is a
 * new container already: the old one may have been touched, so giving back its servers does not do.
 */
// prettier-ignore
export const lifecycle: Readonly<Record<WorkingState, Transition>> = {
  draining:    { step: 'drain',    ok: 'replacing',   failed: 'returning',    homeward: false, untouched: 'unchanged' },
  redraining:  { step: 'drain',    ok: 'replacing',   failed: 'rollingBack',  homeward: false },
  retaking:    { step: 'drain',    ok: 'replacing',   failed: 'withdrawing',  homeward: false },
  replacing:   { step: 'replace',  ok: 'checking',    failed: 'rollingBack',  homeward: false },
  checking:    { step: 'check',    ok: 'restoring',   failed: 'rollingBack',  homeward: false },
  restoring:   { step: 'restore',  ok: 'soaking',     failed: 'withdrawing',  homeward: false },
  soaking:     { step: 'soak',     ok: 'retiring',    failed: 'withdrawing',  homeward: false },
  retiring:    { step: 'retire',   ok: 'updated',     failed: 'updated',      homeward: true  },
  withdrawing: { step: 'withdraw', ok: 'rollingBack', failed: 'outOfService', homeward: true  },
  rollingBack: { step: 'rollBack', ok: 'rechecking',  failed: 'outOfService', homeward: true  },
  rechecking:  { step: 'check',    ok: 'returning',   failed: 'outOfService', homeward: true  },
  returning:   { step: 'restore',  ok: 'unchanged',   failed: 'outOfService', homeward: true  },
};

export function isWorking(state: State): state is WorkingState {
  return state in lifecycle;
}

/** The table as a Mermaid state diagram, for docs/architecture.md. */
export function lifecycleDiagram(): string {
  const rows = Object.entries(lifecycle).flatMap(([state, { step, ok, failed, untouched }]) => [
    `    ${state} --> ${ok}: ${step}`,
    ...(ok === failed ? [] : [`    ${state} --> ${failed}: ${step} failed`]),
    ...(untouched === undefined ? [] : [`    ${state} --> ${untouched}: ${step} failed, nothing taken`]),
  ]);
  const ends = (['updated', 'unchanged', 'outOfService'] satisfies EndState[]).map((end) => `    ${end} --> [*]`);
  return ['stateDiagram-v2', `    [*] --> ${initialState}`, ...rows, ...ends].join('\n');
}
