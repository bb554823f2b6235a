import { describe, expect, it } from 'vitest';
import { recoverHosts } from '../../src/runner/recover-hosts.ts';
import { rollout } from '../../src/runner/rollout.ts';
import { FakeFleet, type FakeHost } from '../support/fake-fleet.ts';
import { MortalFleet } from '../support/mortal-fleet.ts';

const options = { force: false, onPlanned: () => undefined, confirm: async () => true };
const never = new AbortController().signal;
const GRACE_MS = 8_000;

/** Containers take their whole stop grace, which the Engine waits for, whether who has asked lives on or not. */
function withGrace({ clock }: FakeFleet, { containers }: FakeHost): void {
  const stop = containers.stop.bind(containers);
  containers.stop = async (name) => {
    const asked = await containers.inspect(name);
    if (!asked?.running) return;
    await clock.sleep(GRACE_MS, never);
    const same = (await containers.list()).find(({ id }) => id === asked.id);
    if (same?.running && same.startedAt === asked.startedAt) await stop(same.name);
  };
}

/** A rollout that dies when it has just asked for the old container to stop. */
async function diedInStop(): Promise<{ readonly fleet: FakeFleet; readonly fe1: FakeHost }> {
  for (let at = 0; ; at += 1) {
    const fleet = await FakeFleet.up(['fe1']);
    const fe1 = await fleet.host('fe1');
    withGrace(fleet, fe1);
    const mortal = new MortalFleet(fleet, { at, when: 'after' });
    const ended = rollout([fleet.play('v2')], options, { ...fleet.context(), fleet: mortal }).then(() => 'ended');
    const change = await Promise.race([mortal.death, ended]);
    if (change === 'stop') return { fleet, fe1 };
    if (change === 'ended') throw new Error('it never stops a container');
  }
}

describe('a rollout that dies while the old container has its stop grace', () => {
  it('is recovered to one that goes on running: the stop that was begun is waited for', async () => {
    const { fleet, fe1 } = await diedInStop();
    await fleet.clock.sleep(1_000, never);

    const result = await recoverHosts({ hosts: ['fe1'] }, fleet.context());

    await fleet.clock.sleep(2 * GRACE_MS, never);
    expect(result.end).toBe('done');
    expect(await fe1.containers.inspect('pxApp_1')).toMatchObject({ running: true });
    expect(fleet.isWhole()).toBe(true);
    expect(fleet.failures()).toEqual([]);
  });
});
