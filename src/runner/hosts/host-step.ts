import { reasonOf } from '../../errors.ts';
import type { HostStep } from '../../rollout/lifecycle.ts';
import { THE_HOST } from '../../rollout/maintenance.ts';
import { beforeActing } from '../instance/before-acting.ts';
import type { HeldHost } from './held-hosts.ts';
import { JobFailed } from './job-run.ts';
import type { RunContext } from '../run.ts';
import { watchOf, type Watch } from '../waiting/watch.ts';

interface Taking {
  readonly step: HostStep | 'drain';
  /** A stop does not keep it from going on. */
  readonly homeward: boolean;
}

/** Takes a step with a host as a whole, and tells of it. `action` says in a few words what came of it. */
export async function hostStep(
  { access }: Pick<HeldHost, 'access'>,
  { step, homeward }: Taking,
  { clock, report, journal, stop }: Pick<RunContext, 'clock' | 'report' | 'journal' | 'stop'>,
  action: (watch: Watch) => Promise<string>,
): Promise<void> {
  const subject = { host: access.name, name: THE_HOST };
  const began = clock.now();
  report({ type: 'step-started', subject, step, homeward });
  try {
    await beforeActing(journal, homeward);
    const outcome = await action(
      watchOf({ clock, report, subject, step, signal: homeward ? stop.homeward : stop.forward }),
    );
    report({ type: 'step-ended', subject, step, homeward, ms: clock.now() - began, outcome });
  } catch (error) {
    const details = error instanceof JobFailed ? error.details : [];
    report({ type: 'step-failed', subject, step, ms: clock.now() - began, reason: reasonOf(error), details });
    throw error;
  }
}
