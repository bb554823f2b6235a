import { describe, expect, it } from 'vitest';
import { Failure } from '../../../src/errors.ts';
import { parseExtraVars } from '../../../src/config/playbook/extra-vars.ts';
import { linesOf } from './fleet.ts';

const files: Readonly<Record<string, string>> = {
  'vars.yml': 'n: 3\nlist: [a]\n',
  'vars.json': '{"n": 4}',
  'empty.yml': '',
  'list.yml': '- 1\n',
  'broken.yml': 'a: [\n',
};

function readFile(path: string): string {
  const text = files[path];
  if (text === undefined) throw new Error(`no such file, ${path}`);
  return text;
}

describe('parseExtraVars()', () => {
  it.each<[string[], unknown]>([
    [[], {}],
    [['version=v2'], { version: 'v2' }],
    [['n=3 b=true'], { n: '3', b: 'true' }],
    [['a=\'x y\' b="c d" e='], { a: 'x y', b: 'c d', e: '' }],
    [['url=http://a/?b=c'], { url: 'http://a/?b=c' }],
    [['{"n": 3, "l": [1], "t": true}'], { n: 3, l: [1], t: true }],
    [['{n: 3}'], { n: 3 }],
    [['@vars.yml'], { n: 3, list: ['a'] }],
    [['@vars.yml', '@vars.json', 'list=x'], { n: 4, list: 'x' }],
    [['@empty.yml'], {}],
  ])('-e %j is %j', (args, vars) => {
    expect(parseExtraVars(args, readFile).vars).toEqual(vars);
  });

  it.each([
    ['n', 'vars.yml:1'],
    ['list', '--extra-vars'],
    ['other', undefined],
  ])('knows where %s was written that counts', (variable, where) => {
    expect(parseExtraVars(['n=1', '@vars.yml', 'list=x'], readFile).whereOf(variable)).toBe(where);
  });

  it.each([
    [
      ['version'],
      'Cannot read --extra-vars "…": its first word is no name=value; write name=value, a mapping as JSON or YAML, or @file',
    ],
    [[''], 'Cannot read --extra-vars "": write name=value, a mapping as JSON or YAML, or @file'],
    [
      ['db_password=hunter22 oops'],
      'Cannot read --extra-vars "db_password=… …": what follows db_password=… is no name=value (a value with blanks needs quotation marks of its own); write name=value, a mapping as JSON or YAML, or @file',
    ],
    [
      ['{"db_password": "hunter22" oops}'],
      'Cannot read --extra-vars "{…": Unexpected scalar at node end, at column 28',
    ],
    [['[a, "hunter22"'], 'Cannot read --extra-vars "[…": Flow sequence must end with a ], at column 15'],
    [["a='b"], `Cannot read --extra-vars "a=…": a quotation mark is not closed`],
    [['a-b=1'], 'Cannot read --extra-vars "a-b=…": "a-b" is no name for a variable'],
    [['=1'], 'Cannot read --extra-vars "=…": "" is no name for a variable'],
    [['[1]'], 'Cannot read --extra-vars "[…": should be a mapping of names to values'],
    [['@none.yml'], 'Cannot read --extra-vars @none.yml: no such file, none.yml'],
    [['@list.yml'], 'Cannot read --extra-vars @list.yml: should be a mapping of names to values'],
  ])('-e %j is refused: %s', (args, message) => {
    expect(() => parseExtraVars(args, readFile)).toThrow(new Failure('config', message));
  });

  it('tells what is wrong with all of them', () => {
    const lines = linesOf(() => parseExtraVars(['a', 'b=1', '{"x', '@broken.yml'], readFile));

    expect(lines).toEqual([
      expect.stringContaining('Cannot read --extra-vars "…": '),
      expect.stringMatching(/^Cannot read --extra-vars "{…": .*, at column \d+$/),
      expect.stringMatching(/^broken\.yml:2:1: /),
    ]);
  });
});
