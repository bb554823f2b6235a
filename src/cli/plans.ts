/** Plans on the terminal, before they are carried out or instead. */
import { systemClock } from '../adapters/system-clock.ts';
import { HAS_CHANGES_STATUS } from '../errors.ts';
import { withoutSecretsIn } from '../report/hidden.ts';
import { planText } from '../report/plan.ts';
import type { SettingChange } from '../rollout/observed.ts';
import { hasChanges, type PlayPlan } from '../rollout/plan.ts';
import type { ShowingPlan } from './command.ts';
import type { CliSession } from './session.ts';

export function printPlans(
  plans: readonly PlayPlan[],
  { diff }: Pick<ShowingPlan, 'diff'>,
  { print, paint, vault }: CliSession,
): void {
  const show = (change: SettingChange): SettingChange => withoutSecretsIn(change, vault.secrets);
  for (const one of plans) print(planText(one, { paint, diff, show }));
}

/** All there is to do for a command that changes nothing. */
export function showPlans(plans: readonly PlayPlan[], how: ShowingPlan, session: CliSession): number {
  printPlans(plans, how, session);
  const exitStatus = how.detailedExitcode && plans.some(hasChanges) ? HAS_CHANGES_STATUS : 0;
  const ms = systemClock.now() - session.startedMs;
  session.report({ type: 'run-ended', command: 'plan', end: 'done', ms, hosts: [], exitStatus });
  return exitStatus;
}
