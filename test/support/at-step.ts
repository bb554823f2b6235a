import type { ChildProcess } from 'node:child_process';
import type { RunEvent } from '../../src/rollout/events.ts';
import type { Step } from '../../src/rollout/lifecycle.ts';
import { start, type Ended } from './sluice.ts';

/** Runs the command line with `--json`, and does something at the first moment at which a step begins. */
export async function atStep(
  args: readonly string[],
  step: Step,
  happen: (child: ChildProcess) => unknown,
): Promise<Ended> {
  let done: Promise<unknown> | undefined;
  const onEvent = (event: RunEvent, child: ChildProcess): void => {
    if (event.type === 'step-started' && event.step === step) done ??= Promise.resolve(happen(child));
  };
  const ended = await start([...args, '--json'], { onEvent }).ended;
  if (!done) throw new Error(`never came to ${step}: ${ended.stderr}${ended.stdout}`);
  await done;
  return ended;
}
