import { describe, expect, it } from 'vitest';
import { Failure } from '../../src/errors.ts';
import type { HostRecord, RecordEntry } from '../../src/runner/ports/ports.ts';
import { Undo } from '../../src/runner/instance/undo.ts';
import { aServer } from '../support/builders.ts';

function anEntry(over: Partial<RecordEntry> = {}): RecordEntry {
  return {
    ...{ kind: 'drain', server: aServer(), standing: { weight: 10, admin: 'ready' }, wasUp: true },
    ...{ by: 'ann@desk', note: '', at: '2026-11-21T09:00:00Z', run: 'one' },
    ...over,
  };
}

/** A record in memory that keeps what was written, and fails when it is told to. */
function aRecord(
  entries: readonly RecordEntry[] = [],
): HostRecord & { written: (readonly RecordEntry[])[]; full: boolean } {
  const record = {
    written: [] as (readonly RecordEntry[])[],
    full: false,
    read: async () => entries,
    write: async (all: readonly RecordEntry[]) => {
      if (record.full) throw new Failure('error', 'Cannot write the undo record on fe1: no space left on device');
      record.written.push(all);
    },
  };
  return record;
}

describe('an Undo record', () => {
  it('begins with what the host has', async () => {
    const undo = await Undo.of(aRecord([anEntry()]));

    expect(undo.entries).toEqual([anEntry()]);
  });

  it('adds to what is there, and writes all of it', async () => {
    const record = aRecord([anEntry()]);
    const undo = await Undo.of(record);
    const second = anEntry({ server: aServer('pxApp_2') });

    await undo.add([second]);

    expect(record.written).toEqual([[anEntry(), second]]);
    expect(undo.entries).toEqual([anEntry(), second]);
  });

  it('replaces the entry of the same server', async () => {
    const record = aRecord([anEntry(), anEntry({ server: aServer('pxApp_2') })]);
    const undo = await Undo.of(record);

    await undo.add([anEntry({ run: 'two' })]);

    expect(undo.entries.map(({ server, run }) => `${server.name} ${run}`)).toEqual(['pxApp_2 one', 'pxApp_1 two']);
  });

  // prettier-ignore
  it.each([
    { apart: 'socket',  server: { ...aServer(), balancer: { host: 'fe1', socket: '/run/other.sock' } } },
    { apart: 'host',    server: aServer('pxApp_1', 'fe2') },
    { apart: 'backend', server: { ...aServer(), backend: 'api' } },
    { apart: 'name',    server: aServer('pxApp_2') },
  ])('takes servers of another $apart for others', async ({ server }) => {
    const undo = await Undo.of(aRecord([anEntry()]));

    await undo.add([anEntry({ server })]);
    expect(undo.entries).toHaveLength(2);

    await undo.drop([server]);
    expect(undo.entries).toEqual([anEntry()]);
  });

  it('knows a server again that is equal but not the same object', async () => {
    const record = aRecord([anEntry()]);
    const undo = await Undo.of(record);

    await undo.drop([{ ...aServer(), balancer: { ...aServer().balancer } }]);

    expect(record.written).toEqual([[]]);
  });

  it('writes nothing when there is nothing to drop', async () => {
    const record = aRecord([anEntry()]);
    const undo = await Undo.of(record);

    await undo.drop([]);
    await undo.drop([aServer('pxApp_3')]);

    expect(record.written).toEqual([]);
  });

  it('knows what may have been written although the answer was lost, so that it is dropped later', async () => {
    const record = aRecord([anEntry()]);
    const undo = await Undo.of(record);
    const second = anEntry({ server: aServer('pxApp_2') });
    record.full = true;

    await expect(undo.add([second])).rejects.toThrow(/no space left/);
    expect(undo.entries).toEqual([anEntry(), second]);

    record.full = false;
    await undo.drop([second.server]);
    expect(record.written).toEqual([[anEntry()]]);
  });

  it('still knows what could not be dropped', async () => {
    const record = aRecord([anEntry()]);
    const undo = await Undo.of(record);
    record.full = true;

    await expect(undo.drop([aServer()])).rejects.toThrow(/no space left/);

    expect(undo.entries).toEqual([anEntry()]);
  });

  it('reads the record anew when it is told to', async () => {
    const record = aRecord([anEntry()]);
    const undo = await Undo.of(record);
    record.read = async () => [];

    await undo.refresh();

    expect(undo.entries).toEqual([]);
  });
});
