import { Failure, reasonOf } from '../../errors.ts';
import { count } from '../../rollout/count.ts';
import { THE_HOST } from '../../rollout/maintenance.ts';
import { untilRunning } from '../hosts/come-back.ts';
import { hostStep } from '../hosts/host-step.ts';
import type { HeldHost } from '../hosts/held-hosts.ts';
import { forget, parted, tellLeftBehind } from './left-behind.ts';
import { poll } from '../waiting/poll.ts';
import type { RecordEntry } from '../ports/ports.ts';
import { putBackAll, type PutBackContext, type PutBackOutcome } from './put-back-all.ts';
import type { RunContext } from '../run.ts';
import type { Watch } from '../waiting/watch.ts';

const LOOK_EVERY_MS = 1_000;
/** For what a maintenance that died has left: its command, its containers. */
const LEFT_WITHIN_MS = 600_000;

/** What reboots the host is a command of its own. */
export function rebootJobOf(run: string): string {
  return `${run}-reboot`;
}

/**
 * Servers of a host's own balancer first, then those at central ones: these may look at the host through that. A server
 * whose balancer cannot be had stays recorded.
 */
export async function putBackInOrder(
  held: HeldHost,
  entries: readonly RecordEntry[],
  context: PutBackContext,
  goneHosts: readonly string[] = [],
): Promise<PutBackOutcome> {
  const { near, far, gone } = parted(entries, held, goneHosts);
  const isOwn = ({ server }: RecordEntry): boolean => server.balancer.host === held.access.name;
  const own = await putBackAll(held, near.filter(isOwn), context);
  if (!own.ok) return own;
  const central = await putBackAll(
    held,
    near.filter((entry) => !isOwn(entry)),
    context,
  );
  await forget(gone, held, context.report);
  const why = tellLeftBehind(far, held, context.report);
  return central.ok && why !== undefined ? { ok: false, reason: why } : central;
}

/** Finishes what a maintenance that died has left of a host: what still runs there is waited for first. */
export async function recoverMaintained(
  held: HeldHost,
  { entries, goneHosts }: { readonly entries: readonly RecordEntry[]; readonly goneHosts: readonly string[] },
  context: RunContext,
): Promise<PutBackOutcome> {
  const [first] = entries;
  const names = [...new Set(entries.flatMap(({ running = [] }) => running))];
  const began = context.clock.now();
  const ends = (state: 'unchanged' | 'outOfService'): void => {
    const subject = { host: held.access.name, name: THE_HOST };
    context.report({ type: 'instance-ended', subject, state, ms: context.clock.now() - began });
  };
  try {
    await hostStep(held, { step: 'comeBack', homeward: true }, context, async (watch) => {
      if (first) await untilLeft(held, first.run, watch);
      await untilRunning(held.access, { names, withinMs: LEFT_WITHIN_MS }, watch);
      return `${count(names.length, 'container')} ${names.length === 1 ? 'runs' : 'run'}`;
    });
    const outcome = await putBackInOrder(held, entries, context, goneHosts);
    ends(outcome.ok ? 'unchanged' : 'outOfService');
    return outcome;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    ends('outOfService');
    return { ok: false, reason: reasonOf(error) };
  }
}

/** Its command goes on by itself, and what reboots the host may be about to. */
async function untilLeft({ access }: HeldHost, run: string, watch: Watch): Promise<void> {
  const { done } = await poll(
    async () => {
      const looks = await Promise.all([run, rebootJobOf(run)].map((id) => access.jobs.look(id, 0)));
      return looks.some(({ state }) => state === 'running');
    },
    (runs) => !runs,
    {
      ...{ everyMs: LOOK_EVERY_MS, withinMs: LEFT_WITHIN_MS, signal: watch.signal },
      onWaiting: (_, leftMs) => {
        watch.waiting({ for: 'answer', why: `the command of run ${run} still runs there`, leftMs });
      },
      onTrouble: (trouble, leftMs) => {
        watch.waiting({ for: 'answer', why: trouble.message, leftMs });
      },
    },
    watch.clock,
  );
  if (!done) throw new Failure('error', `Cannot put ${access.name} back: the command of run ${run} still runs there`);
}
