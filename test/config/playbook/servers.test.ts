import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { resolveBalancerConfigs } from '../../../src/config/playbook/balancer-configs.ts';
import { lookThrough } from '../../../src/config/playbook/read.ts';
import { TO_BE_FOUND } from '../../../src/rollout/model.ts';
import { aFleet, aPlaybook, everything, linesOf, resolved } from './fleet.ts';

function withServer(server: string, backend = '[b, c]'): string {
  return aPlaybook(`    server: ${server}\n`).replace('backend: b', `backend: ${backend}`);
}

function serversOf(playbook: string): readonly string[] {
  const [play] = resolved(playbook);
  const servers = play?.hosts[0]?.instances[0]?.servers ?? [];
  return servers.map(({ backend, name }) => `${backend}/${name}`);
}

describe('server', () => {
  it('is one name for all backends, or one for each', () => {
    expect(serversOf(withServer('web'))).toEqual(['b/web', 'c/web']);
    expect(serversOf(withServer('{ b: web, c: "rpc-{{ inventory_hostname }}" }'))).toEqual(['b/web', 'c/rpc-fe1']);
    expect(serversOf(withServer('{ b: web, c: discover }'))).toEqual(['b/web', `c/${TO_BE_FOUND}`]);
  });

  it('names every backend, and no others', () => {
    expect(linesOf(() => resolved(withServer('{ b: web, d: rpc }')))).toEqual([
      expect.stringContaining('server: has no name for backend c'),
      expect.stringContaining('server.d: is no backend of its balancer (b, c): name it in balancer.backend, too'),
    ]);
    expect(linesOf(() => resolved(withServer('{ b: no/name, c: web }')))).toEqual([
      expect.stringContaining('server.b: should be a name of letters'),
    ]);
    expect(linesOf(() => resolved(withServer('{}')))).toEqual([
      expect.stringContaining('or a mapping of each backend to one of these, is a mapping (it needs at least one)'),
    ]);
  });

  it('is in a configuration what it is in each backend', () => {
    const playbook = withServer('{ b: web, c: rpc }').replace('b, c]', 'b, c], config: { template: t }');
    const template =
      '{% for one in balancer.backends %}{% for server in one.servers %}{{ one.name }}/{{ server.server }} {% endfor %}{% endfor %}';

    const [config] = resolveBalancerConfigs(lookThrough('p.yml', playbook), aFleet(), everything, () => template);

    expect(config?.text).toBe('b/web c/rpc ');
  });

  it('of playbooks/several-backends.yml is two for each container', () => {
    expect(serversOf(readFileSync('playbooks/several-backends.yml', 'utf8'))).toEqual([
      'pxapp_cluster/pxApp_1',
      'pxapp_posts/post_1',
    ]);
  });
});
