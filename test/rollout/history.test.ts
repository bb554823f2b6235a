import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EVENT_SCHEMA, type RunEvent, type StampedEvent } from '../../src/rollout/events.ts';
import { instancesIn, replay, type RunHistory } from '../../src/rollout/history.ts';
import { drainHosts } from '../../src/runner/maintenance/drain-hosts.ts';
import { rollout } from '../../src/runner/rollout.ts';
import { FakeFleet, IMAGE } from '../support/fake-fleet.ts';
import { MortalFleet } from '../support/mortal-fleet.ts';

const RUN = '20261121-090000-test';
const subject = { host: 'fe1', name: 'pxApp_1' };
const begins = (from: string): RunEvent => ({ type: 'instance-started', subject, from, to: 'a:2' });
const options = { force: false, onPlanned: () => undefined, confirm: async () => true };
const start: RunEvent = {
  ...{ type: 'run-started', command: 'rollout', hosts: ['fe1', 'fe2'], by: 'ann@desk', version: '1' },
  ...{ machine: 'desk', pid: 7 },
};

/** As they are read from a journal: stamped, and once through JSON. */
function journalled(events: readonly RunEvent[]): readonly StampedEvent[] {
  return events.map((event, index): StampedEvent => {
    const ts = new Date(Date.UTC(2026, 10, 21, 9) + index * 1_000).toISOString();
    return JSON.parse(JSON.stringify({ schema: EVENT_SCHEMA, seq: index + 1, ts, run: RUN, ...event })) as StampedEvent;
  });
}

function historyOf(events: readonly RunEvent[]): RunHistory {
  const history = replay(journalled(events));
  if (!history) throw new Error('there is no start');
  return history;
}

function statesIn(history: RunHistory): string[] {
  return instancesIn(history).map(({ subject, state }) => `${subject.host} ${subject.name} ${state}`);
}

type Stops = 0 | 1 | 2 | 3;

/** Two hosts rolled to `tag`, stopped as often as said once the second step has begun. */
async function rolled(tag: string, stops: Stops = 0): Promise<FakeFleet> {
  const fleet = await FakeFleet.up(['fe1', 'fe2']);
  fleet.addImage('crashes', { exitsAfterMs: 200 });
  let steps = 0;
  const context = fleet.context(({ type }) => {
    if (type === 'step-started' && (steps += 1) === 2 && stops !== 0) fleet.stop(stops);
  });
  await rollout([fleet.play(tag, { serial: [{ hosts: 1 }] })], options, context);
  return fleet;
}

/** What each instance is left as, told by the fleet itself. */
function imagesAfter(fleet: FakeFleet): Map<string, string> {
  return new Map(
    [...fleet.hosts.values()].flatMap((host) =>
      host.containers.names().map((name) => [`${host.name} ${name}`, host.containers.imageOf(name) ?? '']),
    ),
  );
}

