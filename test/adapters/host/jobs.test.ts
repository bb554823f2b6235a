import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { ShellJobs } from '../../../src/adapters/host/jobs.ts';
import { runsJobs } from '../../support/contracts/jobs.ts';
import { LocalLink, type Shell } from '../../support/local-link.ts';

describe.each<Shell>(['dash', 'bash', 'busybox'])('ShellJobs in %s', (shell) => {
  let number = 0;

  runsJobs(shell, async () => ({
    jobs: new ShellJobs(new LocalLink({ shell })),
    newId: () => `20261121-090000-${shell}-${++number}`,
    until: async (isSo) => {
      while (!(await isSo())) await pause(20);
    },
    end: async () => undefined,
  }));
});

describe('ShellJobs', () => {
  it('gives the command the umask of the login, not that of our files', async () => {
    const link = new LocalLink();
    const jobs = new ShellJobs(link);
    const { stdout: own } = await link.run('umask');

    await jobs.start('one', 'umask');
    while ((await jobs.look('one', 0)).state === 'running') await pause(20);

    expect((await jobs.look('one', 0)).output).toBe(own);
  });

  it('does not count a daemon that the command has left behind', async () => {
    const jobs = new ShellJobs(new LocalLink());

    await jobs.start('one', 'setsid sleep 2 > /dev/null 2>&1 & exit 0');
    while ((await jobs.look('one', 0)).state === 'running') await pause(20);

    expect(await jobs.look('one', 0)).toMatchObject({ state: 'ended', exitCode: 0 });
  });

  it('tells no more than 64 KiB at a time', async () => {
    const jobs = new ShellJobs(new LocalLink());
    await jobs.start('one', 'head -c 70000 /dev/zero | tr "\\0" x');
    while ((await jobs.look('one', 0)).state === 'running') await pause(20);

    const { output, next } = await jobs.look('one', 0);

    expect([output.length, next]).toEqual([65_536, 65_536]);
    expect((await jobs.look('one', next)).output).toHaveLength(4_464);
  });

  it('takes no id that could be anything else', async () => {
    const jobs = new ShellJobs(new LocalLink());

    await expect(jobs.start('../x', 'true')).rejects.toThrow('"../x" is not the id of a run');
  });
});
