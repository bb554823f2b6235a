/** What was drained, or kept, for a time that is over: whoever comes next puts it back, or ends it. */
import { Failure } from '../../errors.ts';
import { serverSeenFrom } from '../../rollout/model.ts';
import type { HeldHost, HeldHosts } from '../hosts/held-hosts.ts';
import { keptOverOn, overOn } from '../hosts/host-time.ts';
import type { RecordEntry } from '../ports/ports.ts';
import { putBackAll, type PutBack } from './put-back-all.ts';
import { endKept } from './end-kept.ts';
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
 * Before a run begins with its own: what was drained on its hosts for a time that is over serves again, and what was kept
 * ends. `but`: what the run itself sees to.
 *
 * @throws Failure `out-of-service` when one of them cannot be put back
 */
export async function restoreOver(
  { all }: HeldHosts,
  context: RunContext,
  but: (entry: RecordEntry) => boolean = () => false,
): Promise<void> {
  const outcomes = await Promise.all(
    all.map(async (held) => {
      const over = await overOn(held.access, held.undo.entries);
      const due = over.filter((entry) => !but(entry));
      const drained = await putBackOver(held, due, context);
      const kept = await endKept(held, await keptOverOn(held.access, held.undo.entries), context);
      return { host: held.access.name, drained, kept };
    }),
  );
  for (const { host, drained, kept } of outcomes) {
    const what = drained.ok ? 'kept' : 'drained';
    const how = drained.ok ? 'ended' : 'put back';
    if (drained.ok && kept.ok) continue;
    const reason = drained.ok ? kept.reason : drained.reason;
    const text = `Cannot start: what was ${what} on ${host} until now cannot be ${how}: ${reason}`;
    throw new Failure('out-of-service', text);
  }
}
