/** The options of whatever command, for what goes by their names alone. */
import { commonOptions } from './common-options.ts';
import { haproxyOptions } from './haproxy-options.ts';
import { viewOptions } from './inventory-options.ts';
import { lockingOptions } from './lock-options.ts';
import { maintainOptions } from './maintain-options.ts';
import {
  drainingOptions,
  forgettingOptions,
  listingOptions,
  playingOptions,
  restoringOptions,
  resumingOptions,
  rollingBackOptions,
  selectingOptions,
} from './options.ts';

type Option = readonly [name: string, how: object];

const all: readonly Option[] = [
  ...[commonOptions, playingOptions, rollingBackOptions, resumingOptions, selectingOptions, drainingOptions],
  ...[
    restoringOptions,
    forgettingOptions,
    maintainOptions,
    listingOptions,
    lockingOptions,
    viewOptions,
    haproxyOptions,
  ],
].flatMap((options): Option[] => Object.entries<object>(options));

function namesOf([name, how]: Option): string[] {
  return 'alias' in how ? [name, String(how.alias)] : [name];
}

export const optionNames: readonly string[] = [...new Set(all.flatMap(namesOf))].filter((name) => name.length > 1);

const repeatable: ReadonlySet<string> = new Set(all.filter(([, how]) => 'array' in how).flatMap(namesOf));

/** Whether it may be said more than once, so that all of it counts. */
export function isRepeatable(option: string): boolean {
  return repeatable.has(option);
}
