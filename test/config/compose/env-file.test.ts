import { describe, expect, it } from 'vitest';
import { parseEnvFile, parseRawEnvFile } from '../../../src/config/compose/env-file.ts';

const lookup = (name: string): string | undefined => ({ HOME: '/root', A: 'outside' })[name];

describe('parseEnvFile()', () => {
  it.each<[string, Record<string, string>]>([
    ['', {}],
    ['# comment\n\n  \nB=b', { B: 'b' }],
    ['\uFEFFB=b\r\nC=c\r\n', { B: 'b', C: 'c' }],
    ['B=', { B: '' }],
    ['B= \nC=c', { B: '', C: 'c' }],
    ['B = b c  ', { B: 'b c' }],
    ['B: b', { B: 'b' }],
    ['export B=b', { B: 'b' }],
    ['B=b # comment', { B: 'b' }],
    ['B=b# none', { B: 'b# none' }],
    ['B=#comment', { B: '' }],
    ['B="b # none" # comment', { B: 'b # none' }],
    ["B='it\\'s $HOME'", { B: "it's $HOME" }],
    ['B="{\\"a\\": \\"b\\"}"', { B: '{"a": "b"}' }],
    ['B="a\\tb\\nc"', { B: 'a\tb\nc' }],
    ["B='a\\tb'", { B: 'a\\tb' }],
    ['B=a\\tb', { B: 'a\\tb' }],
    ['B="two\nlines"\nC=c', { B: 'two\nlines', C: 'c' }],
    ['B=$HOME/x', { B: '/root/x' }],
    ['B="${HOME}"', { B: '/root' }],
    ['B="\\$HOME" \nC=$$HOME', { B: '$HOME', C: '$HOME' }],
    ['B=b\nC=${B}c', { B: 'b', C: 'bc' }],
    ['A=inside\nC=$A', { A: 'inside', C: 'outside' }],
    ['B=${GONE:-x}', { B: 'x' }],
    ['HOME\nGONE', { HOME: '/root' }],
    ['B=1\nB=2', { B: '2' }],
    ['a.b-c[0]=x', { 'a.b-c[0]': 'x' }],
  ])('%j', (text, expected) => {
    expect(parseEnvFile(text, lookup)).toEqual(expected);
  });

  it.each([
    ['B=1\n\nan error', 3, 'should be KEY=value (a value of several lines needs quotation marks)'],
    ['B=1\n=x', 2, 'should be KEY=value (a value of several lines needs quotation marks)'],
    ['KEY=-----BEGIN\nMIIEvA/IBADANBg\n', 2, 'should be KEY=value (a value of several lines needs quotation marks)'],
    ['DB_PASSWORD=ab${cd', 1, 'DB_PASSWORD: a "${" is not closed with "}" (write $$ for a dollar sign)'],
    ['DB_PASSWORD=ab$cd12', 1, 'DB_PASSWORD: it names a variable that is not set (write $$ for a dollar sign)'],
    ['URL=ab$cd12', 1, 'URL: the variable cd12 is not set (write ${cd12:-} where it may be left out)'],
    ['B=1\nC="open\n\n', 2, 'a quotation mark is not closed'],
    ['B="two\nlines"\nC=${', 3, 'C: a "${" is not closed with "}" (write $$ for a dollar sign)'],
    ['B=$GONE', 1, 'B: the variable GONE is not set (write ${GONE:-} where it may be left out)'],
  ])('%j is refused at line %i', (text, line, message) => {
    expect(() => parseEnvFile(text, lookup)).toThrow(expect.objectContaining({ line, message }) as Error);
  });
});

describe('parseRawEnvFile()', () => {
  it('takes everything as it is written', () => {
    expect(parseRawEnvFile('# c\n\nA="x" # y\nB=$A\'\n')).toEqual({ A: '"x" # y', B: "$A'" });
    expect(() => parseRawEnvFile('A')).toThrow('should be KEY=value');
  });
});
