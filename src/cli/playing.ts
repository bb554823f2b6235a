/** `rollout` and `plan`: the same way, one looks and the other acts. */
import { dirname, resolve } from 'node:path';
import { systemClock } from '../adapters/system-clock.ts';
import type { Vault } from '../config/vault.ts';
import { parseExtraVars } from '../config/playbook/extra-vars.ts';
import { LARGEST_BY_HAND } from '../config/document.ts';
import { lookThrough } from '../config/playbook/read.ts';
import { resolvePlays } from '../config/playbook/resolve.ts';
import { textOf } from '../config/reading.ts';
import type { Vars } from '../config/inventory/inventory.ts';
import { Failure } from '../errors.ts';
import { touchedBy, type Play } from '../rollout/play.ts';
import type { Resumption } from '../rollout/resumption.ts';
import { plan, rollout } from '../runner/rollout.ts';
import type { Command, Common, Playing } from './command.ts';
import { confirm, demandTerminal, GO_ON } from './confirm.ts';
import { fingerprintOf, invocationOf } from './invocation.ts';
import { conclude } from './conclude.ts';
import { openLoads, type LoadedBefore } from './loading.ts';
import { onceHeld } from './once-held.ts';
import { notAfterOf, paced } from './pacing.ts';
import type { StoredHistory } from './past-runs.ts';
import { printPlans, showPlans } from './plans.ts';
import { inSession, interruptible, type CliSession } from './session.ts';
import type { Surroundings } from './surroundings.ts';
import { textFile } from './text-file.ts';

type PlayingCommand = Extract<Command, { name: 'rollout' | 'plan' }>;

/** The first part of a rollout that is gone on with. */
export interface GoingOn {
  readonly run: string;
  readonly told: StoredHistory;
  /** Also when it cannot be told whether it died. */
  readonly isForced: boolean;
  readonly resumption: Resumption;
  /** Of the plays as they were then; undefined: they may differ. */
  readonly fingerprint: string | undefined;
  /** Variables that were not kept, as paths, and the `-e` of now. */
  readonly hiddenVars: readonly string[];
  readonly given: readonly string[];
  readonly loaded: LoadedBefore;
}

export async function play(command: PlayingCommand, surroundings: Surroundings, goingOn?: GoingOn): Promise<number> {
  const use = async (session: CliSession): Promise<number> => {
    if (goingOn) demandHidden(goingOn, session.vault);
    const notAfter = notAfterOf(command.pacing.notAfter, systemClock.date());
    const { plays: written, extraVars } = playsOf(command, session);
    session.logIn(written.flatMap(({ registries = [] }) => registries));
    if (goingOn) demandSame(goingOn, fingerprintOf(written));
    const plays = paced(written, command.pacing, command);
    const hosts = [...new Set(plays.flatMap((one) => one.hosts.map(({ host }) => host)))];
    if (!isPlan(command) && !command.yes) demandTerminal(GO_ON, surroundings);
    await session.prepare([...new Set(touchedBy(plays))]);
    const loading = { environment: surroundings.environment, before: goingOn?.loaded };
    const opened = await interruptible(() => openLoads(plays, command.loading, loading), surroundings);
    try {
      const { loads, record } = opened;
      const asked = {
        invocation: invocationOf(command, { extraVars, loads: record }, session.vault.secrets),
        fingerprint: fingerprintOf(written),
      };
      await session.begin(
        isPlan(command) ? { command: 'plan', hosts } : { command: 'rollout', hosts, ...asked },
        !isPlan(command),
      );
      if (goingOn) session.print(resumptionText(goingOn));
      const withLoads = { ...session, context: { ...session.context, loads } };
      return await carriedOut(plays, { command, session: withLoads, surroundings, goingOn, notAfter });
    } finally {
      await opened.close();
    }
  };
  return inSession(command, surroundings, use, goingOn?.told);
}

function isPlan(command: PlayingCommand): boolean {
  return command.name === 'plan' || command.check;
}

interface CarryingOut {
  readonly command: PlayingCommand;
  readonly session: CliSession;
  readonly surroundings: Surroundings;
  readonly goingOn: GoingOn | undefined;
  readonly notAfter: ReturnType<typeof notAfterOf>;
}

/** Resolves with the exit status. */
async function carriedOut(
  plays: readonly Play[],
  { command, session, surroundings, goingOn, notAfter }: CarryingOut,
): Promise<number> {
  const { context } = session;
  if (isPlan(command)) {
    const plans = await interruptible(() => plan(plays, command.force, context), surroundings);
    return showPlans(plans, command, session);
  }
  const result = await rollout(
    plays,
    {
      force: command.force,
      pullsPerHost: command.pullsPerHost,
      resumption: goingOn?.resumption,
      ...(goingOn && { onHeld: onceHeld(goingOn.told.history, goingOn.isForced, session) }),
      onPlanned: (plans) => {
        printPlans(plans, command, session);
      },
      pace: { notAfter, ignoreFreeze: command.pacing.ignoreFreeze },
      confirm: async () => command.yes || confirm(GO_ON, surroundings),
    },
    context,
  );
  return conclude('rollout', result, session);
}

/** @throws Failure `config` when a variable that was not kept has not been given again */
function demandHidden({ run, hiddenVars, given }: GoingOn, vault: Vault): void {
  const names = Object.keys(parseExtraVars(given, (path) => textOf(path), vault).vars);
  const missing = hiddenVars.filter((path) => !names.includes(path.split('.')[0] ?? ''));
  if (missing.length === 0) return;
  const why = `its journal does not keep secrets: give ${missing.join(', ')} again with -e`;
  throw new Failure('config', `Cannot go on with run ${run}: ${why}`);
}

/** @throws Failure `config` when what is asked for now is not what was asked for then */
function demandSame({ run, fingerprint }: GoingOn, now: string): void {
  if (fingerprint === undefined || fingerprint === now) return;
  const what = 'playbook, inventory or variables say otherwise than when it began';
  throw new Failure('config', `Cannot go on with run ${run}: ${what}; --changed goes on with what they say now`);
}

function resumptionText({ run, resumption }: GoingOn): string[] {
  const { updated, failed, inWork, notReached, skipFailed } = resumption;
  const counts = [
    `${updated.size} updated`,
    `${failed.size} failed (${skipFailed ? 'left as they are' : 'tried again'})`,
    `${inWork.size} in work`,
    `${notReached.size} not reached`,
  ];
  return [`Going on with run ${run}: ${counts.join(', ')}`];
}

/** @throws Failure `config` with everything that is wrong in the playbook */
function playsOf(
  command: Common & Playing,
  { inventory, vault, context }: CliSession,
): { readonly plays: readonly Play[]; readonly extraVars: Vars } {
  const { playbook, limit, tags, skipTags } = command;
  const written = lookThrough(playbook, textFile(playbook, LARGEST_BY_HAND), vault);
  const { vars: extraVars, whereOf: whereOfExtraVar } = parseExtraVars(
    command.extraVars,
    (path) => textOf(path),
    vault,
  );
  const selection = { ...(limit !== undefined && { limit }), tags, skipTags, extraVars, whereOfExtraVar };
  const around = { shuffleBy: context.identity.run, secrets: vault.secrets, playbookDir: dirname(resolve(playbook)) };
  const plays = resolvePlays(written, inventory, { ...selection, ...around });
  return { plays, extraVars };
}