describe('replay()', () => {
  it('knows nothing of a run whose start is not told', () => {
    expect(replay([])).toBeUndefined();
    expect(replay(journalled([{ type: 'problem', host: 'fe1', text: 'x' }]))).toBeUndefined();
  });

  it('has all that was planned, not reached, before the first step', async () => {
    const { events } = await rolled('v2');
    const before = events.slice(
      0,
      events.findIndex(({ type }) => type === 'instance-started'),
    );

    const history = historyOf([start, ...before]);

    expect(statesIn(history)).toEqual(
      ['fe1', 'fe2'].flatMap((host) => [1, 2, 3].map((id) => `${host} pxApp_${id} notReached`)),
    );
    expect(instancesIn(history)[3]).toMatchObject({
      ...{ play: 'Front ends', batch: 2, from: `${IMAGE}:v1`, to: `${IMAGE}:v2`, startedAt: undefined },
      plan: { action: 'replace', instance: { host: 'fe2', container: 'pxApp_1', drain: { timeoutMs: 60_000 } } },
    });
    expect(history).toMatchObject({ by: 'ann@desk', machine: 'desk', pid: 7, outcome: undefined });
  });

  it.each<{ tag: string; stops: Stops; states: string[] }>([
    { tag: 'v2', stops: 0, states: ['updated', 'updated', 'updated', 'updated', 'updated', 'updated'] },
    { tag: 'v1', stops: 0, states: ['left', 'left', 'left', 'left', 'left', 'left'] },
    {
      ...{ tag: 'crashes', stops: 0 },
      states: ['unchanged', 'notReached', 'notReached', 'notReached', 'notReached', 'notReached'],
    },
    {
      ...{ tag: 'v2', stops: 1 },
      states: ['updated', 'notReached', 'notReached', 'notReached', 'notReached', 'notReached'],
    },
    {
      ...{ tag: 'v2', stops: 2 },
      states: ['unchanged', 'notReached', 'notReached', 'notReached', 'notReached', 'notReached'],
    },
  ])('comes to the state of the fleet: $tag, stopped $stops times', async ({ tag, stops, states }) => {
    const fleet = await rolled(tag, stops);

    const history = historyOf([start, ...fleet.events]);

    expect(instancesIn(history).map(({ state }) => state)).toEqual(states);
    const images = imagesAfter(fleet);
    for (const { subject, state, from, to } of instancesIn(history)) {
      const image = images.get(`${subject.host} ${subject.name}`);
      expect({ state, image }).toEqual({ state, image: state === 'updated' ? to : from });
    }
  });

  it('has the steps of an instance with what came of each, and how everything was found', async () => {
    const { events } = await rolled('crashes');

    const [first] = instancesIn(historyOf([start, ...events]));

    expect(first?.steps.map(({ step, homeward, result }) => [step, homeward, result])).toEqual([
      ['drain', false, 'ok'],
      ['replace', false, 'ok'],
      ['check', false, 'failed'],
      ['rollBack', true, 'ok'],
      ['check', true, 'ok'],
      ['restore', true, 'ok'],
    ]);
    expect(first?.steps[2]?.text).toMatch(/exited|is restarting/);
    expect(first?.found).toMatchObject({
      servers: [{ server: { name: 'pxApp_1' }, weight: 10, admin: 'ready', wasUp: true }],
      old: { image: `${IMAGE}:v1`, aside: `pxApp_1.replaced-${RUN}` },
    });
  });

  it('tells what a run that died was at, by what is out on the fleet', async () => {
    for (let change = 0; change < 40; change += 3) {
      const fleet = await FakeFleet.up(['fe1']);
      const mortal = new MortalFleet(fleet, change);
      const run = rollout([fleet.play('v2')], options, mortal.context(fleet.context()));
      await Promise.race([run, mortal.death]);
      const history = historyOf([start, ...fleet.events]);

      const inWork = instancesIn(history).filter(({ state }) => state === 'inWork');

      // One host has at most one instance in work, and what is recorded there is in work here.
      expect(inWork.length, `change ${change}`).toBeLessThanOrEqual(1);
      const recorded = fleet.hosts.get('fe1')?.entries ?? [];
      for (const { container, server, standing } of recorded) {
        const known = instancesIn(history).find(({ subject }) => subject.name === container);
        expect(known?.found?.servers).toEqual([{ server, ...standing, wasUp: true }]);
        expect(known?.state, `change ${change}`).toBe('inWork');
      }
    }
  });

  it('does not count a host that was lost before its instance was touched as in work', () => {
    const history = historyOf([
      start,
      { type: 'instance-started', subject, from: 'a:1', to: 'a:2' },
      { type: 'host-ended', host: 'fe1', end: 'failed', reason: 'Cannot lock fe1' },
    ]);

    expect(statesIn(history)).toEqual(['fe1 pxApp_1 unchanged']);
    expect(history.hosts[0]).toMatchObject({ end: 'failed', reason: 'Cannot lock fe1' });
  });

  it('has the servers of a drain, and those that were put back after one failed', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const policy = { timeoutMs: 60_000, onTimeout: 'fail' as const };
    const request = {
      ...{ hosts: ['fe1'], servers: ['pxApp_1'], balancers: undefined },
      place: { socket: undefined, container: undefined },
      policy,
      note: '',
      confirm: async () => true,
    };
    await drainHosts(request, fleet.context());

    expect(statesIn(historyOf([start, ...fleet.events]))).toEqual(['fe1 pxapp_cluster/pxApp_1 drained']);

    const subject = { host: 'fe1', name: 'b/s' };
    const failed = [
      start,
      { type: 'step-started', subject, step: 'drain', homeward: false },
      { type: 'step-failed', subject, step: 'drain', ms: 1, reason: 'x', details: [] },
    ] satisfies RunEvent[];
    expect(statesIn(historyOf(failed))).toEqual(['fe1 b/s inWork']);
    const back = { type: 'step-ended', subject, step: 'restore', homeward: true, ms: 1, outcome: 'UP' } as const;
    const goesBack = [...failed, { type: 'step-started', subject, step: 'restore', homeward: true } as const];
    expect(statesIn(historyOf([...goesBack, back]))).toEqual(['fe1 b/s restored']);
    const stays = { type: 'step-failed', subject, step: 'restore', ms: 1, reason: 'x', details: [] } as const;
    expect(statesIn(historyOf([...goesBack, stays]))).toEqual(['fe1 b/s outOfService']);
  });

  it('goes on with a run that is resumed: what is done stays done, what was at work was broken off', async () => {
    const { events } = await rolled('v2');
    const cut = events.slice(0, 3 + events.findLastIndex(({ type }) => type === 'instance-started'));

    const history = historyOf([start, ...cut, { ...start, command: 'resume', pid: 8 }]);

    expect(history).toMatchObject({ command: 'rollout', pid: 8, outcome: undefined });
    const last = instancesIn(history).at(-1);
    expect(last?.state).toBe('inWork');
    expect(last?.steps.map(({ result }) => result)).toEqual(['brokenOff']);
    expect(instancesIn(history).filter(({ state }) => state === 'updated')).toHaveLength(5);
  });

  it.each([
    ['updated', 'updated'],
    ['unchanged', 'unchanged'],
  ] as const)('has as %s what it had come to before the run that goes on leaves it alone', (state, expected) => {
    const before: RunEvent[] = [begins('a:1'), { type: 'instance-ended', subject, state, ms: 1 }];

    const history = historyOf([start, ...before, start, { type: 'instance-left', subject, why: 'nothing to change' }]);

    expect(statesIn(history)).toEqual([`fe1 pxApp_1 ${expected}`]);
  });

  it('has from what and to what the run has taken an instance, also when it takes that back or goes on with it', () => {
    const back: RunEvent = { type: 'instance-started', subject, from: 'a:2', to: 'a:1', isRevert: true };

    const histories = [back, begins('a:2')].map((again) => historyOf([start, begins('a:1'), again]));

    for (const one of histories) expect(instancesIn(one)).toMatchObject([{ from: 'a:1', to: 'a:2' }]);
  });

  it('has how the run ended, and what it warned of', () => {
    const history = historyOf([
      start,
      { type: 'warning', host: 'fe1', text: 'was DOWN before' },
      { type: 'stop-asked', signal: 'SIGINT', times: 1 },
      { type: 'run-ended', command: 'rollout', end: 'interrupted', ms: 5, hosts: [], exitStatus: 99 },
    ]);

    expect(history.outcome).toMatchObject({ type: 'run-ended', end: 'interrupted', exitStatus: 99 });
    expect(history.notes.map(({ kind, host, text }) => [kind, host, text])).toEqual([
      ['warning', 'fe1', 'was DOWN before'],
      ['stop', '', 'SIGINT'],
    ]);
  });

  it('is not troubled by events that it does not know', () => {
    const strangers = [
      { type: 'tea-served', host: 'fe1' },
      { type: 'purred', subject: { host: 'fe1', name: 'cat' } },
    ];
    const known = journalled([start, { type: 'stop-asked', signal: 'SIGINT', times: 1 }]);

    const history = replay([...known, ...journalled(strangers as unknown as RunEvent[])]);

    expect(history).toMatchObject({ notes: [{ text: 'SIGINT' }], outcome: undefined });
    expect(history && instancesIn(history)).toEqual([]);
  });
});

