import { describe, expect, it } from 'vitest';
import { defaultPolicy } from '../../../src/rollout/policy.ts';
import { aFleet, aPlaybook, linesOf, resolved, theInstance } from './fleet.ts';

const twoApps = `
- hosts: fe
  balancer: { backend: b }
  apps:
    - { name: web, tags: [web, front], container: { image: w } }
    - { name: api, tags: api, container: { image: a } }
- name: Databases
  hosts: db
  balancer: { backend: d }
  apps:
    - { name: db, container: { image: d } }
`;

/** `fe1: web api` for each host of each play. */
function told(...args: Parameters<typeof resolved>): string[] {
  return resolved(...args).flatMap((play) =>
    play.hosts.map(({ host, instances }) => `${play.name}/${host}: ${instances.map((it) => it.container).join(' ')}`),
  );
}

describe('resolvePlays()', () => {
  it('fills in every default', () => {
    const plays = resolved(
      '- hosts: fe1\n  balancer: { backend: b }\n  apps: [{ name: shop, container: { image: i } }]\n',
    );

    expect(plays).toEqual([
      {
        name: 'fe1',
        serial: [{ hosts: 1 }],
        maxFailPercentage: 0,
        policy: defaultPolicy,
        hosts: [
          {
            host: 'fe1',
            instances: [
              {
                host: 'fe1',
                container: 'shop',
                servers: [{ balancer: { host: 'fe1', socket: '/var/run/haproxy.sock' }, backend: 'b', name: 'shop' }],
                spec: { image: 'i', pullPolicy: 'always' },
                strategy: 'in-place',
                drain: { timeoutMs: 60_000, onTimeout: 'fail' },
                ready: { probe: undefined, withinMs: 60_000, everyMs: 100 },
                soakMs: undefined,
                keep: 0,
                minUp: { servers: 1 },
              },
            ],
          },
        ],
      },
    ]);
  });

  it('takes what an app says before what its play says, key by key', () => {
    const play = '  drain: { timeout: 5s, on_timeout: continue }\n  soak: 1s\n  keep: 2\n';
    const app = '    drain: { timeout: 9s }\n    balancer: { min_up: 3, socket: /run/h.sock }\n    soak: 0s\n';

    const instance = theInstance(aPlaybook(app, play));

    expect(instance).toMatchObject({
      drain: { timeoutMs: 9000, onTimeout: 'continue' },
      servers: [{ balancer: { host: 'fe1', socket: '/run/h.sock' }, backend: 'b' }],
      minUp: { servers: 3 },
      soakMs: 0,
      keep: 2,
    });
  });

  it.each([
    { says: 'container: lb', is: { socket: '/var/run/haproxy.sock', container: 'lb' } },
    { says: 'container: lb, socket: /tmp/a, master_socket: /tmp/m', is: { socket: '/tmp/a', masterSocket: '/tmp/m' } },
    { says: 'socket: "ipv4@127.0.0.1:9999"', is: { socket: 'ipv4@127.0.0.1:9999' } },
    { says: 'socket: "ipv6@[::1]:9999"', is: { socket: 'ipv6@[::1]:9999' } },
    { says: 'socket: "lb-1.internal:{{ 9000 + 999 }}"', is: { socket: 'lb-1.internal:9999' } },
  ])('finds HAProxy by { $says }', ({ says, is }) => {
    const { servers } = theInstance(aPlaybook(`    balancer: { ${says} }\n`, ''));
    expect(servers[0]?.balancer).toMatchObject({ host: 'fe1', ...is });
  });

  it('puts a container behind every central balancer, and every backend, that the play names', () => {
    const play = '- hosts: fe1\n  balancer: { hosts: "db:fe3", backend: [a, b] }\n  apps:\n  - name: shop\n';
    const { servers } = theInstance(
      `${play}    container: { image: shop }\n    server: "{{ inventory_hostname }}_shop"\n`,
    );

    const told = servers.map(({ balancer, backend, name }) => `${balancer.host} ${backend}/${name}`);
    expect(told).toEqual(['db1 a/fe1_shop', 'db1 b/fe1_shop', 'fe3 a/fe1_shop', 'fe3 b/fe1_shop']);
  });

  it('finds central balancers that --limit leaves out', () => {
    const text = aPlaybook('    balancer: { hosts: db1 }\n', '');
    expect(theInstance(text, aFleet(), { limit: 'fe1' }).servers[0]?.balancer.host).toBe('db1');
  });

  it.each([
    { says: 'hosts: nosuch', why: '6:24: balancer.hosts: "nosuch" matches no host and no group, on fe1' },
    { says: "hosts: '~('", why: /6:24: balancer\.hosts: .* is no valid pattern/ },
  ])('complains about central balancers by { $says }', ({ says, why }) => {
    const lines = linesOf(() => resolved(aPlaybook(`    balancer: { ${says} }\n`, '')));
    expect(lines).toEqual([typeof why === 'string' ? `p.yml:${why}` : expect.stringMatching(why)]);
  });

  it('wants servers of central balancers named apart by their hosts', () => {
    const text = aPlaybook('    balancer: { hosts: db1 }\n', '').replace('hosts: fe1', 'hosts: fe');
    const clash = 'b/shop_1 on db1 is the server of shop_1 on fe1 already';
    const hint = 'servers of central balancers need {{ inventory_hostname }} in it';
    expect(linesOf(() => resolved(text))[0]).toBe(`p.yml:4:5: server: ${clash} (${hint}), on fe2 and 1 more`);
  });

  it('counts instances from 1 and renders each with its id', () => {
    const [play] = resolved(aPlaybook('    instances: 2\n    server: "s{{ id * 10 }}"\n', '  keep: "{{ id }}"\n'));

    expect(play?.hosts[0]?.instances.map((it) => [it.container, it.servers[0]?.name, it.keep])).toEqual([
      ['shop_1', 's10', 1],
      ['shop_2', 's20', 2],
    ]);
  });

  it('lets extra variables win over those of the play, and these over those of the host', () => {
    const fleet = aFleet({ fe1: { a: 'host', b: 'host', c: 'host', n: 2 } });
    const app = '    server: "{{ a }}.{{ b }}.{{ c }}-{{ id }}"\n    instances: "{{ n }}"\n';

    const [play] = resolved(aPlaybook(app, '  vars: { b: play, c: play }\n'), fleet, { extraVars: { c: 'extra' } });

    expect(play?.hosts[0]?.instances.map((it) => it.servers[0]?.name)).toEqual([
      'host.play.extra-1',
      'host.play.extra-2',
    ]);
  });

  it('refuses variables in a play that say how a host is reached, which is known by then', () => {
    expect(() => resolved(aPlaybook('', '  vars: { ansible_user: deploy, where: x }\n'))).toThrow(
      /:\d+: vars\.ansible_user: says how a host is reached: write it in the inventory, or give it with -e/,
    );
  });

  it('knows the magic variables', () => {
    const env =
      '{ HOST: "{{ inventory_hostname }}", GROUP: "{{ group_names | join }}", ALL: "{{ groups.fe | join(",") }}" }';

    const { spec } = theInstance(
      aPlaybook(`    container: { image: a, environment: ${env.replaceAll('"{{', "'{{").replaceAll('}}"', "}}'")} }\n`),
    );

    expect(spec.environment).toEqual({ HOST: 'fe1', GROUP: 'fe', ALL: 'fe1,fe2,fe3' });
  });

  it('takes whole lists and mappings from variables', () => {
    const vars = { ports: ['80:80'], env: { A: 1 }, box: { image: 'i', restart: 'always' }, check: { tcp: 'a:1' } };
    const fleet = aFleet({ fe1: vars });

    const listed = theInstance(
      aPlaybook('    container: { image: a, ports: "{{ ports }}", environment: "{{ env }}" }\n'),
      fleet,
    );
    const whole = theInstance(aPlaybook('    container: "{{ box }}"\n    ready: "{{ check }}"\n'), fleet);

    expect(listed.spec).toMatchObject({ ports: [{ hostPort: 80 }], environment: { A: '1' } });
    expect(whole.spec).toMatchObject({ image: 'i', restart: { name: 'always' } });
    expect(whole.ready.probe).toEqual({ kind: 'tcp', host: 'a', port: 1 });
  });

  it('decides on hosts and pace with the variables of the play and the extra ones', () => {
    const play =
      '  vars: { where: fe, pace: 50% }\n  serial: ["{{ first }}", "{{ pace }}"]\n  name: "To {{ where }}"\n';

    const [found] = resolved(aPlaybook('', play).replace('hosts: fe1', 'hosts: "{{ where }}"'), aFleet(), {
      extraVars: { first: '2' },
    });

    expect(found).toMatchObject({ name: 'To fe', serial: [{ hosts: 2 }, { percent: 50 }] });
    expect(found?.hosts.length).toBe(3);
  });

  it('leaves out hosts without instances', () => {
    const fleet = aFleet({ fe1: { n: 0 }, fe2: { n: 1 }, fe3: { n: 0 } });

    expect(told(aPlaybook('    instances: "{{ n }}"\n').replace('fe1', 'fe'), fleet)).toEqual(['fe/fe2: shop_1']);
  });
});

