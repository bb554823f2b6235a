import { describe, expect, it } from 'vitest';
import type { Remark, RunEvent } from '../../src/rollout/events.ts';
import type { Instance } from '../../src/rollout/model.ts';
import { rollout } from '../../src/runner/rollout.ts';
import type { RunResult } from '../../src/runner/run.ts';
import { aServer } from '../support/builders.ts';
import { FakeFleet, WEIGHTS } from '../support/fake-fleet.ts';

const options = { force: false, onPlanned: () => undefined, confirm: async () => true };

type Story = Awaited<ReturnType<typeof begin>>;

async function begin() {
  const fleet = await FakeFleet.up(['fe1']);
  const fe1 = await fleet.host('fe1');
  return { fleet, fe1, haproxy: fe1.haproxy };
}

/** Rolls pxApp_1 of fe1 out; `then` happens once, `afterMs` after `step` has begun. */
async function rollWith(
  { fleet }: Story,
  step: string,
  then: () => void,
  { afterMs = 120, ...each }: Partial<Instance> & { readonly afterMs?: number } = {},
): Promise<RunResult> {
  let isDone = false;
  const play = fleet.play('v2', { each });
  const hosts = play.hosts.map((host) => ({ ...host, instances: host.instances.slice(0, 1) }));
  const onEvent = (event: RunEvent): void => {
    if (isDone || event.type !== 'step-started' || event.step !== step) return;
    isDone = true;
    if (afterMs === 0) then();
    else void fleet.clock.sleep(afterMs, new AbortController().signal).then(then);
  };
  return rollout([{ ...play, hosts }], options, fleet.context(onEvent));
}

function remarks({ fleet }: Story): Remark[] {
  return fleet.events.flatMap((event) => (event.type === 'remark' ? [event.remark] : []));
}

function about(story: Story): string[] {
  return [...new Set(remarks(story).map((remark) => remark.about))];
}

/** Of each remark that HAProxy has begun anew, whether a drain was under way. */
function draining(story: Story): boolean[] {
  return remarks(story).flatMap((remark) => ('isDraining' in remark ? [remark.isDraining] : []));
}

/** A request on each server that takes this long. */
function occupy({ haproxy }: Story, ms: number): void {
  for (let opened = 0; opened < WEIGHTS.size; opened += 1) haproxy.open(ms);
}

