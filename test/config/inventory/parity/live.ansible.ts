import * as fc from 'fast-check';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { archiveOf, unpack } from './archive.ts';
import { allCases, caseOf, inFolder, load, ourAnswer, type ParityCase, questionsAbout } from './case.ts';
import { generatedArchive } from './generated.ts';
import { answerIn, argvOf, askAnsible, batchesOfAnsible } from './oracle.ts';
import { namesOf, ourBatches, playbookOf, serialCases } from './serial.ts';

/** With SLUICE_RECORD=1 what Ansible answers is kept in answers/, for those who do not have it. */
const isRecording = process.env['SLUICE_RECORD'] === '1';

const seed = Number(process.env['SLUICE_SEED'] ?? Date.now() % 1e9);
const generated = Number(process.env['SLUICE_GENERATED'] ?? 30);

interface Asked {
  readonly one: ParityCase;
  readonly question: string;
  readonly ours: string;
  readonly argv: readonly string[];
}

it('Ansible answers every question about every inventory as sluice does', () => {
  const asked = allCases().flatMap(askedAbout);

  const theirs = answersTo(asked);

  if (isRecording) record(asked, theirs);
  expectEqual(asked, theirs);
});

it(`Ansible answers as sluice does about inventories that are generated (SLUICE_SEED=${seed})`, () => {
  const archives = fc.sample(generatedArchive, { seed, numRuns: generated });
  const asked = archives.map((text, index) => caseOf(`generated ${index}\n${text}`, text)).flatMap(askedAbout);

  expectEqual(asked, answersTo(asked));
});

it('Ansible makes the batches that sluice makes', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-parity-'));
  try {
    const counts = [...new Set(serialCases.map(({ hosts }) => hosts))];
    const runs = counts.map((hosts) => {
      const cases = serialCases.filter((it) => it.hosts === hosts);
      writeFileSync(join(folder, `${hosts}.json`), playbookOf(cases));
      return { cases, call: { folder, playbook: `${hosts}.json`, inventory: `${namesOf(hosts).join(',')},` } };
    });

    const answers = batchesOfAnsible(runs.map(({ call }) => call));

    const theirs = serialCases.map((one) => {
      const run = runs.findIndex(({ cases }) => cases.includes(one));
      return answers[run]?.[runs[run]?.cases.indexOf(one) ?? -1];
    });
    if (isRecording) writeFileSync(join(import.meta.dirname, 'serial.json'), `${JSON.stringify(theirs)}\n`);
    expect(serialCases.map(ourBatches)).toEqual(theirs);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

function expectEqual(asked: readonly Asked[], theirs: readonly string[]): void {
  const told = (answers: readonly string[]): unknown =>
    asked.flatMap(({ one, question, ours }, index) =>
      ours === theirs[index] ? [] : [[one.name, question, answers[index]]],
    );
  expect(told(asked.map(({ ours }) => ours))).toEqual(told(theirs));
}

function askedAbout(one: ParityCase): Asked[] {
  return inFolder(one, () => {
    const inventory = load(one);
    return questionsAbout(one, inventory).map((question) => {
      return { one, question, ours: ourAnswer(question, inventory), argv: argvOf(question, one) };
    });
  });
}

function answersTo(asked: readonly Asked[]): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-parity-'));
  try {
    const folders = new Map(
      [...new Set(asked.map((it) => it.one))].map((one, index) => [one, join(folder, String(index))]),
    );
    for (const [one, path] of folders) unpack(one.files, path);
    const calls = asked.map(({ one, argv }) => ({ folder: folders.get(one) ?? folder, argv }));
    return askAnsible(calls).map((out, index) => answerIn(out, asked[index]?.question ?? ''));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function record(asked: readonly Asked[], answers: readonly string[]): void {
  const folder = join(import.meta.dirname, 'answers');
  rmSync(folder, { recursive: true });
  mkdirSync(folder);
  for (const one of new Set(asked.map((it) => it.one))) {
    const own = asked.flatMap((it, index) => (it.one === one ? [[it.question, answers[index] ?? ''] as const] : []));
    writeFileSync(join(folder, `${one.name}.txt`), archiveOf(Object.fromEntries(own)));
  }
}
