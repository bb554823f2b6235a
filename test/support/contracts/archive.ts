import { describe, expect, it } from 'vitest';
import type { Archived, HostArchive } from '../../../src/runner/ports/ports.ts';

const RUN = '20261121-090000-5f3a';

function found(tag: string): Archived['old'] {
  return { image: { id: `sha256:${tag}`, reference: `app:${tag}`, digests: [] }, snapshot: `{"of":"${tag}"}` };
}

/** What every HostArchive must do. Run against the fake, and against files in a folder. */
export function keepsAnArchive(who: string, make: () => HostArchive): void {
  describe(`${who} keeps an archive that`, () => {
    it('has nothing before anything was saved', async () => {
      const archive = make();

      expect(await archive.load(RUN, 'pxApp_1')).toBeUndefined();
      expect(await archive.runs()).toEqual([]);
    });

    it('has what was saved, by run and container', async () => {
      const archive = make();
      await archive.save(RUN, 'pxApp_1', found('v1'));
      await archive.save(RUN, 'pxApp_2', undefined);

      expect(await archive.load(RUN, 'pxApp_1')).toEqual({ old: found('v1'), made: undefined });
      expect(await archive.load(RUN, 'pxApp_2')).toEqual({ old: undefined, made: undefined });
      expect(await archive.load(RUN, 'pxApp_3')).toBeUndefined();
      expect(await archive.load('20261121-090001-5f3a', 'pxApp_1')).toBeUndefined();
      expect(await archive.runs()).toEqual([RUN]);
    });

    it('keeps what a run has found first', async () => {
      const archive = make();
      await archive.save(RUN, 'pxApp_1', found('v1'));
      await archive.noteMade(RUN, 'pxApp_1', 'first');

      await archive.save(RUN, 'pxApp_1', found('v2'));
      await archive.noteMade(RUN, 'pxApp_1', 'second');

      expect(await archive.load(RUN, 'pxApp_1')).toEqual({ old: found('v1'), made: 'second' });
    });

    it('keeps the last five runs, and whichever is saved to', async () => {
      const archive = make();
      const runs = [1, 2, 3, 4, 5, 6, 7].map((day) => `2026112${day}-090000-5f3a`);
      for (const run of runs) await archive.save(run, 'pxApp_1', found('v1'));
      expect(await archive.runs()).toEqual(runs.slice(2));

      await archive.save('20261101-090000-late', 'pxApp_1', found('v1'));

      expect(await archive.runs()).toContain('20261101-090000-late');
      expect(await archive.load(runs[6] ?? '', 'pxApp_1')).toBeDefined();
    });

    it.each([
      ...['..', '.', '', '../../etc', 'a/b', 'a b', '$(id)', "a'b", '-rf', '~', 'a\nb'].map((run) => [run, 'pxApp_1']),
      ...['..', '.', '', '../x', 'a/b', 'a b', '`id`', "a'b", '-rf', '.hidden', 'a\nb'].map((name) => [RUN, name]),
    ] as [string, string][])('refuses %j with %j, which are no names', async (run, container) => {
      const archive = make();

      for (const trying of [
        archive.save(run, container, found('v1')),
        archive.noteMade(run, container, 'c0ffee'),
        archive.load(run, container),
      ]) {
        await expect(trying).rejects.toMatchObject({ name: 'Failure', code: 'error' });
      }
    });
  });
}
