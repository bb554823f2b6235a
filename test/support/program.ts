import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from 'rolldown';

/** A file for `node` that does what a module of ours says, for what only another process can show. */
export async function programOf(name: string, source: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-program-'));
  const input = join(folder, `${name}.ts`);
  writeFileSync(
    input,
    source.replaceAll(/from '(lab\/[^']+)'/g, (_, path: string) => `from '${resolve(path)}'`),
  );
  const file = join(folder, `${name}.mjs`);
  await build({ input, platform: 'node', logLevel: 'silent', output: { file, format: 'esm' } });
  return file;
}
