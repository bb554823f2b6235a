import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { renderHaproxy } from '../../../lab/haproxy.ts';
import { loadInventory } from '../../../src/config/inventory/load.ts';
import { resolveBalancerConfigs } from '../../../src/config/playbook/balancer-configs.ts';
import { lookThrough } from '../../../src/config/playbook/read.ts';
import type { Selection } from '../../../src/config/playbook/resolve.ts';
import type { BalancerConfig } from '../../../src/rollout/balancer-config.ts';
import { aFleet, everything, linesOf } from './fleet.ts';

function configs(
  playbook: string,
  template: string,
  { inventory = aFleet(), ...selection }: Partial<Selection> & { inventory?: ReturnType<typeof aFleet> } = {},
): readonly BalancerConfig[] {
  const written = lookThrough('plays/p.yml', playbook);
  return resolveBalancerConfigs(written, inventory, { ...everything, ...selection }, (path) => {
    expect(path).toBe('plays/h.cfg.j2');
    return template;
  });
}

function text(playbook: string, template: string, more: Parameters<typeof configs>[2] = {}): string {
  const [first] = configs(playbook, template, more);
  return first?.text ?? '';
}

/** A play of an app on fe1 and fe2. */
function aPlay(app: string, balancer = ''): string {
  const own = `  balancer: { backend: shop, config: { template: h.cfg.j2 }${balancer} }\n`;
  return `- hosts: fe1,fe2\n${own}  vars: { image: shop }\n  apps:\n${app}`;
}

const shop = (more = ''): string =>
  `  - name: shop-{{ id }}\n    instances: 2\n    tags: [web]\n    container: { image: '{{ image }}', ports: ['{{ 8080 + id }}:80', '{{ 5300 + id }}:53/udp', '{{ 9000 + id }}:9000'] }\n${more}`;

