import { Failure } from '../../errors.ts';
import { THE_HOST } from '../../rollout/maintenance.ts';
import type { AdvanceContext } from '../instance/advance.ts';
import { advice } from '../instance/entry-words.ts';
import type { RecordEntry } from '../ports/ports.ts';
import { homeward } from '../waiting/persist.ts';
import { watchOf } from '../waiting/watch.ts';
import type { HeldHost } from './held-hosts.ts';

/**
 * Notes on the host what is about to be taken out of service, or leaves its record as it was: of a write whose answer
 * was lost it is not known whether it took place.
 *
 * @throws Failure when it could not be noted; nothing was touched, and where the record may stay that was told
 */
export async function noted(
  { access, undo }: HeldHost,
  entries: readonly RecordEntry[],
  { clock, report, stop }: Pick<AdvanceContext, 'clock' | 'report' | 'stop'>,
): Promise<void> {
  const before = undo.entries;
  try {
    await undo.add(entries);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const subject = { host: access.name, name: THE_HOST };
    const watch = watchOf({ clock, report, subject, step: 'restore', signal: stop.homeward });
    const servers = entries.map(({ server }) => server);
    await homeward(() => undo.putBack(servers, before), watch).catch((why: unknown) => {
      if (!(why instanceof Failure)) throw why;
      const [first = { kind: 'drain' as const }] = entries;
      const text = `The undo record stays behind, if it was written: ${why.message}: ${advice(first, access)}`;
      report({ type: 'warning', host: access.name, text });
    });
    throw error;
  }
}
