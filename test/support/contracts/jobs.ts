import { afterEach, describe, expect, it } from 'vitest';
import type { HostJobs, JobLook } from '../../../src/runner/ports/jobs.ts';

export interface JobsArrangement {
  readonly jobs: HostJobs;
  /** Ids that nobody has had. */
  readonly newId: () => string;
  /** Lets time pass until it is so. */
  readonly until: (isSo: () => Promise<boolean>) => Promise<void>;
  readonly end: () => Promise<void>;
}

/** What those who run commands on a host that outlive them must do. `sleep N`, `echo`, `exit N` and `;` are understood. */
export function runsJobs(name: string, arrange: () => Promise<JobsArrangement>): void {
  describe(`${name}, of commands that outlive us`, () => {
    let arranged: JobsArrangement;

    afterEach(() => arranged.end());

    async function ended(id: string): Promise<JobLook> {
      const { jobs, until } = arranged;
      await until(async () => (await jobs.look(id, 0)).state !== 'running');
      return jobs.look(id, 0);
    }

    it('runs a line, and tells its output and how it ended', async () => {
      arranged = await arrange();
      const id = arranged.newId();

      await arranged.jobs.start(id, 'echo one; echo two; exit 3');

      expect(await ended(id)).toEqual({ state: 'ended', exitCode: 3, output: 'one\ntwo\n', next: 8 });
    });

    it('goes on telling from where it was', async () => {
      arranged = await arrange();
      const id = arranged.newId();
      await arranged.jobs.start(id, 'echo one; echo two');
      await ended(id);

      expect(await arranged.jobs.look(id, 4)).toMatchObject({ output: 'two\n', next: 8 });
      expect(await arranged.jobs.look(id, 8)).toMatchObject({ output: '', next: 8 });
    });

    it('is running until it has ended', async () => {
      arranged = await arrange();
      const id = arranged.newId();

      await arranged.jobs.start(id, 'sleep 3; exit 0');

      expect((await arranged.jobs.look(id, 0)).state).toBe('running');
      expect(await ended(id)).toMatchObject({ state: 'ended', exitCode: 0 });
    });

    it('runs the same once', async () => {
      arranged = await arrange();
      const id = arranged.newId();

      await arranged.jobs.start(id, 'echo one');
      await arranged.jobs.start(id, 'echo one');
      await ended(id);
      await arranged.jobs.start(id, 'echo two');

      expect(await ended(id)).toMatchObject({ output: 'one\n' });
    });

    it('ends one when it is told to, which is gone then', async () => {
      arranged = await arrange();
      const id = arranged.newId();
      await arranged.jobs.start(id, 'sleep 60');
      await arranged.until(async () => (await arranged.jobs.look(id, 0)).state === 'running');

      await arranged.jobs.end(id);
      await arranged.jobs.end(id);

      expect(await ended(id)).toMatchObject({ state: 'gone', exitCode: undefined });
    });

    it('knows nothing of what nobody has started', async () => {
      arranged = await arrange();
      const id = arranged.newId();

      await arranged.jobs.end(id);

      expect(await arranged.jobs.look(id, 0)).toEqual({ state: 'unknown', exitCode: undefined, output: '', next: 0 });
    });
  });
}
