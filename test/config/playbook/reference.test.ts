import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { withReference } from '../../../src/config/playbook/reference.ts';
import { aFleet, resolved } from './fleet.ts';

const page = 'docs/playbook.md';
const example = readFileSync('playbooks/pxapp.yml', 'utf8');

describe('docs/playbook.md', () => {
  it('is what the schema says; if not: npx vitest run --project unit test/config/playbook/reference.test.ts -u', async () => {
    const renewed = withReference(readFileSync(page, 'utf8'), example);

    await expect(renewed).toMatchFileSnapshot(`../../../${page}`);
  });

  it('describes every key', () => {
    const rows = readFileSync(page, 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('| `'));

    expect(rows.length).toBeGreaterThan(50);
    expect(rows.filter((row) => row.includes('undefined'))).toEqual([]);
  });
});

describe('playbooks/pxapp.yml', () => {
  it('is three containers on each host of the lab', () => {
    const [play] = resolved(example, aFleet(), { extraVars: { pxapp_version: 'v2' } });

    const told = play?.hosts.map(({ host, instances }) => [
      host,
      ...instances.map(({ container, servers, spec }) => [
        container,
        servers[0]?.name,
        spec.image,
        spec.ports?.[0]?.hostPort,
      ]),
    ]);
    const containers = [1, 2, 3].map((id) => [`pxApp_${id}`, `pxApp_${id}`, 'registry.lab:5000/pxapp:v2', 8080 + id]);
    expect(told).toEqual(['fe1', 'fe2', 'fe3'].map((host) => [host, ...containers]));
    expect(play?.serial).toEqual([{ percent: 35 }]);
  });
});
