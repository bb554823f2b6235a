/** `npm run simulate -- --seeds N --from S [--jobs J] [--break NAME] [--story SEED]`: see docs/contributing.md. */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { breakages } from './breakages.ts';
import type { Block, Found } from './block.ts';
import { invariants } from './invariants.ts';
import { openFindings } from './open-findings.ts';
import { scenarioOf } from './stories.ts';
import { shortest, storyOf } from './story.ts';

const BLOCK = 50;

interface Options {
  readonly seeds: number;
  readonly from: number;
  readonly jobs: number;
  readonly breakage: string | undefined;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      ...{ seeds: { type: 'string' }, from: { type: 'string' }, jobs: { type: 'string' } },
      ...{ break: { type: 'string' }, story: { type: 'string' } },
    },
  });
  const breakage = values.break;
  if (breakage !== undefined && !(breakage in breakages)) {
    console.error(`There is no breakage ${breakage}; there are ${Object.keys(breakages).join(', ')}`);
    return 1;
  }
  if (values.story !== undefined) {
    await tell(Number(values.story), breakage);
    return 0;
  }
  return simulate({
    seeds: Number(values.seeds ?? 1_000),
    from: Number(values.from ?? 1),
    jobs: Number(values.jobs ?? availableParallelism()),
    breakage,
  });
}

async function simulate(options: Options): Promise<number> {
  const began = performance.now();
  const usage = process.cpuUsage();
  const found = (await allBlocks(options)).toSorted((one, other) => one.seed - other.seed);
  const seconds = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(usage);
  const rates = [seconds, (user + system) / 1e6].map((all) => Math.round(options.seeds / all));
  const rate = `${rates[0] ?? 0} a second, ${rates[1] ?? 0} a second of processor time`;
  console.log(`${options.seeds} stories in ${seconds.toFixed(1)} s, ${rate}; ${found.length} do not hold`);
  const names = new Set(found.flatMap((one) => one.violations.map(({ invariant }) => invariant)));
  for (const name of names) {
    const own = found.filter(({ violations }) => violations.some(({ invariant }) => invariant === name));
    console.log(
      `\n${name}: ${own.length} times, seeds ${own
        .slice(0, 12)
        .map(({ seed }) => seed)
        .join(' ')}`,
    );
    console.log(`  ${invariants[name]}`);
    const first = own[0];
    const text = first?.violations.find(({ invariant }) => invariant === name)?.text ?? '';
    console.log(`  seed ${first?.seed ?? ''}: ${text}`);
  }
  const open = options.breakage === undefined ? found.filter(({ seed }) => openFindings.has(seed)) : [];
  for (const { seed } of open) console.log(`known and open: seed ${seed}: ${openFindings.get(seed) ?? ''}`);
  const first = found.find((one) => !open.includes(one));
  if (!first) return 0;
  console.log('');
  await tell(first.seed, options.breakage);
  return 1;
}

/** The shortest story of a seed that does not hold; the whole one of a seed that does. */
async function tell(seed: number, breakage: string | undefined): Promise<void> {
  console.log(storyOf(await shortest(scenarioOf(seed), breakages[breakage ?? ''] ?? {})));
}

async function allBlocks({ seeds, from, jobs, breakage }: Options): Promise<readonly Found[]> {
  const blocks: Block[] = [];
  for (let done = 0; done < seeds; done += BLOCK) {
    blocks.push({ from: from + done, seeds: Math.min(BLOCK, seeds - done), breakage });
  }
  const found: Found[] = [];
  const work = async (): Promise<void> => {
    const worker = new Worker(new URL('block.js', import.meta.url));
    try {
      for (let block = blocks.shift(); block; block = blocks.shift()) found.push(...(await played(worker, block)));
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  return found;
}

async function played(worker: Worker, block: Block): Promise<readonly Found[]> {
  return new Promise((resolve, reject) => {
    worker.once('message', (found: readonly Found[]) => {
      worker.off('error', reject);
      resolve(found);
    });
    worker.once('error', reject);
    worker.postMessage(block);
  });
}

process.exitCode = await main();
