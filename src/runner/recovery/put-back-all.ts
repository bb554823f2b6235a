import { Failure, reasonOf } from '../../errors.ts';
import { serverSeenFrom } from '../../rollout/model.ts';
import { beforeActing } from '../instance/before-acting.ts';
import type { HeldHost } from '../hosts/held-hosts.ts';
import { tellRecordStays } from './left-behind.ts';
import type { RecordEntry } from '../ports/ports.ts';
import { homeward } from '../waiting/persist.ts';
import type { RunContext } from '../run.ts';
import { keepStanding } from '../instance/standing.ts';
import { findState, putBack, type ServerAccess } from '../instance/traffic.ts';
import { watchOf, type Watch } from '../waiting/watch.ts';

/** How long a server may take to be seen UP again. */
export const UP_WITHIN_MS = 60_000;

export type PutBackContext = Pick<RunContext, 'clock' | 'report' | 'journal' | 'stop'>;

export interface PutBackOutcome {
  readonly ok: boolean;
  readonly reason: string;
}

export interface PutBack extends PutBackOutcome {
  /** How many servers are back, also when their record stays behind. */
  readonly count: number;
}

/** Puts each of these servers back to its standing and forgets it once it is. */
export async function putBackAll(
  held: HeldHost,
  entries: readonly RecordEntry[],
  context: PutBackContext,
): Promise<PutBack> {
  const { clock, report, journal, stop } = context;
  const { access: host, reach } = held;
  const settled = await Promise.allSettled(
    entries.map(async (entry) => {
      const subject = { host: host.name, name: serverSeenFrom(host.name, entry.server) };
      const began = clock.now();
      report({ type: 'step-started', subject, step: 'restore', homeward: true });
      try {
        await beforeActing(journal, true);
        const watch = watchOf({ clock, signal: stop.homeward, report, subject, step: 'restore' });
        const outcome = await homeward(() => putBackOne(entry, reach(entry.server), watch), watch);
        report({ type: 'step-ended', subject, step: 'restore', homeward: true, ms: clock.now() - began, outcome });
        return entry;
      } catch (error) {
        const ms = clock.now() - began;
        report({ type: 'step-failed', subject, step: 'restore', ms, reason: reasonOf(error), details: [] });
        throw error;
      }
    }),
  );
  const back = settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  await forget(held, back, context);
  const failure = settled.find((result) => result.status === 'rejected');
  if (failure && !(failure.reason instanceof Failure)) throw failure.reason;
  return { ok: !failure, reason: failure ? reasonOf(failure.reason) : '', count: back.length };
}

/** What is back is back, also when the record of it cannot be cleared. */
async function forget(held: HeldHost, entries: readonly RecordEntry[], context: PutBackContext): Promise<void> {
  const [first] = entries;
  if (!first) return;
  const { access: host, undo, reach } = held;
  const { clock, report, stop } = context;
  const subject = { host: host.name, name: serverSeenFrom(host.name, first.server) };
  const watch = watchOf({ clock, signal: stop.homeward, report, subject, step: 'restore' });
  const servers = entries.map(({ server, standing }) => ({ ...standing, access: reach(server) }));
  try {
    await homeward(async () => {
      await keepStanding(servers, clock);
      await undo.drop(entries.map(({ server }) => server));
    }, watch);
  } catch (error) {
    tellRecordStays(error, first, held, report);
  }
}

async function putBackOne(
  { server, standing, wasUp, agent = false }: RecordEntry,
  access: ServerAccess,
  watch: Watch,
): Promise<string> {
  if (!(await findState(access))) {
    watch.remark({ about: 'gone', server });
    return 'HAProxy has no such server any more';
  }
  const weight = await putBack(access, standing, { withinMs: UP_WITHIN_MS, expectUp: wasUp, agent }, watch);
  return standing.admin === 'ready'
    ? `${wasUp ? 'UP' : 'in service'}, weight ${weight}`
    : `${standing.admin} as before`;
}
