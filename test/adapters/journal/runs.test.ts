import { existsSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listRuns, pathOfRun, pruneRuns, readRun, replayed } from '../../../src/adapters/journal/runs.ts';
import { Failure } from '../../../src/errors.ts';
import { EVENT_SCHEMA, type RunEvent } from '../../../src/rollout/events.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-runs-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const subject = { host: 'fe1', name: 'pxApp_1' };
const start: RunEvent = {
  ...{ type: 'run-started', command: 'rollout', hosts: ['fe1'], by: 'ann@desk', version: '1', machine: 'desk', pid: 7 },
};
const begun: RunEvent = { type: 'instance-started', subject, from: 'a:1', to: 'a:2' };
const done: RunEvent = { type: 'run-ended', command: 'rollout', end: 'done', ms: 1, hosts: [], exitStatus: 0 };

function line(event: object, seq = 1, schema: number = EVENT_SCHEMA): string {
  return JSON.stringify({ schema, seq, ts: '2026-11-21T09:00:00.000Z', run: 'r', ...event });
}

function journalOf(run: string, ...events: readonly RunEvent[]): void {
  writeFileSync(pathOfRun(folder, run), events.map((event, index) => `${line(event, index + 1)}\n`).join(''));
}

describe('readRun()', () => {
  // prettier-ignore
  it.each([
    { what: 'whole lines',              text: `${line(start)}\n${line(done, 2)}\n`,              types: ['run-started', 'run-ended'], isTorn: false },
    { what: 'a last line cut short',    text: `${line(start)}\n${line(done, 2).slice(0, 40)}`,   types: ['run-started'],              isTorn: true },
    { what: 'a last line without end',  text: `${line(start)}\n${line(done, 2)}`,                types: ['run-started'],              isTorn: true },
    { what: 'zeros after a power cut',  text: `${line(start)}\n\0\0\0\0`,                        types: ['run-started'],              isTorn: true },
    { what: 'an event not known here',  text: `${line(start)}\n${line({ type: 'tea-served' })}\n`, types: ['run-started', 'tea-served'], isTorn: false },
    { what: 'nothing',                  text: '',                                                types: [],                           isTorn: false },
  ])('reads a file with $what', async ({ text, types, isTorn }) => {
    writeFileSync(pathOfRun(folder, 'r1'), text);

    const stored = await readRun(folder, 'r1');

    expect(stored.events.map(({ type }) => type)).toEqual(types);
    expect(stored.isTorn).toBe(isTorn);
  });

  // prettier-ignore
  it.each([
    { what: 'a line in the middle that is cut short', text: `${line(start)}\n{"schema":1,\n${line(done)}\n`, says: /r1\.jsonl:2: .*JSON/ },
    { what: 'a line that is no event',                text: `${line(start)}\n[1]\n`,                        says: /r1\.jsonl:2: it is no event$/ },
    { what: 'a form of the future',                   text: `${line(start, 1, 2)}\n`,                       says: /r1\.jsonl:1: it has schema 2, and this sluice knows 1; use the sluice that has written it$/ },
  ])('refuses $what, with its place', async ({ text, says }) => {
    writeFileSync(pathOfRun(folder, 'r1'), text);

    const failure = await readRun(folder, 'r1').catch((error: unknown) => error);

    expect(failure).toBeInstanceOf(Failure);
    expect(String(failure)).toMatch(says);
  });

  it('refuses an event that lacks what its type has, with its place, and keeps that journal', async () => {
    const halfPlan = line({ ...done, type: 'planned' });
    const text = `${line(start)}\n${halfPlan}\n${line(done)}\n`;
    writeFileSync(pathOfRun(folder, 'r1'), text);

    const stored = await readRun(folder, 'r1');

    expect(() => replayed(stored)).toThrow(/r1\.jsonl:2: the event "planned" is not whole$/);
    await pruneRuns(folder, 0);
    expect(await listRuns(folder)).toEqual(['r1']);
  });

  it('says that a run has no journal', async () => {
    await expect(readRun(folder, 'r1')).rejects.toThrow(/^Cannot read the journal .*r1\.jsonl: there is no such file/);
  });
});

describe('listRuns()', () => {
  it('has the latest first, and nothing but journals', async () => {
    for (const run of ['20261120-1', '20261121-2', '20261121-1']) journalOf(run, start);
    writeFileSync(join(folder, 'notes.txt'), '');

    expect(await listRuns(folder)).toEqual(['20261121-2', '20261121-1', '20261120-1']);
  });

  it('has none where there is no folder, and fails where there is something else', async () => {
    writeFileSync(join(folder, 'file'), '');

    expect(await listRuns(join(folder, 'nosuch'))).toEqual([]);
    await expect(listRuns(join(folder, 'file'))).rejects.toThrow(
      /^Cannot read the journals in .*a part of the path is no folder/,
    );
  });
});

describe('pruneRuns()', () => {
  it('removes the oldest beyond those to keep, but for what may still be needed', async () => {
    journalOf('1-done', start, begun, { type: 'instance-ended', subject, state: 'updated', ms: 1 }, done);
    journalOf('2-died', start);
    journalOf('3-in-work', start, begun, { ...done, end: 'interrupted' });
    journalOf('4-out', start, begun, { type: 'instance-ended', subject, state: 'outOfService', ms: 1 }, done);
    writeFileSync(pathOfRun(folder, '5-broken'), 'no JSON\n');
    writeFileSync(pathOfRun(folder, '6-empty'), '');
    const long = new Date(Date.now() - 86_400_000);
    utimesSync(pathOfRun(folder, '6-empty'), long, long);
    journalOf('7-refused', start, { type: 'run-failed', code: 'locked', reason: 'x', exitStatus: 75 });
    journalOf('8-done', start, done);
    journalOf('9-done', start, done);

    await pruneRuns(folder, 2);

    const kept = ['9-done', '8-done', '5-broken', '4-out', '3-in-work', '2-died'];
    expect(await listRuns(folder)).toEqual(kept);
    expect(existsSync(pathOfRun(folder, '1-done'))).toBe(false);
  });

  it('leaves this very run, and one that has only just begun, however old their names are', async () => {
    journalOf('19700101-000000-aaaa', start, done);
    writeFileSync(pathOfRun(folder, '19700101-000001-bbbb'), '');
    for (const run of ['20261121-1', '20261121-2']) journalOf(run, start, done);

    await pruneRuns(folder, 1, '19700101-000000-aaaa');

    expect(await listRuns(folder)).toEqual(['20261121-2', '19700101-000001-bbbb', '19700101-000000-aaaa']);
  });
});
