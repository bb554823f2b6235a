import { type Leaf, Misfit, textOf } from './field.ts';
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
