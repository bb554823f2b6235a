import { beforeEach, describe, expect, it } from 'vitest';
import { rollout } from '../../src/runner/rollout.ts';
import type { RunResult } from '../../src/runner/run.ts';
import type { CommandRequest } from '../../src/runner/ports/commands.ts';
import type { Play } from '../../src/rollout/play.ts';
import type { FakeProgram } from '../support/fake-commands.ts';
import { FakeFleet } from '../support/fake-fleet.ts';
import { aHook, hooksTold, playWithHooks, type AskedHooks } from '../support/hooks.ts';

let fleet: FakeFleet;

beforeEach(async () => {
  fleet = await FakeFleet.up(['fe1', 'fe2']);
  for (const name of ['migrate', 'smoke', 'warm', 'tell', 'other']) fleet.commands.programs.set(name, {});
});

async function roll(asked: AskedHooks): Promise<RunResult> {
  const options = { force: false, onPlanned: () => undefined, confirm: async () => true };
  return rollout([playWithHooks(fleet, asked)], options, fleet.context());
}

const types = (): readonly string[] => fleet.events.map(({ type }) => type);

describe('hooks around a run', () => {
  it('are run in their order, once, each with what it is told', async () => {
    const all = ['before_run', 'after_run', 'on_failure', 'before_batch', 'after_batch', 'before_host', 'after_host'];
    const hooks = Object.fromEntries(all.map((point) => [point, [aHook({ name: 'tell', command: ['tell', point] })]]));
    const instance = { before_instance: [aHook({ name: 'other' })], after_instance: [aHook({ name: 'other' })] };

    const result = await roll({ hooks, instance });

    expect(result.end).toBe('done');
    const ofHost = (host: string): string[] => [
      `before_batch tell ok`,
      `before_host tell ${host} ok`,
      `before_instance other ${host} pxApp_1 ok`,
      `after_instance other ${host} pxApp_1 ok`,
      `after_host tell ${host} ok`,
      `after_batch tell ok`,
    ];
    expect(hooksTold(fleet.events)).toEqual([
      'before_run tell ok',
      ...ofHost('fe1'),
      ...ofHost('fe2'),
      'after_run tell ok',
    ]);
    const [first] = fleet.commands.ran;
    expect(first?.env).toMatchObject({ SLUICE_HOSTS: 'fe1 fe2', SLUICE_POINT: 'before_run', SLUICE_BY: 'ann@desk' });
    expect(fleet.commands.ran.at(-1)?.env).toMatchObject({ SLUICE_RESULT: 'done', SLUICE_REASON: '' });
    const afterBatch = fleet.commands.ran.find(({ command }) => command[1] === 'after_batch');
    expect(afterBatch?.env).toMatchObject({ SLUICE_BATCH: '1', SLUICE_BATCHES: '2', SLUICE_RESULT: 'updated' });
    expect(fleet.failures()).toEqual([]);
    expect(fleet.isWhole()).toBe(true);
  });

  it('are not run where there is nothing to do', async () => {
    const hooks = { before_run: [aHook()], before_batch: [aHook()], before_host: [aHook()], after_run: [aHook()] };

    const result = await roll({ hooks, instance: { before_instance: [aHook()] }, tag: 'v1' });

    expect(result.end).toBe('done');
    expect(fleet.commands.ran).toEqual([]);
  });

  it('that fail before it leave everything untouched, and the run has failed', async () => {
    fleet.commands.programs.set('migrate', { exitCode: 3, output: ['creating', 'no such table, password sesame'] });
    const hooks = {
      before_run: [aHook({ name: 'migrate' }), aHook({ name: 'other' })],
      on_failure: [aHook({ name: 'tell' })],
    };

    await expect(roll({ hooks })).rejects.toMatchObject({
      code: 'error',
      message: 'hook migrate (before_run) ended with 3: no such table, password sesame: nothing was changed',
    });

    expect(hooksTold(fleet.events)).toEqual(['before_run migrate failed', 'on_failure tell ok']);
    expect(fleet.commands.ran.at(-1)?.env['SLUICE_REASON']).toContain('no such table, password (hidden)');
    expect(fleet.commands.ran.at(-1)?.env).toMatchObject({ SLUICE_RESULT: 'failed' });
    expect(types()).not.toContain('batch-started');
    expect(fleet.isWhole()).toBe(true);
    expect([...fleet.hosts.values()].map(({ lock }) => lock.isFree)).toEqual([true, true]);
  });

  it('after a batch are told which of its hosts has failed, and why', async () => {
    fleet.commands.programs.set('look', { exitCode: 3 });
    const hooks = { before_host: [aHook({ name: 'look' })], after_batch: [aHook({ name: 'tell' })] };

    await roll({ hooks });

    expect(fleet.commands.ran.at(-1)?.env).toMatchObject({
      SLUICE_RESULT: 'failed',
      SLUICE_REASON: 'fe1: hook look (before_host) on fe1 ended with 3',
    });
  });

  it('whose failure is to be ignored are told, and the run goes on', async () => {
    fleet.commands.programs.set('migrate', { exitCode: 3 });

    const result = await roll({ hooks: { before_run: [aHook({ name: 'migrate', onFailure: 'ignore' })] } });

    expect(result.end).toBe('done');
    expect(hooksTold(fleet.events)).toEqual(['before_run migrate ignored']);
  });

  it('that fail after it make it a failed one, though everything is updated', async () => {
    fleet.commands.programs.set('tell', { exitCode: 1 });

    const result = await roll({ hooks: { after_run: [aHook({ name: 'tell' })], on_failure: [aHook()] } });

    expect(result).toMatchObject({ end: 'someFailed', hook: 'hook tell (after_run) ended with 1' });
    expect(result.hosts.map(({ end }) => end)).toEqual(['updated', 'updated']);
  });

  it('that take too long are ended, and have failed', async () => {
    fleet.commands.programs.set('migrate', { takesMs: 90_000 });

    await expect(roll({ hooks: { before_run: [aHook({ name: 'migrate' })] } })).rejects.toThrow(
      'hook migrate (before_run) was ended: it took longer than 1m: nothing was changed',
    );
  });

  it('on a host are run on the first, as whom we come there', async () => {
    fleet.hosts.get('fe1')?.commands.programs.set('migrate', {});

    await roll({ hooks: { before_run: [aHook({ name: 'migrate', where: 'host', env: { MODE: 'up' } })] } });

    const ran = [...fleet.hosts.values()].map(({ commands }) => commands.ran.map(({ env }) => env['MODE']));
    expect(ran).toEqual([['up'], []]);
    expect(fleet.hosts.get('fe1')?.commands.ran[0]?.env).toMatchObject({ SLUICE_HOST: 'fe1' });
  });

  it('tell nothing of what they say where that is not wanted', async () => {
    fleet.commands.programs.set('migrate', { exitCode: 1, output: ['sesame'] });

    const hooks = { before_run: [aHook({ name: 'migrate', noLog: true, onFailure: 'ignore' })] };
    await roll({ hooks });

    expect(JSON.stringify(fleet.events.filter(({ type }) => type.startsWith('hook-')))).not.toContain('sesame');
  });
});

