import type { Strategy } from './model.ts';

/** What is done to a host as a whole, while it is maintained. */
export type HostStep = 'halt' | 'command' | 'reboot' | 'comeBack';

export type Step = LifeStep | HostStep;

export type LifeStep =
  | 'drain'
  | 'stop'
  | 'replace'
  | 'start'
  | 'restart'
  | 'run'
  | 'check'
  | 'restore'
  | 'ramp'
  | 'soak'
  | 'release'
  | 'vacate'
  | 'commit'
  | 'keep'
  | 'retire'
  | 'readmit'
  | 'withdraw'
  | 'discard'
  | 'rollBack';

/** How an instance may end. `unchanged`: the old container serves again. `outOfService`: a person is needed. */
export type EndState = 'updated' | 'unchanged' | 'outOfService';

export type WorkingState =
  | 'draining'
  | 'redraining'
  | 'retaking'
  | 'stopping'
  | 'replacing'
  | 'starting'
  | 'restarting'
  | 'running'
  | 'checking'
  | 'restoring'
  | 'ramping'
  | 'soaking'
  | 'releasing'
  | 'vacating'
  | 'committing'
  | 'finishing'
  | 'keeping'
  | 'retiring'
  | 'readmitting'
  | 'withdrawing'
  | 'discarding'
  | 'rollingBack'
  | 'rechecking'
  | 'returning';

export type State = WorkingState | EndState;

/** Where the instances of a company wait for one another: all of them have got so far before any goes on. */
export type MeetingPoint =
  'drained' | 'stopped' | 'checked' | 'serving' | 'released' | 'discarded' | 'readmitted' | 'withdrawn';

export interface Transition {
  readonly step: LifeStep;
  /** Before the step is taken, all of its company have come here. */
  readonly meets?: MeetingPoint;
  /** It has not succeeded before all of its company have come here with it. */
  readonly ends?: MeetingPoint;
  /** Where they go one after the other: before it is taken, those before it have come here. */
  readonly follows?: MeetingPoint;
  readonly ok: State;
  readonly failed: State;
  /** Instead of `failed`, when nothing of the instance was taken yet: there is nothing to put back. */
  readonly untouched?: EndState;
  /** Instead of `ok`, when the weight comes back in steps. */
  readonly inSteps?: State;
  /** Instead of `ok`, when the old container is not to be kept. */
  readonly notKept?: State;
  /** What ends with it stays recorded: the old container is kept. */
  readonly isKept?: true;
  /** Instead of `failed`, when the old container cannot serve again and the new one does: it is not given up. */
  readonly serves?: State;
  /** On the way home: the step goes on although the rollout is being stopped. */
  readonly homeward: boolean;
}

export const initialState: WorkingState = 'draining';

const ends: readonly EndState[] = ['updated', 'unchanged', 'outOfService'];

type Life = Readonly<Partial<Record<WorkingState, Transition>>>;

/**
 * The life of one instance during a rollout, as data. Read a row as: in this state take `step`; go to `ok` if it
 * succeeds, to `failed` if it does not, or to `untouched`, where there is such an end, if it had taken nothing. Drawn in
 * docs/architecture.md.
 *
 * An instance that a run has left in work when it died is gone on with in `redraining`, or in `retaking` when there is a
 * new container already: the old one may have been touched, so giving back its servers does not do.
 */
// prettier-ignore
const inPlace = {
  draining:    { step: 'drain',    ok: 'replacing',   failed: 'returning',    homeward: false, untouched: 'unchanged' },
  redraining:  { step: 'drain',    ok: 'replacing',   failed: 'withdrawing',  homeward: false },
  retaking:    { step: 'drain',    ok: 'replacing',   failed: 'withdrawing',  homeward: false },
  replacing:   { step: 'replace',  ok: 'checking',    failed: 'rollingBack',  homeward: false },
  checking:    { step: 'check',    ok: 'restoring',   failed: 'rollingBack',  homeward: false },
  restoring:   { step: 'restore',  ok: 'soaking',     failed: 'withdrawing',  homeward: false, inSteps: 'ramping' },
  ramping:     { step: 'ramp',     ok: 'soaking',     failed: 'withdrawing',  homeward: false },
  soaking:     { step: 'soak',     ok: 'retiring',    failed: 'withdrawing',  homeward: false },
  retiring:    { step: 'retire',   ok: 'updated',     failed: 'updated',      homeward: true  },
  withdrawing: { step: 'withdraw', ok: 'rollingBack', failed: 'outOfService', homeward: true  },
  rollingBack: { step: 'rollBack', ok: 'rechecking',  failed: 'outOfService', homeward: true  },
  rechecking:  { step: 'check',    ok: 'returning',   failed: 'outOfService', homeward: true  },
  returning:   { step: 'restore',  ok: 'unchanged',   failed: 'outOfService', homeward: true  },
} as const satisfies Life;

