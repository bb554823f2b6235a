import { afterEach, describe, expect, it } from 'vitest';
import type { HostRecord, RecordEntry } from '../../../src/runner/ports/ports.ts';
import { anInstance, aServer } from '../builders.ts';

export interface RecordArrangement {
  /** The record of one host, each by a connection of its own. */
  readonly record: () => HostRecord;
  /** Leaves half of a record in its place. */
  readonly tear: () => Promise<void>;
  /** Lets nothing be written any more; undefined where nobody can be kept from it. */
  readonly forbid: (() => Promise<void>) | undefined;
  readonly end: () => Promise<void>;
}

const drained: RecordEntry = {
  ...{ kind: 'drain', server: aServer(), standing: { weight: 10, admin: 'ready' }, wasUp: true },
  ...{ by: 'ann@desk', note: `it's "quoted" $HOME ü\n`, at: '2026-11-21T09:00:00.000Z', run: 'one' },
  ...{ until: '2026-11-21T10:00:00.000Z', agent: true },
};
const inWork: RecordEntry = {
  ...{ kind: 'rollout', server: aServer('pxApp_2', 'lb'), standing: { weight: 0, admin: 'drain' }, wasUp: false },
  ...{ by: 'ann@desk', note: '', at: '2026-11-21T09:00:00.000Z', run: 'one', container: 'pxApp_2', aside: 'pxApp_2.x' },
  old: { id: 'c0ffee', restart: { name: 'on-failure', maximumRetryCount: 3 }, running: true, wasReady: true },
  ...{ ready: anInstance().ready, drain: anInstance().drain, company: { keep: 1 } },
};

function cannot(verb: string): object {
  const message: unknown = expect.stringMatching(new RegExp(`^Cannot ${verb} the undo record on fe\\d`));
  return { name: 'Failure', code: 'error', message };
}

/** What every HostRecord must do. Run against the fake, and against files in a folder. */
export function keepsARecord(name: string, arrange: () => Promise<RecordArrangement>): void {
  describe(`${name} keeps an undo record that`, () => {
    let arranged: RecordArrangement;

    afterEach(() => arranged.end());

    it('is empty before anything was written', async () => {
      arranged = await arrange();

      expect(await arranged.record().read()).toEqual([]);
    });

    it('has what was written, in its order, on another connection too', async () => {
      arranged = await arrange();
      const record = arranged.record();

      await record.write([inWork, drained]);

      expect(await record.read()).toEqual([inWork, drained]);
      expect(await arranged.record().read()).toEqual([inWork, drained]);
    });

    it('is replaced as a whole', async () => {
      arranged = await arrange();
      const record = arranged.record();
      await record.write([inWork, drained]);

      await record.write([drained]);

      expect(await record.read()).toEqual([drained]);
    });

    it('has what was there when it was written', async () => {
      arranged = await arrange();
      const record = arranged.record();
      const entries = [drained];
      await record.write(entries);

      entries.push(inWork);

      expect(await record.read()).toEqual([drained]);
    });

    it('is gone when nothing is left to undo, and may be removed twice', async () => {
      arranged = await arrange();
      const record = arranged.record();
      await record.write([drained]);

      await record.write([]);
      await record.write([]);

      expect(await record.read()).toEqual([]);
      await record.write([inWork]);
      expect(await arranged.record().read()).toEqual([inWork]);
    });

    it.each([
      { what: 'written', entries: [inWork] },
      { what: 'removed', entries: [] },
    ])('is left to whoever has $what it since, until that was read', async ({ entries }) => {
      arranged = await arrange();
      const [ours, theirs] = [arranged.record(), arranged.record()];
      await ours.write([drained]);
      await theirs.read();
      await theirs.write(entries);

      await expect(ours.write([drained])).rejects.toMatchObject(cannot('write'));
      expect(await arranged.record().read()).toEqual(entries);

      expect(await ours.read()).toEqual(entries);
      await ours.write([drained]);
      expect(await theirs.read()).toEqual([drained]);
    });

    it('is refused when half of it is there, which is not the same as none', async () => {
      arranged = await arrange();
      await arranged.record().write([drained]);
      await arranged.tear();

      await expect(arranged.record().read()).rejects.toMatchObject(cannot('read'));
    });

    it('stays as it was when it cannot be written', async ({ skip }) => {
      arranged = await arrange();
      skip(!arranged.forbid, 'nobody can be kept from writing there');
      const record = arranged.record();
      await record.write([drained]);
      await arranged.forbid?.();

      await expect(record.write([drained, inWork])).rejects.toMatchObject(cannot('write'));
      await expect(record.write([])).rejects.toMatchObject(cannot('(write|remove)'));

      expect(await record.read()).toEqual([drained]);
    });
  });
}
