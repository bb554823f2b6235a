import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { holding } from '../../lab/flock.ts';
import { locked } from '../../lab/lock.ts';
import { programOf } from '../support/program.ts';

let program: string;

/** Makes a folder, which fails when somebody else has, and removes it; or is killed with it there. */
beforeAll(async () => {
  program = await programOf(
    'contender',
    `import { mkdirSync, rmdirSync } from 'node:fs';
     import { setTimeout as sleep } from 'node:timers/promises';
     import { locked } from 'lab/lock.ts';
     const [, , lock, folder, rounds] = process.argv;
     for (let round = 0; round < Number(rounds); round += 1) {
       await locked(async () => {
         mkdirSync(folder);
         await sleep(5);
         rmdirSync(folder);
       }, lock);
     }
     if (rounds === 'killed') await locked(async () => process.kill(process.pid, 'SIGKILL'), lock);`,
  );
});

async function contender(folder: string, rounds: string): Promise<number | string> {
  const args = [program, join(folder, 'lock'), join(folder, 'working'), rounds];
  const child = spawn('node', args, { stdio: ['ignore', 'inherit', 'inherit'] });
  const [status, signal] = (await once(child, 'close')) as [number | null, string | null];
  return status ?? signal ?? '';
}

function aFolder(): string {
  return mkdtempSync(join(tmpdir(), 'sluice-lock-'));
}

describe('locked()', () => {
  it('lets one process after the other work, also those that find one that was killed', async () => {
    const folder = aFolder();
    expect(await contender(folder, 'killed')).toBe('SIGKILL');

    const ended = await Promise.all(Array.from({ length: 6 }, () => contender(folder, '5')));

    expect(ended).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it('lets one work after the other within a process, and goes on after a failure', async () => {
    const lock = join(aFolder(), 'lock');
    const told: string[] = [];
    const work = (name: string) => async () => {
      told.push(`${name} begins`);
      await Promise.resolve();
      told.push(`${name} ends`);
      if (name === 'first') throw new Error('no space left');
    };

    const first = locked(work('first'), lock);
    await Promise.allSettled([first, locked(work('second'), lock)]);

    await expect(first).rejects.toThrow('no space left');
    expect(told.map((line) => line.split(' ')[1])).toEqual(['begins', 'ends', 'begins', 'ends']);
  });

  it('names who has it when it has waited long enough', async () => {
    const file = join(aFolder(), 'lock');

    const waiting = holding(file, () => holding(file, () => Promise.resolve(), 0.05));

    await expect(waiting).rejects.toThrow(`Cannot lock ${file}: process ${process.pid} has it`);
    expect(readFileSync(file, 'utf8')).toBe(`${process.pid}\n`);
  });
});
