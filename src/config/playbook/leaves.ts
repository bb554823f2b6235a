import { type BatchSize, type Serial } from '../../rollout/serial.ts';
import type { ErrorLimit, MinUp, OnTimeout } from '../../rollout/model.ts';
import { each, type Leaf, Misfit } from './field.ts';
import { splitWords } from './shell-words.ts';

const QUOTE_IT = 'quote it';

/** A number, also as text, because `-e` and many templates give text. */
export function numberIn(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && /^-?\d+(?:\.\d+)?$/.test(value.trim()) ? Number(value) : undefined;
}

export function integer(says: string, least: number, most = Number.MAX_SAFE_INTEGER): Leaf<number> {
  return {
    says,
    parse: (value) => {
      const found = numberIn(value);
      return found !== undefined && Number.isSafeInteger(found) && found >= least && found <= most
        ? found
        : new Misfit();
    },
  };
}

/** A text on one line: nothing that is printed or sent may start a second one. */
export const text: Leaf<string> = {
  says: 'text on one line',
  parse: (value) => {
    if (typeof value === 'boolean') return new Misfit(QUOTE_IT);
    const written = typeof value === 'number' ? String(value) : value;
    return typeof written === 'string' && /^[^\u0000-\u001f\u007f]+$/.test(written) ? written : new Misfit();
  },
};

/** The same where it may be a secret, so that it takes words to say what is wrong with it. */
export function secretLine(value: unknown): ReturnType<typeof text.parse> {
  const read = text.parse(value);
  if (typeof read === 'string' || typeof value !== 'string') return read;
  if (value === '') return new Misfit('it is empty');
  const [line = ''] = value.split('\n');
  const isOneLine = value === `${line}\n` && typeof text.parse(line) === 'string';
  return new Misfit(isOneLine ? 'it ends with a line feed' : 'it has a line feed or a control character in it');
}

/** A number or a text that `pattern` matches. */
export function matching(says: string, pattern: RegExp): Leaf<string> {
  return {
    says,
    parse: (value) => {
      const written = text.parse(value);
      return typeof written !== 'string' || pattern.test(written) ? written : new Misfit();
    },
  };
}

export const boolean: Leaf<boolean> = {
  says: 'true or false',
  parse: (value) => {
    if (typeof value === 'boolean') return value;
    const word = typeof value === 'string' ? value.toLowerCase() : '';
    return word === 'true' || word === 'false' ? word === 'true' : new Misfit();
  },
};

export function oneOf<T extends string>(words: readonly T[]): Leaf<T> {
  return {
    says: words.length > 1 ? `${words.slice(0, -1).join(', ')} or ${words.at(-1) ?? ''}` : words.join(''),
    parse: (value) => words.find((word) => word === value) ?? new Misfit(),
  };
}

const msPer: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const LONGEST_HOURS = 168;

/** `500ms`, `30s` or `1m30s`, in milliseconds. A bare number is refused: it would not say its unit. */
export const duration: Leaf<number> = {
  says: 'a duration with its unit, such as "30s", "500ms" or "1m30s"',
  parse: (value) => {
    const bare = numberIn(value);
    if (bare !== undefined) return new Misfit(`${bare}s or ${bare}ms?`);
    if (typeof value !== 'string' || !/^(?:\d+(?:\.\d+)?(?:us|ms|s|m|h))+$/.test(value)) return new Misfit();
    const parts = [...value.matchAll(/([\d.]+)([a-z]+)/g)];
    const total = parts.reduce((sum, [, digits, unit]) => sum + Number(digits) * (msPer[unit ?? ''] ?? NaN), 0);
    return total > LONGEST_HOURS * 3_600_000 ? new Misfit(`at most ${LONGEST_HOURS}h`) : Math.round(total);
  },
};

export const durationAboveZero: Leaf<number> = {
  says: duration.says,
  parse: (value) => {
    const found = duration.parse(value);
    return found === 0 ? new Misfit('it must be above 0') : found;
  },
};

/** `35%`, as 35. Above 100 is all there is. */
export function percentIn(value: unknown): number | undefined {
  const digits = typeof value === 'string' ? /^(\d+)\s*%$/.exec(value.trim())?.[1] : undefined;
  return digits === undefined ? undefined : Math.min(100, Number(digits));
}

function batchSize(value: unknown): BatchSize | Misfit {
  const percent = percentIn(value);
  if (percent !== undefined) return percent > 0 ? { percent } : new Misfit('at least "1%"');
  const hosts = numberIn(value);
  if (hosts === 0) return new Misfit('at least 1; all hosts at once is "100%"');
  if (hosts === undefined || !Number.isSafeInteger(hosts)) {
    const isFraction = hosts !== undefined || (typeof value === 'string' && /^[\d.]+\s*%$/.test(value));
    return new Misfit(isFraction ? 'whole numbers only' : '');
  }
  return hosts > 0 ? { hosts } : new Misfit('at least 1');
}

