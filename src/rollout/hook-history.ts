/** What a run's journal says of its hooks. */
import type { StampedEvent } from './events.ts';
import { hookKey } from './hooks.ts';
import { endsFor, nothingOpen, openAfter, type OpenHistory } from './open-history.ts';
import type { HookHistory, RunHistory } from './run-history.ts';

export type HookEvent = Extract<StampedEvent, { readonly hook: unknown }>;

export function hooksAfter(before: readonly HookHistory[], event: HookEvent): readonly HookHistory[] {
  const { hook, ts: startedAt } = event;
  const nothing = { hook, startedAt, why: '', output: [], ms: undefined };
  switch (event.type) {
    case 'hook-started':
      return [...before, { ...nothing, result: 'running' }];
    case 'hook-waiting':
      return before;
    case 'hook-skipped':
      return [...before, { ...nothing, result: 'skipped', why: event.why }];
    case 'hook-ended': {
      const { result, why, output, ms } = event;
      const own = JSON.stringify(hook);
      const index = before.findLastIndex((one) => one.result === 'running' && JSON.stringify(one.hook) === own);
      return before.map((one, at) => (at === index ? { ...one, result, why, output, ms } : one));
    }
  }
}

export const nothingYet: Pick<RunHistory, 'hooks' | 'open'> = { hooks: [], open: nothingOpen };

/** What has begun and ended with an event that is about no hook, and the hooks that were run before or after it. */
export function openedAndEnded({ hooks, open }: RunHistory, event: StampedEvent): Pick<RunHistory, 'hooks' | 'open'> {
  const isPending = staysOpen(hooks, event, open);
  const ends = ({ hook, isOver }: HookHistory): boolean =>
    isOver !== true && endsFor(hook, event, open) && !(isPending && hook.point.startsWith('after_'));
  const ended = hooks.some(ends) ? hooks.map((one) => (ends(one) ? { ...one, isOver: true } : one)) : hooks;
  return { hooks: ended, open: isPending ? open : openAfter(open, event) };
}

/**
 * Whether what ends is still to have a hook after it: a gate that a stop has cut; or one after a batch that has failed,
 * when the run did not go on.
 */
function staysOpen(hooks: readonly HookHistory[], event: StampedEvent, open: OpenHistory): boolean {
  if (event.type !== 'batch-ended' && event.type !== 'host-ended') return false;
  if (event.isRevert === true || (event.type === 'batch-ended' && (event.isNotBegun === true || event.then === 'goOn')))
    return false;
  const isAfter = ({ hook }: HookHistory): boolean =>
    hook.point.startsWith('after_') &&
    (endsFor(hook, event, open) ||
      (event.type === 'host-ended' && hook.point === 'after_instance' && hook.host === event.host));
  const own = hooks.filter((one) => one.isOver !== true && one.result !== 'skipped' && isAfter(one));
  const last = new Map(own.map((one) => [hookKey(one.hook), one.result]));
  const pending: readonly HookHistory['result'][] =
    event.type === 'host-ended' ? ['cut'] : ['cut', 'failed', 'unknown', 'brokenOff'];
  return [...last.values()].some((result) => pending.includes(result));
}

/** The run is gone on with: whether what its first process was running has ended, nobody knows. */
export function hooksBrokenOff(before: readonly HookHistory[]): readonly HookHistory[] {
  return before.map((one) => (one.result === 'running' ? { ...one, result: 'brokenOff' } : one));
}