describe('every prefix of a run', () => {
  const scenario = fc.record({
    tag: fc.constantFrom('v1', 'v2', 'crashes'),
    stops: fc.constantFrom(0 as const, 1 as const, 2 as const, 3 as const),
    shares: fc.array(fc.nat(1_000), { minLength: 10, maxLength: 10 }),
  });

  it('has in work exactly what has begun and not ended, and at most one step under way for each', async () => {
    await fc.assert(
      fc.asyncProperty(scenario, async ({ tag, stops, shares }) => {
        const { events } = await rolled(tag, stops);
        for (const share of shares) {
          const prefix = events.slice(0, Math.floor((events.length * share) / 1_000));
          for (const { subject, state, steps } of instancesIn(historyOf([start, ...prefix]))) {
            const own = prefix.filter(
              (event) =>
                'subject' in event && event.subject.host === subject.host && event.subject.name === subject.name,
            );
            const last = own.findLastIndex(({ type }) => type === 'instance-started');
            const ended = own.findLastIndex(({ type }) => type === 'instance-ended');
            expect(state === 'inWork').toBe(last >= 0 && ended < last);
            const begun = own.filter(({ type }) => type === 'step-started').length;
            const over = own.filter(({ type }) => type === 'step-ended' || type === 'step-failed').length;
            expect(steps).toHaveLength(begun);
            expect(steps.filter(({ result }) => result === 'running')).toHaveLength(begun - over);
            expect(steps.slice(0, -1).every(({ result }) => result !== 'running')).toBe(true);
          }
        }
      }),
      { numRuns: 30 },
    );
  });
});