/**
 * The same with two slots: what is drained first has nothing behind it yet, and the old container serves until
 * `releasing` takes it out in its own slot, and `vacating` ends it there. From then on the way home begins with having it
 * back; where that cannot be and the new one serves, that one goes on doing so.
 */
// prettier-ignore
const startFirst = {
  ...inPlace,
  soaking:     { step: 'soak',     ok: 'releasing',   failed: 'withdrawing',  homeward: false },
  releasing:   { step: 'release',  ok: 'vacating',    failed: 'readmitting',  homeward: false },
  vacating:    { step: 'vacate',   ok: 'retiring',    failed: 'readmitting',  homeward: true, serves: 'outOfService' },
  readmitting: { step: 'readmit',  ok: 'withdrawing', failed: 'outOfService', homeward: true, serves: 'vacating' },
} as const satisfies Life;

/**
 * As with two slots, for all instances of a host together: they wait for one another before the first new container
 * serves, before the first old one is taken out (unless pair by pair: then each waits for those before it), and before the
 * first old one is kept. Old ones that are kept run on in maintenance, recorded: this life is over
 * then, and goes on as a `switch-back` or an `ending`.
 */
// prettier-ignore
const blueGreen = {
  ...startFirst,
  restoring:   { ...inPlace.restoring, meets: 'checked', follows: 'released' },
  releasing:   { step: 'release',  ok: 'keeping',     failed: 'readmitting',  homeward: false, meets: 'serving' },
  keeping:     { step: 'keep',     ok: 'updated',     failed: 'readmitting',  homeward: false, meets: 'released', isKept: true, notKept: 'vacating' },
} as const satisfies Life;

/**
 * What is kept serves again, all of a host, before the first new container is taken out. Where one of them cannot, or what
 * the new ones have in hand does not come to its end, all of them are kept as before.
 */
// prettier-ignore
const switchBack = {
  readmitting: { step: 'readmit',  ok: 'withdrawing', failed: 'releasing',    homeward: false, ends: 'readmitted' },
  withdrawing: { step: 'withdraw', ok: 'rollingBack', failed: 'releasing',    homeward: false, ends: 'withdrawn' },
  rollingBack: inPlace.rollingBack,
  rechecking:  inPlace.rechecking,
  returning:   inPlace.returning,
  releasing:   { step: 'release',  ok: 'keeping',     failed: 'outOfService', homeward: true  },
  keeping:     { step: 'keep',     ok: 'updated',     failed: 'outOfService', homeward: true, isKept: true },
} as const satisfies Life;

/** The time of what is kept is over: it ends, unless the new one does not serve, which is no time to end it. */
// prettier-ignore
const ending = {
  vacating:    { step: 'vacate',   ok: 'retiring',    failed: 'outOfService', homeward: true  },
  retiring:    inPlace.retiring,
} as const satisfies Life;

/**
 * The container stays, so there is nothing to retire in the end, and the way home leads to the container itself: it is
 * started where it does not run.
 */
// prettier-ignore
const staying = {
  checking:    inPlace.checking,
  restoring:   inPlace.restoring,
  ramping:     inPlace.ramping,
  soaking:     { step: 'soak',     ok: 'updated',     failed: 'withdrawing',  homeward: false },
  withdrawing: inPlace.withdrawing,
  rollingBack: inPlace.rollingBack,
  rechecking:  inPlace.rechecking,
  returning:   inPlace.returning,
} as const satisfies Life;

/**
 * The instances of a host go together, so that old and new ones never run at the same time: where they meet, none goes on
 * before all have come, and when one does not come, all go home. Once all of them serve, one write to the record of their
 * host commits them to the new version: from then on (`finishing`, where the run died) there is no way home any more.
 */
// prettier-ignore
const recreateHost = {
  draining:    { ...inPlace.draining,    ok: 'stopping' },
  redraining:  { ...inPlace.redraining,  ok: 'stopping',   failed: 'discarding' },
  retaking:    { ...inPlace.retaking,    ok: 'stopping' },
  stopping:    { step: 'stop',     ok: 'starting',    failed: 'discarding',   homeward: false, meets: 'drained' },
  starting:    { step: 'start',    ok: 'checking',    failed: 'discarding',   homeward: false, meets: 'stopped' },
  checking:    { ...inPlace.checking,    failed: 'discarding' },
  restoring:   { ...inPlace.restoring,   meets: 'checked' },
  ramping:     inPlace.ramping,
  soaking:     { ...inPlace.soaking,     ok: 'committing' },
  committing:  { step: 'commit',   ok: 'retiring',    failed: 'withdrawing',  homeward: true,  meets: 'serving', serves: 'retiring' },
  finishing:   { step: 'restore',  ok: 'retiring',    failed: 'outOfService', homeward: true  },
  retiring:    inPlace.retiring,
  withdrawing: { ...inPlace.withdrawing, ok: 'discarding' },
  discarding:  { step: 'discard',  ok: 'rollingBack', failed: 'outOfService', homeward: true  },
  rollingBack: { ...inPlace.rollingBack, meets: 'discarded' },
  rechecking:  inPlace.rechecking,
  returning:   inPlace.returning,
} as const satisfies Life;

