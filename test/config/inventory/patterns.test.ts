import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Inventory } from '../../../src/config/inventory/inventory.ts';
import { selectHosts } from '../../../src/config/inventory/patterns.ts';

function anInventory(groups: Record<string, string[]>): Inventory {
  const names = [...new Set(Object.values(groups).flat())];
  const hosts = new Map(names.map((name) => [name, { name, vars: {}, groups: [] }]));
  return { hosts, groups: new Map(Object.entries({ all: names, ungrouped: [], ...groups })) };
}

const fleet = anInventory({
  web: ['fe1', 'fe2', 'fe3', 'fe4'],
  prod: ['fe1', 'fe2', 'db1'],
  db: ['db1', 'db2'],
  empty: [],
});
const files: Record<string, string> = {
  retry: '# failed\nfe2\n\n db1 \nfe1\n',
  mixed: 'web:!fe1,db1',
  none: '#\n',
  nested: '@retry',
};

function readFile(path: string): string {
  const text = files[path];
  if (text === undefined) throw new Error('no such file');
  return text;
}

describe('selectHosts()', () => {
  // prettier-ignore
  it.each<{ why: string; pattern: string; limit?: string; hosts: string[] }>([
    { why: 'the first ones, though Ansible finds none', pattern: 'web[:1]',                        hosts: ['fe1', 'fe2'] },
    { why: 'the hosts of a file',                       pattern: '@retry',                         hosts: ['fe2', 'db1', 'fe1'] },
    { why: 'a file among others',                       pattern: 'fe4,@retry:!fe1',                hosts: ['fe4', 'fe2', 'db1'] },
    { why: 'all but those of a file',                   pattern: 'web:!@retry',                    hosts: ['fe3', 'fe4'] },
    { why: 'those of a file, too',                      pattern: 'web:&@retry',                    hosts: ['fe1', 'fe2'] },
    { why: 'patterns in a file',                        pattern: '@mixed',                         hosts: ['fe2', 'fe3', 'fe4', 'db1'] },
    { why: 'a limit from a file',                       pattern: 'web',        limit: '@retry',    hosts: ['fe1', 'fe2'] },
    { why: 'the order of the pattern, not of the limit', pattern: 'db1,fe2,fe1', limit: 'fe1,fe2,db1', hosts: ['db1', 'fe2', 'fe1'] },
    { why: 'a limit that takes away',                   pattern: 'web',        limit: '!fe2',      hosts: ['fe1', 'fe3', 'fe4'] },
    { why: 'a limit on other hosts, too',               pattern: 'web',        limit: 'prod',      hosts: ['fe1', 'fe2'] },
    { why: 'a regex with separators in brackets',       pattern: '~fe(?:1|2),db2',                 hosts: ['fe1', 'fe2', 'db2'] },
    { why: 'a glob that takes nothing away',            pattern: 'web:!old*',                      hosts: ['fe1', 'fe2', 'fe3', 'fe4'] },
    { why: 'an empty group besides others',             pattern: 'empty:db',                       hosts: ['db1', 'db2'] },
    { why: 'a regex in the words of Python',            pattern: '~(?i)FE(?P<n>[12])\\Z',          hosts: ['fe1', 'fe2'] },
  ])('selects $why', ({ pattern, limit, hosts }) => {
    expect(selectHosts(fleet, pattern, limit, readFile)).toEqual(hosts);
  });

  // prettier-ignore
  it.each<{ pattern: string; limit?: string; message: string }>([
    { pattern: 'fe11',                message: '"fe11" matches no host and no group (did you mean "fe1"?)' },
    { pattern: 'wbe',                 message: '"wbe" matches no host and no group (did you mean "web"?)' },
    { pattern: 'web:!fe9',            message: '"fe9" matches no host and no group (did you mean "fe1"?)' },
    { pattern: 'web', limit: 'dbb',   message: '"dbb" matches no host and no group (did you mean "db"?)' },
    { pattern: 'elsewhere',           message: '"elsewhere" matches no host and no group' },
    { pattern: 'old*',                message: '"old*" matches no host and no group' },
    { pattern: 'fe[1:3]',             message: '"fe[1:3]" matches no host and no group; [...] at its end chooses among the hosts of "fe" (did you mean "fe1"?)' },
    { pattern: 'web[4]',              message: '"web[4]" matches none of the 4 hosts of "web"' },
    { pattern: 'web[-5]',             message: '"web[-5]" matches none of the 4 hosts of "web"' },
    { pattern: 'web[2:1]',            message: '"web[2:1]" matches none of the 4 hosts of "web"' },
    { pattern: 'localhost',           message: '"localhost" matches no host and no group; localhost must be in the inventory to be meant' },
    { pattern: 'empty',               message: '"empty" leaves no host' },
    { pattern: 'web:!all',            message: '"web:!all" leaves no host' },
    { pattern: 'web', limit: 'db',    message: '"web" with the limit "db" leaves no host' },
    { pattern: ' , ',                 message: 'the pattern " , " is empty' },
    { pattern: 'web', limit: '',      message: 'the pattern "" is empty' },
    { pattern: 'web:!',               message: 'there is nothing after "!"' },
    { pattern: '@',                   message: 'there is nothing after "@"' },
    { pattern: '~[',                  message: '"~[" is no valid pattern: Unterminated character class' },
    { pattern: '@gone',               message: 'cannot read gone: no such file' },
    { pattern: '@none',               message: 'none names none' },
    { pattern: '@nested',             message: 'nested refers to another file, "@retry"' },
  ])('refuses $pattern $limit', ({ pattern, limit, message }) => {
    expect(() => selectHosts(fleet, pattern, limit, readFile)).toThrow(
      expect.objectContaining({ code: 'config', message: `Cannot select hosts: ${message}` }),
    );
  });

  const LONG = 400_000;

  it.each([
    ['a name', 'x'.repeat(LONG), 'matches no host and no group'],
    ['brackets that are not closed', '['.repeat(LONG), 'has more than 10000 characters'],
    ['brackets with a number', `${'['.repeat(LONG)}1]`, 'has more than 10000 characters'],
    ['a glob', '*['.repeat(LONG / 2), 'has more than 10000 characters'],
    ['a regular expression', `~${'x'.repeat(LONG)}`, 'has more than 10000 characters'],
    ['a regular expression in a regular expression', `~${'('.repeat(5000)}${')'.repeat(4000)}`, 'is no valid pattern'],
    ['blanks', ' \t'.repeat(LONG / 2), 'is empty'],
    ['signs', '!!'.repeat(LONG / 2), 'matches no host and no group'],
    ['names', 'fe1,'.repeat(LONG / 4) + 'fe11', '"fe11" matches no host'],
    ['a group and its hosts taken away', `${'all:'.repeat(LONG / 8)}${'!all,'.repeat(LONG / 8)}`, 'leaves no host'],
  ])('refuses very much of %s', (_what, pattern, message) => {
    const wide = anInventory({ web: Array.from({ length: 2000 }, (_, index) => `fe${index + 12}`).concat('fe1') });

    expect(() => selectHosts(wide, pattern)).toThrow(message);
  });

  it('takes the same hosts in whatever order unions, intersections and differences are written', () => {
    const terms = fc.shuffledSubarray(['web', 'db', '&prod', '!fe1', '!db2'], { minLength: 5 });

    fc.assert(
      fc.property(terms, (written) => {
        expect(selectHosts(fleet, written.join(':')).toSorted()).toEqual(['db1', 'fe2']);
      }),
    );
  });

  it('selects each host once, in the order written', () => {
    const names = fc.array(fc.constantFrom('fe1', 'fe2', 'fe3', 'db1'), { minLength: 1 });

    fc.assert(
      fc.property(names, (list) => {
        expect(selectHosts(fleet, list.join(','))).toEqual([...new Set(list)]);
      }),
    );
  });
});