describe('a selection', () => {
  // prettier-ignore
  it.each([
    [{},                            ['fe/fe1: web api', 'fe/fe2: web api', 'fe/fe3: web api', 'Databases/db1: db']],
    [{ limit: 'fe2' },              ['fe/fe2: web api']],
    [{ limit: 'db' },               ['Databases/db1: db']],
    [{ tags: ['api'] },             ['fe/fe1: api', 'fe/fe2: api', 'fe/fe3: api']],
    [{ skipTags: ['tagged'] },      ['Databases/db1: db']],
    [{ tags: ['web'], limit: 'fe1' }, ['fe/fe1: web']],
  ])('%j leaves %j', (selection, expected) => {
    expect(told(twoApps, aFleet(), selection)).toEqual(expected);
  });

  it.each([
    [{ tags: ['wbe'] }, '--tags wbe selects nothing (its tags are api, front, web)'],
    [{ tags: ['web'], limit: 'db' }, '--limit "db" --tags web selects nothing (its tags are api, front, web)'],
    [{ skipTags: ['all'] }, '--skip-tags all selects nothing (its tags are api, front, web)'],
  ])('%j leaves nothing', (selection, why) => {
    expect(linesOf(() => resolved(twoApps, aFleet(), selection))).toEqual([`Cannot roll out p.yml: ${why}`]);
  });

  it('of a limit that misses every play names the limit', () => {
    expect(linesOf(() => resolved(aPlaybook(), aFleet(), { limit: 'db' }))).toEqual([
      'Cannot roll out p.yml: --limit "db" selects nothing',
    ]);
  });

  it('tells when there are no instances at all', () => {
    expect(linesOf(() => resolved(aPlaybook('    instances: 0\n')))).toEqual([
      'Cannot roll out p.yml: it selects nothing: no host has an instance of its apps',
    ]);
  });
});

