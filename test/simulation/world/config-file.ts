/** The configuration file of a simulated HAProxy: what sluice sees of it is a text, like any other. */
import { standsApart, type Carried } from '../../../src/rollout/carry-over.ts';
import type { ServerLine, Slot } from './worker.ts';

export interface SimConfig {
  readonly lines: readonly ServerLine[];
  /** What tells it from others of the same lines. */
  readonly comment?: string;
  /** HAProxy refuses it, or has nothing against it and starts no worker with it. */
  readonly flaw?: 'refused' | 'unstartable';
  /** It has a server-state file of its own, so that it cannot be led through another. */
  readonly isStateful?: boolean;
  /** A worker begins with the servers as the state beside the file has them. */
  readonly isPassage?: boolean;
}

const HEAD = 'defaults\n    option idle-close-on-response\n';

export function textOf(config: SimConfig): string {
  return `${HEAD}${JSON.stringify(config)}\n`;
}

export function configIn(text: string): SimConfig {
  return JSON.parse(text.slice(HEAD.length)) as SimConfig;
}

/** One server in the state beside the file; `isUntouched` is nothing that HAProxy knows. */
export interface KeptSlot {
  readonly path: string;
  readonly carried: Omit<Carried, 'server'>;
  readonly isUntouched: boolean;
}

export function keptOf({ path, line, weight, admin, isUp, hasAgent, isUntouched }: Slot): KeptSlot {
  const isAgentSilent = line.hasAgent === true && !hasAgent;
  const isRunning = isUp && admin !== 'maint';
  const carried = { weight, admin, configuredWeight: line.weight, isRunning, isDisabled: false, isAgentSilent };
  return { path, carried, isUntouched };
}

/** Those that are worth a passage. */
export function apart(kept: readonly KeptSlot[]): readonly KeptSlot[] {
  // Of a server only how it stands is looked at.
  return kept.filter(({ carried }) => standsApart(carried as Carried));
}

/** As HAProxy does by its server-state file: a weight that is configured otherwise now wins. */
export function bringIn(slot: Slot, { carried, isUntouched }: KeptSlot): void {
  const { weight, admin, configuredWeight, isRunning } = carried;
  slot.admin = admin;
  slot.isUp = isRunning || admin === 'maint';
  if (configuredWeight !== slot.line.weight) return;
  slot.weight = weight;
  slot.isUntouched = isUntouched;
}
