import { readFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { render, Scope } from '../../../src/config/template.ts';
import { Secrets } from '../../../src/rollout/secret.ts';

const vars = { none_: null, l: [1, 'x', null, true, 1.5], d: { a: 1, b: "it's" }, on: true, t: 'a-b_c' };

const hosts = {
  fe1: { ip: '10.0.0.1', net: { port: 80 } },
  fe2: { ip: '10.0.0.2', net: { port: 81 } },
};

function rendered(template: string): unknown {
  const problems: string[] = [];
  const value = render(template, vars, (_path, message) => problems.push(message));
  return problems[0] ?? value;
}

describe('templates', () => {
  // What Ansible 2.14 makes of the same.
  // prettier-ignore
  it.each([
    ['a{{ none_ }}b',                                              'ab'],
    ['a{{ true }}b {{ l }} {{ d }}',                               `aTrueb [1, 'x', None, True, 1.5] {'a': 1, 'b': "it's"}`],
    ["{{ 'a' if false }}x",                                        'x'],
    ['{{ l | to_json }} {{ d | to_json }}.',                       `[1, "x", null, true, 1.5] {"a": 1, "b": "it's"}.`],
    ['{{ d | to_nice_json }}.',                                    `{\n    "a": 1,\n    "b": "it's"\n}.`],
    ["{{ t | regex_replace('([a-z])-', '\\1+') }}.",              'a+b_c.'],
    ["{{ 'x y' | quote }} {{ 'a/b c' | urlencode }} {{ '' | quote }}", "'x y' a/b%20c ''"],
    ["{{ 'aé' | to_json }}.",                                      '"a\\u00e9".'],
    ["{{ '%05.1f|%-4s|%x' | format(3.14159, 'ab', 255) }}",        '003.1|ab  |ff'],
    ["{{ {'a': {'b': 1, 'c': 2}} | combine({'a': {'b': 3}}, recursive=True) }}", { a: { b: 3, c: 2 } }],
    ["{{ 'x.tar.gz' | splitext }}",                                ['x.tar', '.gz']],
    ["{{ 'yes' | bool }}",                                         true],
    ["{{ '1.10' is version('1.9', '>') }}",                        true],
    ['{{ [1, [2, [3]]] | flatten }}',                              [1, 2, 3]],
    ["{{ 'ab' | hash('md5') }}",                                   '187ef4436122d1cc2f40dc2b92f0eba0'],
    ['{{ [3, 1] | union([1, 4]) }}',                               [3, 1, 4]],
    ["{{ true | ternary('y', 'n') }}",                             'y'],
    // Ansible keeps the order in which they are written.
    ["{{ {'b': 1, 'a': 2} | dict2items }}",                        [{ key: 'a', value: 2 }, { key: 'b', value: 1 }]],
    ["{{ lookup('env', 'SLUICE_NO_SUCH') }}|",                     '|'],
    ["{{ 'aGk=' | b64decode }}-{{ 'hi' | b64encode }}",            'hi-aGk='],
    ["{{ t is match('a-') and t is search('_') }}",                true],
    ['{{ "{{" }} {% raw %}{{ on }}{% endraw %}',                   '{{ {{ on }}'],
  ])('render %s', (template, value) => {
    expect(rendered(template)).toEqual(value);
  });

  // prettier-ignore
  it.each([
    ["{{ 'x' | from_json }}.",        'the filter from_json: its value is no JSON'],
    ["{{ t | hash('rot13') }}",       'the filter hash: cannot'],
    ["{{ 'gone' | extract({'a': 1}) }}", 'the filter extract: there is no "gone" in it'],
    ["{{ t | regex_search('(x)', '1') }}", 'the filter regex_search: "1" is no group such as \\1 or \\g<name>'],
    ["{{ {} | combine({}, list_merge='sum') }}", 'the filter combine: list_merge is replace, keep, append, prepend,'],
    ["{{ [] | map('flatten', levels=1) }}", "map('flatten') can have no levels= here: write what it is told"],
    ["{{ lookup('pipe', 'id') }}",    'lookup: there is no "pipe" here, only env, file and vars'],
    ["{{ lookup('file', '/no/x') }}", 'lookup: cannot read /no/x'],
    ['{{ gone | to_json }}',          'the variable gone is not defined'],
    ['{{ (gone if on else 1) | to_json }}', 'the variable gone is not defined'],
  ])('complain about %s', (template, message) => {
    expect(rendered(template)).toContain(message.replace('the filter hash: cannot', 'the filter hash: its value cannot'));
  });

  // What has no answer there is refused, by Ansible and here.
  const answers = readFileSync(new URL('answers.txt', import.meta.url), 'utf8').matchAll(/^(.+)\n([=!])(.*)\n/gm);

  it.each([...answers].map(([, template = '', sign, answer = '']) => ({ template, sign, answer })))(
    'are to $template what they are to Ansible 2.14',
    ({ template, sign, answer }) => {
      const problems: string[] = [];

      const value = render(template, { hosts }, (_path, message) => problems.push(message));

      expect(problems).toHaveLength(sign === '!' ? 1 : 0);
      if (sign === '=') expect(value ?? '').toEqual(JSON.parse(answer));
    },
  );

  it('go on after one that failed', () => {
    rendered("{{ 'x' | from_json }}.");

    expect(rendered('{{ t }}.')).toBe('a-b_c.');
  });

  it('make a secret of what they make of one', () => {
    const secrets = new Secrets();
    secrets.add('hunter2');

    render('{{ pw | b64encode }}', new Scope({ pw: 'hunter2' }, { secrets }), () => undefined);

    expect(secrets.hide('is aHVudGVyMg==')).toBe('is (hidden)');
  });

  // prettier-ignore
  it.each([
    { what: 'a mapping with one in it', template: '{{ registry_auth | to_json | b64encode }}', shows: 'eyJwYXNzd29yZCI6ICJodW50ZXIyIiwgInVzZXIiOiAiY2kifQ==' },
    { what: 'one that is looked up',    template: "{{ lookup('env', 'SLUICE_TEST_PASSWORD') | b64encode }}", shows: 'b3RoZXItc2VjcmV0' },
    { what: 'one of another host',      template: '{{ hostvars[h].db_password | b64encode }}', shows: 'ZGItc2VjcmV0LTE=' },
    { what: 'one, by a method',         template: '{{ pw.upper() }}',                          shows: 'HUNTER2' },
    { what: 'one, as a list',           template: "{{ pw | regex_findall('[a-z]+') }}",        shows: 'hunter' },
  ])('make a secret of what is made of $what', ({ template, shows }) => {
    const secrets = new Secrets();
    secrets.add('hunter2');
    vi.stubEnv('SLUICE_TEST_PASSWORD', 'other-secret');
    const vars = { pw: 'hunter2', registry_auth: { user: 'ci', password: 'hunter2' }, h: 'fe1' };
    const made = { hostvars: () => ({ fe1: { db_password: 'db-secret-1' } }) };

    const problems: string[] = [];
    render(template, new Scope(vars, { secrets, made }), (_path, message) => problems.push(message));

    vi.unstubAllEnvs();
    expect(problems).toEqual([]);
    expect(secrets.hide(`is ${shows}`)).toBe('is (hidden)');
    expect(secrets.hide('ci')).toBe('ci');
  });
});