describe('a hook before a batch that fails', () => {
  const hooks = { before_batch: [aHook({ name: 'migrate' })], on_failure: [aHook({ name: 'tell' })] };

  const failAtSecond = (): void => {
    const onRun = ({ env }: CommandRequest): FakeProgram => ({ exitCode: env['SLUICE_BATCH'] === '2' ? 1 : 0 });
    fleet.commands.programs.set('migrate', onRun);
  };

  it('keeps it from beginning, and stops the run by its own rules', async () => {
    failAtSecond();

    const result = await roll({ hooks });

    expect(result).toMatchObject({
      end: 'stopped',
      why: 'batch 2 of 2 cannot begin: hook migrate (before_batch) ended with 1',
      hosts: [{ end: 'updated' }, { end: 'notReached' }],
    });
    expect(hooksTold(fleet.events).at(-1)).toBe('on_failure tell ok');
    expect(fleet.isWhole()).toBe(true);
  });

  it('takes back what was updated where the play says so', async () => {
    failAtSecond();

    const result = await roll({ hooks, policy: { onFailure: 'rollback' } });

    expect(result).toMatchObject({ end: 'stopped', hosts: [{ end: 'rolledBack' }, { end: 'notReached' }] });
    expect(fleet.images().filter((one) => one.endsWith('v2'))).toEqual([]);
  });
});

