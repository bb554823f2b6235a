import { describe, expect, it } from 'vitest';
import { TO_BE_FOUND, type Instance } from '../../src/rollout/model.ts';
import type { Play } from '../../src/rollout/play.ts';
import { defaultPolicy, type Policy } from '../../src/rollout/policy.ts';
import type { RecordEntry } from '../../src/runner/ports/ports.ts';
import { inCentral } from './central.ts';
import { KeptWorld, keptStory, withEach, type Played } from './kept-story.ts';
import { Random } from './random.ts';

const KEEP_MS = 200_000;

interface Late {
  readonly told: KeptWorld;
  readonly rollout: Played;
}

/** The servers are not named, but to be found. */
function nameless(play: Play): Play {
  const unnamed = <Part extends Pick<Instance, 'servers'>>(part: Part): Part => ({
    ...part,
    servers: part.servers.map((server) => ({ ...server, name: TO_BE_FOUND })),
  });
  return withEach(play, (one) => ({
    ...unnamed(one),
    ...(one.slots && { slots: [unnamed(one.slots[0]), unnamed(one.slots[1])] }),
  }));
}

interface Otherwise {
  /** fe2 fails once lb2 is back. */
  readonly isSick?: boolean;
  /** The run dies then. */
  readonly dies?: boolean;
  readonly play?: (play: Play) => Play;
}

/** Of two hosts, with a central HAProxy, lb2, that is away until fe1 has kept its set, and fe2 is in work. */
async function late(
  over: Partial<Policy>,
  { isSick = false, dies = false, ...breakage }: Otherwise = {},
): Promise<Late> {
  const story = keptStory(KEEP_MS);
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
      ...breakage,
      meanwhile: (controller) => {
        const { events } = controller;
        lb2.isUnreachable &&= !events.some((event) => event.type === 'host-ended' && event.host === 'fe1');
        const isInLine = events.some((event) => event.type === 'warning' && event.text.startsWith('lb2 answers again'));
        const isSoaking = events.some(
          (event) => event.type === 'step-started' && event.step === 'soak' && event.subject.host === 'fe2',
        );
        if (dies && isInLine && isSoaking) controller.kill('while fe2 is in work');
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
  const isThere = ({ slot, server }: RecordEntry): boolean => slot === 'leaving' && server.balancer.host === 'lb2';
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

  it('is so, too, where its servers were to be found', async () => {
    const { told, rollout } = await late({}, { play: nameless });

    expect(rollout.outcome).toMatchObject({ end: 'done' });
    expect(oldsAtLb2(told)).toEqual(['0 maint', '0 maint']);
    expect(told.violations()).toEqual([]);
  });

  it('ends, when its time is over, without a request that fails there', async () => {
    const { told } = await late({});
    await told.pass(2 * KEEP_MS);

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
    const { told, rollout } = await late({ onFailure: 'rollback' }, { isSick: true });

    expect(rollout.outcome).toMatchObject({ end: 'stopped' });
    expect(told.noted('fe1')).toEqual([]);
    expect(told.containers('fe1')).toEqual(['pxApp_1 running v1', 'pxApp_2 running v1']);
    expect(told.violations()).toEqual([]);
  });

  it('is out of traffic there, too, when a run that died is gone on with', async () => {
    const { told } = await late({}, { dies: true });
    await told.pass(50_000);

    expect(await told.play({ command: 'resume', by: 1 })).toMatchObject({ outcome: { end: 'done' } });
    expect(oldsAtLb2(told)).toEqual(['0 maint', '0 maint']);
    expect(told.violations()).toEqual([]);
  });
});

describe('a rollback to the other slot, in the middle of which such an HAProxy answers again', () => {
  it('drains there what it leaves, and has it serve where it goes', async () => {
    const story = keptStory(0);
    const policy = { ...defaultPolicy, unreachableBalancer: 'skip' } as const;
    const central = inCentral(story, new Random(3, 'central'));
    const play = { ...central.play, strategy: 'start-first' } as const;
    const told = await KeptWorld.of({ ...central, play, faults: [], world: { ...central.world, policy } });
    const lb2 = told.world.host('lb2');
    lb2.isUnreachable = true;
    await told.play({ command: 'rollout', by: 0 });

    const { outcome, said } = await told.play(
      { command: 'rollback', by: 1 },
      {
        meanwhile: ({ events }) => {
          lb2.isUnreachable &&= !events.some((event) => event.type === 'step-started' && event.step === 'replace');
        },
      },
    );

    expect(outcome).toMatchObject({ end: 'done' });
    expect(said).toContainEqual(expect.stringMatching(/^lb2 answers again/));
    expect(told.containers('fe1')).toEqual(['pxApp_1 running v1', 'pxApp_2 running v1']);
    expect(told.noted('fe1')).toEqual([]);
    expect(told.violations()).toEqual([]);
  });
});
