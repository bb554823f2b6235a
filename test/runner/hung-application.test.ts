import { describe, expect, it } from 'vitest';
import { Failure } from '../../src/errors.ts';
import { rollout } from '../../src/runner/rollout.ts';
import type { RunResult } from '../../src/runner/run.ts';
import { FakeFleet } from '../support/fake-fleet.ts';

const never = new AbortController().signal;

/** fe1, where nothing but the command of `ready` proves the application. */
async function arrange(): Promise<FakeFleet> {
  const fleet = await FakeFleet.up(['fe1']);
  const { containers } = await fleet.host('fe1');
  const inspect = containers.inspect.bind(containers);
  containers.inspect = async (name) => {
    const container = await inspect(name);
    return container && { ...container, health: 'none' };
  };
  return fleet;
}

async function rollOut(tag: string, fleet: FakeFleet): Promise<RunResult> {
  const probe = { kind: 'command' as const, command: ['curl', '-f', 'http://127.0.0.1/'] };
  const play = fleet.play(tag, { each: { ready: { probe, withinMs: 12_000, everyMs: 250 } } });
  const one = { ...play, hosts: play.hosts.map((each) => ({ ...each, instances: each.instances.slice(0, 1) })) };
  return rollout([one], { force: false, onPlanned: () => undefined, confirm: async () => true }, fleet.context());
}

describe('an application that hangs, and its ready command with it,', () => {
  it('does not keep its successor away', async () => {
    const fleet = await arrange();
    fleet.addImage('hung', { hangsAfterMs: 20_000 });
    await rollOut('hung', fleet);
    await fleet.clock.sleep(30_000, never);

    expect(await rollOut('v2', fleet)).toMatchObject({ end: 'done', hosts: [{ updated: 1 }] });
  });

  it('only once is ready all the same: what serves is not taken for unfit by one slow look', async () => {
    const fleet = await arrange();
    const { containers, archive } = await fleet.host('fe1');
    const exec = containers.exec.bind(containers);
    let asked = 0;
    containers.exec = async (...question) => {
      asked += 1;
      if (asked === 1) throw new Failure('late', 'no answer within 5 s');
      return exec(...question);
    };

    expect(await rollOut('v2', fleet)).toMatchObject({ end: 'done' });

    const { run } = fleet.context().identity;
    expect((await archive.load(run, 'pxApp_1'))?.old).not.toHaveProperty('isUnready');
  });

  it('is not ready when it is the new one: it is looked at for its time, once, and what it said is told', async () => {
    const fleet = await arrange();
    fleet.addImage('hung', { hangsAfterMs: 0 });

    expect(await rollOut('hung', fleet)).toMatchObject({ end: 'someFailed', hosts: [{ unchanged: 1 }] });

    const failed = fleet.events.filter((event) => event.type === 'step-failed');
    expect(failed).toMatchObject([
      {
        step: 'check',
        reason: expect.stringMatching(/is not ready after 12 s: the command takes longer than 5 s$/) as unknown,
        details: [expect.stringMatching(/^log: last words of .*:hung$/) as unknown],
      },
    ]);
    expect(fleet.events.filter(({ type }) => type === 'step-retried')).toEqual([]);
    expect(fleet.isWhole()).toBe(true);
  });
});
