/** The journals of the runs, as they lie on the disk of whoever reads them later. */
import { eventsIn } from '../../src/adapters/journal/runs.ts';
import { jsonLine } from '../../src/report/json.ts';
import { EVENT_SCHEMA, type StampedEvent } from '../../src/rollout/events.ts';
import { replay, type RunHistory } from '../../src/rollout/history.ts';
import { Random } from './random.ts';
import type { Controller } from './world/controller.ts';
import { dateAt } from './world/task.ts';
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
    const events = read(process);
    const history = replay(events);
    if (history && isOpen(history)) return { process, events, history };
  }
  return undefined;
}

/** Its journal as it is on the disk, read as sluice reads it: the last line may be torn. */
function read(controller: Controller): readonly StampedEvent[] {
  const { run, earlier, events, toldMs } = controller;
  const lines = events.map((event, index) =>
    jsonLine(event, { seq: earlier.length + index + 1, at: dateAt(toldMs[index] ?? 0), run }),
  );
  const whole = linesOnDisk(controller);
  const torn = (lines[whole] ?? '').slice(0, 20);
  const text = [...lines.slice(0, whole).map((line) => `${line}\n`), torn].join('');
  return [...earlier, ...eventsIn(text, run).events];
}

/** What was written is there for certain once it is synced, and may be there sooner. */
function linesOnDisk({ world, name, journal, events, isAlive, hasEnded }: Controller): number {
  if (journal.isBroken) return journal.kept;
  if (hasEnded) return events.length;
  return isAlive
    ? journal.kept
    : new Random(world.setting.seed, `disk of ${name}`).between(journal.kept, events.length);
}

/** What journals have come to so far; one that is judged again says the same as long as nothing was added. */
const replayed = new WeakMap<Controller, { readonly kept: number; readonly history: RunHistory | undefined }>();

/** What is certain to be in its journal, as the state that it has come to; when that was is not told. */
export function keptHistory(controller: Controller): RunHistory | undefined {
  const { run, earlier, events, journal } = controller;
  const known = replayed.get(controller);
  if (known?.kept === journal.kept) return known.history;
  const own = events.slice(0, journal.kept).map((event, index): StampedEvent => {
    return { schema: EVENT_SCHEMA, seq: earlier.length + index + 1, ts: '', run, ...event };
  });
  const history = replay([...earlier, ...own]);
  replayed.set(controller, { kept: journal.kept, history });
  return history;
}
