import { Failure } from '../../../errors.ts';
import { durationText } from '../../../rollout/durations.ts';
import type { RunCommand } from '../../../rollout/model.ts';
import { behind } from '../barrier.ts';
import type { CommandEnd } from '../../ports/commands.ts';
import { isPassing } from '../../waiting/poll.ts';
import { isBegun, isDone, leftAlone, noteBegun, noteDone, stayed } from '../staying.ts';
import { floorTeller } from '../floor.ts';
import { floorUnder } from '../take-out.ts';
import type { StepAction, StepWatch, Work } from '../work.ts';
import { Unfit } from './check.ts';

/**
 * Runs the playbook's command while nothing reaches the container, which stays what it is.
 *
 * Never twice: that it was begun, and that it has ended well, is in the undo record, and of one that was begun by a part
 * of the run that died nobody knows how far it got.
 */
export const run: StepAction = async (work, watch) => {
  const { run: command } = work.instance;
  if (!command) throw new Error(`${work.instance.container} has no command to run`);
  await leftAlone(work, watch);
  return behind(
    () => work.barriers,
    watch,
    async (signal) => {
      const wasDone = isDone(work);
      if (!wasDone) {
        await demandFirst(command, work);
        work.isUnsent = true;
        await noteBegun(work);
        work.isUnsent = false;
        await ran(command, work, { ...watch, signal });
        await noteDone(work);
      }
      // It may have started it anew: restarts after it count.
      const now = await stayed(work);
      work.started = { at: now.startedAt, restarts: now.restartCount };
      return wasDone ? `${command.name} has been run already` : `${command.name} ended well`;
    },
    floorTeller(floorUnder(work), watch),
  );
};

async function demandFirst({ name }: RunCommand, work: Work): Promise<void> {
  // That it was to be noted does not mean that anything was sent: the connection may have been lost then.
  if (!isBegun(work) || work.isUnsent) return;
  const why = 'whether it has ended is not known, and it is not run twice';
  throw new Failure('error', `Cannot go on with ${name} for ${where(work)}: it was begun, ${why}`);
}

async function ran(command: RunCommand, work: Work, { signal }: Pick<StepWatch, 'signal'>): Promise<void> {
  const { name, timeoutMs } = command;
  const { exitCode, output } = await endOf(command, work, signal);
  if (exitCode === 0) return;
  const how = exitCode === undefined ? `was ended after ${durationText(timeoutMs)}` : `ended with ${exitCode}`;
  throw new Unfit(
    `${name} for ${where(work)} ${how}`,
    output.map((line) => `output: ${line}`),
  );
}

/** What is lost in passing is no reason to run it again. */
async function endOf(
  { name, where: place, timeoutMs: withinMs, spec }: RunCommand,
  work: Work,
  signal: AbortSignal,
): Promise<CommandEnd> {
  const { host, instance, identity } = work;
  const env = { SLUICE_RUN: identity.run, SLUICE_HOST: host.name, SLUICE_CONTAINER: instance.container };
  const request = { command: spec.command, env, withinMs, signal };
  try {
    return await (place === 'host' ? host.run(request) : host.containers.run(instance.container, request));
  } catch (error) {
    if (!(error instanceof Failure) || !isPassing(error)) throw error;
    throw new Failure('error', `${name} for ${where(work)}: whether it has ended is not known: ${error.message}`);
  }
}

function where({ host, instance }: Work): string {
  return `${instance.container} on ${host.name}`;
}
