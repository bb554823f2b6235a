import { describe, expect, it } from 'vitest';
import { Complaints, decode, failureOf, readDocument } from '../../src/config/document.ts';

function complaintsOf(read: () => unknown): string[] {
  try {
    read();
  } catch (error) {
    if (error instanceof Complaints) return failureOf(error.complaints).message.split('\n');
    throw error;
  }
  return [];
}

describe('readDocument()', () => {
  // prettier-ignore
  it.each<{ why: string; text: string; complaints: string[] }>([
    { why: 'an unquoted template',          text: 'x: 1\na: {{ x }}',       complaints: ['f.yml:2:4: quote it: "{{ x }}"'] },
    { why: 'a template with text after it', text: 'a: {{ x }}/y',           complaints: ['f.yml:1:4: quote it: "{{ x }}/y"'] },
    { why: 'a template in a list',          text: '- {{ x }}\n- b',         complaints: ['f.yml:1:3: quote it: "{{ x }}"'] },
    { why: 'a collection as a key',         text: '? [a]\n: b',             complaints: ['f.yml:1:1: a key should be text'] },
    { why: 'a key twice',                   text: 'a: 1\nb:\n  c: 1\n  c: 2', complaints: ['f.yml:4:3: "c" is written twice'] },
    { why: 'a quoted key twice',            text: '"a b": 1\n"a b": 2',     complaints: ['f.yml:2:1: "a b" is written twice'] },
    { why: 'an alias to nothing',           text: 'a:\n  - *x',             complaints: ['f.yml:2:5: *x refers to an anchor that is not set above it'] },
    { why: 'an alias to what comes later',  text: 'a: *x\nb: &x 1',         complaints: ['f.yml:1:4: *x refers to an anchor that is not set above it'] },
    { why: 'an alias to itself',            text: 'a: &a [*a]',             complaints: ['f.yml:1:8: *a refers to itself'] },
    { why: 'a vault',                       text: 'a: !vault |\n  x',       complaints: ['f.yml:1:4: is encrypted with Ansible Vault, but its format "" is unknown'] },
    { why: 'a vault of JSON',               text: '{"a": {"__ansible_vault": "x"}}', complaints: ['f.yml:1:1: has a value that is encrypted with Ansible Vault, but its format "" is unknown'] },
    { why: 'unknown tags, all at once',     text: 'b: !foo 1\nc: !!binary x', complaints: ['f.yml:1:4: !foo is not supported yet', 'f.yml:2:4: !!binary is not supported yet'] },
    { why: 'a merge of no mapping',         text: 'x: {<<: 5}',             complaints: ['f.yml:1:4: "<<" takes a mapping'] },
    { why: 'a tab',                         text: 'a:\n\tb: 1',             complaints: ['f.yml:2:1: Tabs are not allowed as indentation'] },
    { why: 'several documents',             text: 'a: 1\n---\nb: 2',        complaints: ['f.yml:2:1: holds several documents, only one is expected'] },
    { why: 'an open quote',                 text: 'a: "x\n',                complaints: ['f.yml:2:1: Missing closing "quote'] },
    { why: 'an open bracket',               text: 'a: [1, 2\nb: 3',         complaints: ['f.yml:2:1: Flow sequence in block collection must be sufficiently indented and end with a ]'] },
    { why: 'a NUL byte',                    text: 'a: \0',                  complaints: ['f.yml:1:1: is not a text file, it holds a NUL byte'] },
    { why: 'brackets without end',          text: `a:\n ${'['.repeat(50_000)}`, complaints: ['f.yml:2:1: is nested too deeply'] },
    { why: 'lists without end',             text: '- '.repeat(50_000),      complaints: ['f.yml:1:1: is nested too deeply'] },
  ])('complains about $why', ({ text, complaints }) => {
    expect(complaintsOf(() => readDocument('f.yml', text))).toEqual(complaints);
  });

  it('complains about aliases that multiply', () => {
    const levels = Array.from({ length: 12 }, (_, n) => `a${n + 1}: &a${n + 1} [${Array(9).fill(`*a${n}`).join()}]`);

    const complaints = complaintsOf(() => readDocument('f.yml', `a0: &a0 [x]\n${levels.join('\n')}`));

    expect(complaints).toEqual([expect.stringMatching(/^f\.yml:1:1: refers to its anchors too often/)]);
  });

  it('lets many hosts share one anchor', () => {
    const hosts = Array.from({ length: 1000 }, (_, n) => `h${n}: { <<: *base }`);

    const { value } = readDocument('f.yml', `base: &base { a: 1 }\n${hosts.join('\n')}`);

    expect(value).toHaveProperty('h999', { a: 1 });
  });

  // prettier-ignore
  it.each<{ why: string; text: string; value: unknown }>([
    { why: 'nothing is null',                       text: '# only a comment',           value: null },
    { why: 'yes, no, on and off are booleans',      text: '[yes, No, ON, off]',         value: [true, false, true, false] },
    { why: 'y and n are words',                     text: '[y, n]',                     value: ['y', 'n'] },
    { why: 'floats of JSON need no dot',            text: '{"a": [1e3, -2E-2, 1.5e3]}', value: { a: ['1000.0', -0.02, '1500.0'] } },
    { why: 'as they do in YAML',                    text: 'a: [1e3, -2E-2, 1.5e3]',    value: { a: ['1e3', '-2E-2', '1.5e3'] } },
    { why: 'a leading zero means octal',            text: '[0755, 09, 0o17]',           value: [493, '09', '0o17'] },
    { why: 'a whole float keeps its text',          text: '[2.0, 1.5, 1.e+3]',          value: ['2.0', 1.5, '1000.0'] },
    { why: 'an integer too large keeps its text',   text: '[12345678901234567890]',     value: ['12345678901234567890'] },
    { why: 'a date is text',                        text: '[2020-01-01]',               value: ['2020-01-01'] },
    { why: 'merge keys are merged',                 text: 'a: &a {x: 1}\nb: {<<: *a}',  value: { a: { x: 1 }, b: { x: 1 } } },
    { why: 'a key may be called __proto__',         text: '{"__proto__": 1}',           value: Object.fromEntries([['__proto__', 1]]) },
    { why: 'a byte order mark is skipped',          text: '\uFEFFa: 1',                 value: { a: 1 } },
  ])('$why', ({ text, value }) => {
    expect(readDocument('f.yml', text).value).toEqual(value);
  });
});

