import { describe, expect, it } from 'vitest';
import { resolveBalancerConfigs } from '../../../src/config/playbook/balancer-configs.ts';
import { lookThrough } from '../../../src/config/playbook/read.ts';
import { TO_BE_FOUND } from '../../../src/rollout/model.ts';
import { aFleet, aPlaybook, everything, linesOf, resolved } from './fleet.ts';

describe('server: discover', () => {
  const several = '    instances: 2\n    server: discover\n';

  it('leaves the names of all servers to be found, also at central balancers', () => {
    const [play] = resolved(
      `- hosts: fe1,fe2\n  balancer: { hosts: db, backend: [b, c] }\n  apps:\n  - name: shop_{{ id }}\n${several}    container: { image: shop }\n`,
    );

    const servers = play?.hosts.flatMap(({ instances }) => instances.flatMap((one) => one.servers));
    expect(servers).toHaveLength(8);
    expect(new Set(servers?.map(({ name }) => name))).toEqual(new Set([TO_BE_FOUND]));
  });

  it('does not go with a configuration that is made of those names', () => {
    const playbook = lookThrough(
      'p.yml',
      aPlaybook(several).replace('backend: b', 'backend: b, config: { template: t }'),
    );

    expect(linesOf(() => resolveBalancerConfigs(playbook, aFleet(), everything, () => ''))).toEqual([
      'p.yml: shop_{{ id }} has server: discover, and balancer.config needs its name: say server',
    ]);
  });

  it('is told of beside what a name may be', () => {
    expect(linesOf(() => resolved(aPlaybook('    server: no/name\n')))).toEqual([
      expect.stringContaining(
        'server: should be a name of letters, digits, "_", ".", ":" and "-", or "discover", or a mapping of each backend to one of these, is "no/name"',
      ) as string,
    ]);
  });
});
