/** The journals of the runs, as they lie on the disk of whoever reads them later. */
import { eventsIn } from '../../src/adapters/journal/runs.ts';
import { jsonLine } from '../../src/report/json.ts';
import { EVENT_SCHEMA, type StampedEvent } from '../../src/rollout/events.ts';
import { replay, type RunHistory } from '../../src/rollout/history.ts';
import { Random } from './random.ts';
import type { Controller } from './world/controller.ts';
import { dateAt, type Earlier } from './world/task.ts';
import type { World } from './world/world.ts';

export interface Journalled {
  readonly process: Controller;
  readonly events: readonly StampedEvent[];
  readonly history: RunHistory;
}

/** The last rollout that has a journal, whether it has ended or not; `isOpen`: that is not done. */
export function lastRollout({ watchman }: World, isOpen: (history: RunHistory) => boolean): Journalled | undefined {
  const seen = new Set<string>();
  for (const process of watchman.controllers.toReversed()) {
    const isRollout = process.command === 'rollout' || process.command === 'resume';
    if (!isRollout || seen.has(process.run)) continue;
    // The last process of a run has the whole of its journal.
    seen.add(process.run);
    const { events, history } = read(process);
    if (history && isOpen(history)) return { process, events, history };
  }
  return undefined;
}

/** What was read of a journal before: the next time only what was added has to be. */
const known = new WeakMap<Controller, Earlier>();

/** Its journal as it is on the disk, read as sluice reads it: the last line may be torn. */
function read(controller: Controller): Earlier {
  const { run, earlier, events, toldMs } = controller;
  const before = known.get(controller) ?? earlier;
  const first = earlier.events.length;
  const lineOf = (index: number): string => {
    const event = events[index];
    return event ? jsonLine(event, { seq: first + index + 1, at: dateAt(toldMs[index] ?? 0), run }) : '';
  };
  const whole = linesOnDisk(controller);
  const lines: string[] = [];
  for (let index = before.events.length - first; index < whole; index += 1) lines.push(`${lineOf(index)}\n`);
  const torn = lineOf(whole).slice(0, 20);
  const added = eventsIn([...lines, torn].join(''), run).events;
  const all = added.length === 0 ? before.events : [...before.events, ...added];
  const now = { events: all, history: replay(added, before.history) };
  known.set(controller, now);
  return now;
}

/** What was written is there for certain once it is synced, and may be there sooner. */
function linesOnDisk({ world, name, journal, events, isAlive, hasEnded }: Controller): number {
  if (journal.isBroken) return journal.kept;
  if (hasEnded) return events.length;
  return isAlive
    ? journal.kept
    : new Random(world.setting.seed, `disk of ${name}`).between(journal.kept, events.length);
}

/** What journals have come to so far: what is judged again is what was added since. */
const replayed = new WeakMap<Controller, { readonly kept: number; readonly history: RunHistory | undefined }>();

/** What is certain to be in its journal, as the state that it has come to; when that was is not told. */
export function keptHistory(controller: Controller): RunHistory | undefined {
  const { run, earlier, events, journal } = controller;
  const before = replayed.get(controller) ?? { kept: 0, history: earlier.history };
  if (before.kept === journal.kept) return before.history;
  const added = events.slice(before.kept, journal.kept).map((event, index): StampedEvent => {
    return { schema: EVENT_SCHEMA, seq: earlier.events.length + before.kept + index + 1, ts: '', run, ...event };
  });
  const history = replay(added, before.history);
  replayed.set(controller, { kept: journal.kept, history });
  return history;
}
