import { describe, expect, it } from 'vitest';
import { emptiedBy, shortagesOf, type HostMaintenance } from '../../src/rollout/maintenance.ts';
import type { ServerState } from '../../src/rollout/observed.ts';
import { aBackend, aServer, aServerState } from '../support/builders.ts';

const states = ['fe1', 'fe2', 'fe3', 'fe4'].map((name) => aServerState({ server: aServer(name, 'lb') }));

function hosts(of: readonly ServerState[]): HostMaintenance[] {
  return of.map((state) => ({ host: state.server.name, central: [state], own: [], running: [], stopped: [] }));
}

describe('shortagesOf()', () => {
  // prettier-ignore
  it.each([
    { atOnce: 1, minUp: { servers: 3 },   short: false },
    { atOnce: 2, minUp: { servers: 3 },   short: true },
    { atOnce: 2, minUp: { percent: 50 },  short: false },
    { atOnce: 3, minUp: { percent: 50 },  short: true },
    { atOnce: 4, minUp: { servers: 0 },   short: false },
  ])('of 4 servers, $atOnce at a time with $minUp: $short', ({ atOnce, minUp, short }) => {
    const all = hosts(states);

    const shortages = shortagesOf([all.slice(0, atOnce)], [aBackend(states)], minUp);

    expect(shortages).toHaveLength(short ? 1 : 0);
  });

  it('says what is missing', () => {
    const shortages = shortagesOf([hosts(states)], [aBackend(states)], { servers: 1 });

    const text = 'The maintenance would leave 0 of 4 usable servers in backend pxapp_cluster, and min_up asks for 1';
    expect(shortages).toEqual([{ host: 'lb', text }]);
  });
});

describe('emptiedBy()', () => {
  it('names backends of which nothing is left that could serve', () => {
    const backend = aBackend(states);

    expect(emptiedBy(hosts(states), [backend])).toEqual([backend]);
    expect(emptiedBy(hosts(states.slice(1)), [backend])).toEqual([]);
  });
});
