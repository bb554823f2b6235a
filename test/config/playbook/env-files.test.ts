import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aPlaybook, linesOf, theInstance } from './fleet.ts';

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-env-files-'));
  mkdirSync(join(folder, 'dir'));
  writeFileSync(join(folder, 'a.env'), 'A=1\nB=$version\nC=$HOME_OF\n');
  writeFileSync(join(folder, 'b.env'), 'B="2"\n');
  writeFileSync(join(folder, 'raw.env'), 'B="2" # $x\n');
  writeFileSync(join(folder, 'bad.env'), 'A=1\nnot good\n');
  writeFileSync(join(folder, 'binary.env'), 'A=\0');
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

const around = () => ({ playbookDir: folder, controller: { HOME_OF: '/root' }, extraVars: { version: 'v2' } });

describe('env_file', () => {
  it.each([
    ['env_file: a.env', { environment: { A: '1', B: 'v2', C: '/root' } }],
    ['env_file: [a.env, { path: ./b.env }]', { environment: { A: '1', B: '2', C: '/root' } }],
    ['env_file: a.env\n      environment: { A: 9, B: }', { environment: { A: '9', C: '/root' } }],
    ['env_file: { path: gone.env, required: false }', { environment: {} }],
    ['env_file: [{ path: raw.env, format: raw }]', { environment: { B: '"2" # $x' } }],
    ['label_file: b.env\n      labels: { x: y }', { labels: { B: '2', x: 'y' } }],
  ])('%s', (line, expected) => {
    const { spec } = theInstance(aPlaybook(`    container:\n      image: a\n      ${line}\n`), undefined, around());

    expect(spec).toMatchObject(expected);
  });

  it.each([
    [
      'env_file: gone.env',
      (dir: string) => `container.env_file: cannot read ${dir}/gone.env: there is no such file, on fe1`,
    ],
    [
      'env_file: bad.env',
      (dir: string) =>
        `container.env_file: ${dir}/bad.env:2: should be KEY=value (a value of several lines needs quotation marks), on fe1`,
    ],
    ['env_file: dir', (dir: string) => `container.env_file: cannot read ${dir}/dir: it is a folder, on fe1`],
    [
      'env_file: binary.env',
      (dir: string) => `container.env_file: ${dir}/binary.env:1:1: is not a text file, it holds a NUL byte, on fe1`,
    ],
    [
      'env_file: { file: a }',
      () => 'container.env_file: should be a file, or a list of files, is a mapping ("file" is no known key of it)',
    ],
  ])('%s is refused', (line, told) => {
    const text = aPlaybook(`    container:\n      image: a\n      ${line}\n`);

    const lines = linesOf(() => theInstance(text, undefined, around()));

    expect(lines.map((it) => it.replace(/^p\.yml:7:\d+: /, ''))).toEqual([expect.stringContaining(told(folder))]);
  });
});
