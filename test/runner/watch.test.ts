import { describe, expect, it } from 'vitest';
import type { RunEvent, Waiting } from '../../src/rollout/events.ts';
import { watchOf, type Watch } from '../../src/runner/waiting/watch.ts';
import { aServer } from '../support/builders.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const never = new AbortController().signal;
const subject = { host: 'fe1', name: 'pxApp_1' };

function waiting(leftMs: number): Waiting {
  return { for: 'answer', why: 'lost', leftMs };
}

function arrange(): { readonly clock: VirtualClock; readonly watch: Watch; readonly events: RunEvent[] } {
  const clock = new VirtualClock();
  const events: RunEvent[] = [];
  const report = (event: RunEvent): void => void events.push(event);
  return { clock, events, watch: watchOf({ clock, signal: never, report, subject, step: 'drain' }) };
}

describe('watchOf()', () => {
  it('says nothing of a short wait, then every five seconds what is waited for at that moment', async () => {
    const { clock, watch, events } = arrange();

    while (clock.now() < 14_000) {
      watch.waiting(waiting(clock.now()));
      await clock.sleep(500, never);
    }

    expect(events).toEqual(
      [2_000, 7_000, 12_000].map((at) => ({ type: 'step-waiting', subject, step: 'drain', waiting: waiting(at) })),
    );
  });

  it('says it at the next look when the moment is missed', async () => {
    const { clock, watch, events } = arrange();

    for (const ms of [1_900, 4_100, 4_900, 200]) {
      await clock.sleep(ms, never);
      watch.waiting(waiting(clock.now()));
    }

    expect(events).toMatchObject([{ waiting: waiting(6_000) }, { waiting: waiting(11_100) }]);
  });

  it('passes remarks on at once', () => {
    const { watch, events } = arrange();
    const remark = { about: 'stays-out' as const, server: aServer(), why: 'it was in maint before' };

    watch.remark(remark);
    watch.remark(remark);

    expect(events).toEqual([
      { type: 'remark', subject, remark },
      { type: 'remark', subject, remark },
    ]);
  });
});
