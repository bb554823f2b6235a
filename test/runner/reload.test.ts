import { describe, expect, it } from 'vitest';
import { rollout } from '../../src/runner/rollout.ts';
import type { RunResult } from '../../src/runner/run.ts';
import { FakeFleet } from '../support/fake-fleet.ts';

/** Rolls fe1 out; HAProxy is reloaded there as the first instance begins this step. */
async function rollWithReloadIn(step: string, fleet: FakeFleet): Promise<RunResult> {
  const fe1 = await fleet.host('fe1');
  let isReloaded = false;
  const options = { force: false, onPlanned: () => undefined, confirm: async () => true };
  return rollout(
    [fleet.play('v2')],
    options,
    fleet.context((event) => {
      if (isReloaded || event.type !== 'step-started' || event.step !== step) return;
      isReloaded = true;
      fe1.haproxy.reload();
    }),
  );
}

describe('an HAProxy that is reloaded', () => {
  it.each(['replace', 'restore', 'soak'])('at the start of %s costs no request and no weight', async (step) => {
    const fleet = await FakeFleet.up(['fe1']);

    const result = await rollWithReloadIn(step, fleet);

    expect(result.end).toBe('done');
    expect(fleet.failures()).toEqual([]);
    expect(fleet.isWhole()).toBe(true);
  });

  it('while a server is waited for is not believed that it is UP before it has checked it', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const fe1 = await fleet.host('fe1');
    fleet.addImage('hangs', { hangsAfterMs: 1_000 });
    const steps: string[] = [];
    let isReloaded = false;
    const options = { force: false, onPlanned: () => undefined, confirm: async () => true };
    const context = fleet.context((event) => {
      if (event.type === 'step-started' && !event.homeward) steps.push(event.step);
      if (isReloaded || event.type !== 'step-waiting' || event.waiting.for !== 'up') return;
      isReloaded = true;
      fe1.haproxy.reload();
    });

    const result = await rollout([fleet.play('hangs')], options, context);

    expect(result.end).toBe('someFailed');
    expect(steps).toContain('restore');
    expect(steps).not.toContain('soak');
    // Those that the new worker has sent there before we have seen it.
    expect(fleet.failures().length).toBeLessThanOrEqual(2);
    expect(fleet.isWhole()).toBe(true);
  });

  it('while the container is being started is put right within the time of a look, and said', async () => {
    const fleet = await FakeFleet.up(['fe1']);

    const result = await rollWithReloadIn('check', fleet);

    expect(result.end).toBe('done');
    // The new worker has the server in service until we have seen it: a request or two of one every 50 ms.
    expect(fleet.failures().length).toBeLessThanOrEqual(2);
    expect(fleet.isWhole()).toBe(true);
    const reloads = fleet.events.flatMap((event) =>
      event.type === 'remark' && event.remark.about === 'balancer-reloaded' ? [event.remark.isDraining] : [],
    );
    expect(reloads).toEqual([false]);
  });

  it('between the last look at the server and that at old workers is said, though the servers are taken out anew', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const { haproxy } = await fleet.host('fe1');
    haproxy.oldWorkersAre = 'seen';
    const asked = haproxy.oldWorkers.bind(haproxy);
    let isReplacing = false;
    let isReloaded = false;
    haproxy.oldWorkers = async (server) => {
      if (isReplacing && !isReloaded) haproxy.reload();
      isReloaded ||= isReplacing;
      return asked(server);
    };
    const options = { force: false, onPlanned: () => undefined, confirm: async () => true };
    const context = fleet.context((event) => {
      isReplacing ||= event.type === 'step-started' && event.step === 'replace';
    });

    const result = await rollout([fleet.play('v2')], options, context);

    expect(isReloaded).toBe(true);
    expect(result.end).toBe('done');
    expect(fleet.failures()).toEqual([]);
    expect(fleet.events.filter((event) => event.type === 'remark').map(({ remark }) => remark.about)).toContain(
      'balancer-reloaded',
    );
  });
});