describe('the configuration of an HAProxy', () => {
  it('knows the servers of its own host, with address, port and id', () => {
    const line =
      '{{ s.app }} {{ s.container }} {{ s.server }} {{ s.address }}:{{ s.port }} {{ s.id }} {{ s.ports["9000"] }}';

    expect(text(aPlay(shop()), `{% for s in balancer.instances %}\n${line}\n{% endfor %}\n`)).toBe(
      'shop shop-1 shop-1 127.0.0.1:8081 1 9001\nshop shop-2 shop-2 127.0.0.1:8082 2 9002\n',
    );
  });

  it('knows those of all hosts when it is central, whatever --limit leaves, each at the address of its host', () => {
    const inventory = aFleet({ fe2: { ansible_host: '192.0.2.2' } });
    const app = shop("    server: '{{ inventory_hostname }}_{{ id }}'\n");
    const template = '{% for s in balancer.backends[0].servers %}{{ s.server }}@{{ s.address }} {% endfor %}';

    const all = configs(aPlay(app, ', hosts: db'), template, { inventory, limit: 'db1' });

    expect(all).toMatchObject([
      { balancer: { host: 'db1' }, behind: ['fe1', 'fe2'], serial: [{ hosts: 1 }], path: '/etc/haproxy/haproxy.cfg' },
    ]);
    expect(all[0]?.text).toBe('fe1_1@fe1 fe1_2@fe1 fe2_1@192.0.2.2 fe2_2@192.0.2.2 ');
  });

  it('knows variables of the host, of the play and of -e, and hostvars and groups', () => {
    const inventory = aFleet({ fe1: { maxconn: 10, name: '{{ inventory_hostname }}!' } });
    const template = '{{ maxconn }} {{ name }} {{ image }} {{ groups.db | join(",") }} {{ hostvars.fe1.maxconn }}';

    expect(text(aPlay(shop()), template, { inventory, limit: 'fe1', extraVars: { image: 'e' } })).toBe(
      '10 fe1! e db1 10',
    );
  });

  it('knows both servers of an instance with two slots, apart by slot', () => {
    const app = `  - name: shop\n    strategy: start-first\n    slots: [a, b]\n    server: shop_{{ slot }}\n    container: { image: x, ports: ["127.0.0.1:{{ 8080 if slot == 'a' else 8180 }}:80"] }\n`;
    const template = '{% for s in balancer.instances %}{{ s.slot }} {{ s.server }} {{ s.port }},{% endfor %}';

    expect(text(aPlay(app), template)).toBe('a shop_a 8080,b shop_b 8180,');
  });

  it('has every app of every play behind it, and refuses plays that would have it configured otherwise', () => {
    const second = (path: string): string =>
      `- hosts: fe1\n  balancer: { backend: [api, shop], config: { template: h.cfg.j2, path: ${path} } }\n  apps:\n  - name: api\n    container: { image: api }\n`;
    const template = '{% for b in balancer.backends %}{{ b.name }}:{{ b.servers | length }} {% endfor %}';

    expect(text(`${aPlay(shop())}${second('/etc/haproxy/haproxy.cfg')}`, template)).toBe('shop:3 api:1 ');
    expect(linesOf(() => text(`${aPlay(shop())}${second('/etc/h.cfg')}`, template))).toEqual([
      'plays/p.yml: api has another balancer.config than the apps before it behind the same HAProxy',
    ]);
  });

  it('leaves nothing of a line that has tags only', () => {
    const template = 'a\n    {% if true %}\n    b\n    {% endif %}\n{# said #}\nc\n';

    expect(text(aPlay(shop()), template)).toBe('a\n    b\nc\n');
  });

  it.each([
    { template: 'a\n{{ none_such }}\n', says: 'plays/h.cfg.j2:2: the variable none_such is not defined' },
    {
      template: 'a\n{% for s in balancer.instances %}\n{{ s.nope }}\n{% endfor %}',
      says: 'plays/h.cfg.j2:3: not defined: {{ s.nope }}',
    },
    { template: 'a\n\n{% for %}\n', says: /^plays\/h\.cfg\.j2:3: .*unexpected/ },
  ])('tells where in the template is wrong what: $says', ({ template, says }) => {
    const [line, ...more] = linesOf(() => text(aPlay(shop()), template));

    expect(line).toEqual(typeof says === 'string' ? says : expect.stringMatching(says));
    expect(more).toEqual([]);
  });

  it('is of hundreds of servers, too', () => {
    const app = '  - name: shop-{{ id }}\n    instances: 300\n    container: { image: x }\n';
    const template =
      '{% for s in balancer.instances %}server {{ s.server }} weight {{ [1, 2][s.id % 2] }}\n{% endfor %}';

    expect(text(aPlay(app), template).split('\n').length).toBe(301);
  });

  it.each([
    {
      playbook: '- hosts: fe1\n  balancer: { backend: b }\n  apps:\n  - name: shop\n    container: { image: x }\n',
      more: {},
      says: /no balancer of its plays has a config/,
    },
    { playbook: aPlay(shop()), more: { limit: 'db1' }, says: /--limit db1: no HAProxy of plays\/p.yml is there/ },
  ])('is refused where there is none: $says', ({ playbook, more, says }) => {
    expect(() => text(playbook, '', more)).toThrow(says);
  });
});

describe.each([
  { template: 'pxapp.cfg.j2', play: 'haproxy-config.yml', lab: 'haproxy.cfg.example' },
  { template: 'slots.cfg.j2', play: 'start-first.yml', lab: 'slots.cfg.example' },
])('haproxy/$template', ({ template, play, lab }) => {
  /** Without comments and empty lines; the servers, which are last, in the order of their names. */
  const directives = (config: string): readonly string[] => {
    const lines = config.split('\n').filter((line) => !/^\s*(#|$)/.test(line));
    const isServer = (line: string): boolean => line.startsWith('    server ');
    return [...lines.filter((line) => !isServer(line)), ...lines.filter(isServer).toSorted()];
  };

  it(`is, by playbooks/${play}, what the lab has on its hosts`, () => {
    const path = `playbooks/${play}`;
    const read: string[] = [];

    const all = resolveBalancerConfigs(
      lookThrough(path, readFileSync(path, 'utf8')),
      loadInventory(['inventory/lab.yml']),
      everything,
      (file) => {
        read.push(file);
        return readFileSync(file, 'utf8');
      },
    );

    const settings = { apps: 3, weights: [10, 20, 30] };
    const example = readFileSync(`haproxy/${lab}`, 'utf8');
    const wanted = ['10.77.0.11', '10.77.0.12', '10.77.0.13'].map((address) =>
      renderHaproxy(example, { address }, settings),
    );
    expect(new Set(read)).toEqual(new Set([`haproxy/${template}`]));
    expect(all.map((one) => directives(one.text))).toEqual(wanted.map(directives));
    for (const { text } of all) expect(text).toContain('    option idle-close-on-response\n');
  });
});
