import { describe, expect, it } from 'vitest';
import { EVENT_SCHEMA, type RunEvent, type StampedEvent } from '../../src/rollout/events.ts';
import { isGoingBack } from '../../src/rollout/going-back.ts';
import { replay, type RunHistory } from '../../src/rollout/history.ts';
import type { Play } from '../../src/rollout/play.ts';
import { playsBack } from '../../src/rollout/rollback.ts';
import { goOnBack } from '../../src/runner/going-back.ts';
import { rollout } from '../../src/runner/rollout.ts';
import type { RunResult } from '../../src/runner/run.ts';
import { FakeFleet } from '../support/fake-fleet.ts';
import { MortalFleet, type Death } from '../support/mortal-fleet.ts';
import { aPlay, endsOf } from '../support/policy-story.ts';
import { RUN } from '../support/rollback.ts';
import { SECOND } from '../support/second-instance.ts';

const never = new AbortController().signal;
const options = { force: false, onPlanned: () => undefined, confirm: async () => true };

interface Died {
  readonly fleet: FakeFleet;
  /** The change it died at, or undefined when it came to its end. */
  readonly change: string | undefined;
  /** What its journal has. */
  readonly events: StampedEvent[];
}

const asLine = (event: RunEvent, index: number): StampedEvent => {
  return { schema: EVENT_SCHEMA, seq: index + 1, ts: '2026-11-21T09:00:00Z', run: RUN, ...event };
};

const started: RunEvent = {
  ...{ type: 'run-started', command: 'rollout', hosts: ['fe1', 'fe2', 'fe3'], by: 'ann@desk', version: '1' },
  ...{ machine: 'desk', pid: 1 },
};

/** One container of each host, one host after the other; that of fe3 is bad, and all is to go back. */
function playOn(fleet: FakeFleet): Play {
  const play = aPlay(fleet, { onFailure: 'rollback' }, ['fe3']);
  const hosts = play.hosts.map((host) => ({
    ...host,
    instances: host.instances.filter(({ container }) => container === SECOND),
  }));
  return { ...play, hosts };
}

/** In a process that dies at its change number `at`, having told all that it has told by then. */
async function died(death: Death): Promise<Died> {
  const fleet = await FakeFleet.up();
  const mortal = new MortalFleet(fleet, death);
  const events: RunEvent[] = [started];
  const context = fleet.context((event) => events.push(event));
  const ended = rollout([playOn(fleet)], options, mortal.context(context));
  const change = await Promise.race([mortal.death, ended.then(() => undefined)]);
  const seen = events.map(asLine);
  // The world goes on without it.
  await fleet.clock.sleep(3_000, never);
  return { fleet, change, events: seen };
}

function historyOf(events: readonly StampedEvent[]): RunHistory {
  const history = replay(events);
  if (!history) throw new Error('no history');
  return history;
}

/** As `sluice resume` goes on; its lines are appended. */
async function resume({ fleet, events }: Died): Promise<RunResult> {
  const history = historyOf(events);
  const plays = playsBack(events, history, { isWanted: () => true, serial: undefined });
  const tell = (event: RunEvent): void => void events.push(asLine(event, events.length));
  tell(started);
  return goOnBack(plays, options, fleet.context(tell));
}

const imagesOf = (fleet: FakeFleet): string[] => fleet.images().filter((one) => one.includes(SECOND));
const allOld = ['fe1', 'fe2', 'fe3'].map((host) => `${host} ${SECOND} v1`);

describe('a run that was killed while it took back what it had updated', () => {
  it.each(['before', 'after'] as const)(
    'goes on to take it back, just %s any one of its changes',
    async (when) => {
      const changes: string[] = [];
      for (let at = await firstOnTheWayBack(); ; at += 1) {
        const story = await died({ at, when });
        const { fleet, change, events } = story;
        if (change === undefined) break;
        changes.push(change);

        const { end } = await resume(story);

        const where = `${at} (${change})`;
        expect({ where, end }).toEqual({ where, end: 'stopped' });
        expect(imagesOf(fleet), where).toEqual(allOld);
        expect({ where, isWhole: fleet.isWhole(), failures: fleet.failures() }).toEqual({
          ...{ where, isWhole: true, failures: [] },
        });
        expect(
          [...fleet.hosts.values()].flatMap(({ entries }) => entries),
          where,
        ).toEqual([]);
        // Now that all is back, it would be rolled out again.
        expect({ where, isGoingBack: isGoingBack(historyOf(events)) }).toEqual({ where, isGoingBack: false });
      }

      expect(changes).toContain('createFrom');
      expect(changes.length).toBeGreaterThan(20);
    },
    120_000,
  );

  it('counts as it would have by itself', async () => {
    const at = await firstOnTheWayBack();
    const story = await died({ at, when: 'before' });

    const result = await resume(story);

    expect(endsOf(result)).toBe('fe2 rolledBack, fe1 rolledBack');
    expect(result.why).toBe('it was taking back what it had updated');
    expect(result.hosts.map(({ updated, unchanged }) => [updated, unchanged])).toEqual([
      [0, 1],
      [0, 1],
    ]);
  });

  it('goes on once more when it is killed again, or what it was at has been recovered by then', async () => {
    const at = await firstOnTheWayBack();
    const story = await died({ at: at + 3, when: 'after' });
    const { fleet, events } = story;
    const history = historyOf(events);
    const plays = playsBack(events, history, { isWanted: () => true, serial: undefined });
    const mortal = new MortalFleet(fleet, { at: 12, when: 'after' });
    const tell = (event: RunEvent): void => void events.push(asLine(event, events.length));
    tell(started);
    void goOnBack(plays, options, mortal.context(fleet.context(tell)));
    await mortal.death;
    await fleet.clock.sleep(3_000, never);

    expect(isGoingBack(historyOf(events))).toBe(true);
    const { end } = await resume(story);

    expect(end).toBe('stopped');
    expect(imagesOf(fleet)).toEqual(allOld);
    expect(fleet.isWhole()).toBe(true);
  });
});

let first: Promise<number> | undefined;

/** The change of the run before which its journal says that it goes back. */
function firstOnTheWayBack(): Promise<number> {
  const looked = async (): Promise<number> => {
    for (let at = 30; ; at += 1) {
      const { events } = await died({ at, when: 'before' });
      if (isGoingBack(historyOf(events))) return at;
    }
  };
  return (first ??= looked());
}
