import { describe, expect, it } from 'vitest';
import { floorOf, usableIn } from '../../src/rollout/capacity.ts';
import type { Instance } from '../../src/rollout/model.ts';
import { hasChanges, instancesOf, planPlay, type Action, type InstanceFacts } from '../../src/rollout/plan.ts';
import { defaultPolicy } from '../../src/rollout/policy.ts';
import { aBackend, aContainer, anInstance, aServer, aServerState } from '../support/builders.ts';

const sameImage = { id: 'sha256:1111', digest: 'sha256:aaaa' };
const byDigest = (digest: string): InstanceFacts['image'] => ({ id: undefined, digest });

function planOf(facts: InstanceFacts, force = false): { action: Action | undefined; changes: boolean } {
  const instance = anInstance();
  const play = {
    ...{ name: 'Front ends', serial: [{ hosts: 1 }] as const, maxFailPercentage: 0, policy: defaultPolicy },
    hosts: [{ host: 'fe1', instances: [instance] }],
  };
  const fleet = { instances: new Map([[instance, facts]]), backends: [aBackend([aServerState()])] };
  const plan = planPlay(play, fleet, { force });
  return { action: instancesOf(plan)[0]?.action, changes: hasChanges(plan) };
}

describe('planPlay()', () => {
  // prettier-ignore
  it.each<{ why: string; facts: InstanceFacts; force?: boolean; action: Action }>([
    { why: 'no container yet',                         facts: { container: undefined, image: sameImage, changes: [] },     action: 'create' },
    { why: 'same image, same settings',                facts: { container: aContainer(), image: sameImage, changes: [] },  action: 'leave' },
    { why: 'the same digest is the same image',        facts: { container: aContainer(), image: byDigest('sha256:aaaa'), changes: [] }, action: 'leave' },
    { why: 'without a registry the id decides',        facts: { container: aContainer(), image: { id: 'sha256:1111', digest: undefined }, changes: [] }, action: 'leave' },
    { why: 'another digest under the same tag',        facts: { container: aContainer(), image: byDigest('sha256:bbbb'), changes: [] }, action: 'replace' },
    { why: 'same image, another setting',              facts: { container: aContainer(), image: sameImage, changes: [{ setting: 'user', from: '', to: 'www' }] }, action: 'replace' },
    { why: 'same image and settings, but not running', facts: { container: aContainer({ running: false, status: 'exited' }), image: sameImage, changes: [] }, action: 'replace' },
    { why: 'nothing to change, but forced',            facts: { container: aContainer(), image: sameImage, changes: [] },  force: true, action: 'replace' },
  ])('$why: $action', ({ facts, force = false, action }) => {
    expect(planOf(facts, force)).toEqual({ action, changes: action !== 'leave' });
  });

  it('tells how much each backend can serve at the worst moment', () => {
    const hosts = ['fe1', 'fe2', 'fe3'];
    const instances = hosts.map((host) => anInstance({ host, minUp: { percent: 50 } }));
    const play = {
      ...{ name: 'Front ends', serial: [{ percent: 35 }] as const, maxFailPercentage: 0, policy: defaultPolicy },
      hosts: instances.map((instance) => ({ host: instance.host, instances: [instance] })),
    };
    const backends = hosts.map((host) =>
      aBackend([
        aServerState({ server: aServer('pxApp_1', host) }),
        aServerState({ server: aServer('pxApp_2', host) }),
        aServerState({ server: aServer('pxApp_3', host), isUp: false, status: 'DOWN' }),
      ]),
    );

    const plan = planPlay(play, { instances: factsOf(instances), backends }, { force: false });

    expect(plan.batches.map((batch) => batch.hosts.map(({ host }) => host))).toEqual([['fe1'], ['fe2'], ['fe3']]);
    expect(plan.capacity[0]).toMatchObject({ host: 'fe1', servers: 3, usable: 2, usableAtWorst: 1, floor: 2 });
  });

  it('counts nothing as taken from a backend whose instances are left alone', () => {
    const instance = anInstance();
    const play = {
      ...{ name: 'Front ends', serial: [{ hosts: 1 }] as const, maxFailPercentage: 0, policy: defaultPolicy },
      hosts: [{ host: 'fe1', instances: [instance] }],
    };
    const facts = new Map([[instance, { container: aContainer(), image: sameImage, changes: [] }]]);

    const plan = planPlay(play, { instances: facts, backends: [aBackend([aServerState()])] }, { force: false });

    expect(plan.capacity[0]).toMatchObject({ usable: 1, usableAtWorst: 1 });
  });
});

function factsOf(instances: readonly Instance[]): ReadonlyMap<Instance, InstanceFacts> {
  return new Map(
    instances.map((instance) => [instance, { container: aContainer(), image: byDigest('sha256:bbbb'), changes: [] }]),
  );
}

describe('the capacity of a backend', () => {
  const servers = [1, 2, 3].map((id) => aServerState({ server: aServer(`pxApp_${id}`) }));

  it('rounds a percentage up, so that 50 % of three servers are two', () => {
    expect(floorOf({ percent: 50 }, aBackend(servers))).toBe(2);
    expect(floorOf({ servers: 1 }, aBackend(servers))).toBe(1);
    expect(floorOf({ percent: 0 }, aBackend(servers))).toBe(0);
  });

  it('counts neither servers at weight 0, in drain or maint, DOWN, nor backups', () => {
    const [one, two, three] = servers;
    if (!one || !two || !three) throw new Error('three servers');
    const backend = aBackend([
      one,
      { ...two, weight: 0 },
      { ...three, admin: 'maint' },
      { ...three, admin: 'drain' },
      { ...three, isUp: false },
      { ...three, isBackup: true },
    ]);
    expect(usableIn(backend)).toBe(1);
  });
});
