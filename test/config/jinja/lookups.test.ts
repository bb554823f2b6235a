import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hostScope, surroundingsIn } from '../../../src/config/inventory/host-scope.ts';
import { render } from '../../../src/config/template.ts';
import { aFleet, aPlaybook, theInstance } from '../playbook/fleet.ts';

const files = {
  'play/files/a': 'a in files\n',
  'play/a': 'a\n',
  'play/b': 'b\n',
  'play/spaced': '  spaced  \n',
  'play/templates/e': 'e\n',
  d: 'd\n',
};
let root = '';

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'sluice-lookups-'));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
});

afterAll(() => {
  rmSync(root, { recursive: true });
});

function rendered(expression: string, vars = {}): unknown {
  const problems: string[] = [];
  const surroundings = surroundingsIn(aFleet({ fe2: { theirs: "{{ lookup('file', 'b') }}" } }), {
    folder: join(root, 'play'),
  });
  const scope = hostScope({ name: 'fe1', vars, groups: [] }, {}, surroundings);
  const value = render(`{{ ${expression} }}`, scope, (_path, message) => problems.push(message));
  return problems[0]?.replaceAll(root, 'ROOT') ?? value;
}

describe('lookup()', () => {
  // What Ansible 2.14 finds for a playbook in play/.
  // prettier-ignore
  it.each([
    ["lookup('file', 'a')",                  'a in files'],
    ["lookup('file', 'b')",                  'b'],
    ["lookup('file', 'files/a')",            'a in files'],
    ["lookup('file', '../d')",               'd'],
    ["lookup('file', './b')",                'b'],
    ["'[' ~ lookup('file', 'spaced') ~ ']'", '[  spaced]'],
    ["lookup('file', 'a', 'b')",             'a in files,b'],
    ["query('file', 'a', 'b')",              ['a in files', 'b']],
    ["q('file', 'b')",                       ['b']],
    ["lookup('file', 'b', wantlist=true)",   ['b']],
    ["query('env', 'HOME')",                 [homedir()]],
    ["lookup('env', 'HOME', 'SLUICE_NONE')", `${homedir()},`],
    ["lookup('env', 'SLUICE_NONE', 'HOME', default='x')", `x,${homedir()}`],
  ])('%s is %j', (expression, value) => {
    expect(rendered(expression)).toEqual(value);
  });

  it.each(['d', 'e', 'play', 'play/b'])('finds no %s anywhere else', (name) => {
    expect(rendered(`lookup('file', '${name}')`)).toContain(
      `lookup: cannot read ${name}: it is neither in ROOT/play/files nor in ROOT/play`,
    );
  });

  // What Ansible 2.14 makes of the same, which has text of numbers.
  // prettier-ignore
  it.each([
    ["lookup('vars', 'port_' ~ env)",             80],
    ["lookup('vars', 'deep')",                    '801'],
    ["lookup('vars', 'm').a",                     1],
    ["lookup('vars', 'gone', default='d')",       'd'],
    ["query('vars', 'port_prod', 'deep')",        [80, '801']],
    ["lookup('vars', 'port_prod', 'deep')",       [80, '801']],
    ["lookup('vars', lookup('vars', 'name'))",    80],
    ["lookup('vars', 'gone')",                    expect.stringContaining('lookup: the variable gone is not defined')],
    ["lookup('vars', 'gone') | default('x')",     expect.stringContaining('lookup: the variable gone is not defined')],
    ["lookup('vars', 'broken')",                  expect.stringContaining('the variable lost is not defined (in the variable broken')],
  ])('%s is %j', (expression, value) => {
    const vars = { env: 'prod', port_prod: 80, deep: '{{ port_prod }}1', m: { a: 1 }, name: 'port_prod', broken: '{{ lost }}' };

    expect(rendered(expression, vars)).toEqual(value);
  });

  it('finds for each host what that host has', () => {
    const expression = "lookup('vars', 'p' ~ 'ort', default='none')";

    expect([rendered(expression, { port: 1 }), rendered(expression), rendered(expression, { port: 2 })]).toEqual([
      1,
      'none',
      2,
    ]);
  });

  it('finds files by their absolute path', () => {
    expect(rendered(`lookup('file', '${join(root, 'd')}')`)).toBe('d');
  });

  it('finds the same for variables of this host and of others', () => {
    expect(rendered("own ~ hostvars['fe2'].theirs", { own: "{{ lookup('file', 'a') }}" })).toBe('a in filesb');
  });

  it('finds what is beside a playbook, wherever the command is given', () => {
    const lines = "    container: { image: shop, labels: { a: \"{{ lookup('file', 'a') }}\" } }\n";

    const instance = theInstance(aPlaybook(lines), aFleet(), { playbookDir: join(root, 'play') });

    expect(instance.spec.labels).toEqual({ a: 'a in files' });
  });
});
