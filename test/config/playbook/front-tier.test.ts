import { describe, expect, it } from 'vitest';
import { SOCKET } from '../../support/builders.ts';
import { aPlaybook, linesOf, resolved } from './fleet.ts';

const APPS = '  apps:\n  - { name: "shop_{{ id }}", instances: 2, container: { image: shop } }\n';

function aPlay(front: string): string {
  return `- hosts: fe1,fe2\n  drain: { timeout: 5s }\n  balancer: { backend: b, front: { ${front} } }\n${APPS}`;
}

describe('balancer.front', () => {
  it('is a server of the host at each of the HAProxys in front, drained as the play says', () => {
    const [play] = resolved(aPlay('hosts: "db1,fe3", socket: /run/front.sock, backend: [web, tls], min_up: 50%'));

    const serverOf = (at: string, backend: string) => ({
      ...{ balancer: { host: at, socket: '/run/front.sock' }, backend, name: 'fe2' },
    });
    expect(play?.hosts[1]?.front).toEqual({
      servers: [serverOf('db1', 'web'), serverOf('db1', 'tls'), serverOf('fe3', 'web'), serverOf('fe3', 'tls')],
      drain: { timeoutMs: 5_000, onTimeout: 'fail' },
      minUp: { percent: 50 },
    });
    expect(play?.hosts[1]?.instances).toHaveLength(2);
  });

  it('has the defaults of a balancer, and another name where it is said', () => {
    const [play] = resolved(aPlay('hosts: db1, backend: web, server: "{{ inventory_hostname }}.shop"'));

    expect(play?.hosts.map(({ front }) => front)).toMatchObject([
      { servers: [{ balancer: { socket: SOCKET }, name: 'fe1.shop' }], minUp: { servers: 1 } },
      { servers: [{ name: 'fe2.shop' }] },
    ]);
  });

  it.each([
    ['hosts: db1', 'balancer.front.backend: is required'],
    ['hosts: nothere, backend: web', 'balancer.front.hosts: "nothere" matches no host and no group'],
    [
      'hosts: db1, backend: web, server: one',
      'balancer.front.server: web/one on db1 is the server of fe1 already (it needs {{ inventory_hostname }} in it), on fe2',
    ],
    [
      'hosts: db1, backend: web, server: "{{ id }}"',
      'balancer.front: is another for each instance, and a host has one: {{ id }} must not be in it, on fe1 and 1 more',
    ],
  ])('{ %s } is refused', (front, why) => {
    expect(linesOf(() => resolved(aPlay(front)))).toEqual([expect.stringContaining(why) as string]);
  });

  it('is about the whole host, so not for an app', () => {
    expect(linesOf(() => resolved(aPlaybook('    balancer: { front: { hosts: db1, backend: web } }\n')))).toEqual([
      'p.yml:6:17: balancer.front: is not supported: it is about the whole host: say it in the play',
    ]);
  });
});
