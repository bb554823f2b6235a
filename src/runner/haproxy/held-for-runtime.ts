/** Hosts on which something is set by hand while no run has them. */
import type { LimitFunction } from 'p-limit';
import { Failure } from '../../errors.ts';
import { serverPath } from '../../rollout/model.ts';
import { holdHosts, type HeldHosts } from '../hosts/held-hosts.ts';
import { advice, explain } from '../instance/entry-words.ts';
import type { RecordEntry } from '../ports/ports.ts';
import { takeOver } from '../recovery/take-over.ts';
import type { RunContext } from '../run.ts';

/**
 * Holds the hosts while `act` goes on.
 *
 * @throws Failure `locked` when a run has one of them, `error` when one that died, or a drain, has a server there that
 * `isMeant`
 */
export async function whileHeld<T>(
  hosts: readonly string[],
  {
    context,
    limit,
    isMeant,
  }: { readonly context: RunContext; readonly limit: LimitFunction; readonly isMeant: (entry: RecordEntry) => boolean },
  act: (held: HeldHosts) => Promise<T>,
): Promise<T> {
  const held = await holdHosts(hosts, { ...context, limit });
  try {
    await takeOver(held, { ...context, limit });
    for (const { access, undo } of held.all) {
      const entry = undo.entries.find(isMeant);
      if (!entry) continue;
      const who =
        entry.kind === 'kept'
          ? explain(entry)
          : `${serverPath(entry.server)} was taken out of service by ${entry.by} at ${entry.at}`;
      throw new Failure('error', `Cannot change HAProxy on ${access.name}: ${who}: ${advice(entry, access)} first`);
    }
    return await act(held);
  } finally {
    await held.release();
  }
}
