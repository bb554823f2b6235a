import { describe, expect, it } from 'vitest';
import type { RunCommand } from '../../src/rollout/model.ts';
import { Failure } from '../../src/errors.ts';
import type { Play } from '../../src/rollout/play.ts';
import type { RecordEntry } from '../../src/runner/ports/ports.ts';
import { recoverHosts } from '../../src/runner/recovery/recover-hosts.ts';
import { rollout, type RolloutOptions } from '../../src/runner/rollout.ts';
import type { RunContext, RunResult } from '../../src/runner/run.ts';
import { FakeFleet } from '../support/fake-fleet.ts';
import { MortalFleet, type Death } from '../support/mortal-fleet.ts';
import { resumptionFrom } from '../support/resumption.ts';
import { stepsOf } from '../support/steps.ts';

const options: RolloutOptions = { force: false, onPlanned: () => undefined, confirm: async () => true };
const never = new AbortController().signal;
const SECOND = 'pxApp_2';

interface Running extends Partial<Pick<RunCommand, 'where' | 'timeoutMs'>> {
  readonly command?: readonly string[];
}

/** Runs a command for the second container of fe1. */
function running(fleet: FakeFleet, { command = ['true'], where = 'host', timeoutMs = 60_000 }: Running = {}): Play {
  const run = { name: 'clear', where, timeoutMs, spec: { command } };
  const play = fleet.play('v2', { each: { strategy: 'run', run } });
  const hosts = play.hosts.map(({ host, instances }) => ({
    host,
    instances: instances.filter(({ container }) => container === SECOND),
  }));
  return { ...play, hosts };
}

async function run(fleet: FakeFleet, how: Running = {}, more: Partial<RolloutOptions> = {}): Promise<RunResult> {
  return rollout([running(fleet, how)], { ...options, ...more }, fleet.context());
}

describe('a rollout with strategy: run', () => {
  it('runs the command while nothing reaches the container, and changes nothing of it', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const fe1 = await fleet.host('fe1');
    const before = await fe1.containers.inspect(SECOND);
    const seen: (string | undefined)[] = [];
    fe1.commands.programs.set('look', { onRun: () => void seen.push(fe1.haproxy.weights()[SECOND]) });

    const result = await run(fleet, { command: ['look'] });

    expect(seen).toEqual([expect.stringMatching(/^0 maint/)]);
    expect(fe1.commands.ran[0]?.env).toEqual({
      ...{ SLUICE_RUN: '20261121-090000-test', SLUICE_HOST: 'fe1', SLUICE_CONTAINER: SECOND },
    });
    expect(result).toMatchObject({ end: 'done', hosts: [{ updated: 1, only: { run: 1 } }] });
    expect(await fe1.containers.inspect(SECOND)).toEqual(before);
    expect(stepsOf(fleet, 'fe1', SECOND)).toBe('drain run check restore soak → updated');
    expect(fleet.isWhole()).toBe(true);
    expect(fleet.failures()).toEqual([]);
  });

  it('runs it in the container', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const fe1 = await fleet.host('fe1');

    const result = await run(fleet, { command: ['echo', 'hello'], where: 'container' });

    expect(result.end).toBe('done');
    expect(fe1.commands.lines).toEqual([]);
    expect(fe1.containers.commands.ran).toMatchObject([{ command: ['echo', 'hello'], env: { IN_CONTAINER: SECOND } }]);
  });

  it.each([
    { how: { command: ['false'] }, why: 'clear for pxApp_2 on fe1 ended with 1' },
    { how: { command: ['sleep', '9'], timeoutMs: 2_000 }, why: 'clear for pxApp_2 on fe1 was ended after 2s' },
    {
      how: { command: ['lost'] },
      why: 'clear for pxApp_2 on fe1: whether it has ended is not known: Cannot reach fe1: the connection was lost',
    },
  ])('puts it back into service when the command fails, and runs it once: $why', async ({ how, why }) => {
    const fleet = await FakeFleet.up(['fe1']);
    const fe1 = await fleet.host('fe1');
    fe1.commands.programs.set('lost', { lost: true });

    const result = await run(fleet, how);

    expect(result).toMatchObject({ end: 'someFailed', hosts: [{ end: 'failed', unchanged: 1, reason: why }] });
    expect(stepsOf(fleet, 'fe1', SECOND)).toBe('drain run! rollBack check restore → unchanged');
    expect(fe1.commands.ran).toHaveLength(1);
    expect(fleet.isWhole()).toBe(true);
    expect(fleet.failures()).toEqual([]);
  });

  it('runs it all the same when the connection is lost before it is sent', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const fe1 = await fleet.host('fe1');
    const write = fe1.record.write.bind(fe1.record);
    let isLost = false;
    Object.assign(fe1.record, {
      write: async (entries: readonly RecordEntry[]) => {
        if (isLost || !entries.some(({ only }) => only?.progress === 'begun')) return write(entries);
        isLost = true;
        throw new Failure('unreachable', 'Cannot reach fe1: the connection was lost');
      },
    });

    const result = await run(fleet);

    expect(isLost).toBe(true);
    expect(result.hosts[0]?.end).toBe('updated');
    expect(fe1.commands.lines).toEqual(['true']);
  });

  it('starts a container that the command has stopped, and lets it restart one', async () => {
    for (const isStarted of [false, true]) {
      const fleet = await FakeFleet.up(['fe1']);
      const fe1 = await fleet.host('fe1');
      fe1.commands.programs.set('act', {
        exitCode: isStarted ? 0 : 1,
        onRun: async () => {
          await fe1.containers.stop(SECOND);
          if (isStarted) await fe1.containers.start(SECOND);
        },
      });

      const result = await run(fleet, { command: ['act'] });

      expect(result.hosts[0]?.end).toBe(isStarted ? 'updated' : 'failed');
      expect(fleet.isWhole()).toBe(true);
    }
  });

  it('is refused before anything is touched where the container does not run', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    await (await fleet.host('fe1')).containers.stop(SECOND);

    await expect(run(fleet)).rejects.toThrow();

    const texts = fleet.events.flatMap((event) => (event.type === 'problem' ? [event.text] : []));
    expect(texts).toContain('Cannot run clear for pxApp_2 on fe1: it is exited: start it first');
  });
});