export const serial: Leaf<Serial> = {
  says: 'a number of hosts such as 2, or a percentage such as "35%"',
  parse: (value) => {
    const sizes = each(Array.isArray(value) ? value : [value], batchSize);
    const [first, ...others] = sizes;
    if (first === undefined) return new Misfit('it needs at least one size');
    if (first instanceof Misfit) return Array.isArray(value) ? (sizes as Misfit[]) : new Misfit(first.hint);
    return [first, ...others] as Serial;
  },
};

export const minUp: Leaf<MinUp> = {
  says: 'a number of servers such as 1, or a percentage such as "50%"',
  parse: (value) => {
    if (typeof value === 'string' && /^\d+\s*%$/.test(value) && parseInt(value) > 100)
      return new Misfit('at most "100%"');
    const percent = percentIn(value);
    if (percent !== undefined) return { percent };
    const servers = numberIn(value);
    return servers !== undefined && Number.isSafeInteger(servers) && servers >= 0 ? { servers } : new Misfit();
  },
};

export const errorLimit: Leaf<ErrorLimit> = {
  says: 'a number of errors such as 5, or a percentage of the requests such as "2%"',
  parse: (value) => {
    const percent = typeof value === 'string' ? /^(\d+(?:\.\d+)?)\s*%$/.exec(value.trim())?.[1] : undefined;
    if (percent !== undefined)
      return Number(percent) <= 100 ? { percent: Number(percent) } : new Misfit('at most "100%"');
    const errors = numberIn(value);
    if (errors !== undefined && !Number.isSafeInteger(errors)) return new Misfit('whole numbers only');
    return errors !== undefined && errors >= 0 ? { errors } : new Misfit();
  },
};

/** How many times as much; a little less than as much makes no sense. */
export const factor: Leaf<number> = {
  says: 'a number from 1 to 1000 such as 3',
  parse: (value) => {
    const found = numberIn(value);
    return found !== undefined && found >= 1 && found <= 1000 ? found : new Misfit();
  },
};

export const percentage: Leaf<number> = {
  says: 'a number from 0 to 100',
  parse: (value) => {
    const found = numberIn(typeof value === 'string' ? value.replace(/%$/, '') : value);
    return found !== undefined && found >= 0 && found <= 100 ? found : new Misfit();
  },
};

export const onTimeout: Leaf<OnTimeout> = oneOf(['fail', 'continue', 'shutdown_sessions']);

/** Unique, in the order written; `a, b` is two. */
export const tags: Leaf<readonly string[]> = {
  says: 'a tag or a list of tags',
  item: 'a tag',
  parse: (value) => {
    const items: unknown[] = typeof value === 'string' ? value.split(',').map((tag) => tag.trim()) : [value].flat();
    const read = each(items, text.parse);
    if (!read.every((it) => typeof it === 'string'))
      return Array.isArray(value) ? read.filter((it) => it instanceof Misfit) : new Misfit();
    return [...new Set(read)];
  },
};

/** A command line as Compose reads it: a string is split into words as a shell would, a list is taken as it is. */
export const commandLine: Leaf<readonly string[]> = {
  says: 'a command, or a list of its words',
  item: 'a word of the command',
  parse: (value) => {
    if (typeof value === 'string') return splitWords(value) ?? new Misfit('a quotation mark is not closed');
    return Array.isArray(value) ? each<unknown, string>(value, word) : new Misfit();
  },
};

/** Any text without NUL; line feeds too, it reaches no command line of ours. */
export function word(value: unknown): string | Misfit {
  if (typeof value === 'number') return String(value);
  if (typeof value === 'boolean') return new Misfit(QUOTE_IT);
  return typeof value === 'string' && !value.includes('\0') ? value : new Misfit();
}

export function listOf<T>(leaf: Leaf<T>, says: string): Leaf<readonly T[]> {
  return {
    says,
    item: leaf.says,
    parse: (value) => (Array.isArray(value) ? each<unknown, T>(value, leaf.parse) : new Misfit()),
  };
}

/** As in Ansible, a list is a pattern too: any of its items. */
export const hostPattern: Leaf<string> = {
  says: 'a host pattern such as "fe" or "fe:!fe3"',
  item: 'a host pattern',
  parse: (value) => {
    if (!Array.isArray(value)) return text.parse(value);
    const items = each<unknown, string>(value, text.parse);
    if (items.length === 0) return new Misfit();
    return items.every((it) => typeof it === 'string') ? items.join(',') : items.filter((it) => it instanceof Misfit);
  },
};
