import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { containers } from '../../lab/engine.ts';
import type { Host } from '../../lab/host.ts';
import type { RunEvent } from '../../src/rollout/events.ts';
import type { Step } from '../../src/rollout/lifecycle.ts';
import { hostNamed } from './fleet.ts';
import { start, type Ended } from './sluice.ts';

/** What is done to a host when it takes a step for the first time. */
export interface Strike {
  readonly at: Step;
  /** The moment within the step; its beginning if it is not said. */
  readonly when?: (host: Host) => Promise<unknown>;
  /** What is done `stopped`, sluice does not see being done: it goes on afterwards, where it was. */
  readonly then: (host: Host, stopped: Stopped) => Promise<unknown>;
}

export type Stopped = (act: () => Promise<unknown>) => Promise<void>;

export interface Struck extends Ended {
  readonly events: readonly RunEvent[];
}

/** Runs the command line with `--json` and strikes these hosts, each time once; ends when all that has. */
export async function struck(
  args: readonly string[],
  strikes: Readonly<Record<string, readonly Strike[]>>,
): Promise<Struck> {
  const events: RunEvent[] = [];
  const done = new Map<Strike, Promise<void>>();
  const onEvent = (event: RunEvent, child: ChildProcess): void => {
    events.push(event);
    if (event.type !== 'step-started') return;
    const { host } = event.subject;
    const strike = strikes[host]?.find(({ at }) => at === event.step);
    if (strike && !done.has(strike)) done.set(strike, strikeAt(hostNamed(host), strike, stopping(child)));
  };
  const ended = await start([...args, '--json'], { onEvent }).ended;
  await Promise.all(done.values());
  const missed = Object.values(strikes)
    .flat()
    .filter((strike) => !done.has(strike));
  if (missed.length > 0) throw new Error(`never came to ${missed.map(({ at }) => at).join()}\n${ended.stdout}`);
  return { ...ended, events };
}

async function strikeAt(host: Host, { when, then }: Strike, stopped: Stopped): Promise<void> {
  await when?.(host);
  await then(host, stopped);
}

function stopping(child: ChildProcess): Stopped {
  return async (act) => {
    child.kill('SIGSTOP');
    try {
      await act();
    } finally {
      child.kill('SIGCONT');
    }
  };
}

/** A moment within `replace`: the old container has been told to stop, and the new one has not begun. */
export async function untilOldIsAside(host: Host): Promise<void> {
  await untilOldIs(host, () => true);
}

/** A moment within `replace`: the old container has ended, and the new one may not have begun. */
export async function untilOldIsStopped(host: Host): Promise<void> {
  await untilOldIs(host, (state) => state === 'exited');
}

async function untilOldIs(host: Host, isSo: (state: string) => boolean): Promise<void> {
  const isThere = async (): Promise<boolean> =>
    (await containers(host)).some(({ Names, State }) => Names.join().includes('.replaced-') && isSo(State));
  while (!(await isThere())) await sleep(10);
}
