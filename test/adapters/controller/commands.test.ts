import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { until } from '../../../lab/wait.ts';
import { ControllerCommands } from '../../../src/adapters/controller/commands.ts';
import { onLifeline } from '../../../src/adapters/lifeline.ts';
import { behavesLikeCommands, isExactAboutCommands, leavesNothingBehind } from '../../support/contracts/commands.ts';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'sluice-commands-')));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const never = new AbortController().signal;
const environment = { PATH: process.env['PATH'], LANG: 'C', VAULT_TOKEN: 'sesame', SSH_CONNECTION: 'x' };

async function arranged() {
  return { commands: new ControllerCommands({ folder, environment }), end: async () => undefined };
}

behavesLikeCommands('the controller', arranged);
isExactAboutCommands('the controller', arranged);
leavesNothingBehind('the controller', arranged);

describe('on the controller', () => {
  const run = async (...command: readonly string[]) =>
    (await arranged()).commands.run({ command, env: {}, withinMs: 30_000, signal: never });

  it('a command gets nothing of our environment that may be a secret', async () => {
    const { output } = await run('/bin/sh', '-c', 'env | cut -d= -f1 | sort');

    expect(output).toContain('LANG');
    expect(output.filter((name) => /TOKEN|CONNECTION/.test(name))).toEqual([]);
  });

  it('a command runs in the folder of the playbook', async () => {
    expect((await run('pwd')).output).toEqual([folder]);
  });

  it('what moves the cursor of a terminal is left out', async () => {
    expect((await run('printf', String.raw`\033[31mred\033[0m\033]0;title\007\n`)).output).toEqual(['red]0;title']);
  });

  it('a command ends when we are killed', async () => {
    const pidFile = join(folder, 'pid');
    const source = `const [program, ...words] = ${JSON.stringify(onLifeline(['/bin/sh', '-c', `echo $$ > ${pidFile}; exec sleep 600`]))};
      require('node:child_process').spawn(program, words, { detached: true, stdio: 'pipe' }).stdin.write('\\n');`;
    const child = spawn(process.execPath, ['-e', source], { stdio: 'inherit' });
    const pid = (): number => Number(readIfThere(pidFile).trim());
    await until('the command runs', async () => pid() > 0, { withinMs: 30_000, everyMs: 20 });

    child.kill('SIGKILL');
    await once(child, 'close');

    await until('the command has ended', async () => !isAlive(pid()), { withinMs: 10_000, everyMs: 20 });
  });
});

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
