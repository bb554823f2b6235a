import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Failure } from '../../../src/errors.ts';
import { readPlaybook } from '../../../src/config/playbook/read.ts';
import { resolvePlays } from '../../../src/config/playbook/resolve.ts';
import { aFleet, everything, linesOf } from './fleet.ts';

describe('readPlaybook()', () => {
  it('tells everything that is wrong at once', () => {
    const lines = linesOf(() =>
      readPlaybook(
        'playbooks/x.yml',
        `- name: Front ends
  serial: banana
  hots: fe
  balancer: { min_up: 1.5 }
  apps:
    - name: "a b"
      instances: "{{ n }}"
      container: { links: [], ports: ["80:80", "x"] }
    - container: { image: "{{ i }}" }
      soak: 3
- hosts: db
- 7
`,
      ),
    );

    expect(lines.map((line) => line.replace(/, is ".*| such as .*/, ''))).toEqual([
      'playbooks/x.yml:1:3: hosts: is required',
      'playbooks/x.yml:2:11: serial: should be a number of hosts',
      'playbooks/x.yml:3:3: hots: is no known key (did you mean "hosts"?)',
      'playbooks/x.yml:4:13: balancer.backend: is required, here or in the app',
      'playbooks/x.yml:4:23: balancer.min_up: should be a number of servers',
      'playbooks/x.yml:6:13: name: should be a container name: letters, digits, "_", "." and "-", two or more, beginning with a letter or a digit',
      'playbooks/x.yml:8:18: container.image: is required',
      'playbooks/x.yml:8:20: container.links: is not supported: containers know each other by their names on a network: say networks',
      'playbooks/x.yml:8:48: container.ports[1]: should be a port',
      'playbooks/x.yml:9:7: name: is required',
      'playbooks/x.yml:10:13: soak: should be a duration with its unit,',
      'playbooks/x.yml:11:3: apps: is required',
      'playbooks/x.yml:12:3: should be a mapping, is 7',
    ]);
  });

  it.each([
    ['', 'p.yml:1:1: should be a list of at least one, is empty'],
    ['[]', 'p.yml:1:1: should be a list of at least one, is an empty list'],
    ['hosts: fe', 'p.yml:1:1: should be a list of at least one, is a mapping'],
    ['- hosts: fe\n  apps: []\n', 'p.yml:2:9: apps: should be a list of at least one, is an empty list'],
    ['- hosts: fe\n  apps: x\n', 'p.yml:2:9: apps: should be a list of at least one, is "x"'],
    ['- "{{ play }}"\n', 'p.yml:1:3: should be a mapping, is "{{ play }}"'],
    ['- hosts: fe\n  apps: "{{ x }}"\n', 'p.yml:2:9: apps: should be a list of at least one, is "{{ x }}"'],
    ['- hosts: [\n', 'p.yml:2:1: '],
    ['- hosts: {{ x }}\n', 'p.yml:1:10: quote it: "{{ x }}"'],
  ])('%j is refused: %s', (text, complaint) => {
    expect(linesOf(() => readPlaybook('p.yml', text))).toEqual([expect.stringContaining(complaint)]);
  });

  it('names the play when it has no balancer at all', () => {
    const text = '- hosts: fe\n  apps:\n  - name: shop\n    container: { image: a }\n';

    expect(linesOf(() => readPlaybook('p.yml', text))).toEqual([
      'p.yml:1:3: balancer.backend: is required, here or in the app',
    ]);
  });

  it('finds what is wrong behind an alias where it is written', () => {
    const text = `- hosts: fe
  x-drain: &d { timeout: 5 }
  balancer: { backend: b }
  apps:
  - name: shop
    container: { image: a }
    drain: *d
`;

    expect(linesOf(() => readPlaybook('p.yml', text))).toEqual([
      expect.stringContaining('p.yml:2:26: drain.timeout: '),
    ]);
  });
});

const word = fc.constantFrom(
  'fe',
  '35%',
  '30s',
  '{{ id }}',
  '{{ gone }}',
  '{{',
  '{% if',
  '}}',
  '22:22',
  'a b',
  '__proto__',
  '',
);
const scalar = fc.oneof(word, fc.string(), fc.integer(), fc.double(), fc.boolean(), fc.constant(null));
const keys =
  'name hosts serial vars balancer backend min_up drain timeout apps instances server container image ports environment healthcheck test ready http status command x-a __proto__ constructor'.split(
    ' ',
  );
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, depthSize: 'medium' },
    scalar,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...keys), tie('value'), { maxKeys: 6 }),
  ),
}));
const app = fc.record({ name: fc.constant('shop_{{ id }}'), container: fc.constant({ image: 'a' }) });

function onlyFails(text: string): void {
  try {
    resolvePlays(readPlaybook('p.yml', text), aFleet(), everything);
  } catch (error) {
    expect(error).toBeInstanceOf(Failure);
    expect(error).toMatchObject({ code: 'config' });
  }
}

describe('whatever is written', () => {
  it('fails with "config" at worst, for any value', () => {
    fc.assert(
      fc.property(value, (it) => {
        onlyFails(JSON.stringify([it]));
      }),
      { numRuns: 300 },
    );
  });

  it('fails with "config" at worst, for a play with any one key', () => {
    const any = fc.tuple(fc.constantFrom(...keys), value);
    fc.assert(
      fc.property(any, any, app, ([inPlay, one], [inApp, two], base) => {
        const play = { hosts: 'fe', balancer: { backend: 'b' }, apps: [{ ...base, [inApp]: two }], [inPlay]: one };
        onlyFails(JSON.stringify([play]));
      }),
      { numRuns: 300 },
    );
  });

  it('fails with "config" at worst, for any key of a container', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...keys, 'volumes', 'restart', 'mem_limit', 'cpus', 'extra_hosts', 'logging', 'labels', 'user'),
        value,
        (key, it) => {
          const container = { image: 'a', [key]: it };
          onlyFails(JSON.stringify([{ hosts: 'fe', balancer: { backend: 'b' }, apps: [{ name: 'shop', container }] }]));
        },
      ),
      { numRuns: 300 },
    );
  });
});
