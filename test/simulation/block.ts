/** A worker thread: plays blocks of seeds, one after the other. */
import { parentPort } from 'node:worker_threads';
import { breakages } from './breakages.ts';
import { run } from './run.ts';
import { scenarioOf } from './stories.ts';
import type { Violation } from './world/watchman.ts';

export interface Block {
  readonly from: number;
  readonly seeds: number;
  readonly breakage: string | undefined;
}

/** A seed whose story does not hold. */
export interface Found {
  readonly seed: number;
  readonly violations: readonly Violation[];
}

// A stack trace costs more than the failure that it is of; whoever tells the story of a seed has them.
Error.stackTraceLimit = 0;

parentPort?.on('message', (block: Block) => {
  void play(block).then((found) => parentPort?.postMessage(found));
});

async function play({ from, seeds, breakage }: Block): Promise<readonly Found[]> {
  const found: Found[] = [];
  for (let seed = from; seed < from + seeds; seed += 1) {
    const { violations } = await run(scenarioOf(seed), { breakage: breakages[breakage ?? ''] ?? {} });
    if (violations.length > 0) found.push({ seed, violations });
  }
  return found;
}
