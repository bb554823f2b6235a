import { describe, expect, it } from 'vitest';
import { columns, duration, shortDigest } from '../../src/report/columns.ts';

describe('columns()', () => {
  it('makes each column as wide as its widest cell, two blanks apart, nothing after the last', () => {
    expect(
      columns([
        ['a', 'bb', 'c'],
        ['aaa', 'b', 'ccc'],
        ['', '', ''],
      ]),
    ).toEqual(['a    bb  c', 'aaa  b   ccc', '']);
  });

  it('lets rows be shorter, and wide cells at their end run over', () => {
    expect(columns([['a', 'b'], ['a long last cell'], ['c', 'd', 'e']])).toEqual([
      'a                 b',
      'a long last cell',
      'c                 d  e',
    ]);
  });

  it('has nothing to say of no rows', () => {
    expect(columns([])).toEqual([]);
    expect(columns([[]])).toEqual(['']);
  });
});

describe('duration()', () => {
  // prettier-ignore
  it.each([
    { ms: 0,         text: '0.0 s' },
    { ms: 449,       text: '0.4 s' },
    { ms: 9_900,     text: '9.9 s' },
    { ms: 10_000,    text: '10 s' },
    { ms: 99_400,    text: '99 s' },
    { ms: 100_000,   text: '1 min 40 s' },
    { ms: 119_700,   text: '2 min 00 s' },
    { ms: 125_000,   text: '2 min 05 s' },
    { ms: 3_600_000, text: '60 min 00 s' },
  ])('says $ms ms as $text', ({ ms, text }) => {
    expect(duration(ms)).toBe(text);
  });
});

describe('shortDigest()', () => {
  // prettier-ignore
  it.each([
    { digest: 'sha256:0123456789abcdef', short: '0123456789ab' },
    { digest: '0123456789abcdef',        short: '0123456789ab' },
    { digest: 'sha256:abc',              short: 'abc' },
    { digest: undefined,                 short: 'unknown' },
  ])('shortens $digest to $short', ({ digest, short }) => {
    expect(shortDigest(digest)).toBe(short);
  });
});
