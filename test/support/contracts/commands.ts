import { randomUUID } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CommandRequest, Commands } from '../../../src/runner/ports/commands.ts';

export interface CommandsArrangement {
  readonly commands: Commands;
  end(): Promise<void>;
}

const never = new AbortController().signal;

function asking(command: readonly string[], over: Partial<CommandRequest> = {}): CommandRequest {
  return { command, env: {}, withinMs: 30_000, signal: never, ...over };
}

/** What every place that runs commands must do. */
export function behavesLikeCommands(who: string, arrange: () => Promise<CommandsArrangement>): void {
  describe(`${who} runs commands`, () => {
    let at: CommandsArrangement | undefined;
    const run = async (...asked: Parameters<typeof asking>) => {
      if (!at) throw new Error('nothing is arranged yet');
      return at.commands.run(asking(...asked));
    };
    beforeAll(async () => {
      at = await arrange();
    });
    afterAll(() => at?.end());

    it('tells the exit status', async () => {
      expect(await run(['true'])).toEqual({ exitCode: 0, output: [] });
      expect(await run(['false'])).toEqual({ exitCode: 1, output: [] });
    });

    it('tells the output, line by line', async () => {
      expect(await run(['echo', 'one two'])).toEqual({ exitCode: 0, output: ['one two'] });
    });

    it('leaves every word as it is', async () => {
      const words = ["it's", '$HOME', '`id`', 'a  b', ';', '*'];

      expect(await run(['echo', ...words])).toEqual({ exitCode: 0, output: [words.join(' ')] });
    });

    it('ends it when its time is up', async () => {
      expect(await run(['sleep', '600'], { withinMs: 200 })).toEqual({ exitCode: undefined, output: [] });
    });

    it('ends it when it is stopped', async () => {
      const stop = new AbortController();
      const running = run(['sleep', '600'], { signal: stop.signal });
      stop.abort(new Error('stopped'));

      await expect(running).rejects.toThrow('stopped');
    });

    it('begins nothing when it was stopped before', async () => {
      const signal = AbortSignal.abort(new Error('stopped'));

      await expect(run(['sleep', '600'], { signal })).rejects.toThrow('stopped');
    });

    it('tells of a program that is not there by its exit status', async () => {
      const { exitCode, output } = await run(['no-such-program']);

      expect(exitCode).toBe(127);
      expect(output.join('\n')).toContain('no-such-program');
    });
  });
}

/** The rest of it, which a fake may leave out. */
export function isExactAboutCommands(who: string, arrange: () => Promise<CommandsArrangement>): void {
  describe(`${who} is exact about commands`, () => {
    let at: CommandsArrangement | undefined;
    const sh = async (text: string, over: Partial<CommandRequest> = {}) => {
      if (!at) throw new Error('nothing is arranged yet');
      return at.commands.run(asking(['/bin/sh', '-c', text], over));
    };
    beforeAll(async () => {
      at = await arrange();
    });
    afterAll(() => at?.end());

    it('tells what came on either stream', async () => {
      const { exitCode, output } = await sh('echo out; echo err >&2; exit 3');

      expect({ exitCode, output: output.toSorted() }).toEqual({ exitCode: 3, output: ['err', 'out'] });
    });

    it('gives it the environment asked for, as it is', async () => {
      const env = { GREETING: `it's "$HOME" = \\n  two  ` };

      expect(await sh('printf "[%s]" "$GREETING"', { env })).toEqual({ exitCode: 0, output: [`[${env.GREETING}]`] });
    });

    it('gives it nothing to read', async () => {
      expect(await sh('cat; echo read')).toEqual({ exitCode: 0, output: ['read'] });
    });

    it('keeps the beginning and the end of a long output', async () => {
      const { output } = await sh('i=0; while [ $i -lt 5000 ]; do echo "line $i"; i=$((i + 1)); done');

      expect(output[0]).toBe('line 0');
      expect(output.at(-1)).toBe('line 4999');
      expect(output.filter((line) => !line.startsWith('line '))).toEqual([
        expect.stringMatching(/^\[\d+ bytes left out\]$/),
      ]);
      expect(output.join('\n').length).toBeLessThan(10_000);
    });

    it('ends also what it has started, and tells what was said by then', async () => {
      const started = performance.now();
      const { exitCode, output } = await sh('echo begun; sleep 600 & wait', { withinMs: 500 });

      expect({ exitCode, output }).toEqual({ exitCode: undefined, output: ['begun'] });
      expect(performance.now() - started).toBeLessThan(5_000);
    });

    it('ends what is left of it when it has ended itself, though that holds its output', async () => {
      const started = performance.now();
      const { exitCode, output } = await sh('sleep 600 & echo begun; exit 4');

      expect({ exitCode, output }).toEqual({ exitCode: 4, output: ['begun'] });
      expect(performance.now() - started).toBeLessThan(10_000);
    });

    it('takes no name for itself that a variable may have', async () => {
      const env = { pair: 'a', p: 'b', w: 'c', s: 'd', i: 'e', how: 'f' };

      expect(await sh('echo "$pair$p$w$s$i$how"; env | grep -c ^sluice_ || :', { env })).toEqual({
        exitCode: 0,
        output: ['abcdef', '0'],
      });
    });

    it('kills what does not heed that', async () => {
      const { exitCode } = await sh("trap '' TERM; while :; do sleep 1; done", { withinMs: 200 });

      expect(exitCode).toBeUndefined();
    });
  });
}

/** Where its processes are ours too. */
export function leavesNothingBehind(who: string, arrange: () => Promise<CommandsArrangement>): void {
  describe(`${who} leaves nothing of a command behind`, () => {
    it('kills what does not heed that, though its leader has', async () => {
      const arranged = await arrange();
      const file = join(tmpdir(), `sluice-deaf-${randomUUID()}`);
      const deaf = `sh -c 'trap "" TERM; echo $$ > ${file}; while :; do sleep 1; done' > /dev/null 2>&1 & wait`;
      const { exitCode } = await arranged.commands.run(asking(['/bin/sh', '-c', deaf], { withinMs: 1_000 }));

      expect(exitCode).toBeUndefined();
      expect(isAlive(Number(readFileSync(file, 'utf8')))).toBe(false);
      rmSync(file);
      await arranged.end();
    });
  });
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
