import { describe, expect, it } from 'vitest';
import { unitsOf } from '../../src/rollout/company.ts';
import { planPlay, type InstanceFacts } from '../../src/rollout/plan.ts';
import { defaultPolicy } from '../../src/rollout/policy.ts';
import { aBackend, aContainer, anInstance, aServer, aServerState } from '../support/builders.ts';

const backend = aBackend([1, 2, 3, 4].map((id) => aServerState({ server: aServer(`pxApp_${id}`) })));

/** Of three instances on fe1, as they are declared and whether they are as declared already. */
function planned(each: readonly { strategy: 'recreate-host' | 'in-place'; isNew?: boolean }[]) {
  const instances = each.map(({ strategy }, index) => anInstance({ container: `pxApp_${index + 1}`, strategy }));
  const seen = instances.map((one, index): [typeof one, InstanceFacts] => {
    const digest = each[index]?.isNew ? 'sha256:aaaa' : 'sha256:bbbb';
    return [one, { container: aContainer({ name: one.container }), image: { digest, id: undefined }, changes: [] }];
  });
  const facts = { instances: new Map(seen), backends: [backend] };
  const play = { name: 'Front ends', serial: [{ hosts: 1 }] as const, maxFailPercentage: 0, policy: defaultPolicy };
  return planPlay({ ...play, hosts: [{ host: 'fe1', instances }] }, facts, { force: false });
}

const together = { strategy: 'recreate-host' } as const;
const alone = { strategy: 'in-place' } as const;

describe('the instances of a host that go together', () => {
  // prettier-ignore
  it.each([
    { says: 'all of them',                        each: [together, together, together],                   units: ['1 2 3'],       left: 1 },
    { says: 'not what is as declared already',    each: [together, { ...together, isNew: true }, together], units: ['1 3', '2'],  left: 2 },
    { says: 'not those of another strategy',      each: [alone, together, together],                      units: ['1', '2 3'],    left: 2 },
    { says: 'where the first of them stands',     each: [together, alone, together],                      units: ['1 3', '2'],    left: 2 },
    { says: 'none, where each goes by itself',    each: [alone, alone, alone],                            units: ['1', '2', '3'], left: 3 },
  ])('are $says, and are out of their backend at once', ({ each, units, left }) => {
    const plan = planned(each);

    const instances = plan.batches[0]?.hosts[0]?.instances ?? [];
    const names = unitsOf(instances).map((unit) => unit.map(({ instance }) => instance.container.slice(-1)).join(' '));
    expect(names).toEqual(units);
    expect(plan.capacity).toMatchObject([{ usable: 4, usableAtWorst: left }]);
  });
});
