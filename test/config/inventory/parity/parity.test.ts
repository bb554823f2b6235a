import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readArchive } from './archive.ts';
import { allCases, inFolder, load, ourAnswer, questionsAbout } from './case.ts';

const cases = allCases();

describe.each(cases)('parity/cases/$name', (one) => {
  it('is answered as Ansible has answered', () => {
    const recorded = readArchive(readFileSync(join(import.meta.dirname, 'answers', `${one.name}.txt`), 'utf8'));

    const answers = inFolder(one, () => {
      const inventory = load(one);
      return questionsAbout(one, inventory).map((question) => [question, ourAnswer(question, inventory)]);
    });

    expect(answers).toEqual([...recorded].map(([question, { text }]) => [question, text.replace(/\n$/, '')]));
  });
});

it('there are enough of them', () => {
  expect(cases.length).toBeGreaterThanOrEqual(90);
});
