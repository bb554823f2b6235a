/** Damaged files of every kind: whatever is wrong with them is a sentence that names the file, and soon. */
import { rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Failure } from '../../src/errors.ts';
import { damaged, randomOf } from '../support/mutations.ts';
import { goodFiles, kinds, put, type Kind } from './files.ts';

/** `FUZZ_RUNS=1000 FUZZ_SEED=7 npm run fuzz` for more of them, from another seed on. */
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 40);
const FIRST_SEED = Number(process.env['FUZZ_SEED'] ?? 1);

/** Far above what any takes, also on a machine that is busy: a hang, or something that grows without bounds. */
const HANGS_MS = 10_000;

/** What is wrong with how it was read; undefined when all is well. */
async function wrongWith({ file, read }: Kind, folder: string): Promise<string | undefined> {
  const begun = performance.now();
  try {
    await read(folder);
  } catch (error) {
    if (!(error instanceof Failure)) return `a bug: ${error instanceof Error ? (error.stack ?? '') : String(error)}`;
    const lines = error.message.split('\n');
    // What it says may be found wrong in another one; of how a host is reached host and variable are named.
    const nameless = lines.find(
      (line) => !line.includes(folder) && !line.includes(file) && !/^Cannot connect to \S+: /.test(line),
    );
    if (nameless !== undefined) return `does not name the file: ${nameless.slice(0, 300)}`;
    if (/\n {4}at |undefined|\[object/.test(error.message)) return `is no sentence: ${error.message.slice(0, 500)}`;
  }
  const ms = performance.now() - begun;
  return ms > HANGS_MS ? `takes ${Math.round(ms)} ms` : undefined;
}

describe.each(kinds)('$kind', (kind) => {
  it('is read as it is', async () => {
    const folder = goodFiles();
    await kind.read(folder);
    rmSync(folder, { recursive: true });
  });

  it('that is damaged is refused in sentences, or understood', async () => {
    const folder = goodFiles();
    const found: string[] = [];
    for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS; seed += 1) {
      const text = damaged(kind.good.toString('latin1'), randomOf(seed));
      put(folder, kind.file, Buffer.from(text, typeof kind.good === 'string' && seed % 5 > 0 ? 'utf8' : 'latin1'));
      const wrong = await wrongWith(kind, folder);
      if (wrong !== undefined) found.push(`seed ${seed}: ${wrong}`);
    }
    rmSync(folder, { recursive: true });
    expect(found).toEqual([]);
  });
});
