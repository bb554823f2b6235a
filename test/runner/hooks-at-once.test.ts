import { beforeEach, describe, expect, it } from 'vitest';
import type { AtOnce } from '../../src/rollout/at-once.ts';
import type { HookPoint } from '../../src/rollout/hooks.ts';
import { rollout } from '../../src/runner/rollout.ts';
import type { RunResult } from '../../src/runner/run.ts';
import { badOn, playOf } from '../support/at-once.ts';
import { FakeFleet } from '../support/fake-fleet.ts';
import { aHook, hooksTold } from '../support/hooks.ts';

const HOSTS = ['fe1', 'fe2', 'fe3'];
const options = { force: false, onPlanned: () => undefined, confirm: async () => true };

let fleet: FakeFleet;

beforeEach(async () => {
  fleet = await FakeFleet.up(HOSTS);
  fleet.commands.programs.set('tell', { takesMs: 2_000 });
});

/** Each hook says where it stands. */
async function roll(atOnce: Partial<AtOnce>): Promise<RunResult> {
  const tell = (point: HookPoint) => ({ [point]: [aHook({ name: 'tell', env: { AT: point } })] });
  const play = playOf(fleet, 'v2', atOnce);
  const ofHost = { ...tell('before_host'), ...tell('after_host') };
  const hosts = play.hosts.map((host) => ({ ...host, hooks: ofHost }));
  const hooks = { ...tell('before_batch'), ...tell('after_batch') };
  return rollout([{ ...play, hosts, hooks }], options, fleet.context());
}

const ranAt = (point: HookPoint): (string | undefined)[] =>
  fleet.commands.ran.flatMap(({ env }) => (env['AT'] === point ? [env['SLUICE_HOST'] ?? env['SLUICE_HOSTS']] : []));

/** Of each host: its hooks, and its instances, in the order in which they came. */
function courseOf(host: string): readonly string[] {
  return fleet.events.flatMap((event) => {
    if (event.type === 'instance-started' && event.subject.host === host) return ['instance'];
    if (event.type === 'hook-started' && event.hook.host === host) return [event.hook.point];
    return [];
  });
}

describe('hooks', () => {
  it('in a window are run around each host, which is a batch of its own', async () => {
    const result = await roll({ window: 2 });

    expect(result.end).toBe('done');
    for (const point of ['before_batch', 'before_host', 'after_host', 'after_batch'] as const) {
      expect(ranAt(point).toSorted(), point).toEqual(HOSTS);
    }
    for (const host of HOSTS) {
      expect(courseOf(host)).toEqual(['before_host', 'instance', 'instance', 'instance', 'after_host']);
    }
    expect(hooksTold(fleet.events).every((line) => line.endsWith(' ok'))).toBe(true);
    expect(fleet.isWhole()).toBe(true);
  });

  it('before a host of a window that does not begin any more are followed by those after it', async () => {
    fleet.addImage('bad', { exitsAfterMs: 100 });
    // Longer than the host beside it takes to fail.
    fleet.commands.programs.set('tell', ({ env }) => ({ takesMs: env['SLUICE_HOSTS'] === 'fe2' ? 50_000 : 0 }));
    const tell = (point: HookPoint) => [aHook({ name: 'tell', env: { AT: point } })];
    const hooks = { before_batch: tell('before_batch'), after_batch: tell('after_batch') };
    const play = badOn({ ...playOf(fleet, 'v2', { window: 2 }), hooks }, ['fe1']);

    const result = await rollout([play], options, fleet.context());

    expect(result.hosts.map(({ end }) => end)).toEqual(['failed', 'notReached', 'notReached']);
    expect(ranAt('before_batch')).toEqual(['fe1', 'fe2']);
    expect(ranAt('after_batch')).toEqual(['fe1', 'fe2']);
    expect(fleet.commands.ran.at(-1)?.env).toMatchObject({ AT: 'after_batch', SLUICE_RESULT: 'notReached' });
    expect(fleet.isWhole()).toBe(true);
  });

  it('with several instances of a host in work are run once around all of them', async () => {
    const result = await roll({ perHost: 2 });

    expect(result.end).toBe('done');
    expect([ranAt('before_batch'), ranAt('after_batch')]).toEqual([[HOSTS.join(' ')], [HOSTS.join(' ')]]);
    for (const host of HOSTS) {
      expect(courseOf(host)).toEqual(['before_host', 'instance', 'instance', 'instance', 'after_host']);
    }
    const ended = fleet.events.findLastIndex(({ type }) => type === 'instance-ended');
    const after = fleet.events.findIndex(
      (event) => event.type === 'hook-started' && event.hook.point === 'after_batch',
    );
    expect(after).toBeGreaterThan(ended);
    expect(fleet.failures()).toEqual([]);
  });
});