describe('at()', () => {
  const text = '- hosts: web\n  vars: &v\n    a: 1\n    b:\n  x: [1, {y: 2}]\n- vars:\n    <<: *v\n    1: z\n';
  const document = readDocument('f.yml', text);

  // prettier-ignore
  it.each<{ why: string; path: (string | number)[]; which?: 'key' | 'value'; at: string }>([
    { why: 'a value',                              path: [0, 'hosts'],               at: '1:10' },
    { why: 'a key',                                path: [0, 'hosts'], which: 'key', at: '1:3' },
    { why: 'the key of a value left out',          path: [0, 'vars', 'b'],           at: '4:5' },
    { why: 'a value in flow style',                path: [0, 'x', 1, 'y'],           at: '5:14' },
    { why: 'a key that is a number',               path: [1, 'vars', '1'],           at: '8:8' },
    { why: 'a value from a merge',                 path: [1, 'vars', 'a'],           at: '3:8' },
    { why: 'the nearest parent of what is missing', path: [0, 'nope', 'z'],          at: '1:3' },
    { why: 'the document',                         path: [],                         at: '1:1' },
  ])('finds $why', ({ path, which, at }) => {
    const { line, column } = document.at(path, which);

    expect(`${line}:${column}`).toBe(at);
  });

  it('gives a complaint its place', () => {
    expect(document.complaint([0, 'hosts'], 'is wrong')).toEqual({
      file: 'f.yml',
      line: 1,
      column: 10,
      message: 'is wrong',
    });
  });
});

describe('decode()', () => {
  it('refuses what is not UTF-8', () => {
    expect(complaintsOf(() => decode('f', Buffer.from([0x61, 0xff])))).toEqual(['f:1:1: is not UTF-8 text']);
  });

  it('refuses more than 10 MB', () => {
    const bytes = Buffer.alloc(10 * 1024 * 1024 + 1, 'a');

    expect(complaintsOf(() => decode('f', bytes))).toEqual(['f:1:1: has 10485761 bytes, more than 10 MB']);
  });
});

it('failureOf() sorts by place and tells nothing twice', () => {
  const failure = failureOf([
    { file: 'b', line: 1, column: 1, message: 'x' },
    { file: 'a', line: 10, column: 1, message: 'x' },
    { file: 'a', line: 9, column: 2, message: 'y' },
    { file: 'a', line: 9, column: 2, message: 'x' },
    { file: 'b', line: 1, column: 1, message: 'x' },
  ]);

  expect(failure.code).toBe('config');
  expect(failure.message.split('\n')).toEqual(['a:9:2: x', 'a:9:2: y', 'a:10:1: x', 'b:1:1: x']);
});
