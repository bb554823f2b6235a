import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectDir } from '../lab/settings.ts';

/** A fingerprint of the sluice that `bin/sluice` runs. */
export function buildOf(): string {
  const dir = join(projectDir(), 'dist/sluice');
  const files = readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.js'));
  const hash = createHash('sha256');
  for (const name of files.toSorted()) hash.update(`${name}\n`).update(readFileSync(join(dir, name)));
  return hash.digest('hex').slice(0, 12);
}

/** @throws Error when sluice was built anew since: rounds of different programs have no common ratio. */
export function demandSameBuild(before: string): void {
  const now = buildOf();
  if (now === before) return;
  throw new Error(`Cannot compare: sluice was built anew during the benchmark (${before}, now ${now})`);
}
