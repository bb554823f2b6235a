import { parseArgs } from 'node:util';

export const benchmarks = ['rollout', 'steps', 'inventory'] as const;
export type Benchmark = (typeof benchmarks)[number];

export interface BenchOptions {
  readonly names: readonly Benchmark[];
  readonly rounds: number;
  /** Requests per second of the whole load, besides the slow ones. */
  readonly rate: number;
  /** How long the application takes to listen. */
  readonly appDelayMs: number;
  /** File for all results as JSON. */
  readonly json: string | undefined;
  /** Exit status 1 when a target is missed. */
  readonly asserts: boolean;
  /** File to hold a lock on while the lab is in use; let go between turns, for others who use the lab. */
  readonly lock: string | undefined;
}

export const usage = `Performance as ratios, measured side by side in one run. Needs root, and Debian, for the lab.

npm run bench -- [${benchmarks.join('|')}]... [options]
    --rounds 1        turns of each contender, in turn
    --rate 300        requests/s, besides four slow ones (1 s each) under way per host
    --app-delay 3000  ms until the application listens
    --json FILE       all results as JSON
    --assert          exit status 1 when a target is missed
    --lock FILE       hold this lock (flock) while the lab is in use, and not between turns`;

/** @throws Error about an option, a value or a name that does not exist. */
export function readOptions(args: readonly string[]): BenchOptions | 'help' {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: '1' },
      rate: { type: 'string', default: '300' },
      'app-delay': { type: 'string', default: '3000' },
      json: { type: 'string' },
      assert: { type: 'boolean', default: false },
      lock: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return 'help';
  return {
    names: positionals.length === 0 ? benchmarks : positionals.map(benchmarkNamed),
    rounds: numberOf('--rounds', values.rounds, 1),
    rate: numberOf('--rate', values.rate, 1),
    appDelayMs: numberOf('--app-delay', values['app-delay'], 0),
    json: values.json,
    asserts: values.assert,
    lock: values.lock,
  };
}

function benchmarkNamed(name: string): Benchmark {
  const found = benchmarks.find((candidate) => candidate === name);
  if (found === undefined) throw new Error(`Cannot run benchmark ${name}: there are ${benchmarks.join(', ')}`);
  return found;
}

function numberOf(name: string, text: string, atLeast: number): number {
  const number = Number(text);
  if (text.trim() !== '' && Number.isInteger(number) && number >= atLeast) return number;
  throw new Error(`Cannot use ${name} ${text}: it must be a whole number from ${atLeast}`);
}
