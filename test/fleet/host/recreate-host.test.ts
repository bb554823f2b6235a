import { beforeEach, describe, expect, it } from 'vitest';
import { loadOwn, own, resetOwn } from '../../support/own-host.ts';
import { expectOwnWhole } from '../../support/own-whole.ts';
import { sluice } from '../../support/sluice.ts';
import { expectBoth, playbook, roll } from '../../support/two-together.ts';

describe('strategy: recreate-host on a real host', () => {
  beforeEach(async () => {
    await resetOwn();
  });

  it('replaces both together, says so, and fails no request', async () => {
    const refused = await sluice('plan', playbook({ minUp: 2 }), '-e', 'pxapp_version=v2', '--limit', own);
    const traffic = loadOwn();

    const out = await sluice(...roll(playbook()));

    const report = await traffic.stop();
    expect(refused.stdout + refused.stderr).toMatch(/would leave 1 of 3 usable servers .* min_up asks for 2/);
    expect(out, out.stderr).toMatchObject({ status: 0 });
    expect(out.stdout).toMatch(/pxApp_2 .* all 2 at once/);
    expect(out.stdout).toMatch(/3 of 3 usable now +1 at the worst moment +min_up 1/);
    await expectBoth('v2');
    expect(report.failures).toEqual([]);

    const back = await sluice('rollback', '--yes');
    expect(back, back.stderr).toMatchObject({ status: 0 });
    await expectOwnWhole();
  });

  it.each(['exits', 'unhealthy'])('brings both back when the second one is bad: %s', async (bad) => {
    const traffic = loadOwn();

    const out = await sluice(...roll(playbook({ second: bad })));

    const report = await traffic.stop();
    expect(out.status, out.stdout).toBe(2);
    expect(out.stderr).toMatch(/pxApp_1 .* goes back with pxApp_2: pxApp_2 on /);
    await expectOwnWhole();
    expect(report.failures).toEqual([]);
  });
});
