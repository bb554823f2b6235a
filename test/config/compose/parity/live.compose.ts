import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { comparable } from './comparable.ts';
import { allCases, answerFile, inProject, ourAnswer, theirAnswer, type ComposeCase } from './case.ts';

/** With SLUICE_RECORD=1 what docker-compose answers is kept in answers/, for those who do not have it. */
const isRecording = process.env['SLUICE_RECORD'] === '1';

it.each(allCases())('docker-compose makes of $name what sluice does', (one) => {
  const printed = inProject(one, (path) => printedBy(one, path));

  if (isRecording) writeFileSync(answerFile(one), printed);
  expect(comparable(ourAnswer(one))).toEqual(comparable(theirAnswer(one, printed)));
});

function printedBy({ sources, environment }: ComposeCase, cwd: string): string {
  const args = [...sources.flatMap((file) => ['-f', file]), 'config'];
  const env = { PATH: process.env['PATH'], ...environment };
  const { status, stdout, stderr } = spawnSync('docker-compose', args, { cwd, env, encoding: 'utf8' });
  expect(status, stderr).toBe(0);
  return stdout;
}
