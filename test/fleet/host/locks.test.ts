import { beforeEach, describe, expect, it } from 'vitest';
import type { RunEvent } from '../../../src/rollout/events.ts';
import { ALL_IN_SERVICE, containersOf, containersOn, serversOf } from '../../support/fleet.ts';
import { loadOwn, own, resetOwn } from '../../support/own-host.ts';
import { rolloutTo, sluice, start } from '../../support/sluice.ts';

/** Kills a rollout with -9 when its first instance takes this step. */
async function killedAt(step: string): Promise<void> {
  const onEvent = (event: RunEvent, child: { kill(signal: NodeJS.Signals): boolean }): void => {
    if (event.type === 'step-started' && event.step === step) child.kill('SIGKILL');
  };
  const { status } = await start(rolloutTo('v2', '--limit', own, '--json'), { onEvent }).ended;
  expect(status).toBeNull();
}

describe('the lock of a real host', () => {
  beforeEach(async () => {
    await resetOwn({ healthchecks: true });
    await sluice('lock', 'break', own, '--yes');
  });

  it('of a killed run is found dead, explained, and taken over after its host was recovered', async () => {
    const traffic = loadOwn();
    await killedAt('check');

    const list = await sluice('lock', 'list', own);
    expect(list.stdout).toMatch(/^fe\d +dead +\S+@\S+ +\S+ +rollout playbooks\/pxapp.yml /m);
    const refused = await sluice(...rolloutTo('v2', '--limit', own));
    expect(refused.status).toBe(75);
    expect(refused.stderr).toMatch(
      /pid \d+ on \S+ .*died about \S+Z, and left instances in work: .*sluice recover fe\d.*--take-over/,
    );

    const taken = await sluice(...rolloutTo('v2', '--limit', own, '--take-over'));
    const report = await traffic.stop();
    expect(taken.status, taken.stderr).toBe(0);
    expect(await containersOf(own)).toEqual(containersOn('v2'));
    expect(await serversOf(own)).toEqual(ALL_IN_SERVICE);
    expect((await sluice('lock', 'list', own)).stdout).toMatch(/^fe\d +free$/m);
    expect(report.failures).toEqual([]);
  });

  it('that is broken by force stops the run that had it before it changes anything more', async () => {
    const broken: Promise<unknown>[] = [];
    const onEvent = (event: RunEvent): void => {
      if (event.type === 'step-started' && event.step === 'check' && broken.length === 0)
        broken.push(sluice('lock', 'break', own, '--force', '--yes'));
    };

    const ended = await start(rolloutTo('unhealthy', '--limit', own, '--json'), { onEvent }).ended;
    await Promise.all(broken);

    expect(ended.status, ended.stdout).toBe(7);
    expect(ended.stdout).toContain('the lock is not ours any more');
    const recovered = await sluice('recover', own);
    expect(recovered.status, recovered.stderr).toBe(0);
    expect(await containersOf(own)).toEqual(containersOn('v1'));
    expect(await serversOf(own)).toEqual(ALL_IN_SERVICE);
  });
});
