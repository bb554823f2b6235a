import { beforeEach, describe, expect, it } from 'vitest';
import { reload } from '../../../lab/lab.ts';
import { atStep } from '../../support/at-step.ts';
import { LOSSLESS, reloadUnnoticed, SLOWLY } from '../../support/lossless-reloads.ts';
import { loadOwn, ownHost, resetOwn } from '../../support/own-host.ts';
import { expectBoth, playbook, roll } from '../../support/two-together.ts';

describe('strategy: recreate-host where HAProxy is reloaded', () => {
  beforeEach(async () => {
    await resetOwn();
  });

  it('goes on when HAProxy is reloaded while they are drained, and fails no request', async () => {
    const traffic = loadOwn();

    const ended = await atStep(roll(playbook()), 'drain', () => reload(ownHost()));

    const report = await traffic.stop();
    expect(ended.status, ended.stdout).toBe(0);
    await expectBoth('v2');
    expect(report.failures).toEqual([]);
  });

  // Until a reload is noticed its worker has both in service: what it sends them in the meantime, an HAProxy that is set up
  // otherwise than the lab's does not lose.
  it.each(LOSSLESS.flatMap((row) => (['start', 'check'] as const).map((step) => ({ ...row, step }))))(
    'fails no request when HAProxy, which $how, is reloaded in $step',
    async ({ haproxyTemplate, step }) => {
      await resetOwn({ haproxyTemplate, ...SLOWLY });
      const traffic = loadOwn();

      const ended = await atStep(roll(playbook()), step, reloadUnnoticed);

      const report = await traffic.stop();
      expect(ended.status, ended.stdout).toBe(0);
      expect(ended.stdout).toMatch(/"balancer-re(loaded|started)"/);
      await expectBoth('v2');
      expect(report.failures).toEqual([]);
    },
  );

  it.each(['start', 'check'] as const)('goes on when HAProxy is reloaded in %s', async (step) => {
    await resetOwn(SLOWLY);

    const ended = await atStep(roll(playbook()), step, () => reload(ownHost()));

    expect(ended.status, ended.stdout).toBe(0);
    expect(ended.stdout).toMatch(/"balancer-re(loaded|started)"/);
    await expectBoth('v2');
  });
});
