import type { ContainerSpec, PullPolicy } from '../../rollout/model.ts';
import { isMapping } from '../values.ts';
import { each, type Leaf, Misfit, textOf } from './field.ts';
import { text, word } from './leaves.ts';

export const pullPolicy: Leaf<PullPolicy> = {
  says: 'always, missing or never',
  parse: (value) => {
    if (value === 'if_not_present') return 'missing';
    return value === 'always' || value === 'missing' || value === 'never' ? value : new Misfit();
  },
};

/** Undefined is for the controller's own value, if it has one. */
export type Environment = Readonly<Record<string, string | undefined>>;

export const environment: Leaf<Environment> = {
  says: 'a mapping or a list of KEY=value',
  item: 'text or a number',
  parse: (value) => pairsIn(value, (given) => (given === null ? undefined : word(given))),
};

export const labels: Leaf<Readonly<Record<string, string>>> = {
  says: 'a mapping or a list of key=value',
  item: 'text or a number',
  parse: (value) => {
    const pairs = pairsIn(value, (given) => (typeof given === 'boolean' ? String(given) : word(given ?? '')));
    return isMapping(pairs) ? Object.fromEntries(Object.entries(pairs).map(([key, it]) => [key, it ?? ''])) : pairs;
  },
};

export const options: Leaf<Readonly<Record<string, string>>> = {
  says: 'a mapping of texts',
  item: 'text or a number',
  parse: (value) => (isMapping(value) ? labels.parse(value) : new Misfit()),
};

type Pair = readonly [string, string | undefined];

function pairsIn(
  value: unknown,
  read: (value: unknown) => string | undefined | Misfit,
): Environment | Misfit | readonly Misfit[] {
  const pairs = Array.isArray(value) ? pairsOfList(value) : isMapping(value) ? pairsOfMapping(value, read) : undefined;
  if (pairs === undefined) return new Misfit();
  return pairs.some((it) => it instanceof Misfit) ? (pairs as Misfit[]) : Object.fromEntries(pairs as Pair[]);
}

function pairsOfMapping(
  value: Readonly<Record<string, unknown>>,
  read: (value: unknown) => string | undefined | Misfit,
): Pair[] | readonly Misfit[] {
  return each<[string, unknown], Pair>(
    Object.entries(value),
    ([key, given]) => {
      const result = isKey(key) ? read(given) : new Misfit(`"${key}" is no name`);
      return result instanceof Misfit ? result : [key, result];
    },
    ([key]) => key,
  );
}

function pairsOfList(value: readonly unknown[]): Pair[] | readonly Misfit[] {
  return each<unknown, Pair>(value, (item) => {
    const [, key, given] = (typeof item === 'string' ? /^([^=\0]+)(?:=([^\0]*))?$/.exec(item) : null) ?? [];
    return key !== undefined && isKey(key) ? [key, given] : new Misfit('write KEY=value');
  });
}

function isKey(key: string): boolean {
  return key !== '' && !/[=\0\s]/.test(key);
}

const VOLUME = /^(\/[^:\0\n\r]*|[a-zA-Z0-9][a-zA-Z0-9_.-]*):(\/[^:\0\n\r]*)(?::([a-zA-Z,]+))?$/;
const volumeModes = new Set(
  'ro rw z Z nocopy cached delegated consistent shared slave private rshared rslave rprivate'.split(' '),
);

function volume(value: unknown): string | Misfit {
  if (isMapping(value)) return new Misfit('the long syntax is not supported yet');
  const written = text.parse(value);
  if (typeof written !== 'string') return new Misfit();
  if (/^[.~]/.test(written))
    return new Misfit('a path of the host must be absolute: the containers run on other machines');
  if (/^\/[^:]*$/.test(written)) return new Misfit('a volume without a name is not supported yet, name it');
  const [, , , modes] = VOLUME.exec(written) ?? [];
  if (!VOLUME.test(written)) return new Misfit();
  const unknown = (modes?.split(',') ?? []).find((mode) => !volumeModes.has(mode));
  return unknown === undefined ? written : new Misfit(`"${unknown}" is no mode`);
}

export const volumes: Leaf<readonly string[]> = {
  says: 'a list of volumes such as "/srv/data:/data:ro" or "cache:/cache"',
  item: 'a volume such as "/srv/data:/data:ro" or "cache:/cache"',
  parse: (value) => (Array.isArray(value) ? each<unknown, string>(value, volume) : new Misfit()),
};

export const restart: Leaf<NonNullable<ContainerSpec['restart']>> = {
  says: 'no, always, on-failure, on-failure:3 or unless-stopped',
  parse: (value) => {
    // YAML reads a bare `no` as false.
    const written = value === false ? 'no' : value;
    const match =
      typeof written === 'string' ? /^(?:no|always|unless-stopped|on-failure(?::(\d{1,9}))?)$/.exec(written) : null;
    if (!match) return new Misfit();
    return { name: match[0].split(':', 1)[0] ?? '', maximumRetryCount: Number(match[1] ?? 0) };
  },
};

export const healthTest: Leaf<readonly string[]> = {
  says: 'a command for the shell, or a list that begins with CMD, CMD-SHELL or NONE',
  item: 'a word of the command',
  parse: (value) => {
    if (typeof value === 'string') return value.trim() === '' ? new Misfit() : ['CMD-SHELL', value];
    if (!Array.isArray(value)) return new Misfit();
    const first: unknown = value[0];
    if (first === 'NONE') return value.length === 1 ? ['NONE'] : new Misfit('nothing may follow NONE');
    if (first !== 'CMD' && first !== 'CMD-SHELL') return new Misfit();
    return value.length > 1 ? each<unknown, string>(value, word) : new Misfit(`a command must follow ${first}`);
  },
};

/** As Docker has them: `name:address`. */
export const extraHosts: Leaf<readonly string[]> = {
  says: 'a mapping of names to addresses, or a list such as "db:10.0.0.5"',
  item: 'a name and an address such as "db:10.0.0.5"',
  parse: (value) => {
    if (Array.isArray(value)) return each<unknown, string>(value, extraHost);
    if (!isMapping(value)) return new Misfit();
    return each<[string, unknown], string>(
      Object.entries(value),
      ([name, address]) => extraHost(typeof address === 'string' ? `${name}:${address}` : undefined),
      ([name]) => name,
    );
  },
};

function extraHost(value: unknown): string | Misfit {
  const match = typeof value === 'string' ? /^([\w.-]+)[:=](\[[\da-fA-F:.]+\]|[\w:.-]+)$/.exec(value) : null;
  return match?.[1] === undefined || match[2] === undefined
    ? new Misfit()
    : `${match[1]}:${match[2].replace(/^\[(.*)\]$/, '$1')}`;
}

const bytesPer: Readonly<Record<string, number>> = { b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

export const size: Leaf<number> = {
  says: 'a size such as "512m" or "1g" (b, k, m or g), or a number of bytes',
  parse: (value) => {
    const match = /^(\d+(?:\.\d+)?)(b|[kmg]b?)?$/i.exec(textOf(value));
    const bytes = Math.floor(Number(match?.[1]) * (bytesPer[match?.[2]?.[0]?.toLowerCase() ?? 'b'] ?? NaN));
    return bytes > 0 && Number.isSafeInteger(bytes) ? bytes : new Misfit();
  },
};

export const cpus: Leaf<number> = {
  says: 'a number of CPUs above 0, such as 0.5',
  parse: (value) => {
    const found = /^\d+(?:\.\d+)?$/.test(textOf(value)) ? Number(value) : 0;
    return found > 0 ? found : new Misfit();
  },
};
