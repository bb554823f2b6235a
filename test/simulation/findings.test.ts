import { describe, expect, it } from 'vitest';
import { brokenBy } from './broken-by.ts';
import { aStory } from './a-story.ts';
import { CALL_FAULTS, type Fault, type TimedFault } from './faults.ts';
import type { Act } from './acts.ts';
import { furtherOf, withNew } from './further.ts';
import { operationsOf } from './operations.ts';
import { inSlots, slotsOf } from './slots.ts';
import { Random } from './random.ts';
import { brisk, hasty, leisurely } from './pace.ts';
import { pacedOf } from './paced.ts';
import { recreatedOf, together } from './recreated.ts';
import { onlyDone, restartsOf } from './restarts.ts';
import { run } from './run.ts';
import { rolloutOf, type Scenario } from './scenario.ts';

const CHANGES = 36;

function timed(kind: TimedFault['kind'], atMs: number, ms = 0): TimedFault {
  return { kind, atMs, host: 0, which: 0, ms };
}

const twoBackends = ['pxapp_cluster', 'admin'];
const falling = { answersAfterMs: 300, exitsAfterMs: 900 };

/** Stories that differ by when something happens. */
const schedules: readonly {
  readonly what: string;
  readonly from: number;
  readonly to: number;
  readonly every: number;
  readonly at: (atMs: number) => Scenario;
}[] = [
  {
    ...{ what: 'a reload of an HAProxy that has two servers for a container', from: 0, to: 16_000, every: 330 },
    at: (atMs) => aStory([timed('reload', atMs)], { backends: twoBackends }),
  },
  {
    ...{ what: 'a reload during a rollout that goes home', from: 0, to: 8_000, every: 190 },
    at: (atMs) => aStory([timed('reload', atMs)], { backends: twoBackends, next: falling }),
  },
  {
    ...{ what: 'a reload while the controller is frozen', from: 0, to: 10_000, every: 290 },
    at: (atMs) => aStory([timed('freeze', atMs, 12_000), timed('reload', atMs + 3_000)], { backends: twoBackends }),
  },
  {
    ...{ what: 'a reboot', from: 0, to: 8_000, every: 190 },
    at: (atMs) => aStory([timed('reboot', atMs, 1_000)], { backends: twoBackends }),
  },
  {
    ...{ what: 'an outage of HAProxy while a step waits to be taken again', from: 300, to: 3_000, every: 110 },
    at: (atMs) => {
      const refused = { kind: 'call', by: 0, on: 'change', nth: 6, how: 'refused', ms: 0 } as const;
      return aStory([refused, timed('haproxyDown', atMs, 3_000)]);
    },
  },
  ...([12_000, 25_000] as const).flatMap((ms) =>
    (['engineHangs', 'haproxyHangs'] as const).map((kind) => ({
      ...{ what: `${kind} for ${ms} ms`, from: 0, to: 8_000, every: 190 },
      at: (atMs: number) => aStory([timed(kind, atMs, ms)]),
    })),
  ),
  {
    ...{ what: 'a weight that somebody sets just before the server is taken', from: 74, to: 104, every: 1 },
    at: (atMs) => aStory([timed('weight', atMs)]),
  },
  ...(['lostBefore', 'lostAfter'] as const).flatMap((how) =>
    (['weight', 'reload'] as const).map((kind) => ({
      ...{
        what: `a ${kind} while a drain waits to be taken again, its record ${how}`,
        from: 200,
        to: 1_200,
        every: 90,
      },
      at: (atMs: number) => aStory([{ kind: 'call', by: 0, on: 'change', nth: 0, how, ms: 0 }, timed(kind, atMs)]),
    })),
  ),
];