describe('hooks around a host and an instance', () => {
  it('that fail before a host leave it untouched, and it has failed', async () => {
    fleet.commands.programs.set('smoke', { exitCode: 1 });

    const result = await roll({ hooks: { before_host: [aHook()] } });

    expect(result).toMatchObject({ end: 'stopped', hosts: [{ end: 'failed', notReached: 1 }, { end: 'notReached' }] });
    expect(result.hosts[0]?.reason).toBe('hook smoke (before_host) on fe1 ended with 1');
    expect(types()).not.toContain('step-started');
  });

  it('that fail after a host have it failed, though it is updated', async () => {
    fleet.commands.programs.set('smoke', { exitCode: 1 });

    const result = await roll({ hooks: { after_host: [aHook()] } });

    expect(result.hosts[0]).toMatchObject({ end: 'failed', updated: 1 });
    expect(fleet.isWhole()).toBe(true);
  });

  it('that fail before an instance leave it as it is', async () => {
    fleet.hosts.get('fe1')?.containers.commands.programs.set('smoke', { exitCode: 1 });

    const result = await roll({ instance: { before_instance: [aHook({ where: 'old_container' })] } });

    expect(result.hosts[0]).toMatchObject({ end: 'failed', unchanged: 1, updated: 0 });
    expect(types()).not.toContain('step-started');
    expect(fleet.isWhole()).toBe(true);
  });

  it('that fail after an instance have its host failed, though it is updated', async () => {
    fleet.hosts.get('fe1')?.containers.commands.programs.set('smoke', { exitCode: 1 });

    const result = await roll({ instance: { after_instance: [aHook({ where: 'new_container' })] } });

    expect(result.hosts[0]).toMatchObject({ end: 'failed', updated: 1 });
    expect(fleet.isWhole()).toBe(true);
  });

  it('that ask for an old container are not run where there is none', async () => {
    const { containers } = await fleet.host('fe1');
    await containers.stop('pxApp_1');

    await roll({ instance: { before_instance: [aHook({ where: 'old_container' })] } });

    expect(hooksTold(fleet.events)).toContain(
      'before_instance smoke fe1 pxApp_1 skipped: there is no old container that runs',
    );
  });
});

describe('hooks before traffic', () => {
  const warm = { before_traffic: [aHook({ name: 'warm', where: 'new_container' })] };

  it('are run in the new container when it is ready, and before it has any request', async () => {
    const weights: unknown[] = [];
    for (const host of fleet.hosts.values()) {
      host.containers.commands.programs.set('warm', {
        takesMs: 3_000,
        onRun: () => {
          weights.push(host.haproxy.weights()['pxApp_1'], host.containers.answers('pxApp_1'));
        },
      });
    }

    const result = await roll({ instance: warm });

    expect(result.end).toBe('done');
    expect(weights).toEqual(['0 maint UP', true, '0 maint UP', true]);
    expect(fleet.hosts.get('fe1')?.containers.commands.ran[0]?.env).toMatchObject({
      ...{ IN_CONTAINER: 'pxApp_1', SLUICE_CONTAINER: 'pxApp_1', SLUICE_HOST: 'fe1' },
      SLUICE_IMAGE_NEW: expect.stringMatching(/:v2$/) as unknown,
    });
    expect(fleet.failures()).toEqual([]);
  });

  it('that fail take the instance back to the old container, and no request fails', async () => {
    fleet.hosts.get('fe1')?.containers.commands.programs.set('warm', { exitCode: 1, output: ['502'] });

    const result = await roll({ instance: warm });

    expect(result.hosts[0]).toMatchObject({
      end: 'failed',
      unchanged: 1,
      reason: 'hook warm (before_traffic) of pxApp_1 on fe1 ended with 1: 502',
    });
    expect(fleet.images().filter((one) => one.endsWith('v2'))).toEqual([]);
    expect(fleet.failures()).toEqual([]);
    expect(fleet.isWhole()).toBe(true);
  });

  it('are never run twice, not even when it is not known whether they have ended', async () => {
    const { containers } = await fleet.host('fe1');
    containers.commands.programs.set('warm', { lost: true });

    const result = await roll({ instance: warm });

    expect(containers.commands.lines).toEqual(['warm']);
    expect(hooksTold(fleet.events)).toEqual([expect.stringMatching(/ warm fe1 pxApp_1 unknown$/)]);
    expect(result.hosts[0]).toMatchObject({ end: 'failed', unchanged: 1 });
    expect(result.hosts[0]?.reason).toContain('whether it has ended is not known');
    expect(fleet.isWhole()).toBe(true);
  });

  it('of a host that waited until the run was to stop are not run', async () => {
    const { containers } = await fleet.host('fe1');
    containers.commands.programs.set('warm', { onRun: () => fleet.stop(1) });
    const hooks = { before_host: [aHook({ name: 'other' })], after_host: [aHook({ name: 'tell' })] };
    const play: Play = { ...playWithHooks(fleet, { hooks, instance: warm }), serial: [{ hosts: 2 }] };
    const options = { force: false, onPlanned: () => undefined, confirm: async () => true };

    await rollout([play], options, { ...fleet.context(), forks: 1 });

    expect(hooksTold(fleet.events).filter((line) => / (other|tell) /.test(line))).toEqual([
      'before_host other fe1 ok',
      'after_host tell fe1 ok',
    ]);
  });

  it('are ended when the run is stopped, and the instance goes home', async () => {
    const { containers } = await fleet.host('fe1');
    containers.commands.programs.set('warm', { takesMs: 30_000, onRun: () => fleet.stop(2) });

    const result = await roll({ instance: warm });

    expect(result).toMatchObject({ end: 'interrupted', hosts: [{ end: 'interrupted', unchanged: 1 }, {}] });
    expect(fleet.isWhole()).toBe(true);
  });
});
