/** `lock`: who holds which hosts, and what to do about it. */
import { selectHosts } from '../config/inventory/patterns.ts';
import { EVENT_SCHEMA } from '../rollout/events.ts';
import { locksText } from '../report/locks.ts';
import { breakLocks, holdOnPurpose, listLocks, releaseLocks, type HostLockState } from '../runner/hosts/lock-hosts.ts';
import type { Command } from './command.ts';
import { confirm } from './confirm.ts';
import { statusOfAll } from './exit-of.ts';
import { inSession, interruptible, type CliSession } from './session.ts';
import type { Surroundings } from './surroundings.ts';

type LockCommand = Extract<Command, { name: 'lock' }>;

export async function lock(command: LockCommand, around: Surroundings): Promise<number> {
  return inSession(command, around, async (session) => {
    const { inventory, prepare } = session;
    const hosts = selectHosts(inventory, command.pattern, command.limit);
    await prepare(hosts);
    return act(command, hosts, { session, around });
  });
}

async function act(
  command: LockCommand,
  hosts: readonly string[],
  { session, around }: { readonly session: CliSession; readonly around: Surroundings },
): Promise<number> {
  const { context, print } = session;
  switch (command.action) {
    case 'list': {
      const locks = await interruptible(() => listLocks(hosts, context), around);
      const lines = command.json ? locks.map(lockJson) : locksText(locks, session.paint);
      around.stdout.write(lines.map((line) => `${line}\n`).join(''));
      return statusOfAll(locks.flatMap(({ failure }) => failure ?? []));
    }
    case 'take':
      await holdOnPurpose(hosts, command.note, context);
      print([`held on purpose: ${hosts.join(', ')}`]);
      return 0;
    case 'release':
      print([`locks released: ${await releaseLocks(hosts, context)}`]);
      return 0;
    case 'break': {
      const ask = (locks: readonly string[]): Promise<boolean> =>
        confirm(`${locks.join('\n')}\nBreak ${locks.length === 1 ? 'it' : 'them'}?`, around);
      const confirmed = async (locks: readonly string[]): Promise<boolean> => command.yes || ask(locks);
      const { force } = command;
      print([`locks broken: ${await breakLocks({ hosts, force, confirm: confirmed }, context)}`]);
      return 0;
    }
  }
}

function lockJson({ host, lock: found, failure }: HostLockState): string {
  const state = failure ? 'unknown' : (found?.state ?? 'free');
  const rest = found && { owner: found.owner, ageMs: found.ageMs };
  return JSON.stringify({
    ...{ schema: EVENT_SCHEMA, type: 'host-lock', host, state, ...rest },
    failure: failure?.message,
  });
}
