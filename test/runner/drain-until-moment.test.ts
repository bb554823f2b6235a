import { describe, expect, it } from 'vitest';
import { drainHosts, type DrainRequest } from '../../src/runner/maintenance/drain-hosts.ts';
import type { RunResult } from '../../src/runner/run.ts';
import { FakeFleet } from '../support/fake-fleet.ts';

const MINUTE_MS = 60_000;
const NEVER = new AbortController().signal;

function drain(fleet: FakeFleet, over: Partial<DrainRequest>): Promise<RunResult> {
  return drainHosts(
    {
      ...{ hosts: ['fe1'], servers: ['pxApp_2'], place: { socket: undefined, container: undefined } },
      ...{ balancers: undefined, policy: { timeoutMs: 10_000, onTimeout: 'fail' }, note: 'disk swap' },
      confirm: async () => true,
      ...over,
    },
    fleet.context(),
  );
}

/** By a clock that shows seconds. */
function after(fleet: FakeFleet, ms: number): string {
  return new Date(Math.floor(fleet.clock.date().getTime() / 1000) * 1000 + ms).toISOString();
}

describe('a drain', () => {
  it('until a moment ends then, however long it has waited before', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const fe1 = await fleet.host('fe1');
    const endsAt = new Date(fleet.clock.date().getTime() + 10 * MINUTE_MS);
    await fleet.clock.sleep(4 * MINUTE_MS, NEVER);
    const until = after(fleet, 6 * MINUTE_MS);

    const result = await drain(fleet, { forMs: 10 * MINUTE_MS, endsAt });

    expect(result.end).toBe('done');
    expect(fe1.entries).toMatchObject([{ until }]);
  });

  it('until a moment that has passed while it waited takes nothing out', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const fe1 = await fleet.host('fe1');
    const endsAt = new Date(fleet.clock.date().getTime() + MINUTE_MS);
    await fleet.clock.sleep(MINUTE_MS, NEVER);

    const result = await drain(fleet, { forMs: MINUTE_MS, endsAt });

    expect(result.hosts).toMatchObject([
      { end: 'failed', reason: expect.stringMatching(/has passed meanwhile$/) as unknown },
    ]);
    expect(fe1.entries).toEqual([]);
    expect(fleet.isWhole()).toBe(true);
  });
});
