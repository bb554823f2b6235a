import { expect, it } from 'vitest';
import { readArguments } from '../../src/cli/arguments.ts';
import { interruptible } from '../../src/cli/session.ts';
import { StopSwitch } from '../../src/cli/stop.ts';
import type { Surroundings } from '../../src/cli/surroundings.ts';

const read = (line: string): ReturnType<typeof readArguments> =>
  readArguments(line.split(' '), { version: '1', environment: {} });

it.each([
  'status -i a -l x -l y',
  'status -i a -u x -u y',
  'drain h -i a -m x -m y',
  'status -i a -T 5s -T 6s',
  'drain h -i a --timeout 5s --drain-timeout 6s',
  'drain h -i a --on-timeout fail --on-timeout continue',
  'drain h -i a --socket /a --socket /b',
])('an option that takes one value is refused, or the last one counts, when it is given twice: %s', async (line) => {
  const command = await read(line).catch((error: unknown) => {
    expect(error).toMatchObject({ code: 'config' });
  });
  expect(JSON.stringify(command ?? {})).not.toMatch(/\["x","y"\]|\["fail","continue"\]|\["\/a","\/b"\]/);
});
it('what stands behind -- is not thrown away', async () => {
  await expect(read('drain fe1 -i a -- fe2')).rejects.toMatchObject({ code: 'config' });
});
it('a misspelt option is named once and the right one suggested', async () => {
  await expect(read('status -i a --limmit x')).rejects.toThrow(/limit/);
});
it('an unknown option of two words is named once', async () => {
  await expect(read('status -i a --drain-timeout 5s')).rejects.not.toThrow(/drainTimeout/);
});
it('a refused choice is one line', async () => {
  await expect(read('drain h -i a --on-timeout wait')).rejects.not.toThrow(/\n/);
});
it('messages are in English whatever the locale', async () => {
  const before = process.env['LC_ALL'];
  process.env['LC_ALL'] = 'de_DE.UTF-8';
  try {
    await expect(read('status -i a --frobnicate')).rejects.toThrow(/Unknown argument/);
  } finally {
    if (before === undefined) delete process.env['LC_ALL'];
    else process.env['LC_ALL'] = before;
  }
});
it('a look ends when it was asked to stop before it began', async () => {
  const stop = new StopSwitch();
  stop.ask('SIGINT');
  const around = { stop } as Surroundings;
  let hasBegun = false;
  const look = async (): Promise<void> => {
    hasBegun = true;
  };

  await expect(interruptible(look, around)).rejects.toMatchObject({ code: 'interrupted' });

  expect(hasBegun).toBe(false);
});
it('a look ends when it is asked to stop, whatever comes of it later', async () => {
  const stop = new StopSwitch();
  const around = { stop } as Surroundings;
  let fail: (error: Error) => void = () => undefined;
  const looking = interruptible(() => new Promise((_, reject) => (fail = reject)), around);

  stop.ask('SIGINT');

  await expect(looking).rejects.toMatchObject({ code: 'interrupted' });
  fail(new Error('the connection was closed'));
});
