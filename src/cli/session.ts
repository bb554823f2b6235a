import { randomBytes } from 'node:crypto';
import { hostname, userInfo } from 'node:os';
import { resolve } from 'node:path';
import { ControllerCommands } from '../adapters/controller/commands.ts';
import { RegistryLogins } from '../adapters/registry/logins.ts';
import { systemClock } from '../adapters/system-clock.ts';
import type { Inventory } from '../config/inventory/inventory.ts';
import type { Vault } from '../config/vault.ts';
import { withoutSecrets } from '../report/hidden.ts';
import { jsonLine } from '../report/json.ts';
import { createLog, type Log } from '../report/log.ts';
import { paintFor, takesColour, type Paint } from '../report/paint.ts';
import { linesOf } from '../report/text.ts';
import { exitStatusOf, Failure, reasonOf } from '../errors.ts';
import type { Report, RunEvent } from '../rollout/events.ts';
import type { RegistryLogin } from '../rollout/play.ts';
import type { Secrets } from '../rollout/secret.ts';
import type { Locking } from '../runner/hosts/held-hosts.ts';
import { beforeActing } from '../runner/instance/before-acting.ts';
import { unheeded } from '../config/inventory/ansible-cfg.ts';
import { textOf } from '../config/reading.ts';
import { outlastingHangs } from '../runner/hosts/hung.ts';
import type { RunContext } from '../runner/run.ts';
import type { Common, HostsCommand } from './command.ts';
import { reachingOf } from './connection-options.ts';
import { SshFleet } from './fleet.ts';
import { withoutSecretsIn } from './hidden-failure.ts';
import { reasonFor } from './lock-options.ts';
import { inventoryFor, playbookFolderOf } from './inventory-for.ts';
import { operatorAt } from './operator.ts';
import { RunJournal, runsFolder, type Earlier } from './run-journal.ts';
import type { Surroundings } from './surroundings.ts';
import { openVault } from './vault-options.ts';

/** What this run was asked for. */
export type Asked = Pick<
  Extract<RunEvent, { type: 'run-started' }>,
  'command' | 'hosts' | 'invocation' | 'fingerprint'
>;

/** One invocation: the fleet it reaches, and where it tells what it does. */
export interface CliSession {
  readonly inventory: Inventory;
  readonly vault: Vault;
  readonly context: RunContext;
  /** The same that `context` has, with what only the command line asks of it. */
  readonly fleet: SshFleet;
  /** Reads how hosts are reached, for mistakes in that to be told before any is. */
  readonly prepare: (hosts: readonly string[]) => Promise<void>;
  /** Takes the logins of the playbook, before any registry is asked. */
  readonly logIn: (logins: readonly RegistryLogin[]) => void;
  readonly report: Report;
  /**
   * Tells that the run starts, and for one that `changes` something makes sure first that a journal can be kept. What
   * only leads `home` goes on without one: a full disk here must not keep servers out there.
   *
   * @throws Failure `error` when it cannot; nothing was touched
   */
  readonly begin: (asked: Asked, changes: boolean | 'home') => Promise<void>;
  /**
   * Once its hosts are held: the journal of a run that is gone on with is written from here on, and not before.
   *
   * @throws Failure `locked` when somebody else has gone on with it, `error` when it cannot be written
   */
  readonly goOn: () => Promise<void>;
  /** Prints lines meant to be kept: on stdout, or nowhere when stdout is for events. */
  readonly print: (lines: readonly string[]) => void;
  /** Colours for what `print` writes. */
  readonly paint: Paint;
  readonly startedMs: number;
}

/** Opens what a command needs, runs it, and closes it, also when it fails. `goingOnWith`: an earlier run. */
export async function inSession(
  command: HostsCommand,
  surroundings: Surroundings,
  use: (session: CliSession) => Promise<number>,
  goingOnWith?: Earlier,
): Promise<number> {
  const vault = await openVault(command.vault, surroundings);
  try {
    return await inOpenSession(command, { surroundings, vault, goingOnWith }, use);
  } catch (error) {
    throw withoutSecretsIn(error, vault.secrets);
  }
}

interface Opened {
  readonly surroundings: Surroundings;
  readonly vault: Vault;
  readonly goingOnWith: Earlier | undefined;
}

