import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { atStep } from '../../support/at-step.ts';
import { inSlot, PLAYBOOK, rollout, servers } from '../../support/blue-green.ts';
import { containersOf, containersOn } from '../../support/fleet.ts';
import { UNFORGIVING_SLOTS } from '../../support/haproxy-templates.ts';
import { loadOwn, own, resetOwn } from '../../support/own-host.ts';
import { resetOwnSlots } from '../../support/own-slots.ts';
import { sluice } from '../../support/sluice.ts';

describe('blue-green on a real host, by a controller that is killed', () => {
  beforeEach(async () => {
    await resetOwnSlots(UNFORGIVING_SLOTS);
  });
  afterAll(async () => {
    await resetOwn();
  });

  it.each(['check', 'release', 'keep'] as const)(
    'has the old set serve, by recover, when it was killed in %s',
    async (step) => {
      const traffic = loadOwn();

      await atStep(rollout(PLAYBOOK, 'v2'), step, (child) => child.kill('SIGKILL'));
      const recovered = await sluice('recover', own);
      const back = await sluice('switch-back', own);

      const report = await traffic.stop();
      expect(recovered, recovered.stderr).toMatchObject({ status: 0 });
      expect(back, back.stderr).toMatchObject({ status: 0 });
      expect(await servers()).toEqual(inSlot('a', 'gone'));
      expect(await containersOf(own)).toEqual(containersOn('v1'));
      expect(report.failures).toEqual([]);
    },
  );

  it('is switched back by recover when the switch back was killed', async () => {
    const traffic = loadOwn();

    const out = await sluice(...rollout(PLAYBOOK, 'v2'));
    await atStep(['switch-back', own], 'withdraw', (child) => child.kill('SIGKILL'));
    const recovered = await sluice('recover', own);

    const report = await traffic.stop();
    expect(out, out.stderr).toMatchObject({ status: 0 });
    expect(recovered, recovered.stderr).toMatchObject({ status: 0 });
    expect(await servers()).toEqual(inSlot('a', 'gone'));
    expect(await containersOf(own)).toEqual(containersOn('v1'));
    expect(report.failures).toEqual([]);
  });
});
