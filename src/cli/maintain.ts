/** `maintain`: hosts out of service one after the other, a command or a reboot there, and back. */
import { selectHosts } from '../config/inventory/patterns.ts';
import { maintenanceText } from '../report/maintenance.ts';
import type { MaintenancePlan } from '../rollout/maintenance.ts';
import { maintainHosts } from '../runner/maintenance/maintain-hosts.ts';
import { planMaintenance, type MaintainRequest } from '../runner/maintenance/maintain-plan.ts';
import type { Command } from './command.ts';
import { conclude } from './conclude.ts';
import { confirm, demandTerminal, GO_ON } from './confirm.ts';
import { inSession, interruptible, type CliSession } from './session.ts';
import type { Surroundings } from './surroundings.ts';

type MaintainCommand = Extract<Command, { name: 'maintain' }>;

export async function maintain(command: MaintainCommand, around: Surroundings): Promise<number> {
  if (!command.check && !command.yes) demandTerminal(GO_ON, around);
  return inSession(command, around, async (session) => {
    const { inventory, prepare, begin, context } = session;
    const hosts = selectHosts(inventory, command.pattern, command.limit);
    const balancers = command.balancerHosts === undefined ? undefined : selectHosts(inventory, command.balancerHosts);
    await prepare([...hosts, ...(balancers ?? [])]);
    await begin({ command: 'maintain', hosts }, !command.check);
    const request = requestOf(command, { hosts, balancers }, { session, around });
    if (command.check) {
      request.onPlanned(await interruptible(() => planMaintenance(request, context), around));
      return 0;
    }
    return conclude('maintain', await maintainHosts(request, context), session);
  });
}

function requestOf(
  command: MaintainCommand,
  where: Pick<MaintainRequest, 'hosts' | 'balancers'>,
  { session, around }: { readonly session: CliSession; readonly around: Surroundings },
): MaintainRequest {
  const { place, serial, work, needsRoot, policy, minUp, commandWithinMs, backWithinMs, onFailure } = command;
  return {
    ...where,
    ...{ place, serial, work, needsRoot, policy, minUp, commandWithinMs, backWithinMs, onFailure },
    onPlanned: (plan: MaintenancePlan) => {
      session.print(maintenanceText(plan, session.paint));
    },
    confirm: async () => command.yes || confirm(GO_ON, around),
  };
}
