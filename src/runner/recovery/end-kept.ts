/** The end of what a `blue-green` rollout has kept: the old containers stop, which nothing reaches. */
import { reasonOf, Failure } from '../../errors.ts';
import { keptText, type KeptSet } from '../../rollout/kept.ts';
import type { HeldHost } from '../hosts/held-hosts.ts';
import { timeOn } from '../hosts/host-time.ts';
import { advance, stepActions } from '../instance/advance.ts';
import type { RecordEntry } from '../ports/ports.ts';
import type { RunContext } from '../run.ts';
import { homeward } from '../waiting/persist.ts';
import { watchOf } from '../waiting/watch.ts';
import type { PutBack } from './put-back-all.ts';
import { byContainer, recordedWork } from '../hosts/recorded-work.ts';

/**
 * Ends these sets, container by container: each is drained where somebody has let requests in again, stopped, and its
 * servers stand as those of a free slot do. One whose new container does not serve stays kept, and so does its record.
 */
export async function endKept(
  held: HeldHost,
  sets: readonly KeptSet<RecordEntry>[],
  context: RunContext,
): Promise<PutBack> {
  const now = await timeOn(held.access, held.undo.entries);
  const reasons: string[] = [];
  let count = 0;
  for (const set of sets) {
    context.report({ type: 'warning', host: held.access.name, text: `Ending what is kept: ${keptText(set, now)}` });
    for (const entries of byContainer(set.entries)) {
      const reason = await endOne(entries, held, context);
      if (reason === undefined) count += 1;
      else reasons.push(reason);
    }
  }
  return { ok: reasons.length === 0, reason: reasons[0] ?? '', count };
}

/** Why it is kept on, or undefined. */
async function endOne(
  entries: readonly RecordEntry[],
  held: HeldHost,
  context: RunContext,
): Promise<string | undefined> {
  const [first] = entries;
  if (!first) return undefined;
  const { clock, report, stop } = context;
  const subject = { host: held.access.name, name: first.container ?? '' };
  const watch = watchOf({ clock, report, subject, signal: stop.homeward, step: 'vacate' });
  try {
    const { work } = await homeward(() => recordedWork(entries, first, { held, watch }), watch);
    const ending = { ...work, life: 'ending' as const };
    const { state, failure } = await advance(ending, { ...context, actions: stepActions });
    return state === 'updated' ? undefined : reasonOf(failure);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return error.message;
  }
}
