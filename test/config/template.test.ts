import { describe, expect, it } from 'vitest';
import { render, Scope, type TemplatePath } from '../../src/config/template.ts';

const vars = {
  n: 3,
  text: 'abc',
  version: '1.10',
  on: true,
  nothing: null,
  list: [1, 'b'],
  app: { port: 8080, 'log-level': 'info' },
  greeting: 'hello {{ text }}',
  deep: '{{ greeting }}!',
  next: '{{ n + 1 }}',
  nested: { a: ['{{ n }}'] },
  broken: '{{ gone }}',
  round: '{{ about }}',
  about: '{{ round }}',
  self: 'x{{ self }}',
};

function rendered(value: unknown): unknown {
  const complaints: string[] = [];
  const result = render(value, vars, (path: TemplatePath, message) => complaints.push(`${path.join('.')}: ${message}`));
  return complaints.length > 0 ? complaints : result;
}

describe('render()', () => {
  // prettier-ignore
  it.each<[string, unknown]>([
    ['no template',                                'no template'],
    ['pxApp_{{ n }}',                              'pxApp_3'],
    ['{{ n }}',                                    3],
    ['{{- n -}}',                                  3],
    [' {{ n }} ',                                  3],
    ['{{ 8080 + n }}',                             8083],
    ['{{ on }}',                                   true],
    ['{{ not on }}',                               false],
    ['{{ True }}',                                 true],
    ['{{ None }}',                                 null],
    ['{{ nothing }}',                              null],
    ['{{ list }}',                                 [1, 'b']],
    ['{{ app }}',                                  { port: 8080, 'log-level': 'info' }],
    ['{{ app.port }}',                             8080],
    ['{{ app["log-level"] }}',                     'info'],
    ['{{ {"a": {"b": n}} }}',                      { a: { b: 3 } }],
    ['{{ version }}',                              '1.10'],
    ['{{ "5" | int }}',                            5],
    ['{{ 2 ** 70 }}',                              '1180591620717411303424'],
    ['{{ n / 2 }}',                                1.5],
    ['{{ text ~ "-" ~ n }}',                       'abc-3'],
    ['{{ text | upper }}-{{ "ABC" | lower }}',     'ABC-abc'],
    ['{{ text | replace("b", "-") }}',             'a-c'],
    ['{{ list | join(",") }}',                     '1,b'],
    ['{{ text.upper() }}',                         'ABC'],
    ['{{ gone | default("x") }}',                  'x'],
    ['{{ gone is defined }}',                      false],
    ['{{ app.gone | default(1) }}',                1],
    ['{{ gone if on is not defined else n }}',     3],
    ['{% if on %}yes{% else %}{{ gone }}{% endif %}', 'yes'],
    ['{% for x in list %}{{ x }};{% endfor %}',    '1;b;'],
    ['{% set y = n * 2 %}{{ y }}',                 '6'],
    ['{% raw %}{{ gone }}{% endraw %}',            '{{ gone }}'],
    ['{{ "{{ gone }}" }}',                         '{{ gone }}'],
    ['{# {{ gone }} #}{{ n }}',                    '3'],
    ['{{ n }}{{ n }}',                             '33'],
    ['{{ "}}" }}',                                 '}}'],
    ['{{ greeting }}',                             'hello abc'],
    ['{{ deep }}',                                 'hello abc!'],
    ['{{ next }}',                                 4],
    ['{{ nested }}',                               { a: [3] }],
    ['{{ 6 | float | int }}',                      6],
    // MiniJinja prints these in lower case, where Jinja2 prints True and None.
    ['is {{ on }}, {{ nothing }}',                 'is True, '],
    ['l1\n{{ n }}\n',                              'l1\n3\n'],
  ])('%j is %j', (template, expected) => {
    expect(rendered(template)).toEqual(expected);
  });

  // prettier-ignore
  it.each([
    ['a {{ gone }}',                  'the variable gone is not defined'],
    ['{{ gone }}',                    'the variable gone is not defined'],
    ['{{ app.gone }}',                'the variable app.gone is not defined'],
    ['{{ app["gone"] }}',             'the variable app.gone is not defined'],
    ['{{ gone.port }}',               'the variable gone.port is not defined'],
    ['{{ text ~ gone }}',             'the variable gone is not defined'],
    ['{{ gone | int }}',              'the variable gone is not defined'],
    ['{{ [n, gone] }}',               'the variable gone is not defined'],
    ['{{ gone if on else n }}',       'the variable gone is not defined'],
    ['{{ broken }}',                  'the variable gone is not defined (in the variable broken: "{{ gone }}")'],
    ['{{ self }}',                    'self refers to itself: self → self'],
    ['{{ round }}',                   'round refers to itself: round → about → round'],
    ['{{ n',                          'cannot render "{{ n": "{{" has no "}}" outside of quotation marks and brackets'],
    ['{{ }}',                         'cannot render "{{ }}": syntax error: unexpected end of variable block'],
    ['{{ n | nope }}',                'cannot render "{{ n | nope }}": unknown filter: filter nope is unknown'],
    ['{{ nope(1) }}',   'cannot render "{{ nope(1) }}": unknown function: nope is unknown'],
    ['{% include "/etc/passwd" %}',   'cannot render "{% include \\"/etc/passwd\\" %}": template not found: tried to include non-existing template "/etc/passwd"'],
  ])('%j is refused: %s', (template, message) => {
    expect(rendered(template)).toEqual([`: ${message}`]);
  });

  it('ends a loop that would go on for ever', () => {
    const lines = rendered('{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}{% endfor %}');

    expect(lines).toEqual([expect.stringContaining('ran out of fuel')]);
  });

  it('still works after what makes the engine panic', () => {
    rendered('{{ 1 }} }} {{ 2 }}');
    rendered('{{ 1 }}}}');

    expect(rendered('{{ n }}')).toBe(3);
  });

  it('goes deep, leaves keys alone and tells where everything wrong is', () => {
    expect(rendered({ 'a{{ n }}': [{ b: '{{ n }}', c: 4 }], d: null })).toEqual({
      'a{{ n }}': [{ b: 3, c: 4 }],
      d: null,
    });
    expect(rendered({ a: [{ b: '{{ gone }}' }], c: '{{ n }}', d: '{{ lost }}' })).toEqual([
      'a.0.b: the variable gone is not defined',
      'd: the variable lost is not defined',
    ]);
  });

  it('leaves out the keys that are to be omitted', () => {
    const scope = { n: 3, left: '{{ gone | default(omit) }}' };
    const told: string[] = [];
    const complain = (path: TemplatePath, message: string): number => told.push(`${path.join('.')}: ${message}`);

    expect(
      render(
        { a: '{{ gone | default(omit) }}', b: '{{ n | default(omit) }}', c: [{ d: '{{ left }}' }] },
        scope,
        complain,
      ),
    ).toEqual({ b: 3, c: [{}] });
    expect(told).toEqual([]);

    render({ a: ['{{ left }}'], b: 'x{{ omit }}' }, scope, complain);
    render('{{ omit }}', scope, complain);

    expect(told).toEqual([
      expect.stringContaining('a.0: "omit" leaves out a key'),
      expect.stringContaining('b: cannot render "x{{ omit }}": "omit" leaves out a key'),
      expect.stringContaining(': "omit" leaves out a key'),
    ]);
  });

  it('renders a variable once, however often it is used', () => {
    const scope = new Scope({ a: '{{ b }}', b: { c: '{{ 1 + 1 }}' } });

    expect(render(['{{ a.c }}', '{{ a }}'], scope, () => undefined)).toEqual([2, { c: 2 }]);
    expect(scope.value('a')).toBe(scope.value('a'));
  });
});
