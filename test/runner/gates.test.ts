import { beforeEach, describe, expect, it } from 'vitest';
import type { RunEvent } from '../../src/rollout/events.ts';
import type { MonitorPolicy } from '../../src/rollout/model.ts';
import { rollout } from '../../src/runner/rollout.ts';
import type { RunResult } from '../../src/runner/run.ts';
import { FakeFleet } from '../support/fake-fleet.ts';
import { aGate, aHook, hooksTold, playWithHooks, type AskedHooks } from '../support/hooks.ts';

const URL_OF_ERRORS = 'http://metrics/errors';

let fleet: FakeFleet;
let begunMs = 0;

beforeEach(async () => {
  fleet = await FakeFleet.up(['fe1', 'fe2']);
  begunMs = 0;
});

/** What the address answers, by the time since it was asked first; `of`: by whom. */
function answers(of: FakeFleet['commands'], answer: (ms: number) => string): void {
  of.addresses.set(URL_OF_ERRORS, () => {
    begunMs ||= fleet.clock.now();
    return answer(fleet.clock.now() - begunMs);
  });
}

async function roll(asked: AskedHooks, onEvent: (event: RunEvent) => void = () => undefined): Promise<RunResult> {
  const options = { force: false, onPlanned: () => undefined, confirm: async () => true };
  return rollout([playWithHooks(fleet, asked)], options, fleet.context(onEvent));
}

function ends(): readonly unknown[] {
  return fleet.events.flatMap((event) =>
    event.type === 'hook-ended' ? [[event.result, event.why === '' ? event.output[0] : event.why, event.value]] : [],
  );
}

describe('a gate after a batch', () => {
  it('is waited for until the number has been right for its time, without a break', async () => {
    // Right for two seconds, then not, then for good.
    answers(fleet.commands, (ms) => (ms < 2_000 || ms >= 3_000 ? '0.5' : '1'));

    const result = await roll({ hooks: { after_batch: [aGate({ forMs: 5_000, everyMs: 1_000 })] } });

    expect(result.end).toBe('done');
    expect(ends()[0]).toEqual(['ok', `${URL_OF_ERRORS} is 0.5, below 1 for 5s`, 0.5]);
    const [first] = fleet.events.filter((event) => event.type === 'hook-ended');
    expect(first?.ms).toBe(8_000);
    expect(fleet.failures()).toEqual([]);
  });

  it('is looked at once more when its time is up', async () => {
    answers(fleet.commands, () => '0');

    const result = await roll({
      hooks: { after_batch: [aGate({ everyMs: 40_000, forMs: 50_000, timeoutMs: 60_000 })] },
    });

    expect(result.end).toBe('done');
    expect(fleet.commands.asked).toHaveLength(2 * 3);
  });

  it('says what it waits for, as often as a person can follow', async () => {
    answers(fleet.commands, (ms) => (ms < 9_000 ? '3' : '0'));

    await roll({ hooks: { after_batch: [aGate({ everyMs: 500 })] } });

    const waiting = fleet.events.flatMap((event) =>
      event.type === 'hook-waiting' ? [[event.why, event.value, event.leftMs]] : [],
    );
    expect(waiting).toEqual([
      [`${URL_OF_ERRORS} is 3, not below 1`, 3, 58_000],
      [`${URL_OF_ERRORS} is 3, not below 1`, 3, 53_000],
    ]);
  });

  it('that is not passed keeps the next batch from beginning, and the run from going on', async () => {
    answers(fleet.commands, () => '7');

    const result = await roll({ hooks: { after_batch: [aGate({ name: 'errors', timeoutMs: 10_000 })] } });

    const why = `hook errors (after_batch) was not passed within 10s: ${URL_OF_ERRORS} is 7, not below 1`;
    expect(result).toMatchObject({ end: 'stopped', why });
    expect(fleet.events.filter(({ type }) => type === 'batch-started')).toHaveLength(1);
    expect(fleet.isWhole()).toBe(true);
  });

  it('takes everything back where the play says so', async () => {
    answers(fleet.commands, () => '7');

    await roll({ hooks: { after_batch: [aGate({ timeoutMs: 10_000 })] }, policy: { onFailure: 'rollback' } });

    const images = [...fleet.hosts.values()].map(({ containers }) => containers.imageOf('pxApp_1'));
    expect(images).toEqual([expect.stringMatching(/:v1$/), expect.stringMatching(/:v1$/)]);
    expect(fleet.failures()).toEqual([]);
  });

  it('is not passed by a number that was right for less than its time', async () => {
    answers(fleet.commands, (ms) => (ms < 8_000 ? '7' : '0'));

    const result = await roll({
      hooks: { after_batch: [aGate({ forMs: 5_000, timeoutMs: 10_000, everyMs: 1_000 })] },
    });

    expect(result.why).toMatch(/was not passed within 10s: \S+ is 0, below 1 for 2s, of 5s$/);
  });

  it.each([
    ['no answer', undefined, `${URL_OF_ERRORS} cannot be asked: refused`],
    ['NaN', 'NaN', `${URL_OF_ERRORS} answers "NaN", which is no number`],
    ['a text', 'oops', `${URL_OF_ERRORS} answers "oops", which is no number`],
  ])('is not passed by %s', async (_, answer, why) => {
    if (answer !== undefined) answers(fleet.commands, () => answer);

    const result = await roll({ hooks: { after_batch: [aGate({ timeoutMs: 5_000 })] } });

    expect(result.end).toBe('stopped');
    expect(ends()).toEqual([['failed', `was not passed within 5s: ${why}`, undefined]]);
  });

  it('whose failure is to be ignored is told, and the run goes on', async () => {
    const result = await roll({ hooks: { after_batch: [aGate({ timeoutMs: 5_000, onFailure: 'ignore' })] } });

    expect(result.end).toBe('done');
    expect(hooksTold(fleet.events)).toEqual(['after_batch gate ignored', 'after_batch gate ignored']);
  });

  it('is waited for no longer when the run is to stop: nothing would begin after it', async () => {
    answers(fleet.commands, () => '7');
    const timeoutMs = 600_000;

    const result = await roll({ hooks: { after_batch: [aGate({ timeoutMs })] } }, (event) => {
      if (event.type === 'hook-waiting') fleet.stop(1);
    });

    expect(result.end).toBe('interrupted');
    const ended = fleet.events.find((event) => event.type === 'hook-ended');
    expect(ended).toMatchObject({ result: 'cut', why: 'was ended: Stopped by SIGINT' });
    expect(ended?.ms).toBeLessThan(10_000);
    expect(fleet.events.filter(({ type }) => type === 'instance-ended')).toHaveLength(1);
  });
});

