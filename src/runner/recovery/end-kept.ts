/** The end of what a `blue-green` rollout has kept: the old containers stop, which nothing reaches. */
import { reasonOf, Failure } from '../../errors.ts';
import { keptText, type KeptSet } from '../../rollout/kept.ts';
import { serverPath } from '../../rollout/model.ts';
import type { HeldHost } from '../hosts/held-hosts.ts';
import { timeOn } from '../hosts/host-time.ts';
import { advance, stepActions } from '../instance/advance.ts';
import { advice, explain } from '../instance/entry-words.ts';
import { servesWell } from '../instance/serves-well.ts';
import type { Work } from '../instance/work.ts';
import type { RecordEntry } from '../ports/ports.ts';
import type { RunContext } from '../run.ts';
import { homeward } from '../waiting/persist.ts';
import { watchOf } from '../waiting/watch.ts';
import type { PutBack } from './put-back-all.ts';
import { byContainer, recordedWork } from '../hosts/recorded-work.ts';

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
    const works = await worksOn(set, held, context);
    if (typeof works === 'string') {
      reasons.push(works);
      continue;
    }
    context.report({ type: 'warning', host: held.access.name, text: `Ending what is kept: ${keptText(set, now)}` });
    for (const work of works) {
      const { state, failure } = await advance(work, { ...context, actions: stepActions });
      if (state === 'updated') count += 1;
      else reasons.push(reasonOf(failure));
    }
  }
  return { ok: reasons.length === 0, reason: reasons[0] ?? '', count };
}

/** What is to be done with each of the set, or why all of it is kept on. */
async function worksOn(
  set: KeptSet<RecordEntry>,
  held: HeldHost,
  context: RunContext,
): Promise<readonly Work[] | string> {
  const why = whyNotWhole(set, held);
  if (why !== undefined) return why;
  try {
    const works = await Promise.all(byContainer(set.entries).map((entries) => workOn(entries, held, context)));
    const serve = await Promise.all(works.map(servesWell));
    const sick = works.find((_, index) => !serve[index]);
    if (!sick) return works;
    const { container, host } = sick.instance;
    return `Cannot end what is kept on ${host}: the new ${container} there does not serve`;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return error.message;
  }
}

/** A part of it may serve again already, or serve at an HAProxy that is not there. */
function whyNotWhole(set: KeptSet<RecordEntry>, { undo, lacks, access }: HeldHost): string | undefined {
  const cannot = `Cannot end what is kept on ${access.name}`;
  const inWork = undo.entries.find(({ kind, run }) => kind === 'rollout' && run === set.run);
  if (inWork) return `${cannot}: ${explain(inWork)}: ${advice(inWork, access)}`;
  const away = set.entries.find(({ server }) => lacks(server));
  const failure = away && lacks(away.server);
  return (
    failure &&
    `${cannot}: ${serverPath(away.server)} on ${away.server.balancer.host} is out of reach: ${failure.message}`
  );
}

async function workOn(entries: readonly RecordEntry[], held: HeldHost, context: RunContext): Promise<Work> {
  const [first] = entries;
  if (!first) throw new Error('nothing is kept of it');
  const { clock, report, stop } = context;
  const subject = { host: held.access.name, name: first.container ?? '' };
  const watch = watchOf({ clock, report, subject, signal: stop.homeward, step: 'vacate' });
  const { work } = await homeward(() => recordedWork(entries, first, { held, watch }), watch);
  return { ...work, life: 'ending' };
}
