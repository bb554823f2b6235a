import type { HostSummary } from '../rollout/events.ts';
import type { Only } from '../rollout/model.ts';
import type { Tone } from './paint.ts';

/** What is done to containers that stay, in the past. */
export const onlyWords: Readonly<Record<Only, string>> = { restart: 'restarted', run: 'done' };

/** How an instance ends whose container stays: there is no older one to put back. */
export function stayedWords(only: Only): Readonly<Partial<Record<string, [Tone, string]>>> {
  return { updated: ['good', onlyWords[only]], unchanged: ['warning', 'serves again, as before'] };
}

/** Of those updated, how many were only this. */
export function stayedIn(hosts: readonly HostSummary[], what: Only): number {
  return hosts.reduce((sum, { only }) => sum + (only?.[what] ?? 0), 0);
}
