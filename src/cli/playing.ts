/** `rollout` and `plan`: the same way, one looks and the other acts. */
import { readFileSync } from 'node:fs';
import { systemClock } from '../adapters/system-clock.ts';
import { parseExtraVars } from '../config/playbook/extra-vars.ts';
import { readPlaybook } from '../config/playbook/read.ts';
import { resolvePlays } from '../config/playbook/resolve.ts';
import type { Inventory, Vars } from '../config/inventory/inventory.ts';
import { Failure, HAS_CHANGES_STATUS, reasonOf } from '../errors.ts';
import { planText } from '../report/plan.ts';
import { hasChanges, type PlayPlan } from '../rollout/plan.ts';
import type { Play } from '../rollout/play.ts';
import { plan, rollout } from '../runner/rollout.ts';
import type { Command, Common, Playing } from './command.ts';
import { confirm } from './confirm.ts';
import { fingerprintOf, invocationOf } from './invocation.ts';
import { conclude } from './conclude.ts';
import { notAfterOf, paced } from './pacing.ts';
import { inSession, interruptible, type CliSession } from './session.ts';
import type { Surroundings } from './surroundings.ts';

type PlayingCommand = Extract<Command, { name: 'rollout' | 'plan' }>;

export async function play(command: PlayingCommand, surroundings: Surroundings): Promise<number> {
  return inSession(command, surroundings, async (session) => {
    const notAfter = notAfterOf(command.pacing.notAfter, systemClock.date());
    const { plays: written, extraVars } = playsOf(command, session.inventory);
    const plays = paced(written, command.pacing, command);
    const { context } = session;
    const hosts = [...new Set(plays.flatMap((one) => one.hosts.map(({ host }) => host)))];
    session.prepare(hosts);
    const isPlan = command.name === 'plan' || command.check;
    const asked = { invocation: invocationOf(command, extraVars), fingerprint: fingerprintOf(written) };
    await session.begin(isPlan ? { command: 'plan', hosts } : { command: 'rollout', hosts, ...asked }, !isPlan);
    if (isPlan) {
      const plans = await interruptible(plan(plays, command.force, context), surroundings);
      return showPlan(plans, command, session);
    }
    const result = await rollout(
      plays,
      {
        force: command.force,
        onPlanned: (plans) => {
          print(plans, command, session);
        },
        pace: { notAfter, ignoreFreeze: command.pacing.ignoreFreeze },
        confirm: async () => command.yes || confirm('Go on?', surroundings),
      },
      context,
    );
    return conclude('rollout', result, session);
  });
}

/** @throws Failure `config` with everything that is wrong in the playbook */
function playsOf(
  command: Common & Playing,
  inventory: Inventory,
): { readonly plays: readonly Play[]; readonly extraVars: Vars } {
  const { playbook, limit, tags, skipTags } = command;
  const written = readPlaybook(playbook, read(playbook));
  const extraVars = parseExtraVars(command.extraVars, read);
  const selection = { ...(limit !== undefined && { limit }), tags, skipTags, extraVars };
  return { plays: resolvePlays(written, inventory, selection), extraVars };
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const why =
      error instanceof Error && 'code' in error && error.code === 'ENOENT' ? 'there is no such file' : reasonOf(error);
    throw new Failure('config', `Cannot read ${path}: ${why}`, { cause: error });
  }
}

function print(plans: readonly PlayPlan[], { diff }: Playing, { print: out, paint }: CliSession): void {
  for (const one of plans) out(planText(one, { paint, diff }));
}

function showPlan(plans: readonly PlayPlan[], command: Playing, session: CliSession): number {
  print(plans, command, session);
  const exitStatus = command.detailedExitcode && plans.some(hasChanges) ? HAS_CHANGES_STATUS : 0;
  const ms = systemClock.now() - session.startedMs;
  session.report({ type: 'run-ended', command: 'plan', end: 'done', ms, hosts: [], exitStatus });
  return exitStatus;
}
