/** The end of what a `blue-green` rollout has kept: the old containers stop, which nothing reaches. */
import { reasonOf } from '../../errors.ts';
import { keptText, type KeptSet } from '../../rollout/kept.ts';
import type { HeldHost } from '../hosts/held-hosts.ts';
import { timeOn } from '../hosts/host-time.ts';
import { advance, stepActions } from '../instance/advance.ts';
import type { RecordEntry } from '../ports/ports.ts';
import type { RunContext } from '../run.ts';
import { keptWorks } from './kept-works.ts';
import type { PutBack } from './put-back-all.ts';

/**
 * Ends these sets, container by container: each is drained where somebody has let requests in again, stopped, and its
 * servers stand as those of a free slot do. A set of which one new container does not serve is kept on whole, and so is its
 * record: what is left of it could be switched back to only in part.
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
    const works = await keptWorks(set, held, { context, what: 'end' });
    if (typeof works === 'string') {
      reasons.push(works);
      continue;
    }
    context.report({ type: 'warning', host: held.access.name, text: `Ending what is kept: ${keptText(set, now)}` });
    for (const work of works) {
      const { state, failure } = await advance({ ...work, life: 'ending' }, { ...context, actions: stepActions });
      if (state === 'updated') count += 1;
      else reasons.push(reasonOf(failure));
    }
  }
  return { ok: reasons.length === 0, reason: reasons[0] ?? '', count };
}
