import { describe, expect, it } from 'vitest';
import { Failure } from '../../src/errors.ts';
import { poll, type Patience } from '../../src/runner/waiting/poll.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const never = new AbortController().signal;
const late = new Failure('late', 'Cannot use Docker on fe1: it takes longer than 15 s');
const lost = new Failure('unreachable', 'Cannot reach fe1: lost');

interface Told {
  readonly looks: number[];
  readonly told: string[];
  readonly patience: Patience<number>;
  readonly look: () => Promise<number>;
  readonly clock: VirtualClock;
}

/** Looks are counted from 1; those in `fails` throw. */
function arrange(over: Partial<Patience<number>> = {}, fails: Readonly<Record<number, unknown>> = {}): Told {
  const clock = new VirtualClock();
  const looks: number[] = [];
  const told: string[] = [];
  return {
    ...{ clock, looks, told },
    look: async () => {
      const number = looks.push(clock.now());
      if (number in fails) throw fails[number];
      return number;
    },
    patience: {
      ...{ everyMs: 100, withinMs: 1_000, signal: never },
      onWaiting: (seen, leftMs) => told.push(`${seen}, ${leftMs} left`),
      onTrouble: ({ message }, leftMs) => told.push(`${message}, ${leftMs} left`),
      ...over,
    },
  };
}

describe('poll()', () => {
  it('does not wait for what is there already', async () => {
    const { look, looks, told, patience, clock } = arrange();

    expect(await poll(look, () => true, patience, clock)).toEqual({ done: true, last: 1 });
    expect(looks).toEqual([0]);
    expect(told).toEqual([]);
  });

  it('looks at its interval until it is done, and tells what it saw meanwhile', async () => {
    const { look, looks, told, patience, clock } = arrange();

    expect(await poll(look, async (seen) => seen === 3, patience, clock)).toEqual({ done: true, last: 3 });
    expect(looks).toEqual([0, 100, 200]);
    expect(told).toEqual(['1, 1000 left', '2, 900 left']);
  });

  // prettier-ignore
  it.each([
    { everyMs: 100, withinMs: 300, at: [0, 100, 200, 300] },
    { everyMs: 100, withinMs: 250, at: [0, 100, 200] },
    { everyMs: 100, withinMs: 99,  at: [0] },
    { everyMs: 100, withinMs: 0,   at: [0] },
  ])('gives up after $withinMs ms with its last look at or just before them', async ({ everyMs, withinMs, at }) => {
    const { look, looks, told, patience, clock } = arrange({ everyMs, withinMs });

    expect(await poll(look, () => false, patience, clock)).toEqual({ done: false, last: at.length });
    expect(looks).toEqual(at);
    expect(told).toHaveLength(at.length - 1);
  });

  it('takes a look again that did not come through, and tells of the trouble', async () => {
    const { look, told, patience, clock } = arrange({}, { 1: lost, 2: late });

    expect(await poll(look, () => true, patience, clock)).toEqual({ done: true, last: 3 });
    expect(told).toEqual([
      'Cannot reach fe1: lost, 1000 left',
      'Cannot use Docker on fe1: it takes longer than 15 s, 900 left',
    ]);
  });

  it('takes a look again that was refused: the service may be starting anew', async () => {
    const refused = new Failure('refused', 'Cannot open /run/haproxy.sock on fe1: nobody listens');
    const { look, patience, clock } = arrange({}, { 1: refused });

    expect(await poll(look, () => true, patience, clock)).toEqual({ done: true, last: 2 });
  });

  it('also when it is the question whether it is done that did not come through', async () => {
    const { look, looks, patience, clock } = arrange();
    const isDone = async (seen: number): Promise<boolean> => {
      if (seen === 1) throw lost;
      return true;
    };

    expect(await poll(look, isDone, patience, clock)).toEqual({ done: true, last: 2 });
    expect(looks).toEqual([0, 100]);
  });

  it('fails as unreachable when the last look is so', async () => {
    const { look, looks, patience, clock } = arrange({ withinMs: 200 }, { 1: lost, 2: lost, 3: lost });

    await expect(poll(look, () => false, patience, clock)).rejects.toBe(lost);
    expect(looks).toEqual([0, 100, 200]);
  });

  it.each([new Failure('haproxy', 'no such server'), new TypeError('a bug'), 'not even an error'])(
    'fails at once with any other failure: %s',
    async (failure) => {
      const { look, looks, patience, clock } = arrange({}, { 2: failure });

      await expect(poll(look, () => false, patience, clock)).rejects.toBe(failure);
      expect(looks).toEqual([0, 100]);
    },
  );

  it('does not look at all once it is aborted', async () => {
    const { look, looks, patience, clock } = arrange({ signal: AbortSignal.abort(lost) });

    await expect(poll(look, () => true, patience, clock)).rejects.toBe(lost);
    expect(looks).toEqual([]);
  });

  it('ends its wait when it is aborted, with the reason', async () => {
    const stop = new AbortController();
    const reason = new Failure('interrupted', 'Stopped by SIGINT');
    const { look, looks, patience, clock } = arrange({ everyMs: 60_000, withinMs: 600_000, signal: stop.signal });
    const polling = poll(look, () => false, { ...patience, onWaiting: () => stop.abort(reason) }, clock);

    await expect(polling).rejects.toBe(reason);
    expect({ looks, now: clock.now() }).toEqual({ looks: [0], now: 0 });
  });

  it('gives the result of a look that was under way when it was aborted', async () => {
    const stop = new AbortController();
    const { patience, clock } = arrange({ signal: stop.signal });
    const look = async (): Promise<string> => {
      stop.abort();
      return 'seen';
    };

    const { signal, everyMs, withinMs } = patience;
    expect(await poll(look, () => true, { signal, everyMs, withinMs }, clock)).toEqual({ done: true, last: 'seen' });
  });
});