async function diesAt(fleet: FakeFleet, death: Death): Promise<string> {
  const mortal = new MortalFleet(fleet, death);
  const context: RunContext = mortal.context(fleet.context());
  const ended = rollout([running(fleet)], options, context);
  const change = await Promise.race([mortal.death, ended.then(() => 'nothing')]);
  await fleet.clock.sleep(3_000, never);
  return change;
}

// Between the second and the third writing the command is run.
const CHANGES = ['write', 'setWeight', 'setAdmin', 'write', 'write', 'setWeight', 'setReadyWhenProven', 'write'];
const RUN_AT = 4;
const deaths = CHANGES.flatMap((change, at) => (['before', 'after'] as const).map((when) => ({ at, when, change })));

describe('a command whose run was killed', () => {
  it('has nothing to change but what the deaths below are at', async () => {
    expect(await diesAt(await FakeFleet.up(['fe1']), { at: CHANGES.length, when: 'before' })).toBe('nothing');
  });

  it.each(deaths)('$when its change $at, $change, is put right by recover, which runs nothing', async (death) => {
    const fleet = await FakeFleet.up(['fe1']);
    const fe1 = await fleet.host('fe1');
    expect(await diesAt(fleet, death)).toBe(death.change);
    const ran = fe1.commands.ran.length;

    const result = await recoverHosts({ hosts: ['fe1'] }, fleet.context());

    expect(result.end).toBe('done');
    expect(fe1.commands.ran).toHaveLength(ran);
    expect(fleet.isWhole()).toBe(true);
    expect(fleet.failures()).toEqual([]);
  });

  it.each(deaths)('$when its change $at, $change, is gone on with, and run once at most', async (death) => {
    const fleet = await FakeFleet.up(['fe1']);
    const fe1 = await fleet.host('fe1');
    await diesAt(fleet, death);
    const isOpen = fe1.entries.length > 0;
    const isUnknown = death.at === RUN_AT - 1 ? death.when === 'after' : death.at === RUN_AT && death.when === 'before';

    const result = await run(fleet, {}, { resumption: isOpen ? resumptionFrom(fleet.events) : undefined });

    expect(result.hosts[0]?.end).toBe(isUnknown ? 'failed' : 'updated');
    const again = death.at === CHANGES.length - 1 && death.when === 'after' ? 1 : 0;
    const times = isUnknown && death.at === RUN_AT - 1 ? 0 : 1 + again;
    expect(fe1.commands.ran).toHaveLength(times);
    expect(fleet.isWhole()).toBe(true);
    expect(fleet.failures()).toEqual([]);
  });
});
