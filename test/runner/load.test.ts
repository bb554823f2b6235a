import { describe, expect, it } from 'vitest';
import { Failure } from '../../src/errors.ts';
import type { RunEvent } from '../../src/rollout/events.ts';
import { planText } from '../../src/report/plan.ts';
import { paintFor } from '../../src/report/paint.ts';
import { instancesOf, type PlayPlan } from '../../src/rollout/plan.ts';
import type { LoadableImage, Loads } from '../../src/runner/ports/ports.ts';
import { plan, rollout } from '../../src/runner/rollout.ts';
import { FakeFleet, IMAGE } from '../support/fake-fleet.ts';

/** What no registry has: the fake knows it under a name that no play uses. */
const ID = 'sha256:id-built';
const REFERENCE = `${IMAGE}:built`;

async function* bytes(): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < 10; at += 1) yield new Uint8Array(1_000_000);
}

function loadsOf(over: Partial<LoadableImage> = {}): Loads {
  const image = { id: ID, ids: [ID], from: 'shop.tar', bytes: 10_000_000, open: bytes, ...over };
  return new Map([[REFERENCE, image]]);
}

async function fleetWithout(): Promise<FakeFleet> {
  const fleet = await FakeFleet.up();
  const image = { id: ID, digests: [], healthcheck: { intervalMs: 100 }, behaviour: { answersAfterMs: 700 } };
  fleet.registry.set('nowhere', image);
  return fleet;
}

async function rolled(fleet: FakeFleet, loads: Loads) {
  const plans: PlayPlan[] = [];
  const options = {
    ...{ force: false, confirm: async () => true },
    onPlanned: (planned: readonly PlayPlan[]) => plans.push(...planned),
  };
  const result = await rollout([fleet.play('built')], options, { ...fleet.context(), loads });
  return { result, plans };
}

function typesOf(events: readonly RunEvent[], type: RunEvent['type']): number {
  return events.filter((event) => event.type === type).length;
}

describe('an image that comes from the controller', () => {
  it('is planned by its id, with what is sent to whom, and nothing is touched', async () => {
    const fleet = await fleetWithout();
    await fleet.hosts.get('fe3')?.containers.load({
      ...{ reference: 'another:name', signal: new AbortController().signal },
      image: { id: ID, ids: [ID], from: 'shop.tar', bytes: 1, open: bytes },
    });

    const [planned] = await plan([fleet.play('built')], false, { ...fleet.context(), loads: loadsOf() });

    const lines = planned ? planText(planned, { paint: paintFor(false), diff: false }) : [];
    expect(lines).toContain(`    ${REFERENCE} (id-built)  10 MB from shop.tar  to fe1, fe2`);
    expect(lines.find((line) => line.includes('fe1  pxApp_1'))).toContain('v1 → built (digest-v1 → id-built)');
    expect(await fleet.hosts.get('fe1')?.containers.image(ID)).toBeUndefined();
  });

  it('is sent to all hosts before the first is touched, runs there, and is nothing to do the second time', async () => {
    const fleet = await fleetWithout();

    const { result } = await rolled(fleet, loadsOf());

    expect(result.end).toBe('done');
    expect(fleet.images().every((image) => image.endsWith(' built'))).toBe(true);
    expect(fleet.isWhole()).toBe(true);
    const types = fleet.events.map(({ type }) => type);
    expect(types.lastIndexOf('image-pulled')).toBeLessThan(types.indexOf('batch-started'));
    const again = await rolled(fleet, loadsOf());
    expect(again.plans.flatMap(instancesOf).map(({ action }) => action)).not.toContain('replace');
  });

  it('needs no archive any more where all hosts have it', async () => {
    const fleet = await fleetWithout();
    await rolled(fleet, loadsOf());

    expect((await rolled(fleet, loadsOf({ open: 'is gone' }))).result.end).toBe('done');
  });

  it('is missed by name where a host does not have it and the archive is gone; nothing is touched', async () => {
    const fleet = await fleetWithout();

    await expect(rolled(fleet, loadsOf({ open: 'is gone' }))).rejects.toThrow(Failure);

    const problem = `Cannot use ${REFERENCE} on fe1: the host does not have ${ID}, and shop.tar, which it was loaded from, is gone: put it back, or name another with --load`;
    expect(fleet.events).toContainEqual({ type: 'problem', host: 'fe1', text: problem });
    expect(fleet.images().every((image) => image.endsWith(' v1'))).toBe(true);
  });

  it('is sent once more when the connection was lost, and then no more', async () => {
    for (const [losses, end] of [
      [1, 'done'],
      [2, 'fails'],
    ] as const) {
      const fleet = await fleetWithout();
      const containers = fleet.hosts.get('fe2')?.containers;
      const load = containers?.load.bind(containers);
      let left = losses;
      if (containers && load)
        containers.load = async (request) => {
          if (left > 0) {
            left -= 1;
            throw new Failure('unreachable', 'Cannot load it on fe2: the connection was lost');
          }
          return load(request);
        };

      const result = await rolled(fleet, loadsOf()).then(
        ({ result: { end: how } }) => how,
        () => 'fails',
      );

      expect(result).toBe(end);
      expect(typesOf(fleet.events, 'image-loading')).toBe(1);
      expect(fleet.failures()).toEqual([]);
    }
  });
});
