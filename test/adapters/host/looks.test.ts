import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { firstSocket } from '../../../src/adapters/host/looks.ts';
import { LocalLink } from '../../support/local-link.ts';

const link = new LocalLink();
const folder = mkdtempSync(join(tmpdir(), 'sluice-looks-'));
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await link.close();
});

describe('firstSocket()', () => {
  it('is the first of the paths that is a socket, whatever its name', async () => {
    const [file, one, two] = ['a file', `it's one.sock`, 'two.sock'].map((name) => join(folder, name));
    if (file === undefined || one === undefined || two === undefined) throw new Error('there are three');
    writeFileSync(file, '');
    const listening = [one, two].map((path) => createServer().listen(path));
    await Promise.all(listening.map((server) => once(server, 'listening')));

    expect(await firstSocket(link, ['/nosuch', folder, file, one, two])).toBe(one);
    expect(await firstSocket(link, [two, one])).toBe(two);
    expect(await firstSocket(link, ['/nosuch', file])).toBeUndefined();
    for (const server of listening) server.close();
  });
});
