import type { Expected } from '../../rollout/expected.ts';
import { isMapping } from '../values.ts';
import { each, type Leaf, Misfit, textOf } from './field.ts';
import { commandLine, text } from './leaves.ts';

export const httpUrl: Leaf<string> = {
  says: 'an address such as "http://127.0.0.1:8081/health"',
  parse: (value) => {
    const written = text.parse(value);
    if (typeof written !== 'string') return written;
    const url = URL.canParse(written) ? new URL(written) : undefined;
    if (url?.protocol === 'https:') return new Misfit('https is not supported yet, only http');
    return url?.protocol === 'http:' && /^http:\/\/\S+$/.test(written) ? written : new Misfit();
  },
};

export const httpStatus: Leaf<readonly [number, number]> = {
  says: 'a status such as 200, or a range such as 200-399',
  parse: (value) => {
    const match = /^(\d{3})(?:\s*-\s*(\d{3}))?$/.exec(textOf(value));
    if (match?.[1] === undefined) return new Misfit();
    const lowest = Number(match[1]);
    const highest = Number(match[2] ?? lowest);
    const isRange = lowest >= 100 && lowest <= highest && highest <= 599;
    return isRange ? [lowest, highest] : new Misfit('statuses go from 100 up to 599');
  },
};

const EXPECTED = 'a text that is in it, or a regular expression such as "/ready: [1-9]/i"';

/** `/…/`, with flags perhaps, is a regular expression of JavaScript. */
export const expected: Leaf<Expected> = {
  says: EXPECTED,
  parse: (value) => {
    const written = text.parse(value);
    if (typeof written !== 'string') return written;
    const [, pattern, flags = ''] = /^\/(.+)\/([a-z]*)$/.exec(written) ?? [];
    if (pattern === undefined) return { text: written };
    if (!/^[imsu]*$/.test(flags)) return new Misfit('its flags are i, m, s and u');
    try {
      new RegExp(pattern, flags);
      return { pattern, flags };
    } catch {
      return new Misfit('that is no regular expression');
    }
  },
};

export const expectedHeaders: Leaf<Readonly<Record<string, Expected>>> = {
  says: 'a mapping of names of headers to what is in them',
  item: EXPECTED,
  parse: (value) => {
    if (!isMapping(value)) return new Misfit();
    const entries = Object.entries(value);
    const odd = entries.find(([name]) => !/^[\w-]+$/.test(name));
    if (odd) return new Misfit(`${JSON.stringify(odd[0])} is no name of a header`);
    const read = each<[string, unknown], Expected>(
      entries,
      ([, item]) => expected.parse(item),
      ([name]) => name,
    );
    const wrong = read.filter((one) => one instanceof Misfit);
    if (wrong.length > 0) return wrong;
    return Object.fromEntries(
      read.flatMap((one, index) => (one instanceof Misfit ? [] : [[(entries[index]?.[0] ?? '').toLowerCase(), one]])),
    );
  },
};

export const tcpAddress: Leaf<{ readonly host: string; readonly port: number }> = {
  says: 'an address and a port such as "127.0.0.1:8081"',
  parse: (value) => {
    const match = typeof value === 'string' ? /^(?:\[([\da-fA-F:.]+)\]|([\w.-]+)):(\d{1,5})$/.exec(value) : null;
    const host = match?.[1] ?? match?.[2];
    const port = Number(match?.[3]);
    return host !== undefined && port >= 1 && port <= 65_535 ? { host, port } : new Misfit();
  },
};

/** As in Compose's healthcheck, a string is for the container's shell. */
export const probeCommand: Leaf<readonly string[]> = {
  says: 'a command for the shell of the container, or a list of words',
  parse: (value) => {
    const isEmpty = typeof value === 'string' ? value.trim() === '' : Array.isArray(value) && value.length === 0;
    if (isEmpty) return new Misfit();
    return typeof value === 'string' ? ['/bin/sh', '-c', value] : commandLine.parse(value);
  },
};
