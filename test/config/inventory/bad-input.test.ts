import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Complaints } from '../../../src/config/document.ts';
import { loadInventory } from '../../../src/config/inventory/load.ts';
import { exitStatusOf } from '../../../src/errors.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-bad-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

const laughs = Array.from(
  { length: 9 },
  (_, n) =>
    `  a${n}: &a${n} [${Array(9)
      .fill(n === 0 ? 'x' : `*a${n - 1}`)
      .join(', ')}]`,
);
const manyRanges = Array.from({ length: 40 }, (_, n) => `h${n}-[1:90000]`).join('\n');

describe('loadInventory()', () => {
  // prettier-ignore
  it.each<{ why: string; file: string; content: string | Buffer; complaints: string[] }>([
    { why: 'anchors that explode',     file: 'h.yml',  content: `all:\n vars:\n${laughs.join('\n')}\n`,  complaints: ['h.yml:1:1: refers to its anchors too often: what aliases (*name) stand for has many aliases itself; write some of it out'] },
    { why: 'more than 10 MB',          file: 'hosts',  content: Buffer.alloc(11 * 1024 * 1024, 'a\n'),   complaints: ['hosts:1:1: has 11534336 bytes, more than 10 MB'] },
    { why: 'binary junk',              file: 'hosts',  content: Buffer.from([1, 2, 0, 255]),             complaints: ['hosts:1:1: is not a text file, it holds a NUL byte'] },
    { why: 'text that is no UTF-8',    file: 'hosts',  content: Buffer.from([0x61, 0xff, 0xfe]),         complaints: ['hosts:1:1: is not UTF-8 text'] },
    { why: 'one huge range',           file: 'hosts',  content: 'ok\nh[1:999999999]\n',                  complaints: ['hosts:2:1: "h[1:999999999]" are more than 100000 hosts'] },
    { why: 'ranges of ranges',         file: 'hosts',  content: 'h[1:999]-[1:999]-[1:999]\n',            complaints: ['hosts:1:1: "h[1:999]-[1:999]-[1:999]" are more than 100000 hosts'] },
    { why: 'deep brackets',            file: 'h.yml',  content: `a: ${'['.repeat(5000)}`,                complaints: ['h.yml:1:1: is nested too deeply'] },
    { why: 'shell metacharacters',     file: 'hosts',  content: '"x;shutdown"\n$(id)\n',                 complaints: ['hosts:1:1: "x;shutdown" is no name for a host', 'hosts:2:1: "$(id)" is no name for a host'] },
    { why: 'broken YAML',              file: 'h.yml',  content: 'all:\n  hosts: {a: , b\n',               complaints: [expect.stringMatching(/^h\.yml:\d+:\d+: /) as string] },
    { why: 'a key that comes twice',   file: 'h.yml',  content: 'all:\n  vars: {a: 1}\n  vars: {b: 2}\n', complaints: ['h.yml:3:3: "vars" is written twice'] },
  ])('refuses $why at once, with its place', ({ file, content, complaints }) => {
    writeFileSync(join(folder, file), content);

    expect(complaintsIn(file)).toEqual(complaints);
  });

  it('stops at 100,000 hosts, however they are written', () => {
    writeFileSync(join(folder, 'hosts'), manyRanges);

    expect(complaintsIn('hosts')).toEqual(['hosts:2:1: these would be more than 100000 hosts in all']);
  });
});

function complaintsIn(file: string): string[] {
  try {
    loadInventory([join(folder, file)]);
  } catch (error) {
    expect(exitStatusOf(error)).toBe(5);
    expect(error).toHaveProperty('cause', expect.any(Complaints));
    return (error as Error).message.replaceAll(`${folder}/`, '').split('\n');
  }
  return [];
}
