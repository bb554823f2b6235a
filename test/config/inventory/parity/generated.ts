import * as fc from 'fast-check';
import { archiveOf } from './archive.ts';

interface Model {
  readonly groups: readonly ModelGroup[];
  readonly hosts: readonly ModelHost[];
  readonly patterns: readonly string[];
}

interface ModelGroup {
  /** The index of its parent, which stands before it: no two groups share children, or Ansible leaves it to chance. */
  readonly parent: number | undefined;
  readonly vars: Record<string, string>;
  readonly fileVars: Record<string, string>;
  readonly priority: number | undefined;
}

interface ModelHost {
  readonly name: string;
  readonly groups: readonly number[];
  readonly vars: Record<string, string>;
  readonly fileVars: Record<string, string>;
}

const groupNames = ['web', 'Db', 'a_1', 'zeta', 'Beta2', 'mid', 'x'];
const hostNames = ['h1', 'h2:2222', 'fe[1:3]', 'db-[a:c].example.com', 'n[01:05:2]', '192.0.2.7', '2001:db8::1', 'H_9'];

const iniValue = fc.constantFrom(
  ...['1', '-7', '1.5', '2.0', '1e3', '0x1f', '007', 'True', 'yes', 'None', 'null', 'text', '"quoted text"', 'a=b'],
  ...[
    '"[1, 2.0, None]"',
    `"{'a': [True]}"`,
    "'5'",
    '{{x}}',
    '1.10',
    '12345678901234567890',
    'a:b',
    '""',
    '1_0',
    '3,4,',
  ],
);
const yamlValue = fc.constantFrom(
  ...['1', '-7', '1.5', '2.0', '1e3', '0x1f', '007', '09', 'yes', 'Off', 'n', '~', 'null', 'text', '"quoted"', "'5'"],
  ...['[1, 2.0, ~]', '{a: [true], b: {}}', '"{{ x }}"', '1.10', '12345678901234567890', '22:22', '""', '1_0', '.inf'],
);
const key = fc.constantFrom('a', 'b', 'c', 'long_name', 'Z');

const model: fc.Arbitrary<Model> = fc.record({
  groups: fc
    .array(
      fc.record({
        parent: fc.option(fc.nat(6), { nil: undefined }),
        vars: fc.dictionary(key, iniValue, { maxKeys: 3 }),
        fileVars: fc.dictionary(key, yamlValue, { maxKeys: 2 }),
        priority: fc.option(fc.integer({ min: -2, max: 12 }), { nil: undefined, freq: 4 }),
      }),
      { minLength: 1, maxLength: groupNames.length },
    )
    .map((groups) =>
      groups.map((it, index) => ({
        ...it,
        parent: index > 0 && it.parent !== undefined ? it.parent % index : undefined,
      })),
    ),
  hosts: fc.uniqueArray(
    fc.record({
      name: fc.constantFrom(...hostNames),
      groups: fc.array(fc.nat(6), { maxLength: 3 }),
      vars: fc.dictionary(key, iniValue, { maxKeys: 3 }),
      fileVars: fc.dictionary(key, yamlValue, { maxKeys: 1 }),
    }),
    { minLength: 1, maxLength: hostNames.length, selector: ({ name }) => name },
  ),
  patterns: fc.array(
    fc.constantFrom(
      'all:!web',
      'web',
      'all:&web',
      'all[0]',
      'all[-1]',
      'all[1:2]',
      '*[0]',
      'all:!~^[hf]',
      '~.*',
      'all,!*e*',
    ),
    { maxLength: 3 },
  ),
});

/** An inventory of INI, group_vars and host_vars, as an archive. */
export const generatedArchive: fc.Arbitrary<string> = model.map(({ groups, hosts, patterns }) => {
  const nameOf = (group: number): string => groupNames[group % groups.length] ?? 'web';
  const line = ({ name, vars }: ModelHost): string =>
    [name, ...Object.entries(vars).map(([variable, value]) => `${variable}=${value}`)].join(' ');
  const sections = groups.flatMap(({ vars, priority }, index) => [
    `[${nameOf(index)}]`,
    ...hosts.filter((host) => host.groups.some((it) => nameOf(it) === nameOf(index))).map(line),
    `[${nameOf(index)}:vars]`,
    ...Object.entries(vars).map(([variable, value]) => `${variable} = ${value}`),
    ...(priority === undefined ? [] : [`ansible_group_priority=${priority}`]),
    `[${nameOf(index)}:children]`,
    ...groups.flatMap(({ parent }, child) => (parent === index ? [nameOf(child)] : [])),
  ]);
  const lone = hosts.filter((host) => host.groups.length === 0).map(line);
  const files = (folder: string, of: readonly (readonly [string, Record<string, string>])[]): Record<string, string> =>
    Object.fromEntries(
      of
        .filter(([, vars]) => Object.keys(vars).length > 0)
        .map(([name, vars]) => [
          `${folder}/${name}.yml`,
          Object.entries(vars)
            .map(([variable, value]) => `${variable}: ${value}\n`)
            .join(''),
        ]),
    );
  return archiveOf({
    sources: 'hosts',
    ...(patterns.length > 0 && groups.length > 0 && { patterns: patterns.join('\n') }),
    differs: '# A tuple is a list in JSON; here it is one from the start.\ngraph-vars\n',
    hosts: [...lone, ...sections, ''].join('\n'),
    ...files(
      'group_vars',
      groups.map(({ fileVars }, index) => [nameOf(index), fileVars] as const),
    ),
    ...files(
      'host_vars',
      hosts.filter(({ name }) => !/[:[]/.test(name)).map((it) => [it.name, it.fileVars] as const),
    ),
  });
});
