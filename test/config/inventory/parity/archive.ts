import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export interface ArchivedFile {
  readonly text: string;
  readonly isExecutable: boolean;
}

/** Several files in one: each begins with a line `-- its/path --`, or `-- its/path (executable) --`. */
export function readArchive(text: string): ReadonlyMap<string, ArchivedFile> {
  const files = new Map<string, ArchivedFile>();
  const parts = text.split(/^-- (.+?)( \(executable\))? --\n/m).slice(1);
  for (let index = 0; index < parts.length; index += 3) {
    const [name = '', executable, content = ''] = parts.slice(index, index + 3);
    files.set(name, { text: content, isExecutable: executable !== undefined });
  }
  return files;
}

export function archiveOf(files: Readonly<Record<string, string>>): string {
  return Object.entries(files)
    .map(([name, text]) => `-- ${name} --\n${text === '' || text.endsWith('\n') ? text : `${text}\n`}`)
    .join('');
}

export function unpack(files: ReadonlyMap<string, ArchivedFile>, folder: string): void {
  for (const [name, { text, isExecutable }] of files) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    if (isExecutable) chmodSync(path, 0o755);
  }
}
