/** What the command line says of how hosts are reached. */
import type { AskSecret } from '../adapters/ssh/key-files.ts';
import type { NetworkOptions } from '../adapters/ssh/network.ts';
import type { ConnectionOverrides } from '../config/inventory/connection.ts';
import type { Transport } from '../rollout/ssh-request.ts';
import type { Common, Connection } from './command.ts';
import { durationMs } from './duration.ts';
import { promptSecret } from './prompt.ts';
import type { Surroundings } from './surroundings.ts';

export const connectionOptions = {
  user: { alias: 'u', type: 'string', requiresArg: true, describe: 'SSH user' },
  'private-key': { alias: 'key-file', type: 'string', requiresArg: true, describe: 'SSH private key file' },
  'connect-timeout': { alias: 'T', type: 'string', requiresArg: true, describe: 'SSH connect timeout, such as 10s' },
  'ssh-config': {
    type: 'string',
    requiresArg: true,
    describe: 'SSH configuration to read in place of ~/.ssh/config, or none',
  },
  transport: {
    choices: ['ssh2', 'openssh'] as const,
    describe: "Who connects: sluice itself, or the system's ssh, with all that it can do (as configured, else ssh2)",
  },
  'host-key-checking': {
    choices: ['yes', 'accept-new', 'no'] as const,
    describe: 'Whether unknown SSH host keys are refused, added or not looked at (as configured, else yes)',
  },
} as const;

export interface ConnectionArgs {
  readonly user?: string | undefined;
  readonly 'private-key'?: string | undefined;
  readonly 'connect-timeout'?: string | undefined;
  readonly 'ssh-config'?: string | undefined;
  readonly transport?: Transport | undefined;
  readonly 'host-key-checking'?: 'yes' | 'accept-new' | 'no' | undefined;
}

/** @throws Failure `config` for a duration that is none */
export function connectionIn(args: ConnectionArgs): Connection {
  const timeout = args['connect-timeout'];
  return {
    user: args.user,
    privateKey: args['private-key'],
    timeoutMs:
      timeout === undefined
        ? undefined
        : durationMs('--connect-timeout', /^\d+$/.test(timeout) ? `${timeout}s` : timeout),
    configFile: args['ssh-config'],
    transport: args.transport,
    hostKeyChecking: args['host-key-checking'],
  };
}

/** How hosts are reached, but for what the inventory says. */
export function reachingOf(
  command: Common,
  surroundings: Surroundings,
): { readonly overrides: ConnectionOverrides; readonly network: NetworkOptions } {
  return { overrides: overridesOf(command.connection), network: networkOf(command, surroundings) };
}

/** What counts for the hosts themselves, in place of what their inventory says. */
function overridesOf({ user, privateKey, timeoutMs, configFile, transport }: Connection): ConnectionOverrides {
  return {
    ...(user !== undefined && { user }),
    ...(privateKey !== undefined && { privateKeyFile: privateKey }),
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(configFile !== undefined && { configFile }),
    ...(transport !== undefined && { transport }),
  };
}

/** What counts for jump hosts as well. Nobody is asked for a passphrase where nobody would be asked for anything else. */
function networkOf({ connection, json }: Common, surroundings: Surroundings): NetworkOptions {
  const { environment, stdin, stderr, stop } = surroundings;
  const ask: AskSecret = async (question, judge) => {
    const judged = await promptSecret(question, { surroundings, signal: stop.beforeNext }, judge);
    stop.beforeNext.throwIfAborted();
    return judged;
  };
  return {
    environment,
    hostKeyChecking: connection.hostKeyChecking,
    warn: (text) => stderr.write(`warning: ${text}\n`),
    ask: stdin.isTTY && !json ? ask : undefined,
  };
}
