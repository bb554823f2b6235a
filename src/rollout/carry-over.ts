/** Which servers a reload must not bring back as they are configured. */
import type { AdminState, Server, Standing } from './model.ts';

/** One server as it stands at runtime, for the worker that comes after the one that was asked. */
export interface Carried extends Standing {
  readonly server: Server;
  readonly configuredWeight: number;
  readonly isRunning: boolean;
  /** The configuration has it `disabled`, whatever has become of that since. */
  readonly isDisabled: boolean;
  /** It has an agent-check, which is kept silent. */
  readonly isAgentSilent: boolean;
}

/** Whether a worker that begins as configured would have it otherwise. */
export function standsApart(one: Carried): boolean {
  return isSet(one) || (!one.isRunning && !one.isDisabled);
}

/** Whether somebody has set it otherwise than it is configured. */
export function isSet(one: Carried): boolean {
  return one.admin !== configuredAdmin(one) || one.weight !== one.configuredWeight || one.isAgentSilent;
}

function configuredAdmin({ isDisabled }: Carried): AdminState {
  return isDisabled ? 'maint' : 'ready';
}

/** What is to be set in a new worker, where `now` is how it has the server. */
export interface Correction {
  readonly weight?: number;
  readonly admin?: AdminState;
  readonly silenceAgent?: true;
}

/**
 * What somebody has set at runtime stays; what was as configured is as it is configured now. A server that was enabled
 * although its configuration disabled it stays so, unless only the new configuration disables it.
 */
export function correctionOf(before: Carried, now: Carried): Correction | undefined {
  const weight = before.weight !== before.configuredWeight ? before.weight : now.configuredWeight;
  const admin = before.admin !== configuredAdmin(before) ? before.admin : configuredAdmin(now);
  const correction: Correction = {
    ...(weight !== now.weight && { weight }),
    ...(admin !== now.admin && { admin }),
    ...(before.isAgentSilent && !now.isAgentSilent && { silenceAgent: true as const }),
  };
  return Object.keys(correction).length === 0 ? undefined : correction;
}
