import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expandHosts } from '../../../src/config/inventory/ranges.ts';

describe('expandHosts()', () => {
  // prettier-ignore
  it.each<{ written: string; names: string[]; port?: number }>([
    { written: 'fe1',                      names: ['fe1'] },
    { written: 'fe1:2222',                 names: ['fe1'],                     port: 2222 },
    { written: 'fe[01:05:2].example',      names: ['fe01.example', 'fe03.example', 'fe05.example'] },
    { written: 'fe[8:11]',                 names: ['fe8', 'fe9', 'fe10', 'fe11'] },
    { written: 'fe[a:c]:22',               names: ['fea', 'feb', 'fec'],       port: 22 },
    { written: 'fe[y:B]',                  names: ['fey', 'fez', 'feA', 'feB'] },
    { written: 'r[1:2]s[a:b]',             names: ['r1sa', 'r1sb', 'r2sa', 'r2sb'] },
    { written: 'fe[:2]',                   names: ['fe0', 'fe1', 'fe2'] },
    { written: '2001:db8::5',              names: ['2001:db8::5'] },
    { written: '[2001:db8::6]:22',         names: ['2001:db8::6'],             port: 22 },
    { written: '[2001:db8::[1:2]]:22',     names: ['2001:db8::1', '2001:db8::2'], port: 22 },
  ])('expands $written', ({ written, names, port }) => {
    expect(expandHosts(written)).toEqual(port === undefined ? { names } : { names, port });
  });

  // prettier-ignore
  it.each<[written: string, problem: string]>([
    ['fe[1]',          '[1] is no range: write [first:last] or [first:last:step]'],
    ['fe[]',           '[] is no range: write [first:last] or [first:last:step]'],
    ['fe[1:2:3:4]',    '[1:2:3:4] is no range: write [first:last] or [first:last:step]'],
    ['fe[3:]',         '[3:] is no range: it has no last item'],
    ['fe[1:5:0]',      '[1:5:0] is no range: its step should be a number above 0, is "0"'],
    ['fe[1:5:-1]',     '[1:5:-1] is no range: its step should be a number above 0, is "-1"'],
    ['fe[5:1]',        '[5:1] is no range: it ends before it begins'],
    ['fe[F:a]',        '[F:a] is no range: it ends before it begins'],
    ['fe[01:100]',     '[01:100] is no range: 01 and 100 should have the same number of digits'],
    ['fe[1:a]',        '[1:a] is no range: its ends should be two numbers or two letters'],
    ['fe[aa:bb]',      '[aa:bb] is no range: its ends should be two numbers or two letters'],
    ['fe[1:100001]',   '"fe[1:100001]" are more than 100000 hosts'],
    ['fe[1:999][1:999]', '"fe[1:999][1:999]" are more than 100000 hosts'],
    ['fe1]',           '"fe1]" is no name for a host'],
    ['fe 1',           '"fe 1" is no name for a host'],
    ["fe'1",           '"fe\'1" is no name for a host'],
    ['fe\n1',          '"fe\\n1" is no name for a host'],
    ['fe;1',           '"fe;1" is no name for a host'],
    ['a:b:c',          '"a:b:c" is no name for a host'],
    ['fe1:65536',      'the port after ":" should be a number from 1 to 65535'],
    ['',               '"" is no name for a host'],
  ])('refuses %j', (written, problem) => {
    expect(expandHosts(written)).toEqual({ problem });
  });

  it('has every number of a range once, with its width', () => {
    const range = fc.record({ first: fc.nat(5000), more: fc.nat(200), by: fc.integer({ min: 1, max: 20 }) });

    fc.assert(
      fc.property(range, ({ first, more, by }) => {
        const pad = (value: number): string => String(value).padStart(4, '0');
        const expected = Array.from({ length: Math.floor(more / by) + 1 }, (_, step) => `fe${pad(first + step * by)}`);

        expect(expandHosts(`fe[${pad(first)}:${pad(first + more)}:${by}]`)).toEqual({ names: expected });
      }),
    );
  });
});
