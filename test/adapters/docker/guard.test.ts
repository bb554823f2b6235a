import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GUARD, newMark } from '../../../src/adapters/docker/guard.ts';

const never = 3_600;
let mark: string;
let command: ChildProcess;
let guard: ChildProcess | undefined;

/** Both in a session of their own, as in a container. */
function start(words: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
  const [program = '', ...args] = words;
  return spawn(program, args, { detached: true, env: { PATH: process.env['PATH'], ...env } });
}

function guardWith(shell: readonly string[], silenceSeconds: number): ChildProcess {
  guard = start([...shell, '-c', GUARD, mark, String(silenceSeconds)]);
  guard.stdin?.on('error', () => undefined);
  return guard;
}

beforeEach(async () => {
  mark = newMark();
  const [name = '', value = ''] = mark.split('=');
  command = start(['sh', '-c', 'echo begun; exec sleep 3600'], { [name]: value });
  if (command.stdout) await once(command.stdout, 'data');
});

afterEach(() => {
  command.kill('SIGKILL');
  guard?.kill('SIGKILL');
});

describe.each([{ shell: ['/bin/sh'] }, { shell: ['busybox', 'sh'] }, { shell: ['/bin/bash'] }])(
  'a guard by $shell',
  ({ shell }) => {
    it('ends the command when its stdin ends', async () => {
      const ended = once(command, 'exit');

      guardWith(shell, never).stdin?.end('beat\nbeat\n');

      expect(await ended).toEqual([null, 'SIGTERM']);
    });

    it('ends it when no beat comes any more', async () => {
      const ended = once(command, 'exit');

      guardWith(shell, 1).stdin?.write('beat\n');

      expect(await ended).toEqual([null, 'SIGTERM']);
    });

    it('leaves it when it is told that all is over', async () => {
      const gone = once(guardWith(shell, never), 'exit');

      guard?.stdin?.write('beat\nend\n');

      expect(await gone).toEqual([0, null]);
      expect(command.exitCode ?? command.signalCode).toBeNull();
    });

    it('kills it when it does not heed that', async () => {
      const [name = '', value = ''] = mark.split('=');
      const stubborn = start(['sh', '-c', "trap '' TERM; echo begun; while :; do sleep 1; done"], { [name]: value });
      if (stubborn.stdout) await once(stubborn.stdout, 'data');
      const ended = once(stubborn, 'exit');

      guardWith(shell, never).stdin?.end();

      expect(await ended).toEqual([null, 'SIGKILL']);
    });
  },
);

it('a guard hears the end of its stdin also where there is no timeout(1) that it can use', async () => {
  const ended = once(command, 'exit');
  guard = spawn('/bin/sh', ['-c', GUARD, mark, '1'], { detached: true, env: { PATH: '/nosuch' } });
  guard.stdin?.write('beat\n');

  guard.stdin?.end();

  expect(await ended).toEqual([null, 'SIGTERM']);
});