describe('an old worker', () => {
  it.each(['counted', 'seen'] as const)('with our request is waited for, when old workers are %s', async (seen) => {
    const story = await begin();
    story.haproxy.oldWorkersAre = seen;
    occupy(story, 8_000);
    // Before the run: nothing that happens in it tells of that worker.
    story.haproxy.reload();

    const result = await rollWith(story, 'drain', () => undefined);

    expect(result.end).toBe('done');
    expect(story.fleet.clock.now()).toBeGreaterThan(13_000);
    expect(story.fleet.failures()).toEqual([]);
    expect(story.fleet.isWhole()).toBe(true);
  });

  it("that has only other servers' sessions does not hold a drain up", async () => {
    const story = await begin();
    for (;;) if (story.haproxy.open(50_000) === 'pxApp_2') break;
    await story.haproxy.shutdownSessions(aServer('pxApp_1'));
    story.fleet.hosts.forEach(({ haproxy }) => (haproxy.failures.length = 0));
    story.haproxy.reload();

    const result = await rollWith(story, 'drain', () => undefined);

    expect(result.end).toBe('done');
    expect(story.fleet.clock.now()).toBeLessThan(20_000);
    expect(story.fleet.failures()).toEqual([]);
  });

  it('that cannot be known of is told, once', async () => {
    const story = await begin();
    story.haproxy.oldWorkersAre = 'hidden';
    expect((await rollWith(story, 'drain', () => undefined)).end).toBe('done');
    expect(remarks(story)).toEqual([{ about: 'old-workers-unknown', server: aServer('pxApp_1') }]);
  });

  it('that cannot be seen, but must have been left by a reload, is waited for as long as a drain may take', async () => {
    const story = await begin();
    story.haproxy.oldWorkersAre = 'hidden';
    occupy(story, 8_000);

    const result = await rollWith(story, 'drain', () => {
      story.haproxy.reload();
    });

    expect(result.hosts[0]?.reason).toMatch(/^Cannot drain pxapp_cluster\/pxApp_1 on fe1: HAProxy's old worker \d+ /);
    // It may have been a restart as well.
    expect(about(story)).toContain('balancer-began-anew');
    expect(story.fleet.failures()).toEqual([]);
    expect(story.fleet.isWhole()).toBe(true);
  });
});

it('an old worker that cannot be seen, of a new configuration without the server, is waited for on the way home', async () => {
  const story = await begin();
  story.haproxy.oldWorkersAre = 'hidden';
  const drain = { timeoutMs: 9_000, onTimeout: 'fail' as const };
  const then = (): void => {
    occupy(story, 6_000);
    story.haproxy.reload({ without: ['pxApp_1'] });
  };

  const result = await rollWith(story, 'soak', then, { drain, afterMs: 0 });

  expect(result.hosts).toMatchObject([{ end: 'failed', unchanged: 1 }]);
  expect(about(story)).toEqual(expect.arrayContaining(['old-workers-unknown', 'not-drained']));
  expect(story.fleet.failures()).toEqual([]);
});

describe('an HAProxy that changes during a drain', () => {
  it.each([
    { what: 'is reloaded', then: ({ haproxy }: Story) => haproxy.reload(), says: 'balancer-reloaded' },
    { what: 'is restarted', then: ({ haproxy }: Story) => haproxy.restart(), says: 'balancer-restarted' },
    {
      what: 'is given another weight by somebody',
      then: ({ haproxy }: Story) => void haproxy.setWeight(aServer('pxApp_1'), 7),
      says: 'changed-by-another',
    },
    {
      what: 'has the server at another address after a reload',
      then: ({ haproxy }: Story) => {
        haproxy.reload({ moved: ['pxApp_1'] });
      },
      says: 'moved',
    },
  ])('and $what costs no request and no weight, and is told', async ({ then, says }) => {
    const story = await begin();
    occupy(story, 2_000);

    const result = await rollWith(story, 'drain', () => {
      then(story);
    });

    expect(result.end).toBe('done');
    expect(about(story)).toContain(says);
    expect(draining(story)).not.toContain(false);
    expect(story.fleet.failures()).toEqual([]);
    expect(story.fleet.isWhole()).toBe(true);
  });

  it('starts the drain clock anew', async () => {
    const story = await begin();
    occupy(story, 2_500);
    const each = { drain: { timeoutMs: 2_000, onTimeout: 'fail' as const } };

    const meddle = async (): Promise<void> => {
      await story.fleet.clock.sleep(1_500, new AbortController().signal);
      await story.haproxy.setWeight(aServer('pxApp_1'), 7);
    };
    const result = await rollWith(story, 'drain', () => void meddle(), each);

    expect(result.end).toBe('done');
    expect(story.fleet.isWhole()).toBe(true);
    expect(story.fleet.failures()).toEqual([]);
  });

  it.each(['drain', 'replace', 'check'])(
    'and has no such server any more, in %s, sends the old one home',
    async (step) => {
      const story = await begin();
      occupy(story, 1_000);

      const result = await rollWith(story, step, () => {
        story.haproxy.reload({ without: ['pxApp_1'] });
      });

      expect(result.hosts).toMatchObject([{ end: 'failed', unchanged: 1, outOfService: 0 }]);
      expect(remarks(story)).toContainEqual({ about: 'gone', server: aServer('pxApp_1') });
      expect(story.fe1.containers.imageOf('pxApp_1')).toContain(':v1');
      expect(story.fe1.entries).toEqual([]);
      expect(story.fleet.failures()).toEqual([]);
    },
  );
});

describe('what others do once the server is back', () => {
  it('is told and left alone', async () => {
    const story = await begin();

    const result = await rollWith(story, 'soak', () => void story.haproxy.setAdmin(aServer('pxApp_1'), 'maint'));

    expect(result.end).toBe('done');
    expect(remarks(story)).toEqual([
      { about: 'changed-by-another', server: aServer('pxApp_1'), weight: 10, admin: 'maint', then: 'left alone' },
    ]);
    expect(story.haproxy.weights()['pxApp_1']).toMatch(/^10 maint/);
  });
});

describe('an agent-check', () => {
  it.each(['drain', 'check'])(
    'is silent while its server is away, through a reload in %s, and speaks again',
    async (step) => {
      const story = await begin();
      story.haproxy.giveAgent('pxApp_1');
      occupy(story, 2_000);
      let isRecorded = false;

      const result = await rollWith(story, step, () => {
        isRecorded = story.fe1.entries.some(({ agent }) => agent === true);
        story.haproxy.reload();
      });

      expect(result.end).toBe('done');
      expect(isRecorded).toBe(true);
      expect(story.fleet.isWhole()).toBe(true);
      const [backend] = await story.haproxy.backends();
      expect(backend?.servers.map(({ hasAgent }) => hasAgent)).toEqual([true, false, false]);
      if (step === 'drain') expect(story.fleet.failures()).toEqual([]);
    },
  );
});

describe('the floor of a backend', () => {
  it('when others bring it down, gets ours back at once, which is drained anew when there is capacity again', async () => {
    const story = await begin();
    occupy(story, 5_000);
    const { haproxy, fleet } = story;
    const each = { minUp: { servers: 2 } };

    const result = await rollWith(
      story,
      'drain',
      () => {
        void haproxy.setAdmin(aServer('pxApp_2'), 'maint');
        void fleet.clock.sleep(1_000, new AbortController().signal).then(() => {
          expect(haproxy.weights()['pxApp_1']).toBe('10 ready UP');
          return haproxy.setAdmin(aServer('pxApp_2'), 'ready');
        });
      },
      each,
    );

    expect(result.end).toBe('done');
    expect(remarks(story)).toEqual([
      { about: 'floor', server: aServer('pxApp_1'), usable: 1, floor: 2, then: 'given back' },
    ]);
    expect(fleet.failures()).toEqual([]);
    expect(fleet.isWhole()).toBe(true);
  });

  it('that stays broken fails the drain in time, with ours in service', async () => {
    const story = await begin();
    occupy(story, 5_000);
    const each = { minUp: { servers: 2 }, drain: { timeoutMs: 4_000, onTimeout: 'fail' as const } };

    const result = await rollWith(story, 'drain', () => void story.haproxy.setAdmin(aServer('pxApp_2'), 'maint'), each);

    expect(result.hosts).toMatchObject([{ end: 'failed', unchanged: 1 }]);
    expect(result.hosts[0]?.reason).toContain('it would leave 1 usable server in pxapp_cluster, and min_up asks for 2');
    expect(story.haproxy.weights()['pxApp_1']).toBe('10 ready UP');
    expect(story.fleet.failures()).toEqual([]);
  });

  it('gives no server back before its container, started anew meanwhile, has proved itself', async () => {
    const story = await begin();
    const { haproxy, fleet, fe1 } = story;
    const engineRestarts = (): void => {
      void haproxy.setAdmin(aServer('pxApp_2'), 'maint');
      void fe1.containers.stop('pxApp_1');
      void fe1.containers.start('pxApp_1');
      const restored = fleet.clock.sleep(2_000, new AbortController().signal);
      void restored.then(() => haproxy.setAdmin(aServer('pxApp_2'), 'ready'));
    };

    const result = await rollWith(story, 'replace', engineRestarts, { minUp: { servers: 2 }, afterMs: 0 });

    expect(result.end).toBe('done');
    expect(about(story)).toContain('floor');
    expect(fleet.failures()).toEqual([]);
    expect(fleet.isWhole()).toBe(true);
  });

  it('is told when the container is away and nothing can be given back', async () => {
    const story = await begin();

    const result = await rollWith(story, 'check', () => void story.haproxy.setAdmin(aServer('pxApp_2'), 'maint'), {
      minUp: { servers: 2 },
    });

    expect(result.end).toBe('done');
    expect(remarks(story)).toEqual([
      { about: 'floor', server: aServer('pxApp_1'), usable: 1, floor: 2, then: 'cannot be given back' },
    ]);
  });
});
