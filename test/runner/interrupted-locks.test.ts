import { describe, expect, it } from 'vitest';
import { Failure } from '../../src/errors.ts';
import { breakLocks, holdOnPurpose, releaseLocks } from '../../src/runner/hosts/lock-hosts.ts';
import type { RunContext } from '../../src/runner/run.ts';
import { changed } from '../support/changed.ts';
import { FakeFleet } from '../support/fake-fleet.ts';

const ALL = ['fe1', 'fe2', 'fe3'];

/** A fleet whose fe3 does not answer; `stop` is Ctrl-C. */
async function withSilentHost(): Promise<{ fleet: FakeFleet; context: RunContext; stop: () => void }> {
  const fleet = await FakeFleet.up();
  const stopping = new AbortController();
  const context = fleet.context();
  const silent = changed(context.fleet, {
    host: (name) => (name === 'fe3' ? new Promise(() => undefined) : context.fleet.host(name)),
  });
  const stop = (): void => {
    stopping.abort(new Failure('interrupted', 'Stopped by SIGINT'));
  };
  return {
    fleet,
    context: { ...context, fleet: silent, stop: { ...context.stop, beforeNext: stopping.signal } },
    stop,
  };
}

function states(fleet: FakeFleet): boolean[] {
  return [...fleet.hosts.values()].map(({ lock }) => lock.isFree);
}

describe('Ctrl-C while locks are', () => {
  it('taken: none is held, also those that were had already', async () => {
    const { fleet, context, stop } = await withSilentHost();
    const taking = holdOnPurpose(ALL, 'do not deploy', context);
    await expect.poll(() => states(fleet)).toEqual([false, false, true]);

    stop();

    await expect(taking).rejects.toMatchObject({ code: 'interrupted', message: 'Stopped by SIGINT' });
    expect(states(fleet)).toEqual([true, true, true]);
    expect(fleet.events).toEqual([]);
  });

  it.each([
    { what: 'released', act: releaseLocks },
    {
      what: 'broken',
      act: (hosts: readonly string[], context: RunContext) =>
        breakLocks({ hosts, force: false, confirm: async () => true }, context),
    },
  ])('looked at to be $what: all are as they were', async ({ act }) => {
    const { fleet, context, stop } = await withSilentHost();
    await holdOnPurpose(['fe1', 'fe2'], 'do not deploy', context);
    const acting = act(ALL, context);

    stop();

    await expect(acting).rejects.toMatchObject({ code: 'interrupted' });
    expect(states(fleet)).toEqual([false, false, true]);
    expect(fleet.events).toEqual([]);
  });
});
