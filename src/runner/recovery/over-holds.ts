/** What was drained, or kept, for a time that is over: whoever comes next puts it back, or ends it. */
import { Failure } from '../../errors.ts';
import { keptAdvice } from '../../rollout/kept.ts';
import { serverSeenFrom } from '../../rollout/model.ts';
import type { HeldHost, HeldHosts } from '../hosts/held-hosts.ts';
import { keptOverOn, overOn } from '../hosts/host-time.ts';
import type { RecordEntry } from '../ports/ports.ts';
import { putBackAll, type PutBack } from './put-back-all.ts';
import { endKept } from './end-kept.ts';
import { keepOut } from './keep-out.ts';
import type { RunContext } from '../run.ts';

/** Says of each why it is put back, and does so. */
export async function putBackOver(held: HeldHost, over: readonly RecordEntry[], context: RunContext): Promise<PutBack> {
  for (const { server, by, note, until = '' } of over) {
    const subject = { host: held.access.name, name: serverSeenFrom(held.access.name, server) };
    context.report({ type: 'remark', subject, remark: { about: 'hold-over', server, by, note, until } });
  }
  return putBackAll(held, over, context);
}

/**
 * Before a run begins with its own: what was drained on its hosts for a time that is over serves again, what was kept
 * ends, and what is kept still is out of traffic. What cannot be ended is told, and is in the way of those only who would change it. `but`: what the run itself sees to.
 *
 * @returns whether there was any that was put back, taken out again, or ended
 * @throws Failure `out-of-service` when a server that was drained cannot be put back
 */
export async function restoreOver(
  { all }: Pick<HeldHosts, 'all'>,
  context: RunContext,
  but: (entry: RecordEntry) => boolean = () => false,
): Promise<boolean> {
  // Whoever calls lets go of the hosts afterwards: none is still worked on then.
  const settled = await Promise.allSettled(
    all.map(async (held) => {
      const over = await overOn(held.access, held.undo.entries);
      const due = over.filter((entry) => !but(entry));
      const drained = await putBackOver(held, due, context);
      const kept = await endKept(held, await keptOverOn(held.access, held.undo.entries), context);
      const isTakenOut = await keepOut(held, context);
      return { host: held.access.name, drained, kept, isTouched: drained.count + kept.count > 0 || isTakenOut };
    }),
  );
  const outcomes = settled.map((one) => {
    if (one.status === 'rejected') throw one.reason;
    return one.value;
  });
  for (const { host, kept } of outcomes)
    if (!kept.ok) context.report({ type: 'warning', host, text: `${kept.reason}: ${keptAdvice(host)}` });
  const failed = outcomes.find(({ drained }) => !drained.ok);
  if (!failed) return outcomes.some(({ isTouched }) => isTouched);
  const text = `Cannot start: what was drained on ${failed.host} until now cannot be put back: ${failed.drained.reason}`;
  throw new Failure('out-of-service', text);
}

/**
 * Once more before a later play looks at these hosts: a time may have passed meanwhile. What comes in between is told, and
 * found once more by those who look.
 */
export async function restoreOverAgain(held: HeldHosts, hosts: readonly string[], context: RunContext): Promise<void> {
  for (const host of held.all.filter(({ access }) => hosts.includes(access.name))) {
    try {
      await restoreOver({ all: [host] }, context);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      context.report({ type: 'warning', host: host.access.name, text: error.message });
    }
  }
}
