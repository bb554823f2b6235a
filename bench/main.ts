/** `npm run bench`: see docs/benchmarks.md. */
import { writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { labDownIf } from '../lab/lab.ts';
import { isOurs } from '../lab/owner.ts';
import { buildOf } from './build.ts';
import { floor, sluice } from './contenders.ts';
import { inventoryLines, inventoryTimes } from './inventory.ts';
import type { BenchOptions } from './options.ts';
import { readOptions, usage } from './options.ts';
import { contendersHere, ratiosOf, rolloutText, takeTurns } from './rollout.ts';
import { partsText, stepsText, stepTimesOf } from './steps.ts';

async function main(args: readonly string[]): Promise<number> {
  const options = readOptions(args);
  if (options === 'help') {
    console.log(usage);
    return 0;
  }
  try {
    return await bench(options);
  } finally {
    await labDownIf(isOurs, { keepImages: true });
  }
}

async function bench(options: BenchOptions): Promise<number> {
  const has = new Set(options.names);
  const results: Record<string, unknown> = {
    at: new Date().toISOString(),
    machine: machine(),
    build: buildOf(),
    options,
  };
  if (has.has('inventory')) {
    const times = inventoryTimes();
    results['inventory'] = times;
    print(inventoryLines(times));
  }
  let isMissed = false;
  if (has.has('rollout') || has.has('steps')) {
    const turns = await takeTurns(has.has('rollout') ? await contendersHere() : [floor, sluice], options);
    const ratios = ratiosOf(turns);
    const steps = stepTimesOf(turns);
    isMissed = has.has('rollout') && ratios.some(({ isMet }) => !isMet);
    Object.assign(results, { turns, ratios, steps });
    if (has.has('rollout')) print(rolloutText(turns, ratios));
    print(partsText(turns));
    if (has.has('steps')) print(stepsText(steps));
  }
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(results, null, 2)}\n`);
  return options.asserts && isMissed ? 1 : 0;
}

/** The kind of machine; how busy it was is part of the result. */
function machine(): object {
  const [one] = cpus();
  return { cores: availableParallelism(), cpu: one?.model ?? '', node: process.version, load: loadavg() };
}

function print(lines: readonly string[]): void {
  console.log([...lines, ''].join('\n'));
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