describe('a gate after the last batch', () => {
  const timeoutMs = 10_000;

  it('that is not passed stops the run, though nothing is left to begin', async () => {
    // The first batch passes it, the second does not.
    answers(fleet.commands, (ms) => (ms === 0 ? '0' : '7'));
    fleet.commands.programs.set('tell', {});
    const hooks = { after_batch: [aGate({ timeoutMs })], on_failure: [aHook({ name: 'tell' })] };

    const result = await roll({ hooks });

    expect(result.end).toBe('stopped');
    expect(result.why).toMatch(/^hook gate \(after_batch\) was not passed within 10s/);
    expect(hooksTold(fleet.events)).toEqual(['after_batch gate ok', 'after_batch gate failed', 'on_failure tell ok']);
    expect(fleet.isWhole()).toBe(true);
  });

  it.each([
    ['after_batch', { hooks: { after_batch: [aGate({ timeoutMs: 600_000 })] } }],
    ['after_host', { hooks: { after_host: [aGate({ timeoutMs: 600_000 })] } }],
    ['after_instance', { instance: { after_instance: [aGate({ timeoutMs: 600_000 })] } }],
    ['after_run', { hooks: { after_run: [aGate({ timeoutMs: 600_000 })] } }],
  ])('that is cut by a stop in %s leaves the run interrupted, not done', async (point, asked) => {
    fleet = await FakeFleet.up(['fe1']);
    answers(fleet.commands, () => '7');

    const result = await roll(asked, (event) => {
      if (event.type === 'hook-waiting') fleet.stop(1);
    });

    expect(result.end).toBe('interrupted');
    expect(hooksTold(fleet.events)).toEqual([expect.stringMatching(`^${point} gate .*cut$`)]);
    expect(fleet.failures()).toEqual([]);
  });
});

