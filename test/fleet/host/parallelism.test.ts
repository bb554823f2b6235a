import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { folderWith } from '../../support/command-line.ts';
import { containersOf } from '../../support/fleet.ts';
import { loadOwn, own, ownHost, resetOwn } from '../../support/own-host.ts';
import { sampleUsable } from '../../support/sampled.ts';
import { sluice } from '../../support/sluice.ts';

const IDS = [1, 2, 3, 4, 5, 6];

function playbook(minUp: number): string {
  const text = readFileSync('playbooks/pxapp.yml', 'utf8')
    .replace('instances: 3', 'instances: 6')
    .replace('min_up: 50%', `min_up: ${minUp}`)
    .replace("serial: '35%'", "serial: '35%'\n  parallelism: 2");
  return join(folderWith({ 'two.yml': text }), 'two.yml');
}

describe('two of six instances of a real host at once', () => {
  beforeAll(async () => {
    await resetOwn({ apps: 6 });
  });
  afterAll(async () => {
    await resetOwn();
  });

  it('are refused above what min_up allows, and else replaced without a failed request', async () => {
    const roll = (minUp: number) => ['rollout', playbook(minUp), '-e', 'pxapp_version=v2', '--limit', own, '--yes'];
    const refused = await sluice(...roll(5));
    const traffic = loadOwn();
    const least = sampleUsable(ownHost());

    const out = await sluice(...roll(4));

    const fewest = await least();
    const report = await traffic.stop();
    expect(refused.status, refused.stderr).toBe(1);
    expect(refused.stdout + refused.stderr).toMatch(/would leave 4 of 6 usable servers .* min_up asks for 5/);
    expect(out, out.stderr).toMatchObject({ status: 0 });
    expect(out.stdout).toMatch(/at once: 2 instances of a host/);
    expect(fewest).toBe(4);
    expect(await containersOf(own)).toEqual(IDS.map((id) => `pxApp_${id} v2`));
    expect(report.failures).toEqual([]);
  });
});
