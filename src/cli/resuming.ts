/** `resume`: a rollout that died or was stopped is gone on with, under its own id. */
import { Failure } from '../errors.ts';
import { openHosts } from '../report/past-run.ts';
import type { Invocation } from '../rollout/events.ts';
import { isGoingBack } from '../rollout/going-back.ts';
import type { RunHistory } from '../rollout/history.ts';
import { resumptionOf } from '../rollout/resumption.ts';
import type { Command } from './command.ts';
import { fateOf, findRun, latestRollout, readHistory, type StoredHistory } from './past-runs.ts';
import { play } from './playing.ts';
import { takeBack } from './rollback.ts';
import { runsFolder } from './run-journal.ts';
import type { Surroundings } from './surroundings.ts';

type ResumeCommand = Extract<Command, { name: 'resume' }>;

export async function resume(command: ResumeCommand, surroundings: Surroundings): Promise<number> {
  const folder = runsFolder(surroundings.environment);
  const told = command.run === undefined ? await lastUnfinished(folder) : await named(folder, command.run);
  const { history } = told;
  const { invocation, run } = history;
  if (history.command === 'maintain') throw new Failure('config', insteadOfMaintaining(history));
  if (!invocation || history.command !== 'rollout') {
    throw new Failure('config', `Cannot go on with run ${run}: it is a ${history.command}, and only a rollout can be`);
  }
  if (fateOf(history) === 'running') {
    throw new Failure('locked', `Cannot go on with run ${run}: it is still running, pid ${history.pid}`);
  }
  if (isGoingBack(history)) {
    return takeBack(onItsWayBack(command, run, invocation), told, surroundings, { isForced: command.force });
  }
  const { inventory, playbook, limit, tags, skipTags, forks, force, hiddenVars } = invocation;
  const { connection, json, verbosity, yes, locking, vault, pacing, loading, pullsPerHost, skipFailed, changed } =
    command;
  return play(
    {
      ...{ name: 'rollout', check: false, diff: false, detailedExitcode: false },
      ...{
        inventory,
        playbook,
        limit,
        tags,
        skipTags,
        forks,
        force,
        connection,
        json,
        verbosity,
        yes,
        locking,
        pacing,
        loading,
        pullsPerHost,
        vault,
      },
      extraVars: [JSON.stringify(invocation.extraVars), ...command.extraVars],
    },
    surroundings,
    {
      ...{ run, told, isForced: command.force, hiddenVars, given: command.extraVars },
      loaded: { run, images: invocation.loads ?? [] },
      resumption: resumptionOf(history, skipFailed),
      fingerprint: changed ? undefined : history.fingerprint,
    },
  );
}

/** As `rollback` would: what is to be done is in the journal, and on the hosts. */
function onItsWayBack(
  { connection, json, verbosity, yes, locking, vault, pacing, pullsPerHost }: ResumeCommand,
  run: string,
  { inventory, forks }: Invocation,
): Parameters<typeof takeBack>[0] {
  return {
    ...{ name: 'rollback', run, serial: undefined, force: false, check: false, diff: false, detailedExitcode: false },
    ...{ inventory, environmentInventory: [], limit: undefined, forks, connection, json, verbosity, yes, locking },
    ...{ vault, pacing, pullsPerHost },
  };
}

/** The next maintenance looks at everything anew: of this one, only what to do about it is said. */
function insteadOfMaintaining(history: RunHistory): string {
  const open = openHosts(history);
  const missed = history.hosts.filter(({ instances }) => instances.length === 0).map(({ host }) => host);
  const back = open.length === 0 ? [] : [`put back what it has left with "sluice recover ${open.join(',')}"`];
  const rest =
    missed.length === 0 ? [] : [`maintain what it has not reached with "sluice maintain ${missed.join(',')}"`];
  const instead = [...back, ...rest].join(', then ') || 'nothing of it is left to do';
  return `Cannot go on with run ${history.run}: it is a maintenance; ${instead}`;
}

async function named(folder: string, wanted: string): Promise<StoredHistory> {
  return readHistory(folder, await findRun(folder, wanted));
}

async function lastUnfinished(folder: string): Promise<StoredHistory> {
  const past = await latestRollout(folder, (history) => !isDone(history));
  if (past) return past;
  const hint = 'what a run from another machine has left is finished by "sluice recover"';
  throw new Failure('config', `Cannot find a rollout to go on with: ${folder} has none that did not end; ${hint}`);
}

function isDone({ outcome }: RunHistory): boolean {
  return outcome?.type === 'run-ended' && outcome.end === 'done';
}
