import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { firstSocket, processRuns } from '../../../src/adapters/host/looks.ts';
import { LocalLink } from '../../support/local-link.ts';

const link = new LocalLink();
const folder = mkdtempSync(join(tmpdir(), 'sluice-looks-'));
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await link.close();
});

describe('processRuns()', () => {
  it('sees an HAProxy, whoever asks, until it is gone', async () => {
    const ordinary = new LocalLink({ isOrdinary: true });
    const program = join(folder, 'haproxy');
    cpSync('/bin/sleep', program, { dereference: true });
    const child = spawn(program, ['60']);
    await once(child, 'spawn');
    const pid = child.pid ?? 0;

    await expect.poll(() => processRuns(link, pid)).toBe(true);
    expect(await processRuns(ordinary, pid)).toBe(true);
    const exited = once(child, 'exit');
    child.kill();
    await exited;
    expect(await processRuns(link, pid)).toBe(false);
    await ordinary.close();
  });

  it('does not take one for running that has ended and only waits for its parent to notice', async () => {
    const program = join(folder, 'haproxy-ended');
    cpSync('/bin/sleep', join(folder, 'haproxy'), { dereference: true });
    // The shell becomes a sleep, which takes no notice of the child that it gets.
    writeFileSync(program, `${join(folder, 'haproxy')} 0.05 & echo $!\nexec sleep 60\n`);
    const parent = spawn('sh', [program]);
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(line.toString());
    await expect.poll(() => readFileSync(`/proc/${pid}/status`, 'utf8')).toMatch(/^Name:\thaproxy\nState:\tZ/m);

    expect(await processRuns(link, pid)).toBe(false);

    parent.kill();
    await once(parent, 'exit');
  });

  it('does not take another process for an HAProxy, which may have got its id', async () => {
    expect(await processRuns(link, process.pid)).toBe(false);
  });
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
