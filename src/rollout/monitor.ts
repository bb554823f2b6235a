/** Whether an instance that serves again does so well: judged by what its servers' counters and its container say. */
import { count } from './count.ts';
import type { MonitorPolicy } from './model.ts';
import type { Container, ServerCounters } from './observed.ts';

/** A rate is judged from this many requests and errors on: one error among three requests decides nothing. */
const FEWEST_REQUESTS = 20;
const FEWEST_ERRORS = 2;

/** What became of the requests of one server since somebody began to count. */
export interface Tally extends Errors {
  readonly requests: number;
  /** The look that all of it is counted up to. */
  readonly upTo: ServerCounters;
}

interface Errors {
  readonly serverErrors: number;
  readonly connectionErrors: number;
  readonly responseErrors: number;
}

/**
 * Counts on by what has been added between two looks. Another process, as after a reload, or a counter that went back
 * begins from nothing: what was counted stays, and the new look is where counting goes on from.
 */
export function tallyAfter(tally: Tally | undefined, seen: ServerCounters): Tally {
  if (!tally) return { requests: 0, serverErrors: 0, connectionErrors: 0, responseErrors: 0, upTo: seen };
  const { upTo } = tally;
  const goesOn = seen.pid === upTo.pid && seen.requests >= upTo.requests && errorsOf(seen) >= errorsOf(upTo);
  if (!goesOn) return { ...tally, upTo: seen };
  return {
    requests: tally.requests + seen.requests - upTo.requests,
    serverErrors: tally.serverErrors + seen.serverErrors - upTo.serverErrors,
    connectionErrors: tally.connectionErrors + seen.connectionErrors - upTo.connectionErrors,
    responseErrors: tally.responseErrors + seen.responseErrors - upTo.responseErrors,
    upTo: seen,
  };
}

function errorsOf({ serverErrors, connectionErrors, responseErrors }: Errors): number {
  return serverErrors + connectionErrors + responseErrors;
}

/**
 * Why the errors of a server are too many, or undefined. `siblings`: the servers of its backend that the run has not
 * touched, as far as it has not. Where they have had requests enough, `compare` decides; else `maxErrors` does.
 */
export function whyTooManyErrors(
  own: Tally,
  siblings: readonly Tally[],
  { maxErrors, compare }: Pick<MonitorPolicy, 'maxErrors' | 'compare'>,
): string | undefined {
  const errors = errorsOf(own);
  const requests = siblings.reduce((sum, sibling) => sum + sibling.requests, 0);
  if (compare !== undefined && requests >= FEWEST_REQUESTS) {
    const theirs = siblings.reduce((sum, sibling) => sum + errorsOf(sibling), 0);
    // One error more than they had: siblings that have had none so far are not proved never to have one.
    if (!isRate(own) || errors * requests <= compare * (theirs + 1) * own.requests) return undefined;
    return `${tallyText(own)}, of its untouched siblings ${theirs} of ${requests}; compare allows ${compare} times as many`;
  }
  if ('errors' in maxErrors) {
    return errors > maxErrors.errors ? `${tallyText(own)}; max_errors allows ${maxErrors.errors}` : undefined;
  }
  const isOver = isRate(own) && errors * 100 > maxErrors.percent * own.requests;
  return isOver ? `${tallyText(own)}; max_errors allows ${maxErrors.percent}%` : undefined;
}

function isRate(own: Tally): boolean {
  return own.requests >= FEWEST_REQUESTS && errorsOf(own) >= FEWEST_ERRORS;
}

/** `12 of 80 requests failed (10 × 5xx, 2 × no connection)`. */
export function tallyText(tally: Tally): string {
  const kinds = [
    [tally.serverErrors, '5xx'],
    [tally.connectionErrors, 'no connection'],
    [tally.responseErrors, 'no answer'],
  ] as const;
  const shown = kinds.filter(([times]) => times > 0).map(([times, kind]) => `${times} × ${kind}`);
  return `${errorsOf(tally)} of ${count(tally.requests, 'request')} failed${shown.length === 0 ? '' : ` (${shown.join(', ')})`}`;
}

/**
 * Why a server does not serve by its own fault, or undefined. One that somebody has taken out (`MAINT`, `DRAIN`) does
 * not take requests, but that says nothing of the container.
 */
export function whyNotUp({
  isUp,
  status,
  lastCheck,
}: Pick<ServerCounters, 'isUp' | 'status' | 'lastCheck'>): string | undefined {
  if (isUp || /^(?:MAINT|DRAIN)/.test(status)) return undefined;
  return `did not stay UP: ${[status, ...(lastCheck === '' ? [] : [`last check ${lastCheck}`])].join(', ')}`;
}

/** Why a container that was started then is not what it was, or undefined. */
export function whyFallen(
  container: Pick<Container, 'running' | 'status' | 'startedAt' | 'health'> | undefined,
  startedAt: string | undefined,
): string | undefined {
  if (!container) return 'is gone';
  if (!container.running || container.status === 'restarting') return `did not stay up: ${container.status}`;
  if (container.startedAt !== startedAt) return 'did not stay up: it was started again';
  return container.health === 'unhealthy' ? 'turned unhealthy' : undefined;
}
