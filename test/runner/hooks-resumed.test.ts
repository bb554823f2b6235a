import { beforeEach, describe, expect, it } from 'vitest';
import { resumptionOf } from '../../src/rollout/resumption.ts';
import { rollout } from '../../src/runner/rollout.ts';
import { FakeFleet } from '../support/fake-fleet.ts';
import { aHook, hooksTold, playWithHooks } from '../support/hooks.ts';

let fleet: FakeFleet;

beforeEach(async () => {
  fleet = await FakeFleet.up(['fe1', 'fe2']);
  for (const name of ['migrate', 'tell']) fleet.commands.programs.set(name, {});
});

describe('a run that is gone on with', () => {
  const nothing = { hosts: [], hooks: [] } as unknown as Parameters<typeof resumptionOf>[0];
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