async function inOpenSession(
  command: HostsCommand,
  { surroundings, vault, goingOnWith }: Opened,
  use: (session: CliSession) => Promise<number>,
): Promise<number> {
  const log = createLog(command.verbosity);
  const inventory = inventoryFor(command, vault);
  const { fleet, logins } = reaching(inventory, command, { surroundings, log, secrets: vault.secrets });
  const run = goingOnWith?.run ?? runId(systemClock.date());
  const by = `${userName()}@${hostname()}`;
  const journal = new RunJournal();
  const report = reporterFor(command, { surroundings, log, run, journal, secrets: vault.secrets });
  surroundings.stop.tell(report);
  const { stdout, environment, version } = surroundings;
  try {
    return await use({
      ...{ inventory, vault, report, fleet },
      prepare: (hosts) => fleet.prepare(hosts),
      logIn: logins.give.bind(logins),
      paint: paintFor(takesColour(stdout, environment)),
      print: (lines) => {
        if (!command.json) stdout.write(vault.secrets.hide(lines.map((line) => `${line}\n`).join('')));
      },
      startedMs: systemClock.now(),
      begin: async (asked, changes) => {
        const isHomeward = changes === 'home';
        if (goingOnWith) journal.waitFor(goingOnWith);
        else if (changes !== false)
          await journal.open(run, runsFolder(environment), report).catch(orWithout(isHomeward, report));
        report({ type: 'run-started', ...asked, by, version, machine: hostname(), pid: process.pid });
        await beforeActing(journal, isHomeward);
      },
      goOn: () => journal.goOn(runsFolder(environment), report),
      context: {
        ...{ report, journal, clock: systemClock, stop: surroundings.stop, forks: command.forks },
        ...{ identity: { run, by }, locking: lockingOf(command, goingOnWith?.run), random: Math.random },
        ...{ fleet: outlastingHangs(fleet, systemClock), operator: operatorAt(surroundings, command) },
        hide: (text) => vault.secrets.hide(text),
        controller: new ControllerCommands({ folder: resolve(playbookFolderOf(command)), environment }),
      },
    });
  } catch (error) {
    const code = error instanceof Failure ? error.code : 'bug';
    report({ type: 'run-failed', code, reason: reasonOf(error), exitStatus: exitStatusOf(error) });
    throw error;
  } finally {
    // Before the exit status is given, what it came to is on the disk.
    await journal.close();
    await fleet.close();
  }
}

/** What becomes of a journal that cannot be opened. */
function orWithout(isHomeward: boolean, report: Report): (error: unknown) => void {
  return (error) => {
    if (!isHomeward || !(error instanceof Failure)) throw error;
    report({ type: 'warning', host: '', text: `${error.message}: it goes on without a journal` });
  };
}

function reaching(
  inventory: Inventory,
  command: HostsCommand,
  { surroundings, log, secrets }: Pick<Reporting, 'surroundings' | 'log' | 'secrets'>,
): { readonly fleet: SshFleet; readonly logins: RegistryLogins } {
  const onSecret = (text: string): void => {
    secrets.add(text);
  };
  const trace = (text: string): void => {
    log.debug(secrets.hide(text));
  };
  for (const text of unheededAround(surroundings)) surroundings.stderr.write(`warning: ${text}\n`);
  const logins = new RegistryLogins({ environment: surroundings.environment, onSecret });
  const options = { trace, logins, secrets, folder: playbookFolderOf(command), ...reachingOf(command, surroundings) };
  return { logins, fleet: new SshFleet(inventory, options) };
}

function unheededAround({ environment }: Surroundings): readonly string[] {
  const read = (path: string): string | undefined => {
    try {
      return textOf(path);
    } catch {
      return undefined;
    }
  };
  return unheeded({ environment, folder: '.', read });
}

/** Of this process: a container that starts anew may have the name and the number of another one that lives. */
const NONCE = randomBytes(8).toString('hex');

function lockingOf(command: HostsCommand, goingOnWith: string | undefined): Locking {
  const reason = goingOnWith === undefined ? reasonFor(command) : `resume ${goingOnWith}`;
  return { machine: hostname(), pid: process.pid, nonce: NONCE, reason, ...command.locking };
}

/** A look changes nothing, so being asked to stop ends it where it is, or before it begins. */
export async function interruptible<T>(look: () => Promise<T>, { stop }: Surroundings): Promise<T> {
  const { beforeNext } = stop;
  if (beforeNext.aborted) throw new Failure('interrupted', reasonOf(beforeNext.reason));
  return new Promise((resolve, reject) => {
    const give = (): void => {
      reject(new Failure('interrupted', reasonOf(beforeNext.reason)));
    };
    beforeNext.addEventListener('abort', give, { once: true });
    look().then(resolve, reject);
  });
}

/** A container in a pipeline may run under an id that has no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}

/** Begins with the time, so that names made of it sort by age. */
function runId(date: Date): string {
  const [day = '', time = ''] = date.toISOString().replaceAll(/[-:]/g, '').split(/[T.]/);
  return `${day}-${time}-${randomBytes(2).toString('hex')}`;
}

interface Reporting {
  readonly surroundings: Surroundings;
  readonly log: Log;
  readonly run: string;
  readonly journal: RunJournal;
  readonly secrets: Secrets;
}

function reporterFor({ json, verbosity }: Common, { surroundings, log, run, journal, secrets }: Reporting): Report {
  const paint = paintFor(takesColour(surroundings.stderr, surroundings.environment));
  let seq = 0;
  return (told: RunEvent) => {
    const event = withoutSecrets(told, secrets);
    seq = Math.max(seq, journal.lines) + 1;
    if (json || journal.isOpen) {
      const line = jsonLine(event, { seq, at: systemClock.date(), run });
      if (json) surroundings.stdout.write(`${line}\n`);
      journal.append(line);
    }
    if (json) return;
    for (const { level, text } of linesOf(event, paint)) if (level <= verbosity) log.info(secrets.hide(text));
  };
}
