import { isIPv6 } from 'node:net';

/** The largest number of hosts that one name with ranges may stand for. */
const MOST_HOSTS = 100_000;

export type Expansion = { readonly names: readonly string[]; readonly port?: number } | { readonly problem: string };

/**
 * The hosts that a name in an inventory stands for: `fe[01:10:2].example`, `db-[a:f]`, `fe1:2222`,
 * `[2001:db8::6]:22`. Ranges include both ends.
 */
export function expandHosts(written: string): Expansion {
  if (written.split('[').length > written.split(']').length) return { problem: 'a "[" is never closed' };
  const { name, port, problem } = withoutPort(written);
  if (problem !== undefined) return { problem };
  const expansion = expandRanges(name);
  if ('problem' in expansion) return expansion;
  const strange = expansion.names.find((it) => !isHostName(it));
  if (strange !== undefined) return { problem: `"${printable(strange)}" is no name for a host` };
  return port === undefined ? expansion : { ...expansion, port };
}

/** What a file name has room for, and more than DNS has. */
const LONGEST_NAME = 255;

export function isHostName(name: string): boolean {
  if (name.length > LONGEST_NAME) return false;
  return isIPv6(name) || /^[\p{L}\p{N}_](?:[\p{L}\p{N}._-]*[\p{L}\p{N}_.])?$/u.test(name);
}

/** A name that is also a safe file name below group_vars. */
export function isGroupName(name: string): boolean {
  return /^[\p{L}\p{N}_][\p{L}\p{N}._-]*$/u.test(name);
}

export function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= 65_535;
}

const LONGEST_SHOWN = 300;

/** Strange names are shown with their line breaks and controls escaped, so that a complaint keeps to its line. */
export function printable(name: string): string {
  const shown = name.length > LONGEST_SHOWN ? `${name.slice(0, LONGEST_SHOWN)}…` : name;
  return JSON.stringify(shown).slice(1, -1);
}

function withoutPort(written: string): { name: string; port?: number; problem?: string } {
  const [, bracketed, bracketedPort] = /^\[(.*:.*:.*)\]:(\d+)$/.exec(written) ?? [];
  if (bracketed !== undefined) return checkedPort(bracketed, Number(bracketedPort));
  const colons = written.replace(/\[[^\]]*\]/g, '').split(':').length - 1;
  if (colons !== 1) return { name: written };
  const [, name = '', port = ''] = /^(.*):([^\]]*)$/.exec(written) ?? [];
  return checkedPort(name, /^\d+$/.test(port) ? Number(port) : NaN);
}

function checkedPort(name: string, port: number): { name: string; port?: number; problem?: string } {
  return isPort(port) ? { name, port } : { name, problem: 'the port after ":" should be a number from 1 to 65535' };
}

function expandRanges(name: string): Expansion {
  const parts = name.split(/\[([^[\]]*)\]/);
  let names = [parts[0] ?? ''];
  for (let index = 1; index < parts.length; index += 2) {
    const range = parts[index] ?? '';
    const steps = rangeOf(range);
    if (typeof steps === 'string') return { problem: `[${printable(range)}] is no range: ${steps}` };
    if (steps.count * names.length > MOST_HOSTS) return { problem: `"${printable(name)}" are more than 100000 hosts` };
    const items = Array.from({ length: steps.count }, (_, step) => steps.item(step));
    const after = parts[index + 1] ?? '';
    names = names.flatMap((before) => items.map((item) => `${before}${item}${after}`));
  }
  return { names };
}

interface Steps {
  readonly count: number;
  readonly item: (step: number) => string;
}

const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** The steps of a range, or what is wrong with it. */
function rangeOf(range: string): Steps | string {
  const [written, end, stride = '1', ...more] = range.split(':');
  if (written === undefined || end === undefined || more.length > 0) return 'write [first:last] or [first:last:step]';
  if (end === '') return 'it has no last item';
  const by = /^\d{1,9}$/.test(stride) ? Number(stride) : 0;
  if (by === 0) return `its step should be a number above 0, is "${printable(stride)}"`;
  const begin = written === '' ? '0' : written;
  if (/^\d{1,15}$/.test(begin) && /^\d{1,15}$/.test(end)) return numericRange(begin, end, by);
  if (!/^[a-zA-Z]$/.test(begin) || !/^[a-zA-Z]$/.test(end)) return 'its ends should be two numbers or two letters';
  const first = letters.indexOf(begin);
  return stepsOf(first, letters.indexOf(end), by, (index) => letters.charAt(index));
}

function numericRange(begin: string, end: string, by: number): Steps | string {
  const isPadded = begin.length > 1 && begin.startsWith('0');
  if (isPadded && begin.length !== end.length) return `${begin} and ${end} should have the same number of digits`;
  const width = isPadded ? begin.length : 0;
  return stepsOf(Number(begin), Number(end), by, (value) => String(value).padStart(width, '0'));
}

function stepsOf(first: number, last: number, by: number, item: (value: number) => string): Steps | string {
  if (first > last) return 'it ends before it begins';
  return { count: Math.floor((last - first) / by) + 1, item: (step) => item(first + step * by) };
}
