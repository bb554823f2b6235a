/** `rollback`: what an earlier run has changed goes back to what that run found. */
import { systemClock } from '../adapters/system-clock.ts';
import type { Inventory } from '../config/inventory/inventory.ts';
import { selectHosts } from '../config/inventory/patterns.ts';
import { Failure } from '../errors.ts';
import { toTakeBack } from '../rollout/going-back.ts';
import type { RunHistory } from '../rollout/history.ts';
import { touchedBy, type Play } from '../rollout/play.ts';
import { playsBack } from '../rollout/rollback.ts';
import { goOnBack } from '../runner/going-back.ts';
import { plan, rollout } from '../runner/rollout.ts';
import type { Command } from './command.ts';
import { confirm, demandTerminal, GO_ON } from './confirm.ts';
import { conclude } from './conclude.ts';
import { onceHeld } from './once-held.ts';
import { notAfterOf, paced } from './pacing.ts';
import { findRun, latestRollout, readHistory, type StoredHistory } from './past-runs.ts';
import { printPlans, showPlans } from './plans.ts';
import { runsFolder } from './run-journal.ts';
import { inSession, interruptible, type CliSession } from './session.ts';
import { serialOf } from './serial-option.ts';
import type { Surroundings } from './surroundings.ts';

type RollbackCommand = Extract<Command, { name: 'rollback' }>;

export async function rollback(command: RollbackCommand, surroundings: Surroundings): Promise<number> {
  return takeBack(command, await runToTakeBack(command.run, runsFolder(surroundings.environment)), surroundings);
}

/** `own`: the run was on that way itself, and goes on; also when it cannot be told whether it died, if that is forced. */
export async function takeBack(
  command: RollbackCommand,
  told: StoredHistory,
  surroundings: Surroundings,
  own?: { readonly isForced: boolean },
): Promise<number> {
  const inventory = inventoryFor(command, told.history);
  const { run } = told.history;
  const as = own ? 'rollout' : 'rollback';
  const use = async (session: CliSession): Promise<number> => {
    const { context, report } = session;
    const notAfter = notAfterOf(command.pacing.notAfter, systemClock.date());
    const plays = paced(playsFor(told, command, session.inventory), command.pacing, command);
    const hosts = [...new Set(plays.flatMap((play) => play.hosts.map(({ host }) => host)))];
    if (!command.check && !command.yes) demandTerminal(GO_ON, surroundings);
    await session.prepare([...new Set(touchedBy(plays))]);
    await session.begin({ command: as, hosts }, !command.check);
    if (own) session.print([goingBackText(told.history)]);
    report({ type: 'rollback-started', of: run, hosts, ...(own && { isWhole: true }) });
    if (command.check) {
      const plans = await interruptible(() => plan(plays, command.force, context), surroundings);
      return showPlans(plans, command, session);
    }
    const result = await (own ? goOnBack : rollout)(
      plays,
      {
        force: command.force,
        pullsPerHost: command.pullsPerHost,
        pace: { notAfter },
        ...(own && { onHeld: onceHeld(told.history, own.isForced, session) }),
        onPlanned: (plans) => {
          printPlans(plans, command, session);
        },
        confirm: async () => command.yes || confirm(GO_ON, surroundings),
      },
      context,
    );
    return conclude(as, result, session);
  };
  const reaching = { ...command, inventory, extraVars: givenBy(told.history) };
  return inSession(reaching, surroundings, use, own && told);
}

/** Its `-e` may say how hosts are reached; what was secret of that was not kept. */
function givenBy({ invocation }: RunHistory): readonly string[] {
  const kept = Object.entries(invocation?.extraVars ?? {}).filter(([name]) => !invocation?.hiddenVars.includes(name));
  return [JSON.stringify(Object.fromEntries(kept))];
}

function goingBackText(history: RunHistory): string {
  return `Going on with run ${history.run} on its way back: ${toTakeBack(history)} to be taken back`;
}

/** The run of that name, or of the only name that begins so; without one, the last rollout of this machine. */
async function runToTakeBack(name: string | undefined, folder: string): Promise<StoredHistory> {
  if (name === undefined || name === 'last') {
    const told = await latestRollout(folder);
    if (told) return told;
    const why = `no rollout was started on this machine by this user (no journal in ${folder})`;
    throw new Failure('config', `Cannot roll back: ${why}`);
  }
  const run = await findRun(folder, name);
  const told = await readHistory(folder, run);
  const { command } = told.history;
  if (command === 'rollback') {
    throw new Failure(
      'config',
      `Cannot roll back ${run}: it is a rollback itself; roll out the version you want instead`,
    );
  }
  if (command !== 'rollout') throw new Failure('config', `Cannot roll back ${run}: it is no rollout but "${command}"`);
  return told;
}

/** Those named, or those of the run, or those of the environment. */
function inventoryFor(
  { inventory, environmentInventory }: RollbackCommand,
  { invocation }: RunHistory,
): readonly string[] {
  const found = [inventory, invocation?.inventory ?? [], environmentInventory].find((paths) => paths.length > 0);
  if (!found) throw new Failure('config', 'Cannot tell how the hosts are reached: name an inventory with -i');
  return found;
}

function playsFor({ events, history }: StoredHistory, command: RollbackCommand, inventory: Inventory): readonly Play[] {
  const limited = command.limit === undefined ? undefined : selectHosts(inventory, 'all', command.limit);
  return playsBack(events, history, {
    isWanted: ({ host }) => limited?.includes(host) ?? true,
    serial: serialOf(command.serial),
  });
}
