import type { Command } from '../acts.ts';
import type { Journalled } from '../journals.ts';

const STARTED = Date.UTC(2026, 10, 21, 9, 0, 0);

/** What a journal has of a run, and what that comes to. */
export type Earlier = Pick<Journalled, 'events'> & { readonly history: Journalled['history'] | undefined };

export const nothingEarlier: Earlier = { events: [], history: undefined };

/** What it was started for. */
export interface Task {
  readonly command: Command;
  /** What it goes on with: the last process of a run, and what its journal has kept. */
  readonly goesOn?: Journalled | undefined;
}

/** The time of day at a moment of the world's time. */
export function dateAt(ms: number): Date {
  return new Date(STARTED + ms);
}

/** Ids of runs sort by age. */
export function runNumber(age: number): string {
  return `20261121-090000-${String(age).padStart(4, '0')}`;
}
