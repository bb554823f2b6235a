import { beforeEach, describe, expect, it } from 'vitest';
import type { RunEvent } from '../../src/rollout/events.ts';
import { nothingOpen } from '../../src/rollout/open-history.ts';
import { resumptionOf } from '../../src/rollout/resumption.ts';
import { rollout } from '../../src/runner/rollout.ts';
import { FakeFleet } from '../support/fake-fleet.ts';
import { aHook, hooksTold, playWithHooks } from '../support/hooks.ts';
import { resumptionFrom } from '../support/resumption.ts';

let fleet: FakeFleet;

beforeEach(async () => {
  fleet = await FakeFleet.up(['fe1', 'fe2']);
  for (const name of ['migrate', 'tell']) fleet.commands.programs.set(name, {});
});

describe('a run that is gone on with', () => {
  const nothing = { hosts: [], hooks: [], open: nothingOpen } as unknown as Parameters<typeof resumptionOf>[0];
  const resumption = resumptionOf(nothing, false);
  const options = { force: false, onPlanned: () => undefined, confirm: async () => true };
  const hooks = { before_run: [aHook({ name: 'migrate' })], after_run: [aHook({ name: 'tell' })] };

  it('runs no hook again that has ended well, and still those at its end', async () => {
    const ended = new Set([JSON.stringify(['Front ends', 'before_run', 'migrate'])]);

    const going = { ...options, resumption: { ...resumption, hooks: { ...resumption.hooks, ended } } };
    await rollout([playWithHooks(fleet, { hooks })], going, fleet.context());

    expect(hooksTold(fleet.events)).toEqual([
      'before_run migrate skipped: it has ended well in the first part of this run',
      'after_run tell ok',
    ]);
  });

  it('says of a hook that was running when it died that nobody knows, and runs it again', async () => {
    const hook = { name: 'migrate', point: 'before_run', where: 'controller', play: 'Front ends' } as const;

    const going = { ...options, resumption: { ...resumption, hooks: { ...resumption.hooks, unknown: [hook] } } };
    await rollout([playWithHooks(fleet, { hooks })], going, fleet.context());

    expect(fleet.events).toContainEqual({
      type: 'warning',
      host: '',
      text: 'Whether the hook migrate (before_run) has ended is not known: the run died, or its connection was lost, while it was running. It is run again',
    });
    expect(fleet.commands.lines).toEqual(['migrate', 'tell']);
  });

  it.each([
    ['not those before it of a play that has nothing to do', [], ['tell']],
    ['those before it of such a play that were begun', ['Front ends'], ['migrate', 'tell']],
  ])('runs %s', async (_, begun, lines) => {
    const going = { ...options, resumption: { ...resumption, hooks: { ...resumption.hooks, begun: new Set(begun) } } };
    await rollout([playWithHooks(fleet, { hooks, tag: 'v1' })], going, fleet.context());

    expect(fleet.commands.lines).toEqual(lines);
  });
});

describe('a run that died between two hooks', () => {
  const names = ['before_batch', 'after_batch', 'before_host', 'after_host'] as const;
  const tell = (name: string) => [aHook({ name: 'tell', env: { AT: name } })];
  const hooks = Object.fromEntries(names.map((name) => [name, tell(name)]));
  const instance = { before_instance: tell('before_instance'), after_instance: tell('after_instance') };
  const options = { force: false, onPlanned: () => undefined, confirm: async () => true };

  /** What was run for fe1 by the run that died once `isLast` was told, on a fleet as it was then, and by resume. */
  async function resumedAfter(isLast: (event: RunEvent) => boolean, isDone: boolean): Promise<readonly string[]> {
    await rollout([playWithHooks(fleet, { hooks, instance })], options, fleet.context());
    const at = fleet.events.findIndex(isLast);
    expect(at).toBeGreaterThan(0);
    const resumption = resumptionFrom(fleet.events.slice(0, at + 1));
    const then = isDone ? fleet : await FakeFleet.up(['fe1', 'fe2']);
    then.commands.programs.set('tell', {});
    const told = then.events.length;
    const result = await rollout(
      [playWithHooks(then, { hooks, instance })],
      { ...options, resumption },
      then.context(),
    );
    expect(result.end).toBe('done');
    expect(then.failures()).toEqual([]);
    return hooksTold(then.events.slice(told)).filter((line) => !line.includes('fe2'));
  }

  const isHook = (event: RunEvent, point: string): boolean =>
    event.type === 'hook-ended' && event.hook.point === point && event.hook.host !== 'fe2';
  const skipped = 'skipped: it has ended well in the first part of this run';

  it('before the first change has what was run before it no second time', async () => {
    const lines = await resumedAfter((event) => isHook(event, 'before_instance'), false);

    expect(lines).toEqual([
      `before_batch tell ${skipped}`,
      `before_host tell fe1 ${skipped}`,
      `before_instance tell fe1 pxApp_1 ${skipped}`,
      'after_instance tell fe1 pxApp_1 ok',
      'after_host tell fe1 ok',
      'after_batch tell ok',
      'before_batch tell ok',
      'after_batch tell ok',
    ]);
  });

  it.each([
    [
      'when the instance had ended',
      (event: RunEvent) => event.type === 'instance-ended',
      ['after_instance tell fe1 pxApp_1 ok', 'after_host tell fe1 ok', 'after_batch tell ok'],
    ],
    [
      'after the hook of the instance',
      (event: RunEvent) => isHook(event, 'after_instance'),
      [`after_instance tell fe1 pxApp_1 ${skipped}`, 'after_host tell fe1 ok', 'after_batch tell ok'],
    ],
    ['when the host had ended', (event: RunEvent) => event.type === 'host-ended', ['after_batch tell ok']],
    ['when the batch had ended', (event: RunEvent) => event.type === 'batch-ended', []],
  ])('%s has what comes after it all the same', async (_, isLast, expected) => {
    const lines = await resumedAfter(isLast, true);

    expect(lines.filter((line) => line.startsWith('after_'))).toEqual(expected);
    expect(lines.filter((line) => line.startsWith('before_') && line.endsWith(' ok'))).toEqual([]);
  });
});
