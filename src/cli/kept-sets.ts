/** `switch-back` and `retire`: what becomes of the old containers that a `blue-green` rollout has kept. */
import { selectHosts } from '../config/inventory/patterns.ts';
import { retireHosts } from '../runner/recovery/retire-hosts.ts';
import { switchBackHosts } from '../runner/recovery/switch-back-hosts.ts';
import type { Command } from './command.ts';
import { conclude } from './conclude.ts';
import { inSession, type CliSession } from './session.ts';
import type { Surroundings } from './surroundings.ts';

type KeptCommand = Extract<Command, { name: 'switch-back' | 'retire' }>;

export async function switchBack(command: KeptCommand, around: Surroundings): Promise<number> {
  return inSession(command, around, async (session) => {
    const hosts = await startOn(command, session);
    return conclude('switch-back', await switchBackHosts({ hosts }, session.context), session);
  });
}

export async function retire(command: KeptCommand, around: Surroundings): Promise<number> {
  return inSession(command, around, async (session) => {
    const hosts = await startOn(command, session);
    return conclude('retire', await retireHosts({ hosts }, session.context), session);
  });
}

async function startOn(
  { name, pattern, limit }: KeptCommand,
  { inventory, begin, prepare }: CliSession,
): Promise<readonly string[]> {
  const hosts = selectHosts(inventory, pattern, limit);
  await prepare(hosts);
  await begin({ command: name, hosts }, true);
  return hosts;
}
