import { describe, expect, it } from 'vitest';
import { StopSwitch } from '../../src/cli/stop.ts';
import { Failure } from '../../src/errors.ts';
import type { RunEvent } from '../../src/rollout/events.ts';

function levels({ beforeNext, forward, homeward }: StopSwitch): string {
  return [beforeNext, forward, homeward].map(({ aborted }) => (aborted ? 'stop' : 'go')).join(' ');
}

describe('a StopSwitch', () => {
  // prettier-ignore
  it.each([
    { times: 0, gives: 'go go go' },
    { times: 1, gives: 'stop go go' },
    { times: 2, gives: 'stop stop go' },
    { times: 3, gives: 'stop stop stop' },
    { times: 4, gives: 'stop stop stop' },
  ])('is at "$gives" when it was asked $times times', ({ times, gives }) => {
    const stop = new StopSwitch();

    for (let asked = 0; asked < times; asked += 1) stop.ask('SIGINT');

    expect(levels(stop)).toBe(gives);
  });

  it('keeps its levels when one of them is replaced, as a deadline does', () => {
    const stop = new StopSwitch();
    const { signal } = new AbortController();

    // eslint-disable-next-line @typescript-eslint/no-misused-spread -- as the runner does, which knows no class
    expect({ ...stop, forward: signal }).toMatchObject({ beforeNext: stop.beforeNext, homeward: stop.homeward });
  });

  it('tells which signal came for the how manieth time', () => {
    const events: RunEvent[] = [];
    const stop = new StopSwitch();
    stop.tell((event) => events.push(event));

    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGINT']) stop.ask(signal);

    expect(events).toEqual([
      { type: 'stop-asked', signal: 'SIGINT', times: 1 },
      { type: 'stop-asked', signal: 'SIGTERM', times: 2 },
      { type: 'stop-asked', signal: 'SIGHUP', times: 3 },
      { type: 'stop-asked', signal: 'SIGINT', times: 4 },
    ]);
  });

  it('tells of the question before anything stops', () => {
    const stop = new StopSwitch();
    const told: string[] = [];
    stop.tell(() => told.push(levels(stop)));

    stop.ask('SIGINT');

    expect(told).toEqual(['go go go']);
  });

  it('gives the reason as an interruption, by the signal of its level', () => {
    const stop = new StopSwitch();
    stop.ask('SIGINT');
    stop.ask('SIGTERM');

    expect(stop.beforeNext.reason).toEqual(new Failure('interrupted', 'Stopped by SIGINT'));
    expect(stop.forward.reason).toEqual(new Failure('interrupted', 'Stopped by SIGTERM'));
    expect(() => {
      stop.forward.throwIfAborted();
    }).toThrow(expect.objectContaining({ code: 'interrupted' }));
  });

  it('is asked by a bug once, however often it comes', () => {
    const stop = new StopSwitch();

    for (let times = 0; times < 3; times += 1) stop.askForBug();

    expect(levels(stop)).toBe('stop go go');
    expect(stop.beforeNext.reason).toEqual(new Failure('interrupted', 'Stopped by a bug'));
  });

  it('stops also while nobody listens yet', () => {
    const stop = new StopSwitch();

    stop.ask('SIGTERM');

    expect(stop.beforeNext.aborted).toBe(true);
  });
});