describe('what the simulation has found', () => {
  it('a reload at any moment, also during the soak, leaves every weight exact', async () => {
    for (let atMs = 2_000; atMs < 20_000; atMs += 170) {
      const story = aStory([{ kind: 'reload', atMs, host: 0, which: 0, ms: 0 }]);
      const broken = await brokenBy(story);

      expect({ atMs, broken }).toEqual({ atMs, broken: [] });
    }
  });

  it.each(schedules)('$what, at any moment, leaves the fleet whole', async ({ from, to, every, at }) => {
    const broken: string[] = [];
    for (let atMs = from; atMs < to; atMs += every) {
      for (const one of await brokenBy(at(atMs))) broken.push(`${atMs} ms: ${one}`);
    }

    expect(broken).toEqual([]);
  });

  it.each(CALL_FAULTS)('any change %s leaves the fleet whole', async (how) => {
    for (let nth = 0; nth < CHANGES; nth += 1) {
      const broken = await brokenBy(aStory([{ kind: 'call', by: 0, on: 'change', nth, how, ms: 150 }]));

      expect({ nth, broken }).toEqual({ nth, broken: [] });
    }
  });

  it.each([
    [1526, 'a retry that began between the first look of the drain and weight 0'],
    [8801, 'an answer about one server of two that is not understood, while the other is being taken out'],
    [2361, 'a record whose writing broke off, and the next instance after it'],
    [1031, 'a rename that lands after its connection broke'],
    [2394, 'a retry during a drain that is taken again'],
    [3409, 'an old container that fell over for good just before its drain'],
    [9430, 'a lock that is taken after its connection broke'],
    [5876, 'a reload after the first of two servers was put back, and before the record is dropped'],
    [15730, 'a weight that somebody sets after it was looked at and before the server is taken'],
    [15684, 'a restart of HAProxy on a host that is being rebooted: of the simulated world alone'],
    [8860, 'an HAProxy that is back with its configured weights while a step waits to be taken again'],
    [10806, 'a reboot of the host while a step waits to be taken again'],
    [14197, 'another server that fails between the look whether the backend can spare ours and taking it'],
    [10063, 'a reload that brings back the second of two servers while the first is drained, and a retry there'],
    [14221, 'a retry in a new process while the server was given back, before it was taken again'],
    [10015, 'requests that a reboot has let in to a new container that is on its way home'],
    [11706, 'the same, while the controller was frozen'],
    [9406, 'a reboot after the record is gone, of which the run has not heard: of the simulated world alone'],
  ])('seed %i: %s', async (seed) => {
    expect(await brokenBy(rolloutOf(seed))).toEqual([]);
  });

  it.each([
    [19213, 'a third Ctrl-C before anything of the instance in work was recorded, or taken'],
    [77451, 'a weight that somebody sets after a restart, while the controller is frozen before it takes the server'],
    [84522, 'a retry after a look whose answer was lost: of the simulated world alone'],
  ])('briskly told, seed %i: %s', async (seed) => {
    expect(await brokenBy(rolloutOf(seed, brisk))).toEqual([]);
  });

  it.each([
    [5, 'a monitored container that cannot come UP while it is put back, and its second server'],
    [62, 'a run that is gone on with, and leaves alone what its first process has updated'],
    [124, 'a journal that cannot be written just as a run that died is gone on with'],
    [131, 'an instance that its monitor has had taken back, by the journal'],
    [165, 'a take-back that died, and that the run itself takes over when it is gone on with'],
    [795, 'a run that died before it made an agent-check speak again'],
    [1405, 'an old worker with requests for a server that a new configuration does not have'],
    [1474, 'a host that cannot be reached, where the run that is gone on with has left an instance in work'],
    [868, 'a take-back that is not begun since the lock was lost, and one that finds itself done'],
    [1227, "a take-over that finishes another run's rollback of what this run has updated"],
    [371, 'the same, when that rollback had only its record left to clear'],
    [2143, 'a run that is gone on with, and stops before it gets to what it has left in work'],
    [4459, 'a record that could not be cleared after servers were put back'],
    [2618, 'a record that stayed although its old container was retired, when the run goes on'],
    [4627, 'a run that has lost its lock before it has touched its next instance'],
    [4657, 'a rollback in two plays, whose host stands in the summary twice'],
    [4283, 'somebody else who puts a server in service while its neighbour is put back'],
    [598, 'a container that the same run replaces twice, and an old one that is kept'],
    [6481, 'a run that is gone on with, and replaces anew what it had updated before it died'],
    [14013, 'a container that falls over again and again, and whose servers a run that died had not taken yet'],
    [14070, 'a run that is gone on with while its backend cannot spare what it had begun to give back'],
    [14679, 'a lock taken again at once, while what was sent before lands late: of the simulated world alone'],
    [4654, 'a server that is below the floor each time it is taken, at the end of the drain timeout'],
  ])('operations of seed %i: %s', async (seed) => {
    expect(await brokenBy(operationsOf(seed))).toEqual([]);
  });

  it.each([
    [8911, 'a container that falls over just before it is started on the way home: of the simulated world alone'],
    [28273, 'a reboot while the controller is frozen: of the simulated world alone'],
    [519771, 'an instance that a run has updated, tries again when it is gone on with, and puts back to that'],
    [83867, 'a restart just before a run is gone on with: of the simulated world alone'],
    [62776, 'a run that has lost its lock, and tells that it has found what another has made of the servers'],
  ])('operations, briskly told, of seed %i: %s', async (seed) => {
    expect(await brokenBy(operationsOf(seed, brisk))).toEqual([]);
  });

  it.each([
    [183, 'a reboot just before a new container, which is removed again, would leave its server DOWN'],
    [727, 'an HAProxy that has begun anew, and takes the server of a container that is not there yet for UP'],
    [1216, 'the same, when the backend falls below its floor and such a server would be given back'],
    [828, 'a retry between two attempts to take a server out on the way home'],
    [990, 'a run that is gone on with, and whose server serves already but for its agent-check, which is silent still'],
    [4013, 'a run that is gone on with, and whose server serves already at a weight that its agent-check has set'],
    [7705, 'a weight lost by a restart, of a server that others put in maintenance: of the simulated world alone'],
    [9911, 'an HAProxy that begins just before a drain by hand is undone: of the simulated world alone'],
    [55243, 'a drain by hand that is undone, of a server that has nothing behind it yet: of the simulated world alone'],
    [81178, 'a stop that lands late, when the new container is gone already'],
    [33662, 'a reboot while the controller is frozen: of the simulated world alone'],
    [51792, 'a run that has lost its lock, and tells that it has found what another has made of the servers'],
    [32612, 'a record that had stayed, and goes when nothing can be journalled any more: of the simulated world alone'],
    [35468, 'a run that dies before it has recorded anew what others have changed: of the simulated world alone'],
    [
      62733,
      'a new container that fell over, and is taken again where nothing can be spared: of the simulated world alone',
    ],
    [2395, 'a drain by hand of a server that has nothing behind it: of the simulated world alone'],
  ])('further story of seed %i: %s', async (seed) => {
    expect(await brokenBy(furtherOf(seed, brisk))).toEqual([]);
  });

  it.each([
    [244, 'a run that is gone on with between the setting aside of the old container and the new one'],
    [214, 'a rollback after the run itself has failed to go back, and is in the slot that it went to'],
    [1730, 'one that is taken back by a run that is gone on with, whose plan does not know the slot that was found'],
    [545, 'a run that is gone on with as its old container is gone, and the new one is not healthy'],
    [1973, 'a run that is gone on with as its old container has stopped, and the backend is below its floor'],
    [1159, 'an old container that has died, and would be given back for the sake of the floor'],
    [233, 'an old container that cannot serve again, and one that is stopped while it is in service'],
    [631, 'a stop whose answer was lost, and that meets the old container under the name of the new one'],
  ])('start-first, briskly told, of seed %i: %s', async (seed) => {
    expect(await brokenBy(slotsOf(seed, brisk))).toEqual([]);
  });

  it('restarts, hastily told, of seed 598: one that had stopped, and whose record outlives its restart', async () => {
    expect(await brokenBy(restartsOf(598, hasty))).toEqual([]);
  });

  it.each([
    [11334, 'a server that a new configuration has not, while an old worker has a request for it'],
    [12608, 'the same in another place'],
  ])('start-first, hastily told, of seed %i: %s', async (seed) => {
    expect(await brokenBy(slotsOf(seed, hasty))).toEqual([]);
  });

  it.each([
    [51, brisk, 'a ramp that fails at one of two servers sets nothing at the other any more'],
    [7443, hasty, 'a record that lands late, after that of another instance: of the simulated world alone'],
    [14611, brisk, 'the same, and then a death'],
    [13785, leisurely, 'a run that is gone on with in a ramp, while the old one does not stand as it did'],
  ])('paced, of seed %i, told %o: %s', async (seed, pace) => {
    expect(await brokenBy(pacedOf(seed, pace))).toEqual([]);
  });

  it.each([
    [
      112,
      hasty,
      'a barrier that is put up again while others are waited for, by a step that is not in the journal yet',
    ],
    [1427, hasty, 'a company that is taken back, and one of it cannot be: the summary counts each by itself'],
    [2021, brisk, 'one that cannot be taken back, and another one of its company that would be alone'],
  ])('replaced together, of seed %i, told %o: %s', async (seed, pace) => {
    expect(await brokenBy(recreatedOf(seed, pace))).toEqual([]);
  });

  describe.each(['killBefore', 'killAfter'] as const)('a controller %s any change', (how) => {
    const killed = (by: number, nth: number): Fault => ({ kind: 'call', by, on: 'change', nth, how, ms: 0 });

    it.each([
      ['in place', (story: Scenario): Scenario => story],
      ['start-first', (story: Scenario): Scenario => inSlots(story, new Random(1, 'slots'))],
      ['together', together],
      ['restart', (story: Scenario): Scenario => onlyDone(story, 'restart')],
      ['run', (story: Scenario): Scenario => onlyDone(story, 'run')],
    ])('%s, and one that recovers too', async (_how, told) => {
      for (let nth = 0; nth < CHANGES; nth += 1) {
        const broken = await brokenBy(told(aStory([killed(0, nth), killed(10, nth)], { rescues: 1 })));

        expect({ nth, broken }).toEqual({ nth, broken: [] });
      }
    });

    it('start-first, where there was no container yet, is gone on with', async () => {
      for (let nth = 0; nth < CHANGES; nth += 1) {
        const told = aStory([killed(0, nth)]);
        const hosts = told.world.hosts.map(withNew).map((one) => ({ ...one, containers: one.containers.slice(-1) }));
        const acts: Act[] = [...told.acts, { command: 'resume', by: 10 }];
        const story = inSlots({ ...told, acts, world: { ...told.world, hosts } }, new Random(1, 'slots'));

        const { violations, lines } = await run(story, { isTold: true });

        // Besides the recover that comes last of all.
        const isDone = lines.filter((line) => /ends: done|nothing to resume/.test(line)).length >= 2;
        expect({ nth, violations, isDone }).toEqual({ nth, violations: [], isDone: true });
      }
    });
  });
});
