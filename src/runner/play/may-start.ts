import { Failure } from '../../errors.ts';
import { frozenAt, frozenText } from '../../rollout/freeze.ts';
import { notAfterText } from '../../rollout/not-after.ts';
import type { Play } from '../../rollout/play.ts';
import { wallTime } from '../../rollout/wall-clock.ts';
import type { PaceOptions } from './pace.ts';
import type { Clock, Operator } from '../ports/ports.ts';

/** Why a rollout of these plays would not be begun at this moment; one for each freeze. */
export function freezesNow(plays: readonly Play[], now: Date): readonly string[] {
  const texts = plays.flatMap(({ policy: { freeze } }) => {
    const frozen = freeze && frozenAt(freeze, now);
    return freeze && frozen ? [`A rollout does not start now: ${frozenText(frozen, freeze)} (--ignore-freeze)`] : [];
  });
  return [...new Set(texts)];
}

/**
 * What can be known to be in the way before any host is connected to.
 *
 * @throws Failure `error` in a freeze, or after `--not-after`; `config` when there is nobody to ask between the batches
 */
export function refuseUnlessMayStart(
  plays: readonly Play[],
  { notAfter, ignoreFreeze = false }: Omit<PaceOptions, 'hosts'>,
  { clock, operator }: { readonly clock: Clock; readonly operator: Operator },
): void {
  const now = clock.date();
  for (const { policy } of plays) {
    const { freeze, pause } = policy;
    const frozen = freeze && !ignoreFreeze ? frozenAt(freeze, now) : undefined;
    if (freeze && frozen) {
      const why = frozenText(frozen, freeze);
      throw new Failure('error', `Cannot start: ${why} (--ignore-freeze starts all the same); nothing was touched`);
    }
    if (pause === 'ask' && !operator.isThere) {
      throw new Failure('config', 'Cannot ask between the batches without a terminal: say --yes, or --pause 0s');
    }
  }
  if (notAfter && wallTime(now, undefined) >= notAfter.wall) {
    throw new Failure('error', `Cannot start: ${notAfterText(notAfter)}; nothing was touched`);
  }
}
