/** `history` and `show`: what was done from this machine, by the journals of its runs. */
import { listRuns } from '../adapters/journal/runs.ts';
import { Failure } from '../errors.ts';
import { historyText, resultOf, type PastRun } from '../report/history.ts';
import { paintFor, takesColour } from '../report/paint.ts';
import { openHosts, pastRunText } from '../report/past-run.ts';
import { EVENT_SCHEMA } from '../rollout/events.ts';
import type { RunHistory } from '../rollout/history.ts';
import type { Command } from './command.ts';
import { fateOf, findRun, historyIn, readHistory } from './past-runs.ts';
import { runsFolder } from './run-journal.ts';
import type { Surroundings } from './surroundings.ts';

export async function history(command: Extract<Command, { name: 'history' }>, around: Surroundings): Promise<number> {
  const { stdout, stderr, environment } = around;
  const folder = runsFolder(environment);
  const runs: PastRun[] = [];
  let isWhole = true;
  for (const run of (await listRuns(folder)).slice(0, command.number)) {
    try {
      const past = await pastRun(folder, run);
      if (past) runs.push(past);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      // One journal that cannot be read must not hide the others.
      stderr.write(`${error.message}\n`);
      isWhole = false;
    }
  }
  if (command.json) stdout.write(runs.map((one) => `${rowJson(one)}\n`).join(''));
  else if (runs.length > 0)
    stdout.write(`${historyText(runs, paintFor(takesColour(stdout, environment))).join('\n')}\n`);
  else stderr.write(`There is no journal of a run in ${folder}\n`);
  return isWhole ? 0 : 1;
}

export async function show(command: Extract<Command, { name: 'show' }>, around: Surroundings): Promise<number> {
  const { stdout, environment } = around;
  const folder = runsFolder(environment);
  const run = await findRun(folder, command.run);
  const { history: past, isTorn } = await readHistory(folder, run);
  const fate = fateOf(past);
  if (command.json) {
    stdout.write(`${JSON.stringify({ schema: EVENT_SCHEMA, type: 'run-history', fate, isTorn, ...past })}\n`);
    return 0;
  }
  const later = await laterRuns(folder, past);
  const lines = pastRunText({ history: past, fate, isTorn, later }, paintFor(takesColour(stdout, environment)));
  stdout.write(`${lines.join('\n')}\n`);
  return 0;
}

/** Undefined for a run that was over before it had told anything. */
async function pastRun(folder: string, run: string): Promise<PastRun | undefined> {
  const past = await historyIn(folder, run);
  return past && { history: past.history, fate: fateOf(past.history) };
}

/** Later runs that did something on a host where this one has left something; those that cannot be read are no help. */
async function laterRuns(folder: string, past: RunHistory): Promise<readonly PastRun[]> {
  const open = openHosts(past);
  if (open.length === 0) return [];
  const later = (await listRuns(folder)).filter((run) => run > past.run).toReversed();
  const read = await Promise.allSettled(later.map((run) => pastRun(folder, run)));
  const bug = read.find((result) => result.status === 'rejected' && !(result.reason instanceof Failure));
  if (bug?.status === 'rejected') throw bug.reason;
  return read
    .flatMap((result) => (result.status === 'fulfilled' && result.value ? [result.value] : []))
    .filter(({ history: { hosts } }) =>
      hosts.some(({ host, instances }) => open.includes(host) && instances.some(({ steps }) => steps.length > 0)),
    );
}

function rowJson(past: PastRun): string {
  const { run, command, by, machine, startedAt, lastAt, hosts, outcome, invocation } = past.history;
  const [, result] = resultOf(past);
  return JSON.stringify({
    ...{ schema: EVENT_SCHEMA, type: 'run', run, command, by, machine, startedAt },
    ...{ lastAt, endedAt: outcome?.at, fate: past.fate, result, exitStatus: outcome?.exitStatus },
    ...{ playbook: invocation?.playbook, hosts: hosts.map(({ host, end }) => ({ host, end })) },
  });
}
