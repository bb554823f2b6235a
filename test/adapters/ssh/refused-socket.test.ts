import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { lookAt } from '../../../src/adapters/ssh/refused-socket.ts';
import { LocalLink } from '../../support/local-link.ts';

const link = new LocalLink();
const folder = mkdtempSync(join(tmpdir(), 'sluice-refused-'));
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await link.close();
});

function look(path: string, sees: (line: string) => string = (line) => line): ReturnType<typeof lookAt> {
  return lookAt(path, 'deploy', (line) => link.run(sees(line)));
}

describe('lookAt()', () => {
  it('is sure that there is none where the folder shows none, or has something else', async () => {
    const file = join(folder, "it's a file");
    writeFileSync(file, '');

    expect(await look(join(folder, 'a.sock'))).toMatchObject({ why: 'there is no such file', isAbsent: true });
    expect(await look(join(folder, 'no', 'such', 'a.sock'))).toMatchObject({ isAbsent: true });
    expect(await look(file)).toMatchObject({ why: 'it is not a socket', isAbsent: true });
  });

  it('is not sure behind a link or in a folder that the user may not look into', async () => {
    const why = 'there is no such file, or deploy may not see it';
    symlinkSync(join(folder, 'elsewhere'), join(folder, 'link'));

    expect(await look(join(folder, 'link', 'a.sock'))).toMatchObject({ why, isAbsent: false });
    // Root may look anywhere.
    const shut = (line: string): string => line.replaceAll('test -x', 'false');
    expect(await look(join(folder, 'a.sock'), shut)).toMatchObject({ why, isAbsent: false });
  });
});
