/** How long what is drained is to stay out, and what is to be back by now. */
import { Failure } from '../errors.ts';
import { readNotAfter } from '../rollout/not-after.ts';
import { wallTime, type WallMs } from '../rollout/wall-clock.ts';
import type { Command } from './command.ts';
import { durationMs } from './duration.ts';

export const holdOptions = {
  for: {
    type: 'string',
    requiresArg: true,
    describe: 'Stay until then, and put them back after so long, such as 30m (Ctrl-C: now)',
  },
  until: { type: 'string', requiresArg: true, describe: 'The same with a time of day, such as 16:00' },
  detach: {
    type: 'boolean',
    default: false,
    describe: 'With --for or --until: end at once; any later run, or restore --expired, puts them back',
  },
} as const;

export interface HoldArgs {
  readonly for: string | undefined;
  readonly until: string | undefined;
  readonly detach: boolean;
}

/** As it was asked for: what a time of day means depends on when that was. */
export interface Hold {
  readonly written: string;
  readonly forMs: number;
  /** Of `--until`: that moment, however long the command waits before it takes anything out. */
  readonly endsAt?: Date;
  readonly isDetached: boolean;
}

/** @throws Failure `config` for what is no time, or has passed */
export function holdIn({ for: time, until, detach }: HoldArgs, now: Date): Hold | undefined {
  if (time !== undefined && until !== undefined) {
    throw new Failure('config', 'Cannot use --for and --until together: say one of them');
  }
  if (time === undefined && until === undefined) {
    if (detach) throw new Failure('config', 'Cannot use --detach: it goes with --for or --until only');
    return undefined;
  }
  const forMs = time === undefined ? untilMs(until ?? '', now) : durationMs('--for', time);
  if (forMs <= 0) throw new Failure('config', `Cannot use --for ${time ?? ''}: it must be longer than that`);
  const endsAt = time === undefined ? { endsAt: new Date(now.getTime() + forMs) } : {};
  return { written: time ?? until ?? '', forMs, ...endsAt, isDetached: detach };
}

function untilMs(written: string, now: Date): number {
  const read = readNotAfter(written, wallTime(now, undefined));
  if (read === undefined) {
    const what = 'it must be a time such as 16:00 or "2026-11-22 06:00"';
    throw new Failure('config', `Cannot use --until "${written}": ${what}`);
  }
  if (read === 'over') {
    const hint = 'a time without a day is today, or tomorrow within the next twelve hours';
    throw new Failure('config', `Cannot use --until "${written}": it has passed (${hint})`);
  }
  return momentOf(read.wall).getTime() - now.getTime();
}

/** When the clock on the wall of this machine shows that. */
function momentOf(wall: WallMs): Date {
  const shown = new Date(wall);
  const [year, month, day] = [shown.getUTCFullYear(), shown.getUTCMonth(), shown.getUTCDate()];
  return new Date(year, month, day, shown.getUTCHours(), shown.getUTCMinutes());
}

export interface RestoringArgs {
  readonly hosts: string | undefined;
  readonly server: readonly string[];
  readonly expired: boolean;
  readonly 'forget-balancer': string[];
}

/** @throws Failure `config` for what does not go together */
export function restoreIn({
  hosts,
  server: servers,
  expired,
  'forget-balancer': forget,
}: RestoringArgs): Pick<Extract<Command, { name: 'restore' }>, 'pattern' | 'servers' | 'expired' | 'forget'> {
  if (hosts === undefined && !expired) {
    throw new Failure('config', 'Cannot read the command line: restore needs hosts, such as all (see sluice --help)');
  }
  if (expired && forget.length > 0) {
    throw new Failure('config', 'Cannot use --forget-balancer with --expired: say which hosts it was in front of');
  }
  if (expired && servers.length > 0) {
    throw new Failure('config', 'Cannot use --server with --expired: it is about all whose time is over');
  }
  return { pattern: hosts ?? 'all', servers, expired, forget };
}
