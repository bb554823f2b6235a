import { durationText } from '../../rollout/durations.ts';
import { hooksIn, type Hook, type HookPoint, type Hooks } from '../../rollout/hooks.ts';
import type { Instance, Strategy } from '../../rollout/model.ts';
import type { Play } from '../../rollout/play.ts';
import type { DocumentPath } from '../document.ts';
import type { Problem } from './complaints.ts';

/** Names that come twice in one list: nobody could tell the two apart. */
export function sameNames(hooks: Hooks<HookPoint> | undefined, at: DocumentPath): Problem[] {
  return Object.entries<readonly Hook[]>(hooks ?? {}).flatMap(([point, list]) =>
    list.flatMap(({ name }, index): Problem[] => {
      const isFirst = list.findIndex((one) => one.name === name) === index;
      const path = [...at, 'hooks', point, index, 'name'];
      return isFirst ? [] : [{ path, message: `there is a hook ${JSON.stringify(name)} before it already` }];
    }),
  );
}

interface Around {
  readonly strategy: Strategy;
  readonly deadlineMs: number | undefined;
  readonly app: DocumentPath;
}

/** What the hooks of an app can never do. */
export function instanceHookRules({ hooks, run }: Instance, { strategy, deadlineMs, app }: Around): Problem[] {
  const gone = (hooks?.before_traffic ?? []).flatMap(({ where }, index): Problem[] => {
    if (where !== 'old_container' || strategy === 'start-first' || strategy === 'blue-green') return [];
    const message = 'is stopped by then; it still runs only with strategy: start-first or blue-green';
    return [{ path: [...app, 'hooks', 'before_traffic', index, 'where'], message: `the old container ${message}` }];
  });
  const within = hooksIn(hooks, ['before_instance', 'before_traffic']);
  const allMs = within.reduce((sum, { hook }) => sum + hook.timeoutMs, run?.timeoutMs ?? 0);
  const isLate = deadlineMs !== undefined && allMs > deadlineMs;
  const withCommand = run && within.length > 0 ? 'with its command ' : '';
  const late = isLate
    ? `may take ${durationText(allMs)} ${withCommand}before ${run ? 'it' : 'the new container'} is in service, and deadline.instance is ${durationText(deadlineMs)}`
    : undefined;
  const culprit = within.length > 0 ? 'hooks' : 'run';
  return [
    ...sameNames(hooks, app),
    ...gone,
    ...(late === undefined ? [] : [{ path: [...app, culprit], message: late, which: 'key' as const }]),
  ];
}

/** Hooks that run once are known by play and name: a run that is gone on with must know which has been run. */
export function mixedUp(plays: readonly { readonly play?: Play; readonly index: number }[]): Problem[] {
  const known = new Set<string>();
  return plays.flatMap(({ play, index }) =>
    hooksIn(play?.hooks, ['before_run', 'after_run']).flatMap(({ point, hook }): Problem[] => {
      const key = JSON.stringify([play?.name, point, hook.name]);
      const isKnown = known.has(key);
      known.add(key);
      const message = `an earlier play of the same name has a hook ${JSON.stringify(hook.name)} already: give one of the plays a name`;
      return isKnown ? [{ path: [index, 'hooks', point], message, which: 'key' }] : [];
    }),
  );
}
