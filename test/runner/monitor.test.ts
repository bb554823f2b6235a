import { describe, expect, it } from 'vitest';
import { Failure } from '../../src/errors.ts';
import type { RunEvent } from '../../src/rollout/events.ts';
import type { MonitorPolicy } from '../../src/rollout/model.ts';
import { rollout } from '../../src/runner/rollout.ts';
import type { RunResult } from '../../src/runner/run.ts';
import type { Behaviour } from '../support/fake-image.ts';
import { FakeFleet, type FakeHost } from '../support/fake-fleet.ts';

const usual: MonitorPolicy = { forMs: 30_000, everyMs: 1_000, maxErrors: { percent: 5 }, compare: undefined };
const anyErrors: MonitorPolicy = { ...usual, maxErrors: { percent: 100 } };

interface Story {
  readonly hosts?: readonly string[];
  /** How the new version behaves. */
  readonly behaviour?: Behaviour;
  readonly monitor?: MonitorPolicy | undefined;
  readonly soakMs?: number;
  readonly maxFailPercentage?: number;
  readonly onEvent?: (event: RunEvent, fleet: FakeFleet, fe1: FakeHost) => void;
}

interface Told {
  readonly fleet: FakeFleet;
  readonly result: RunResult;
  readonly lines: readonly string[];
}

/** Rolls a version out, one host after the other. */
async function told(story: Story): Promise<Told> {
  const { hosts = ['fe1'], behaviour = {}, soakMs = 500, maxFailPercentage = 0 } = story;
  const fleet = await FakeFleet.up(hosts);
  const fe1 = await fleet.host('fe1');
  fleet.addImage('new', behaviour);
  const monitor = 'monitor' in story ? story.monitor : usual;
  const play = fleet.play('new', { serial: [{ hosts: 1 }], maxFailPercentage, each: { monitor, soakMs } });
  const options = { force: false, onPlanned: () => undefined, confirm: async () => true };
  const context = fleet.context((event) => story.onEvent?.(event, fleet, fe1));
  const result = await rollout([play], options, context);
  return { fleet, result, lines: fleet.events.flatMap(lineOf) };
}

/** The events of monitors, and where they come in. */
function lineOf(event: RunEvent): string[] {
  if (event.type === 'batch-started') return [`batch ${event.number}`];
  if (event.type === 'monitor-started') return [`${event.subject.host} ${event.subject.name} watched`];
  if (event.type === 'monitor-ended') return [`${event.subject.host} ${event.subject.name} well: ${event.outcome}`];
  if (event.type === 'monitor-failed') return [`${event.subject.host} ${event.subject.name} failed: ${event.reason}`];
  return [];
}

function isWatched(event: RunEvent, name = 'pxApp_1', host = 'fe1'): boolean {
  return event.type === 'monitor-started' && event.subject.name === name && event.subject.host === host;
}

/** The lines about one instance. */
function about(lines: readonly string[], name: string): readonly string[] {
  return lines.filter((line) => line.startsWith(`${name} `)).map((line) => line.slice(name.length + 1));
}

