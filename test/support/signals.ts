import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { processes } from '../../lab/processes.ts';
import type { RunEvent } from '../../src/rollout/events.ts';
import { start, type Ended } from './sluice.ts';

export interface Interruption {
  /** Sent one after the other, each once the one before was heard. */
  readonly signals: readonly NodeJS.Signals[];
  /** The moment of the first. */
  readonly at: (event: RunEvent) => boolean;
  /** Done first, while the command line stands still. */
  readonly before?: () => Promise<unknown>;
}

/** Runs the command line with `--json`, and sends it signals. */
export async function interrupted(args: readonly string[], interruption: Interruption): Promise<Ended> {
  const left = [...interruption.signals];
  let begun: Promise<void> | undefined;
  const send = (child: ChildProcess): void => {
    const signal = left.shift();
    if (signal) child.kill(signal);
  };
  const begin = async (child: ChildProcess): Promise<void> => {
    if (interruption.before) {
      child.kill('SIGSTOP');
      await interruption.before().finally(() => child.kill('SIGCONT'));
    }
    send(child);
  };
  const onEvent = (event: RunEvent, child: ChildProcess): void => {
    if (event.type === 'stop-asked') send(child);
    else if (!begun && interruption.at(event)) begun = begin(child);
  };
  const ended = await start([...args, '--json'], { onEvent }).ended;
  await begun;
  if (left.length > 0) throw new Error(`${left.join()} was never sent\n${ended.stdout}${ended.stderr}`);
  return ended;
}

export function atStep(step: string): Interruption['at'] {
  return (event) => event.type === 'step-started' && event.step === step;
}

export function atEvent(type: RunEvent['type']): Interruption['at'] {
  return (event) => event.type === type;
}

export interface Terminal {
  type(text: string): void;
  /** To the command line, not to its terminal. */
  signal(name: NodeJS.Signals): void;
}

/** The process at the end of the chain of those that were started by `pid`, each by the one before. */
function lastBelow(pid: number): number {
  const below = processes().find(({ parent }) => parent === pid);
  return below ? lastBelow(below.pid) : pid;
}

/** Runs the command line on a terminal of its own, and does something once it shows `prompt`; script(1) has both. */
export async function onTerminal(
  args: readonly string[],
  prompt: string,
  act: (terminal: Terminal) => void,
): Promise<{ readonly status: number | null; readonly shown: string }> {
  const line = ['bin/sluice', ...args, '-i', 'inventory/lab.ini'].join(' ');
  const child = spawn('script', ['-qec', line, '/dev/null'], { env: { ...process.env, NO_COLOR: '1' } });
  let shown = '';
  let isDone = false;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
    if (isDone || !shown.includes(prompt)) return;
    isDone = true;
    act({
      type: (typed) => child.stdin.write(typed),
      signal: (name) => {
        process.kill(lastBelow(child.pid ?? 0), name);
      },
    });
  });
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, shown };
}
