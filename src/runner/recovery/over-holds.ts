/** What was drained for a time that is over: whoever comes next puts it back. */
import { Failure } from '../../errors.ts';
import { serverSeenFrom } from '../../rollout/model.ts';
import type { HeldHost, HeldHosts } from '../hosts/held-hosts.ts';
import { overOn } from '../hosts/host-time.ts';
import type { RecordEntry } from '../ports/ports.ts';
import { putBackAll, type PutBack } from './put-back-all.ts';
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
 * Before a run begins with its own: what was drained on its hosts for a time that is over serves again. `but`: what the
 * run itself sees to.
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
      return { host: held.access.name, ...(await putBackOver(held, due, context)) };
    }),
  );
  const failed = outcomes.find(({ ok }) => !ok);
  if (!failed) return;
  const text = `Cannot start: what was drained on ${failed.host} until now cannot be put back: ${failed.reason}`;
  throw new Failure('out-of-service', text);
}