// prettier-ignore
const restart = {
  draining:    { ...inPlace.draining,   ok: 'restarting' },
  redraining:  { ...inPlace.redraining, ok: 'restarting' },
  retaking:    { ...inPlace.retaking,   ok: 'restarting' },
  restarting:  { step: 'restart',  ok: 'checking',    failed: 'rollingBack',  homeward: false },
  ...staying,
} as const satisfies Life;

// prettier-ignore
const run = {
  draining:    { ...inPlace.draining,   ok: 'running' },
  redraining:  { ...inPlace.redraining, ok: 'running' },
  retaking:    { ...inPlace.retaking,   ok: 'running' },
  running:     { step: 'run',      ok: 'checking',    failed: 'rollingBack',  homeward: false },
  ...staying,
} as const satisfies Life;

/** How an instance is replaced, or what becomes of the old container that a replacement has kept. */
export type LifeName = Strategy | 'switch-back' | 'ending';

export const lifecycles: Readonly<Record<LifeName, Life>> = {
  'in-place': inPlace,
  'start-first': startFirst,
  'blue-green': blueGreen,
  'switch-back': switchBack,
  ending,
  'recreate-host': recreateHost,
  restart,
  run,
};

const initialStates: Readonly<Partial<Record<LifeName, WorkingState>>> = {
  'switch-back': 'readmitting',
  ending: 'vacating',
};

/** Where a life begins. */
export function initialStateOf(life: LifeName): WorkingState {
  return initialStates[life] ?? initialState;
}

/** The end that a life is lived for. */
export function wantedEndOf(life: LifeName): EndState {
  return life === 'switch-back' ? 'unchanged' : 'updated';
}

export function isWorking(state: State): state is WorkingState {
  return !ends.some((end) => end === state);
}

/** @throws Error about a state that the life does not have */
export function transitionOf(state: WorkingState, life: LifeName): Transition {
  const transition = lifecycles[life][state];
  if (!transition) throw new Error(`An instance is never ${state} in the life ${life}`);
  return transition;
}

/** Where those who begin in this state have met before: on the way to it, all of them got so far. */
export function metBefore(state: State, life: LifeName): readonly MeetingPoint[] {
  const met: MeetingPoint[] = [];
  let at: State = initialStateOf(life);
  while (isWorking(at) && at !== state) {
    const { ok, meets, ends }: Transition = transitionOf(at, life);
    met.push(...[meets, ends].filter((point) => point !== undefined));
    at = ok;
  }
  return at === state ? met : [];
}

/** Where those who end so need not be waited for: they have been there, or have nothing to come for. */
export function metAtEnd(end: EndState, life: LifeName): readonly MeetingPoint[] {
  const onTheWay = metBefore(wantedEndOf(life), life);
  if (end === wantedEndOf(life)) return onTheWay;
  if (end === 'outOfService') return [];
  const all = Object.values<Transition>(lifecycles[life]).flatMap(({ meets, ends }) =>
    [meets, ends].filter((point) => point !== undefined),
  );
  return all.filter((point) => !onTheWay.includes(point));
}

/** The table of a life as a Mermaid state diagram, for docs. */
export function lifecycleDiagram(life: LifeName): string {
  const rows = Object.entries<Transition>(lifecycles[life]).flatMap(
    ([state, { step, ok, failed, untouched, serves, inSteps, notKept, meets, ends }]) => [
      `    ${state} --> ${ok}: ${meets === undefined ? '' : `all ${meets}, `}${step}${ends === undefined ? '' : `, all ${ends}`}`,
      ...(notKept === undefined ? [] : [`    ${state} --> ${notKept}: ${step}, nothing to be kept`]),
      ...(inSteps === undefined ? [] : [`    ${state} --> ${inSteps}: ${step}, with a ramp`]),
      ...(ok === failed ? [] : [`    ${state} --> ${failed}: ${step} failed`]),
      ...(serves === undefined ? [] : [`    ${state} --> ${serves}: ${step} failed, the new one serves`]),
      ...(untouched === undefined ? [] : [`    ${state} --> ${untouched}: ${step} failed, nothing taken`]),
    ],
  );
  const reached = ends.filter((end) => rows.some((row) => row.includes(` --> ${end}:`)));
  const over = reached.map((end) => `    ${end} --> [*]`);
  return ['stateDiagram-v2', `    [*] --> ${initialStateOf(life)}`, ...rows, ...over].join('\n');
}
