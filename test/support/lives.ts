import { initialState, isWorking, transitionOf, type LifeName, type State } from '../../src/rollout/lifecycle.ts';

/** Every way through the table, as `step! step step → end state`; `!` marks a step that fails. */
export function paths(
  state: State = initialState,
  taken = '',
  strategy: LifeName = 'in-place',
  { newServes = false, isRamped = false } = {},
): string[] {
  if (!isWorking(state)) return [`${taken}→ ${state}`];
  const { step, ok, failed, untouched, serves, inSteps = ok } = transitionOf(state, strategy);
  const after = (next: State | undefined, nowServes = newServes): string[] =>
    next === undefined ? [] : paths(next, `${taken}${step}! `, strategy, { newServes: nowServes, isRamped });
  return [
    ...paths(isRamped ? inSteps : ok, `${taken}${step} `, strategy, { newServes, isRamped }),
    ...(newServes ? after(serves ?? failed) : [...after(failed), ...after(untouched)]),
    // That the old one cannot serve again is found out by trying.
    ...(step === 'readmit' && !newServes ? after(serves, true) : []),
  ];
}
