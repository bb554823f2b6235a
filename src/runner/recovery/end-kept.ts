/** The end of what a `blue-green` rollout has kept: the old containers stop, which nothing reaches. */
import { Failure, reasonOf } from '../../errors.ts';
import { keptText, type KeptSet } from '../../rollout/kept.ts';
import type { HeldHost } from '../hosts/held-hosts.ts';
import { timeOn } from '../hosts/host-time.ts';
import { advance, stepActions } from '../instance/advance.ts';
import type { RecordEntry } from '../ports/ports.ts';
import type { RunContext } from '../run.ts';
import { homeward } from '../waiting/persist.ts';
import { watchOf } from '../waiting/watch.ts';
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
    const unnoted = await noteWhole(set, held, context);
    if (unnoted) {
      reasons.push(unnoted.message);
      continue;
    }
    for (const work of works) {
      const { state, failure } = await advance({ ...work, life: 'ending' }, { ...context, actions: stepActions });
      if (state === 'updated') count += 1;
      else reasons.push(reasonOf(failure));
    }
    // What is gone by now must not be taken for kept by whatever this run does next.
    const unknown = await atHome(() => held.undo.settle(), { held, set, context });
    if (unknown) reasons.push(unknown.message);
  }
  return { ok: reasons.length === 0, reason: reasons[0] ?? '', count };
}

/** So that whoever finds a part of it knows that there was more: what is left would be of another version by itself. */
async function noteWhole(set: KeptSet<RecordEntry>, held: HeldHost, context: RunContext): Promise<Failure | undefined> {
  const { containers, entries } = set;
  const others = ({ container, endsWith = [] }: RecordEntry): readonly string[] => [
    ...new Set([...endsWith, ...containers.filter((one) => one !== container)]),
  ];
  const noted = entries.map((entry) => ({ ...entry, endsWith: others(entry) }));
  if (noted.every(({ endsWith }) => endsWith.length === 0)) return undefined;
  return atHome(() => held.undo.add(noted), { held, set, context });
}

interface Ending {
  readonly held: HeldHost;
  readonly set: KeptSet<RecordEntry>;
  readonly context: RunContext;
}

async function atHome(
  action: () => Promise<void>,
  { held, set, context: { clock, report, stop } }: Ending,
): Promise<Failure | undefined> {
  const subject = { host: held.access.name, name: set.containers[0] ?? '' };
  const watch = watchOf({ clock, report, subject, signal: stop.homeward, step: 'vacate' });
  try {
    await homeward(action, watch);
    return undefined;
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
}
