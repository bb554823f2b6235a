import type { ContainerSpec, PullPolicy } from '../../rollout/container-spec.ts';
import { isMapping } from '../values.ts';
import { each, type Leaf, Misfit } from './field.ts';
import { listOf, matching, word } from './leaves.ts';

export const pullPolicy: Leaf<PullPolicy> = {
  says: 'always, missing or never',
  parse: (value) => {
    if (value === 'if_not_present') return 'missing';
    if (value === 'build') return new Misfit('an image is built before it is rolled out');
    if (/^(?:daily|weekly|every_)/.test(String(value))) return new Misfit('Docker does not tell when it last pulled');
    return value === 'always' || value === 'missing' || value === 'never' ? value : new Misfit();
  },
};

/** Undefined is for the controller's own value, if it has one. */
export type Environment = Readonly<Record<string, string | undefined>>;

export const environment: Leaf<Environment> = {
  says: 'a mapping or a list of KEY=value',
  item: 'text or a number',
  isSecret: true,
  parse: (value) => pairsIn(value, (given) => (given === null ? undefined : word(given))),
};

export const labels: Leaf<Readonly<Record<string, string>>> = {
  says: 'a mapping or a list of key=value',
  item: 'text or a number',
  isSecret: true,
  parse: (value) => {
    const pairs = pairsIn(value, (given) => (typeof given === 'boolean' ? String(given) : word(given ?? '')));
    return isPairs(pairs) ? Object.fromEntries(Object.entries(pairs).map(([key, it]) => [key, it ?? ''])) : pairs;
  },
};

export const options: Leaf<Readonly<Record<string, string>>> = {
  says: 'a mapping of texts',
  item: 'text or a number',
  isSecret: true,
  parse: (value) => (isMapping(value) ? labels.parse(value) : new Misfit()),
};

export const sysctls: Leaf<Readonly<Record<string, string>>> = {
  says: 'a mapping or a list such as "net.core.somaxconn=1024"',
  item: 'text or a number',
  parse: labels.parse,
};

export const names = listOf(matching('a word', /^[\w.:-]+$/), 'a list of words');

const securityOption: Leaf<string> = {
  says: 'an option such as no-new-privileges or seccomp=unconfined',
  parse: (value) => {
    if (typeof value !== 'string' || !/^[\w-]+(?:[=:][^\0]+)?$/.test(value)) return new Misfit();
    const [, profile] = /^seccomp[=:](.*)$/s.exec(value) ?? [];
    const isFile = profile !== undefined && !/^(?:unconfined|builtin|\{.*)$/s.test(profile);
    return isFile ? new Misfit('a profile is given as JSON: its file is on no host') : value;
  },
};

export const securityOptions = listOf(securityOption, 'a list of options such as no-new-privileges');

function isPairs(pairs: Environment | Misfit | readonly Misfit[]): pairs is Environment {
  return isMapping(pairs) && !(pairs instanceof Misfit);
}

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