describe('a monitor', () => {
  it('goes on beside the next instances and batches, and the run ends with the last of them', async () => {
    const { fleet, result, lines } = await told({ hosts: ['fe1', 'fe2'] });

    expect(result.end).toBe('done');
    expect(lines.slice(0, 8)).toEqual([
      ...['batch 1', 'fe1 pxApp_1 watched', 'fe1 pxApp_2 watched', 'fe1 pxApp_3 watched'],
      ...['batch 2', 'fe2 pxApp_1 watched', 'fe2 pxApp_2 watched', 'fe2 pxApp_3 watched'],
    ]);
    expect(lines.slice(8)).toEqual(
      ['fe1', 'fe2'].flatMap((host) =>
        [1, 2, 3].map((id): unknown =>
          expect.stringMatching(new RegExp(`^${host} pxApp_${id} well: 0 of \\d{3} requests failed$`)),
        ),
      ),
    );
    expect(fleet.failures()).toEqual([]);
    expect(fleet.isWhole()).toBe(true);
  });

  it('is not there unless asked for', async () => {
    const { lines, result } = await told({ monitor: undefined, behaviour: { errsAfterMs: 0 } });
    expect(result.end).toBe('done');
    expect(lines).toEqual(['batch 1']);
  });

  // prettier-ignore
  it.each([
    { bad: 'answers 5xx after 5 s',    behaviour: { errsAfterMs: 5_000 },      monitor: usual,                                  why: /pxapp_cluster\/pxApp_1: \d+ of \d+ requests failed \(\d+ × 5xx\); max_errors allows 5%$/ },
    { bad: 'answers one 5xx too many', behaviour: { errsAfterMs: 5_000 },      monitor: { ...usual, maxErrors: { errors: 7 } }, why: /requests failed \(\d+ × 5xx\); max_errors allows 7$/ },
    { bad: 'errs more than its siblings', behaviour: { errsAfterMs: 5_000 },   monitor: { ...usual, compare: 3 },               why: /5xx\), of its untouched siblings 0 of \d+; compare allows 3 times as many$/ },
    { bad: 'refuses after 10 s',       behaviour: { hangsAfterMs: 10_000 },    monitor: usual,                                  why: /× no connection\); max_errors allows 5%$/ },
    { bad: 'leaves UP after 10 s',     behaviour: { hangsAfterMs: 10_000 },    monitor: anyErrors,                              why: /pxApp_1 did not stay UP: DOWN, last check L4CON$/ },
    { bad: 'restarts after 10 s',      behaviour: { restartsAfterMs: 10_000 }, monitor: usual,                                  why: /did not stay up: it was started again$/ },
    { bad: 'exits after 10 s',         behaviour: { exitsAfterMs: 10_000 },    monitor: anyErrors,                              why: /did not stay up: exited$/ },
    { bad: 'is unhealthy after 10 s',  behaviour: { hangsAfterMs: 10_000, unhealthyAfterMs: 10_000 }, monitor: anyErrors,       why: /turned unhealthy$/ },
  ])('fails a version that $bad', async ({ behaviour, monitor, why }) => {
    const { fleet, lines, result } = await told({ behaviour, monitor });

    const [watched, failed] = about(lines, 'fe1 pxApp_1');
    expect(watched).toBe('watched');
    expect(failed).toMatch(/^failed: pxApp_1 on fe1 \(registry\.lab:5000\/pxapp:new\) does not serve well: /);
    expect(failed).toMatch(why);
    expect(result.end).toBe('someFailed');
    expect(result.hosts).toMatchObject([{ host: 'fe1', end: 'failed', reason: failed?.replace('failed: ', '') }]);
    expect(result.hosts).toMatchObject([{ updated: 0, unchanged: 3, outOfService: 0 }]);
    expect(fleet.images()).toEqual(['fe1 pxApp_1 v1', 'fe1 pxApp_2 v1', 'fe1 pxApp_3 v1']);
    expect(fleet.isWhole()).toBe(true);
  });

  it('tells what the container said last', async () => {
    const { fleet } = await told({ behaviour: { restartsAfterMs: 10_000 } });
    const failed = fleet.events.find((event) => event.type === 'monitor-failed');
    expect(failed).toMatchObject({ details: ['log: last words of registry.lab:5000/pxapp:new'] });
  });

  it('judges in the soak already, while the old container is still at hand', async () => {
    const monitor = { ...usual, maxErrors: { errors: 3 } };
    const { fleet, result, lines } = await told({ behaviour: { errsAfterMs: 0 }, monitor, soakMs: 5_000 });

    expect(result.hosts).toMatchObject([{ end: 'failed', unchanged: 1, notReached: 2 }]);
    expect(result.hosts[0]?.reason).toMatch(/pxApp_1 on fe1 does not serve well: .* max_errors allows 3$/);
    expect(lines).toEqual(['batch 1']);
    expect(fleet.images()).toEqual(['fe1 pxApp_1 v1', 'fe1 pxApp_2 v1', 'fe1 pxApp_3 v1']);
    expect(fleet.isWhole()).toBe(true);
  });

  it('counts for the batch in work when it fails later, and stops the run there', async () => {
    const behaviour = { restartsAfterMs: 10_000 };
    const { lines, result } = await told({ hosts: ['fe1', 'fe2', 'fe3'], behaviour });

    expect(lines.indexOf('batch 2')).toBeLessThan(lines.findIndex((line) => line.startsWith('fe1 pxApp_1 failed')));
    expect(result.end).toBe('stopped');
    expect(result.hosts.map(({ end }) => end)).toEqual(['failed', 'failed', 'notReached']);
  });

  it('lets the run go on when max_fail_percentage does', async () => {
    const { result } = await told({
      hosts: ['fe1', 'fe2', 'fe3'],
      maxFailPercentage: 50,
      onEvent: (event, _fleet, fe1) => {
        // Somebody restarts a container of fe1 by hand, once fe2 is in work.
        if (isWatched(event, 'pxApp_1', 'fe2'))
          void fe1.containers.stop('pxApp_1').then(() => fe1.containers.start('pxApp_1'));
      },
    });

    expect(result.hosts.map(({ end }) => end)).toEqual(['failed', 'updated', 'updated']);
    expect(result.end).toBe('someFailed');
  });

  it('does not blame an instance for what its siblings suffer alike, where they are compared', async () => {
    const outage = (event: RunEvent, _fleet: FakeFleet, fe1: FakeHost): void => {
      if (isWatched(event)) fe1.isErring = true;
    };

    const compared = await told({ monitor: { ...anyErrors, compare: 3 }, onEvent: outage });
    expect(compared.result.end).toBe('done');
    expect(about(compared.lines, 'fe1 pxApp_1')[1]).toMatch(/^well: \d{3} of \d{3} requests failed \(\d{3} × 5xx\)$/);

    const absolute = await told({ onEvent: outage });
    expect(absolute.result.end).toBe('someFailed');
  });

  it('counts on through a reload of HAProxy', async () => {
    const reload = (event: RunEvent, _fleet: FakeFleet, fe1: FakeHost): void => {
      if (isWatched(event) || isWatched(event, 'pxApp_3')) fe1.haproxy.reload();
    };

    const good = await told({ onEvent: reload });
    expect(good.result.end).toBe('done');
    expect(about(good.lines, 'fe1 pxApp_1')[1]).toMatch(/^well: 0 of 2\d\d requests failed$/);

    const bad = await told({ onEvent: reload, behaviour: { errsAfterMs: 8_000 } });
    expect(bad.result.end).toBe('someFailed');
  });

  it('ends early, and well, when the run is stopped', async () => {
    const { fleet, lines, result } = await told({
      hosts: ['fe1', 'fe2'],
      behaviour: { restartsAfterMs: 20_000 },
      onEvent: (event, one) => {
        if (isWatched(event, 'pxApp_3')) one.stop(1);
      },
    });

    expect(result.end).toBe('interrupted');
    expect(result.hosts.map(({ end, updated }) => `${end} ${updated}`)).toEqual(['updated 3', 'notReached 0']);
    expect(lines.filter((line) => line.includes('well: '))).toHaveLength(3);
    expect(lines.at(-1)).toMatch(/pxApp_3 well: 0 of \d+ requests failed, ended early since the run stops$/);
    expect(fleet.isWhole()).toBe(true);
  });

  it('has a failed instance taken back also when the run is stopped before that begins', async () => {
    const { fleet, result } = await told({
      behaviour: { restartsAfterMs: 10_000 },
      onEvent: (event, one) => {
        if (event.type === 'monitor-failed') one.stop(1);
      },
    });

    expect(result.hosts).toMatchObject([{ end: 'failed', unchanged: 1, outOfService: 0 }]);
    expect(fleet.images()).toContain('fe1 pxApp_1 v1');
    expect(fleet.isWhole()).toBe(true);
  });

  it('takes looks that do not come through for no verdict, and says so', async () => {
    const { lines, result } = await told({
      onEvent: (event, _fleet, fe1) => {
        if (!isWatched(event, 'pxApp_3')) return;
        fe1.haproxy.counters = async () => {
          throw new Failure('unreachable', 'Cannot ask HAProxy on fe1: connection lost');
        };
      },
    });

    expect(result.end).toBe('done');
    expect(about(lines, 'fe1 pxApp_1')[1]).toMatch(
      /^well: .*; the last look did not come through: Cannot ask HAProxy on fe1: connection lost$/,
    );
  });

  it('asks HAProxy once per look, however many instances of a host are watched', async () => {
    let asked = 0;
    await told({
      onEvent: (event, fleet, fe1) => {
        if (!isWatched(event, 'pxApp_3')) return;
        const counters = fe1.haproxy.counters.bind(fe1.haproxy);
        const began = fleet.clock.now();
        fe1.haproxy.counters = async (backend) => {
          if (fleet.clock.now() - began < 20_000) asked += 1;
          return counters(backend);
        };
      },
    });

    // Every second for 20 s.
    expect(asked).toBe(20);
  });
});
