import pLimit from 'p-limit';
import { describe, expect, it } from 'vitest';
import { Failure } from '../../src/errors.ts';
import type { LifeStep } from '../../src/rollout/lifecycle.ts';
import type { InstancePlan } from '../../src/rollout/plan.ts';
import type { PlayEnd } from '../../src/runner/play/batches.ts';
import { holdHosts } from '../../src/runner/hosts/held-hosts.ts';
import { RunPace } from '../../src/runner/play/pace.ts';
import { roll } from '../../src/runner/play/roll.ts';
import { plan } from '../../src/runner/rollout.ts';
import type { StepAction } from '../../src/runner/instance/work.ts';
import { playOf } from '../support/at-once.ts';
import { FakeFleet } from '../support/fake-fleet.ts';

const FIRST = 'pxApp_1';

const startFirst = ({ instance, ...rest }: InstancePlan): InstancePlan => {
  const { servers, ready, container } = instance;
  return {
    ...rest,
    instance: container === FIRST ? { ...instance, leaving: { name: 'a', servers, ready } } : instance,
  };
};

const soon: StepAction = async (_, { clock, signal }) => {
  await clock.sleep(1_000, signal);
  return '';
};

/** The first instance cannot leave its slot at once, nor have its old container back, and serves what is new then. */
async function rolledBeside(fleet: FakeFleet, perHost: number): Promise<PlayEnd> {
  const context = fleet.context();
  const [planned] = await plan([playOf(fleet, 'v2', { perHost })], false, context);
  if (!planned) throw new Error('nothing is planned');
  const held = await holdHosts([...fleet.hosts.keys()], { ...context, limit: pLimit(10) });
  let tries = 0;
  const actions: Record<LifeStep, StepAction> = {
    ...{ drain: soon, replace: soon, restart: soon, run: soon, check: soon, restore: soon, ramp: soon, soak: soon },
    ...{ release: soon, keep: soon, retire: soon, withdraw: soon, rollBack: soon },
    ...{ stop: soon, start: soon, commit: soon, discard: soon },
    vacate: async () => {
      tries += 1;
      if (tries === 1) throw new Failure('docker', 'Cannot stop the old container');
      return '';
    },
    readmit: async (work, { clock, signal }) => {
      await clock.sleep(20_000, signal);
      work.newServes = true;
      throw new Failure('docker', 'The old container is gone');
    },
  };
  const batches = planned.batches.map((batch) => ({
    ...batch,
    hosts: batch.hosts.map((host) => ({ ...host, instances: host.instances.map(startFirst) })),
  }));
  const pace = new RunPace({ hosts: 1 }, context);
  const end = await roll({ ...planned, batches }, { ...context, actions, held: held.host, pace });
  await held.release();
  return end;
}

describe('an instance that fails a step and is updated in the end', () => {
  it('does not keep those after it from their turn', async () => {
    const fleet = await FakeFleet.up(['fe1']);

    const end = await rolledBeside(fleet, 1);

    expect(end).toMatchObject({ then: 'goOn', hosts: [{ end: 'updated', updated: 3, notReached: 0, reason: '' }] });
  });

  it('has what would begin beside it wait until it has ended', async () => {
    const fleet = await FakeFleet.up(['fe1']);

    const end = await rolledBeside(fleet, 2);

    expect(end).toMatchObject({ then: 'goOn', hosts: [{ end: 'updated', updated: 3, notReached: 0, reason: '' }] });
    const told = fleet.events.flatMap((event) =>
      event.type === 'instance-started' || event.type === 'instance-ended'
        ? [`${event.type === 'instance-started' ? '+' : '-'}${event.subject.name}`]
        : [],
    );
    expect(told).toEqual(['+pxApp_1', '+pxApp_2', '-pxApp_2', '-pxApp_1', '+pxApp_3', '-pxApp_3']);
  });
});