describe('a gate before something', () => {
  it('of the run that is not passed leaves everything untouched', async () => {
    await expect(roll({ hooks: { before_run: [aGate({ timeoutMs: 5_000 })] } })).rejects.toMatchObject({
      message: expect.stringMatching(/^hook gate \(before_run\) was not passed .*: nothing was changed$/) as unknown,
    });

    expect(fleet.isWhole()).toBe(true);
    expect(fleet.events.map(({ type }) => type)).not.toContain('batch-started');
  });

  it('of an instance that is stopped while it waits leaves it untouched', async () => {
    answers(fleet.commands, () => '7');

    const result = await roll({ instance: { before_instance: [aGate({ timeoutMs: 600_000 })] } }, (event) => {
      if (event.type === 'hook-waiting') fleet.stop(1);
    });

    expect(result.end).toBe('interrupted');
    expect(fleet.events.map(({ type }) => type)).not.toContain('step-started');
    expect(fleet.isWhole()).toBe(true);
  });

  it('gets its requests asks from the host, and keeps them from a container that never gets there', async () => {
    const fe1 = await fleet.host('fe1');
    answers(fe1.commands, () => '7');
    const gate = aGate({ where: 'host', timeoutMs: 5_000 });

    const result = await roll({ instance: { before_traffic: [gate] } });

    expect(result.end).toBe('stopped');
    expect(fe1.containers.imageOf('pxApp_1')).toMatch(/:v1$/);
    expect(fleet.events.filter((event) => event.type === 'step-failed')).toMatchObject([
      {
        step: 'check',
        reason: expect.stringMatching(/^hook gate \(before_traffic\) of pxApp_1 on fe1 was not/) as unknown,
      },
    ]);
    expect(fleet.failures()).toEqual([]);
    expect(fleet.isWhole()).toBe(true);
  });

  it('tells its headers to the address alone', async () => {
    answers(fleet.commands, () => '0');
    const headers = { authorization: 'Bearer abcd' };

    await roll({ hooks: { before_batch: [aGate({ spec: { headers } })] } });

    expect(fleet.commands.asked[0]?.headers).toEqual(headers);
    const told = JSON.stringify(fleet.events.filter(({ type }) => type.startsWith('hook-')));
    expect(told).not.toContain('abcd');
  });
});

describe('the metric of a monitor', () => {
  const monitored = async (over: Partial<NonNullable<MonitorPolicy['metric']>> = {}, forMs = 30_000) => {
    const limits = { below: 1 };
    const metric = {
      url: URL_OF_ERRORS,
      limits,
      everyMs: 5_000,
      spec: { headers: {} },
      where: 'controller',
      ...over,
    } as const;
    const monitor: MonitorPolicy = { forMs, everyMs: 1_000, maxErrors: { percent: 100 }, compare: undefined, metric };
    const play = fleet.play('v2', { serial: [{ hosts: 1 }], each: { monitor } });
    const hosts = play.hosts.slice(0, 1).map((host) => ({ ...host, instances: host.instances.slice(0, 1) }));
    const options = { force: false, onPlanned: () => undefined, confirm: async () => true };
    const result = await rollout([{ ...play, hosts }], options, fleet.context());
    const end = fleet.events.find((event) => event.type === 'monitor-ended' || event.type === 'monitor-failed');
    const image = (await fleet.host('fe1')).containers.imageOf('pxApp_1');
    return { result, end, image };
  };

  it('that stays right is told at the end', async () => {
    answers(fleet.commands, () => '0.25');

    const { result, end } = await monitored();

    expect(result.end).toBe('done');
    expect(end).toMatchObject({ type: 'monitor-ended', value: 0.25 });
    expect(end).toMatchObject({ outcome: expect.stringMatching(/failed; \S+ is 0\.25, below 1$/) as unknown });
    // At once, every five seconds, and at the very end.
    expect(fleet.commands.asked).toHaveLength(7);
  });

  it('that is wrong once has the instance taken back', async () => {
    answers(fleet.commands, (ms) => (ms < 12_000 ? '0' : '2'));

    const { result, end, image } = await monitored();

    expect(result.end).toBe('someFailed');
    expect(end).toMatchObject({ type: 'monitor-failed', value: 2 });
    expect(end?.ms).toBeLessThan(17_000);
    expect(end).toMatchObject({
      reason: expect.stringMatching(/does not serve well: \S+ is 2, not below 1$/) as unknown,
    });
    expect(image).toMatch(/:v1$/);
    expect(fleet.failures()).toEqual([]);
  });

  it('that is no number now and then is no verdict', async () => {
    answers(fleet.commands, (ms) => (ms < 20_000 ? 'NaN' : '0'));

    expect(await monitored()).toMatchObject({ result: { end: 'done' }, end: { type: 'monitor-ended', value: 0 } });
  });

  it('that never was a number has the instance taken back at the end', async () => {
    const { result, end, image } = await monitored();

    expect(result.end).toBe('someFailed');
    const why = `its metric was no number in 30s: ${URL_OF_ERRORS} cannot be asked: refused`;
    expect(end).toMatchObject({ type: 'monitor-failed', reason: expect.stringContaining(why) as unknown });
    expect(image).toMatch(/:v1$/);
  });

  it('is asked from the host where the playbook says so', async () => {
    const fe1 = await fleet.host('fe1');
    answers(fe1.commands, () => '0');

    expect(await monitored({ where: 'host' })).toMatchObject({ result: { end: 'done' } });
    expect(fleet.commands.asked).toEqual([]);
  });
});
