import { type Filter, FilterProblem } from './arguments.ts';

/** The filters of Jinja2 that the engine has in another way: halves go to the even neighbour, and what is no number is 0. */
export const numericFilters: Readonly<Record<string, Filter>> = {
  round: (value, { at, named }) => {
    const [precision = named['precision'] ?? 0, method = named['method'] ?? 'common'] = at;
    const number = typeof value === 'boolean' ? Number(value) : value;
    if (typeof number !== 'number') throw new FilterProblem('it takes a number');
    if (typeof precision !== 'number') throw new FilterProblem('its precision is a number');
    if (method === 'common') return halfToEven(number, Math.trunc(precision));
    if (method !== 'ceil' && method !== 'floor') throw new FilterProblem('its method is common, ceil or floor');
    const scale = 10 ** precision;
    return Math[method](number * scale) / scale;
  },
  int: (value, { at, named }) => {
    const [otherwise = named['default'] ?? 0, base = named['base'] ?? 10] = at;
    return integerIn(value, Number(base)) ?? otherwise;
  },
  float: (value, { at, named }) => {
    const [otherwise = named['default'] ?? 0] = at;
    return typeof value === 'string' ? (floatIn(value) ?? otherwise) : numberOf(value, otherwise);
  },
};

export const numericNames = { round: ['precision', 'method'], int: ['default', 'base'], float: ['default'] };

/** More digits than these no number has. */
const MOST_DIGITS = 70;

/** JavaScript itself goes up from a half, as `0.125` is one, and `2.675`, which is a little less, is none. */
function halfToEven(value: number, precision: number): number {
  if (precision < 0) return halfToEven(value * 10 ** precision, 0) * 10 ** -precision;
  if (precision > MOST_DIGITS || Math.abs(value) >= 1e21 || !Number.isFinite(value)) return value;
  const [whole = '', fraction = ''] = Math.abs(value).toFixed(100).split('.');
  const digits = BigInt(whole + fraction.slice(0, precision));
  const rest = fraction.slice(precision).replace(/0+$/, '');
  const isUp = rest === '5' ? digits % 2n === 1n : rest >= '5';
  return (Math.sign(value) * Number(digits + (isUp ? 1n : 0n))) / 10 ** precision;
}

function numberOf(value: unknown, otherwise: unknown): unknown {
  return typeof value === 'number' || typeof value === 'boolean' ? Number(value) : otherwise;
}

const digitsOf: Readonly<Record<number, string>> = { 2: '0b', 8: '0o', 16: '0x' };

function integerIn(value: unknown, base: number): unknown {
  if (typeof value !== 'string') return value === Infinity || value === -Infinity ? undefined : truncated(value);
  const [, sign = '', digits = ''] = /^\s*([-+]?)(\w+)\s*$/.exec(value) ?? [];
  const bare = digits
    .toLowerCase()
    .replace(new RegExp(`^${digitsOf[base] ?? '(?!)'}`), '')
    .replaceAll(/(?<=\w)_(?=\w)/g, '');
  const isInteger = bare !== '' && Array.from(bare).every((digit) => parseInt(digit, 36) < base);
  if (isInteger) return Number(`${sign}${parseInt(bare, base)}`);
  return truncated(floatIn(value));
}

function truncated(value: unknown): unknown {
  const number = numberOf(value, undefined);
  return typeof number === 'number' ? Math.trunc(number) + 0 : undefined;
}

function floatIn(value: string): number | undefined {
  const written = value.trim().replaceAll(/(?<=\d)_(?=\d)/g, '');
  return /^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i.test(written) ? Number(written) : undefined;
}
