import { describe, expect, it } from 'vitest';
import { aFleet, aPlaybook, linesOf, resolved } from './fleet.ts';

const says = 'a username and a password for a registry as host or host:port';

describe('registries', () => {
  it('are logins, with templates', () => {
    const text =
      "  registries: { 'reg.example:5000': { username: ci, password: '{{ pass }}' }, docker.io: { username: a, password: 1 } }\n";

    const [play] = resolved(aPlaybook('', text), aFleet(), { extraVars: { pass: 's3cret' } });

    expect(play?.registries).toEqual([
      { registry: 'reg.example:5000', username: 'ci', password: 's3cret' },
      { registry: 'docker.io', username: 'a', password: '1' },
    ]);
  });

  it.each([
    ['registries: s3cret-x', `should be a mapping such as "registry.example:5000: { username: ci, password: … }"`],
    ['registries: { reg.example: s3cret-x }', `should be ${says}`],
    ['registries: { reg.example: { username: ci, pass: s3cret-x } }', `should be ${says}, is a mapping`],
    ['registries: { reg.example: { username: ci, password: "s3cret-x\\n" } }', `should be ${says}, is a mapping`],
    ['registries: { reg.example: { username: ci, password: [s3cret-x] } }', `should be ${says}, is a mapping`],
    [
      'registries: { "https://reg.example/": { username: ci, password: s3cret-x } }',
      `is a mapping (that is no registry)`,
    ],
  ])('are refused: %s', (line, what) => {
    const lines = linesOf(() => resolved(aPlaybook('', `  ${line}\n`)));

    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(what);
  });

  it('show nothing of a login that is not whole', () => {
    const text = '  registries: { reg.example: { username: ci, password: [s3cret-x] } }\n';

    expect(linesOf(() => resolved(aPlaybook('', text))).join()).not.toContain('s3cret-x');
  });
});
