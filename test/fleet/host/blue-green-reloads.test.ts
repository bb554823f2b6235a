import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { reload } from '../../../lab/lab.ts';
import { atStep } from '../../support/at-step.ts';
import { inSlot, PLAYBOOK, rollout, servers } from '../../support/blue-green.ts';
import { SLOTS, UNFORGIVING_SLOTS_WITH_STATES } from '../../support/haproxy-templates.ts';
import { reloadWithStates } from '../../support/lossless-reloads.ts';
import { loadOwn, own, ownHost, resetOwn } from '../../support/own-host.ts';
import { resetOwnSlots } from '../../support/own-slots.ts';
import { sampleUsable } from '../../support/sampled.ts';
import { sluice } from '../../support/sluice.ts';

// Until it has checked them, its worker sends to the free slots, too: only an HAProxy that tries elsewhere loses nothing.
describe('blue-green on a real host, by an HAProxy that tries again what failed', () => {
  beforeEach(async () => {
    await resetOwnSlots(SLOTS);
  });
  afterAll(async () => {
    await resetOwn();
  });

  it.each(['check', 'release'] as const)('goes on when HAProxy is reloaded in %s', async (step) => {
    const traffic = loadOwn();

    // It stands still meanwhile: a reload that comes to its end after the run lets in again what is kept.
    const ended = await atStep(rollout(PLAYBOOK, 'v2'), step, async (child) => {
      child.kill('SIGSTOP');
      await reload(ownHost()).finally(() => child.kill('SIGCONT'));
    });

    const report = await traffic.stop();
    expect(ended.status, ended.stdout).toBe(0);
    expect(await servers()).toEqual(inSlot('b', 'kept'));
    expect(report.failures).toEqual([]);
  });

  it('takes the kept set out again that a reload has let in, and says so before', async () => {
    const traffic = loadOwn();

    const out = await sluice(...rollout(PLAYBOOK, 'v2'));
    await reload(ownHost());
    const both = await servers();
    const status = await sluice('status', own);
    const restored = await sluice('restore', own, '--expired');
    const outAgain = await servers();
    const again = await sluice('restore', own, '--expired');
    const back = await sluice('switch-back', own);

    const report = await traffic.stop();
    expect(out, out.stderr).toMatchObject({ status: 0 });
    expect(both.filter((line) => line.endsWith(' 0 UP'))).toHaveLength(6);
    expect(status.stdout).toMatch(/pxApp_1a, \S+\/pxApp_2a, \S+\/pxApp_3a are in service again beside the new version/);
    expect(restored, restored.stderr).toMatchObject({ status: 0 });
    expect(restored.stderr).toMatch(/pxApp_1 .*out of traffic again/);
    expect(outAgain).toEqual(inSlot('b', 'kept'));
    expect(again.stdout).toMatch(/nothing to do/);
    expect(back, back.stderr).toMatchObject({ status: 0 });
    expect(await servers()).toEqual(inSlot('a', 'gone'));
    expect(report.failures).toEqual([]);
  });
});

describe('blue-green on a real host, by an HAProxy that begins with the states that it had', () => {
  beforeEach(async () => {
    await resetOwnSlots(UNFORGIVING_SLOTS_WITH_STATES);
  });
  afterAll(async () => {
    await resetOwn();
  });

  it.each(['check', 'release'] as const)('goes on when it is reloaded in %s, and no request fails', async (step) => {
    const traffic = loadOwn();
    const least = sampleUsable(ownHost());

    const ended = await atStep(rollout(PLAYBOOK, 'v2'), step, reloadWithStates);

    const [fewest, report] = [await least(), await traffic.stop()];
    expect(ended.status, ended.stdout).toBe(0);
    expect(await servers()).toEqual(inSlot('b', 'kept'));
    expect(report.failures).toEqual([]);
    expect(fewest).toBe(3);
  });
});
