import { describe, expect, it } from 'vitest';
import { UnsafeText } from '../../../src/config/values.ts';
import { render, renderVariable, Scope } from '../../../src/config/template.ts';

const vars = {
  ...{ a: 1, b: 2, s: 'x', on: true, l: [1, 2], env: 'prod' },
  ...{ written: '[1, 2]', word: 'True', unsafe: new UnsafeText('[1, 2]') },
  json: '{{ l | to_json }}',
  jsonAgain: '{{ json }}',
  flag: "{% if env == 'test' %}True{% else %}False{% endif %}",
  cond: "{{ 'True' if env == 'test' else 'False' }}",
  list: '[{{ a }}, {{ b }}]',
};

function variable(template: unknown): unknown {
  return new Scope({ ...vars, variable: template }).value('variable');
}

describe('a variable that is a template', () => {
  // What Ansible 2.14 makes of the same.
  // prettier-ignore
  it.each<[string, unknown]>([
    ["{% if env == 'prod' %}True{% else %}False{% endif %}", true],
    ["{{ 'True' if env == 'test' else 'False' }}", false],
    ["{{ 'true' }}",                         'true'],
    ["true{{ '' }}",                         'true'],
    ["True{{ '' }}",                         true],
    [" True{{ '' }}",                        ' True'],
    ["True{{ '' }} ",                        'True '],
    ["None{{ '' }}",                         'None'],
    ['{{ word }}',                           true],
    ['{{ written }}',                        [1, 2]],
    ['{{ unsafe }}',                         [1, 2]],
    ['{{ written | trim }}',                 [1, 2]],
    ['[1, 2]',                               '[1, 2]'],
    ['[{{ a }}, {{ b }}]',                   [1, 2]],
    ['[{{ a }},{{ b }},] ',                  [1, 2]],
    [' [{{ a }}, {{ b }}]',                  ' [1, 2]'],
    ['[\n  {{ a }}, # one\n  {{ b }}\n]\n',  [1, 2]],
    ['[{{ s }}]',                            '[x]'],
    ["['{{ s }}']",                          ['x']],
    ["['{{ s }}\n']",                        "['x\n']"],
    ["['{{ s }}', true]{# true #}",          ['x', true]],
    ['["{{ s }}", true, false, null, "true"]', ['x', true, false, null, 'true']],
    ['[{{ a }}, {{ b }}',                    '[1, 2'],
    ['[ -f {{ s }} ]',                       '[ -f x ]'],
    ['[{{ a }}][{{ b }}]',                   '[1][2]'],
    ['[-{{ a }}, +{{ b }}]',                 [-1, 2]],
    ["{{ '{' }}{{ '}' }}",                   {}],
    ['{"a": {{ on | lower }}}',              { a: true }],
    ["{'a': {{ on }}, 'b': None}",           { a: true, b: null }],
    ['{{ {"a": a} }}',                       { a: 1 }],
    ['({{ a }}, {{ b }})',                   '(1, 2)'],
    ['{{ a }}{{ b }}',                       '12'],
    ['{% raw %}[1]{% endraw %}',             [1]],
    ['[1, 0755, {{ a }}]',                   '[1, 0755, 1]'],
    ['[1, (2, {{ a }})]',                    [1, [2, 1]]],
    ['{{ l | to_json }}',                    '[1, 2]'],
    ['{{ l | to_json if on else 1 }}',       '[1, 2]'],
    ["{{ l | to_json }}{{ '' }}",            [1, 2]],
    ['{{ (l | to_json) | trim }}',           [1, 2]],
    ['{{ written | string }}',               '[1, 2]'],
    ['{{ json }}',                           '[1, 2]'],
    ['{{ jsonAgain }}',                      '[1, 2]'],
    ['{{ [json] }}',                         ['[1, 2]']],
    ["{{ 'y' if flag else 'n' }}",           'n'],
    ["{{ 'y' if cond else 'n' }}",           'n'],
    ["{{ list | length ~ '' }}",             '2'],
  ])('%j is %j', (template, value) => {
    expect(variable(template)).toEqual(value);
  });

  it('is read wherever in it the text is', () => {
    expect(variable({ on: ["{{ 'Tr' ~ 'ue' }}"] })).toEqual({ on: [true] });
    expect(renderVariable(['[{{ a }}]'], new Scope(vars), () => undefined)).toEqual([[1]]);
  });

  // Whoever takes a value says what it is to be: `environment` may hold JSON.
  it('is not a field of the playbook, which stays text', () => {
    expect(render(['{"port": {{ a }}}', '{{ list }}'], new Scope(vars), () => undefined)).toEqual([
      '{"port": 1}',
      [1, 2],
    ]);
  });
});
