import { ansible, ansibleMissing, ansibleWaits, floor, sluice } from './contenders.ts';
import type { Contender } from './contenders.ts';
import { buildOf, demandSameBuild } from './build.ts';
import type { BenchOptions } from './options.ts';
import { median, seconds, table } from './table.ts';
import { takeTurn } from './turn.ts';
import type { Turn } from './turn.ts';

/** How many times as long one contender took as the other, and whether that is as wanted. */
export interface Ratio {
  readonly of: Contender['name'];
  readonly to: Contender['name'];
  /** One per round; both contenders of a ratio ran in the same round. */
  readonly rounds: readonly number[];
  readonly median: number;
  /** Empty when it is only told. */
  readonly target: string;
  readonly isMet: boolean;
}

interface Target extends Pick<Ratio, 'of' | 'to' | 'target'> {
  readonly isMet: (ratio: number) => boolean;
}

const targets: readonly Target[] = [
  { of: 'sluice', to: 'floor', target: '≤ 1.3', isMet: (ratio) => ratio <= 1.3 },
  // What a recipe is told to wait for, and what it leaves out, says more than how fast a tool is: docs/benchmarks.md.
  { of: 'ansible', to: 'sluice', target: '', isMet: () => true },
  { of: 'ansible-waits', to: 'sluice', target: '', isMet: () => true },
];

/** All turns of all rounds; each round begins with another contender, since the machine may get busier in between. */
export async function takeTurns(contenders: readonly Contender[], options: BenchOptions): Promise<readonly Turn[]> {
  const turns: Turn[] = [];
  const build = buildOf();
  for (let round = 1; round <= options.rounds; round += 1) {
    const first = (round - 1) % contenders.length;
    for (const contender of [...contenders.slice(first), ...contenders.slice(0, first)]) {
      console.error(`bench: round ${round} of ${options.rounds}, ${contender.name} …`);
      turns.push(await takeTurn(contender, round, options));
      demandSameBuild(build);
    }
  }
  return turns;
}

export async function contendersHere(): Promise<readonly Contender[]> {
  const missing = await ansibleMissing();
  if (missing === undefined) return [floor, sluice, ansible, ansibleWaits];
  console.error(`bench: without ansible: ${missing}`);
  return [floor, sluice];
}

export function ratiosOf(turns: readonly Pick<Turn, 'contender' | 'round' | 'ms'>[]): readonly Ratio[] {
  return targets.flatMap(({ of, to, target, isMet }) => {
    const rounds = turns
      .filter(({ contender }) => contender === of)
      .flatMap(({ ms, round }) => {
        const other = turns.find((turn) => turn.contender === to && turn.round === round);
        return other === undefined ? [] : [ms / other.ms];
      });
    return rounds.length === 0
      ? []
      : [{ of, to, rounds, median: median(rounds), target, isMet: isMet(median(rounds)) }];
  });
}

export function rolloutText(turns: readonly Turn[], ratios: readonly Ratio[]): readonly string[] {
  const head = ['rollout', 'round', 'seconds', 'requests', 'failed', 'p99 ms', 'weights kept'];
  const rows = turns.map(({ contender, round, ms, load, weightsKept, servers }) => [
    contender,
    String(round),
    seconds(ms),
    String(load.requests),
    String(load.failed),
    load.latencyMs.p99.toFixed(0),
    `${weightsKept} of ${servers}`,
  ]);
  const lines = ratios.map(({ of, to, rounds, median: middle, target, isMet }) => {
    const each = rounds.length > 1 ? ` (${rounds.map((ratio) => ratio.toFixed(2)).join(', ')})` : '';
    const wanted = target === '' ? '' : `, target ${target}: ${isMet ? 'met' : 'missed'}`;
    return `${of}/${to} = ${middle.toFixed(2)}${each}${wanted}`;
  });
  return [...table([head, ...rows]), '', ...lines];
}
