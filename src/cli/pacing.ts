/** What the command line says of when a run goes on, over what the playbook says. */
import { Failure } from '../errors.ts';
import { readNotAfter, type NotAfter } from '../rollout/not-after.ts';
import type { Play } from '../rollout/play.ts';
import type { OnFailure, Policy, Share } from '../rollout/policy.ts';
import { wallTime } from '../rollout/wall-clock.ts';
import { durationMs } from './duration.ts';

export interface Pacing {
  readonly onFailure: OnFailure | undefined;
  readonly maxFailures: Share | undefined;
  readonly pause: Policy['pause'] | undefined;
  /** As it was written: what it means depends on the time of day. */
  readonly notAfter: string | undefined;
  readonly ignoreFreeze: boolean;
}

export interface PacingArgs {
  readonly 'on-failure'?: OnFailure | undefined;
  readonly 'max-failures'?: string | undefined;
  readonly pause?: string | undefined;
  readonly 'not-after'?: string | undefined;
  readonly 'ignore-freeze'?: boolean | undefined;
}

const notAfterOption = {
  'not-after': {
    type: 'string',
    requiresArg: true,
    describe: 'No further instance begins after this time, such as 16:00',
  },
} as const;

export const pacingOptions = {
  'on-failure': {
    choices: ['pause', 'rollback', 'continue', 'ask'] as const,
    describe: 'What happens when more fails than the limits allow',
  },
  'max-failures': {
    type: 'string',
    requiresArg: true,
    describe: 'Hosts of the run that may fail, instead of both limits of the playbook: 2 or 10%',
  },
  pause: { type: 'string', requiresArg: true, describe: 'Wait between batches, such as 10m, or ask' },
  ...notAfterOption,
  'ignore-freeze': { type: 'boolean', default: false, describe: 'Also in a freeze of the playbook' },
} as const;

/** Of a rollback, which is never rolled back itself, and which no freeze holds up. */
export const rollbackPacingOptions = {
  'on-failure': {
    choices: ['pause', 'continue', 'ask'] as const,
    describe: 'What happens when a host fails, and stays on the new version (pause)',
  },
  'max-failures': { ...pacingOptions['max-failures'], describe: 'Hosts that may fail (0): 2 or 10%' },
  pause: pacingOptions.pause,
  ...notAfterOption,
} as const;

/** @throws Failure `config` */
export function pacingOf(args: PacingArgs): Pacing {
  const { pause, 'max-failures': maxFailures, 'not-after': notAfter } = args;
  return {
    onFailure: args['on-failure'],
    maxFailures: maxFailures === undefined ? undefined : shareOf(maxFailures),
    pause: pause === undefined || pause === 'ask' ? pause : durationMs('--pause', pause),
    notAfter,
    ignoreFreeze: args['ignore-freeze'] ?? false,
  };
}

function shareOf(text: string): Share {
  const [, number, sign] = /^(\d+)(%?)$/.exec(text) ?? [];
  if (number === undefined) {
    throw new Failure('config', `Cannot use --max-failures ${text}: it must be a number of hosts or a percentage`);
  }
  return sign === '%' ? { percent: Number(number) } : { hosts: Number(number) };
}

/** The plays as the command line wants them. With `--yes` nobody is asked between batches, with `--ignore-freeze` none holds. */
export function paced(plays: readonly Play[], pacing: Pacing, { yes }: { readonly yes: boolean }): readonly Play[] {
  return plays.map((play) => {
    const pause = pacing.pause ?? play.policy.pause;
    return {
      ...play,
      maxFailPercentage: pacing.maxFailures === undefined ? play.maxFailPercentage : undefined,
      policy: {
        ...play.policy,
        onFailure: pacing.onFailure ?? play.policy.onFailure,
        maxFailures: pacing.maxFailures ?? play.policy.maxFailures,
        pause: pause === 'ask' && yes ? 0 : pause,
        freeze: pacing.ignoreFreeze ? undefined : play.policy.freeze,
      },
    };
  });
}

/**
 * What `--not-after` means at this time of day.
 *
 * @throws Failure `config` for what is no time, `error` for one that has passed
 */
export function notAfterOf(written: string | undefined, now: Date): NotAfter | undefined {
  if (written === undefined) return undefined;
  const read = readNotAfter(written, wallTime(now, undefined));
  if (read === undefined) {
    const what = 'it must be a time such as 16:00 or "2026-11-22 06:00"';
    throw new Failure('config', `Cannot use --not-after "${written}": ${what}`);
  }
  if (read !== 'over') return read;
  const hint = 'a time without a day is today, or tomorrow within the next twelve hours';
  throw new Failure('error', `Cannot start: ${written} (--not-after) has passed (${hint}); nothing was touched`);
}