describe('what is wrong only when it is filled in', () => {
  it.each([
    ['server: "{{ gone }}"', '7:13: server: the variable gone is not defined, on fe1'],
    [
      'soak: "{{ 3 }}"',
      '7:11: soak: should be a duration with its unit, such as "30s", "500ms" or "1m30s", is 3 (3s or 3ms?), on fe1',
    ],
    [
      'instances: "{{ inventory_hostname }}"',
      '7:16: instances: should be a number of instances from 0 to 1000, is "fe1", on fe1',
    ],
    ['tags: "{{ gone }}"', '7:11: tags: the variable gone is not defined'],
    [
      'server: "{{ \'a\\nb\' }}"',
      '7:13: server: should be a name of letters, digits, "_", ".", ":" and "-", or "discover", or a mapping of each backend to one of these, is "a\\nb", on fe1',
    ],
    ['drain: "{{ 5 }}"', '7:12: drain: should be a mapping, is 5, on fe1'],
    ['drain: "{{ {\'tmeout\': 1} }}"', '7:12: drain.tmeout: is no known key (did you mean "timeout"?), on fe1'],
  ])('%s', (line, complaint) => {
    const text = aPlaybook('', '').replace('  - name', `  - x-a: 1\n    name`);

    expect(linesOf(() => resolved(`${text}    ${line}\n`))).toEqual([`p.yml:${complaint}`]);
  });

  it('is told once for many hosts', () => {
    const text = aPlaybook('    server: "{{ gone }}"\n    soak: "{{ inventory_hostname }}"\n').replace('fe1', 'fe');

    expect(linesOf(() => resolved(text))).toEqual([
      'p.yml:6:13: server: the variable gone is not defined, on fe1 and 2 more',
      'p.yml:7:11: soak: should be a duration with its unit, such as "30s", "500ms" or "1m30s", is "fe1", on fe1 and 2 more',
    ]);
  });

  it.each([
    ['serial: "{{ gone }}"', '3:11: serial: the variable gone is not defined'],
    [
      'serial: "{{ 0 }}"',
      '3:11: serial: should be a number of hosts such as 2, or a percentage such as "35%", is 0 (at least 1; all hosts at once is "100%")',
    ],
    ['serial: "{{ inventory_hostname }}"', '3:11: serial: the variable inventory_hostname is not defined'],
  ])('%s', (line, complaint) => {
    expect(linesOf(() => resolved(aPlaybook('', `  ${line}\n`)))).toEqual([`p.yml:${complaint}`]);
  });

  it('names hosts that the inventory does not have', () => {
    const lines = linesOf(() => resolved(aPlaybook().replace('fe1', 'fee')));

    expect(lines).toEqual([expect.stringMatching(/^p\.yml:1:10: hosts: .*"fee"/)]);
  });

  it('publishes a range with all ports that there are, once', () => {
    const app = (instances: number): string =>
      `    container: { image: a, ports: ["1-65535:1-65535", "1-65535"] }\n    instances: ${instances}\n`;

    expect(linesOf(() => resolved(aPlaybook(app(1))))).toEqual([]);
    expect(linesOf(() => resolved(aPlaybook(app(2))))).toHaveLength(101);
  });

  it('is two containers of one name, or behind one server, or at one port', () => {
    const app = '    container: { image: a, ports: ["80:80"] }\n    instances: 2\n';

    expect(linesOf(() => resolved(aPlaybook(`${app}    server: s\n`)))).toEqual([
      'p.yml:5:35: container.ports: two containers would publish port 80/tcp, on fe1',
      'p.yml:7:13: server: two containers would be behind b/s, on fe1',
    ]);
    expect(linesOf(() => resolved(aPlaybook(app).replace('shop_{{ id }}', 'shop')))).toEqual([
      'p.yml:4:11: name: two containers would be shop (several instances need {{ id }} in it), on fe1',
    ]);
  });
});
