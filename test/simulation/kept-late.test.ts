import { describe, expect, it } from 'vitest';
import { defaultPolicy, type Policy } from '../../src/rollout/policy.ts';
import { inCentral } from './central.ts';
import { KeptWorld, keptStory, type Played } from './kept-story.ts';
import { Random } from './random.ts';

interface Late {
  readonly told: KeptWorld;
  readonly rollout: Played;
}

/** Of two hosts, with a central HAProxy, lb2, that is away until fe1 has kept its set, and fe2 is in work. */
async function late(over: Partial<Policy>, isSick = false): Promise<Late> {
  const story = keptStory(60_000);
  const hosts = story.world.hosts.flatMap((host) => [host, { ...host, name: 'fe2' }]);
  const policy = { ...defaultPolicy, unreachableBalancer: 'skip', ...over } as const;
  const central = inCentral({ ...story, world: { ...story.world, hosts } }, new Random(3, 'central'));
  const told = await KeptWorld.of({ ...central, faults: [], world: { ...central.world, policy } });
  const lb2 = told.world.host('lb2');
  lb2.isUnreachable = true;
  let isCrashed = false;
  const rollout = await told.play(
    { command: 'rollout', by: 0 },
    {
      meanwhile: ({ events }) => {
        lb2.isUnreachable &&= !events.some((event) => event.type === 'host-ended' && event.host === 'fe1');
        const isInLine = events.some((event) => event.type === 'warning' && event.text.startsWith('lb2 answers again'));
        const isSoaking = events.some(
          (event) => event.type === 'step-started' && event.step === 'soak' && event.subject.host === 'fe2',
        );
        if (!isSick || !isInLine || !isSoaking || isCrashed) return;
        told.crash('fe2', 'pxApp_1');
        isCrashed = true;
      },
    },
  );
  return { told, rollout };
}

/** How the servers of the old containers of fe1 stand at lb2. */
function oldsAtLb2({ world }: KeptWorld): string[] {
  const isThere = ({ slot = '', server }: { slot?: string; server: { balancer: { host: string } } }): boolean =>
    slot === 'leaving' && server.balancer.host === 'lb2';
  return world
    .host('fe1')
    .record.filter(isThere)
    .map(({ server }) => {
      const { weight, admin } = world.host('lb2').haproxy.slot(server);
      return `${weight} ${admin}`;
    });
}

describe('a set that is kept by the time a central HAProxy that was left out answers again', () => {
  it('is out of traffic there, too, once the run has ended', async () => {
    const { told, rollout } = await late({});

    expect(rollout.outcome).toMatchObject({ end: 'done' });
    expect(oldsAtLb2(told)).toEqual(['0 maint', '0 maint']);
    expect(told.violations()).toEqual([]);
  });

  it('ends, when its time is over, without a request that fails there', async () => {
    const { told } = await late({});
    await told.pass(90_000);

    expect(await told.play({ command: 'restore', by: 1, isExpired: true })).toMatchObject({ outcome: { end: 'done' } });
    expect(told.noted('fe1')).toEqual([]);
    expect(told.containers('fe1')).toEqual(['pxApp_1 running v2', 'pxApp_2 running v2']);
    expect(told.violations()).toEqual([]);
  });

  it('serves again there, too, when it is switched back to', async () => {
    const { told } = await late({});

    expect(await told.play({ command: 'switch-back', by: 2 })).toMatchObject({ outcome: { end: 'done' } });
    expect(told.containers('fe1')).toEqual(['pxApp_1 running v1', 'pxApp_2 running v1']);
    expect(told.violations()).toEqual([]);
  });

  it('serves again there, too, when its own run takes it back', async () => {
    const { told, rollout } = await late({ onFailure: 'rollback' }, true);

    expect(rollout.outcome).toMatchObject({ end: 'stopped' });
    expect(told.noted('fe1')).toEqual([]);
    expect(told.containers('fe1')).toEqual(['pxApp_1 running v1', 'pxApp_2 running v1']);
    expect(told.violations()).toEqual([]);
  });
});
