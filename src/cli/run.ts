import type { Command } from './command.ts';
import { readArguments } from './arguments.ts';
import type { Surroundings } from './surroundings.ts';

/** Carries out one command line and resolves with its exit status; every foreseen failure is thrown as a `Failure`. */
export async function run(argv: readonly string[], surroundings: Surroundings): Promise<number> {
  const command = await readArguments(argv, surroundings);
  return command ? dispatch(command, surroundings) : 0;
}

/** What a command needs is loaded when it is asked for: `--help` must not wait for SSH and Docker libraries. */
async function dispatch(command: Command, surroundings: Surroundings): Promise<number> {
  switch (command.name) {
    case 'rollout':
    case 'plan':
      return (await import('./playing.ts')).play(command, surroundings);
    case 'rollback':
      return (await import('./rollback.ts')).rollback(command, surroundings);
    case 'drain':
      return (await import('./maintenance.ts')).drain(command, surroundings);
    case 'restore':
      return (await import('./maintenance.ts')).restore(command, surroundings);
    case 'switch-back':
      return (await import('./kept-sets.ts')).switchBack(command, surroundings);
    case 'retire':
      return (await import('./kept-sets.ts')).retire(command, surroundings);
    case 'maintain':
      return (await import('./maintain.ts')).maintain(command, surroundings);
    case 'recover':
      return (await import('./maintenance.ts')).recover(command, surroundings);
    case 'haproxy':
      return 'playbook' in command
        ? (await import('./haproxy-config.ts')).haproxyConfig(command, surroundings)
        : (await import('./haproxy-runtime.ts')).haproxyRuntime(command, surroundings);
    case 'lock':
      return (await import('./locks.ts')).lock(command, surroundings);
    case 'doctor':
      return (await import('./doctor.ts')).doctor(command, surroundings);
    case 'hosts':
      return (await import('./hosts.ts')).trustHosts(command, surroundings);
    case 'inventory':
      return (await import('./inventory.ts')).inventory(command, surroundings);
    case 'history':
      return (await import('./looking-back.ts')).history(command, surroundings);
    case 'show':
      return (await import('./looking-back.ts')).show(command, surroundings);
    case 'resume':
      return (await import('./resuming.ts')).resume(command, surroundings);
    case 'status':
      return (await import('./maintenance.ts')).status(command, surroundings);
  }
}
