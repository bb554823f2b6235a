import { describe, expect, it } from 'vitest';
import { rollout } from '../../src/runner/rollout.ts';
import type { RunResult } from '../../src/runner/run.ts';
import type { FakeFleet } from '../support/fake-fleet.ts';
import { ASIDE, containersOf, fleetWith, SECOND, secondOnly } from '../support/second-instance.ts';

const options = { force: true, onPlanned: () => undefined, confirm: async () => true };

/** Two plays of one run for the same container, which both keep what they have replaced. */
async function rolledTwice(fleet: FakeFleet, tag: string): Promise<RunResult> {
  const first = secondOnly(fleet, { each: { keep: 1 } });
  const second = {
    ...first,
    name: 'Once more',
    hosts: first.hosts.map(({ host, instances }) => ({
      host,
      instances: instances.map((one) => ({
        ...one,
        spec: { ...one.spec, image: one.spec.image.replace(/next$/, tag) },
      })),
    })),
  };
  return rollout([first, second], options, fleet.context());
}

describe('a run that replaces the same container twice', () => {
  it('keeps what it has replaced last under the name that is the run’s', async () => {
    const fleet = await fleetWith({});
    fleet.addImage('after', {});

    const result = await rolledTwice(fleet, 'after');

    expect(result.end).toBe('done');
    expect(fleet.failures()).toEqual([]);
    expect(await containersOf(fleet)).toEqual([
      'pxApp_1 v1',
      `${SECOND} after`,
      ASIDE.replace('v1', 'next stopped restart no'),
      'pxApp_3 v1',
    ]);
  });

  it('goes back to what the second time has found when that fails', async () => {
    const fleet = await fleetWith({});
    fleet.addImage('after', { exitsAfterMs: 100 });

    const result = await rolledTwice(fleet, 'after');

    expect(result.end).toBe('someFailed');
    expect(fleet.failures()).toEqual([]);
    expect(await containersOf(fleet)).toContain(`${SECOND} next`);
    expect((await fleet.host('fe1')).entries).toEqual([]);
  });
});
