import { beforeEach, describe, expect, it } from 'vitest';
import { atStep } from '../../support/at-step.ts';
import { loadOwn, own, resetOwn } from '../../support/own-host.ts';
import { sluice } from '../../support/sluice.ts';
import { expectBoth, playbook, roll } from '../../support/two-together.ts';

describe('strategy: recreate-host that is killed', () => {
  beforeEach(async () => {
    await resetOwn();
  });

  it.each([
    ...(['drain', 'stop', 'start', 'check', 'restore', 'soak'] as const).map((step) => ({ step, tag: 'v1' })),
    { step: 'retire' as const, tag: 'v2' },
  ])('is recovered to $tag when it was killed in $step', async ({ step, tag }) => {
    const traffic = loadOwn();

    await atStep(roll(playbook()), step, (child) => child.kill('SIGKILL'));
    const recovered = await sluice('recover', own);

    const report = await traffic.stop();
    expect(recovered, recovered.stderr).toMatchObject({ status: 0 });
    await expectBoth(tag);
    expect(report.failures).toEqual([]);
  });

  it.each(['stop', 'check', 'soak', 'retire'] as const)('is gone on with when it was killed in %s', async (step) => {
    const traffic = loadOwn();

    await atStep(roll(playbook()), step, (child) => child.kill('SIGKILL'));
    const resumed = await sluice('resume', '--yes');

    const report = await traffic.stop();
    expect(resumed, resumed.stderr).toMatchObject({ status: 0 });
    await expectBoth('v2');
    expect(report.failures).toEqual([]);
  });
});
