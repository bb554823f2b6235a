import { describe, expect, it } from 'vitest';
import { blocksOf } from '../../../src/config/jinja/blocks.ts';
import { render, Scope } from '../../../src/config/template.ts';

describe('blocksOf()', () => {
  // prettier-ignore
  it.each<[string, string[]]>([
    ['a {{ b }} c {%- if d -%} e',           [' b ', ' if d ']],
    ['{{- a -}}{{+ b +}}',                   [' a ', ' b ']],
    [`{{ "}}" ~ '%}' ~ "\\"}}" }}`,          [` "}}" ~ '%}' ~ "\\"}}" `]],
    ["{{ {'a': {'b': 1}} }}",                [" {'a': {'b': 1}} "]],
    ['{# {{ a }} #}{{ b }}',                 [' b ']],
    ['{{ "{#" }}{{ a }}{{ "#}" }}',          [' "{#" ', ' a ', ' "#}" ']],
    ['{% raw %}{{ a }}{% endraw %}{{ b }}',  [' raw ', ' b ']],
    ['{{ a }}{{ "b }}{{ c }}',               [' a ']],
    ['{{ a }}{# {{ b }}',                    [' a ']],
    ['{{ a }}{% raw %}{{ b }}',              [' a ', ' raw ']],
    ['{{-}}',                                ['']],
    ['no template',                          []],
  ])('%s', (template, inner) => {
    expect(blocksOf(template).blocks.map((block) => block.inner)).toEqual(inner);
  });
});

describe('a very long template that is wrong', () => {
  const TIMES = 200_000;

  // prettier-ignore
  it.each([
    ['blocks that do not end',             '{{'.repeat(TIMES)],
    ['tags that do not end',               '{%'.repeat(TIMES)],
    ['comments that do not end',           '{#'.repeat(TIMES) + '{{'],
    ['texts that do not end',              '{{ "'.repeat(TIMES)],
    ['a text that does not end',           `{{ "${'\\"'.repeat(TIMES)}`],
    ['raw that does not end',              '{% raw %}{% '.repeat(TIMES / 4)],
    ['brackets that do not end',           `{{ ${'('.repeat(TIMES)} }}`],
    ['a chain without end',                `{{ a${'.b'.repeat(TIMES)} | default(1) | c }}`],
    ['loops without a name',               '{% for %}'.repeat(TIMES / 4)],
    ['a loop of loops',                    `{% ${'for '.repeat(TIMES / 4)} %}`],
  ])('is refused in a line: %s', (_what, template) => {
    const problems: string[] = [];

    render(template, new Scope({}, { whereOf: () => 'hosts.ini:1' }), (_path, message) => problems.push(message));

    expect(problems).toEqual([expect.stringMatching(/^cannot render ".{300,600}…": .{1,200}$/)]);
  });
});
