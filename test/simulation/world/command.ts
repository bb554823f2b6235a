import { Failure } from '../../../src/errors.ts';
import type { CallFault } from '../faults.ts';
import type { SimHost } from './host.ts';
import type { Change } from './watchman.ts';

/** What a controller asks of a host: one command, one answer. */
export interface Command<T> {
  readonly name: string;
  readonly service: 'docker' | 'haproxy' | 'host';
  /** Undefined: it only looks. */
  readonly change?: Change;
  /** Between the command's effect and its answer, in milliseconds. */
  readonly takesMs?: number;
  /** After so many milliseconds without an answer it is given up on; undefined: as the adapters do with most. */
  readonly withinMs?: number;
  readonly run: () => T;
}

/** A command on its way, and who waits for its answer. */
export interface Sent<T> {
  readonly fault: CallFault | undefined;
  readonly sentMs: number;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

export function attempt<T>(act: () => T): { readonly value: T } | { readonly error: unknown } {
  try {
    return { value: act() };
  } catch (error) {
    return { error };
  }
}

const HAPROXY_WITHIN_MS = 10_000;
const LOOK_WITHIN_MS = 15_000;
const CHANGE_WITHIN_MS = 60_000;

/** How long the adapters wait for an answer, in milliseconds. */
export function patienceWith({ service, change, withinMs }: Command<unknown>): number {
  if (withinMs !== undefined) return withinMs;
  if (service === 'haproxy') return HAPROXY_WITHIN_MS;
  return change ? CHANGE_WITHIN_MS : LOOK_WITHIN_MS;
}

export function lostOf({ name }: SimHost): Failure {
  return new Failure('unreachable', `Cannot reach ${name}: the connection was lost`);
}

export function codeOf({ service }: Command<unknown>): 'docker' | 'haproxy' | 'error' {
  return service === 'host' ? 'error' : service;
}

/** Why the host does nothing of it, or undefined. */
export function refusalOf(command: Command<unknown>, host: SimHost, fault: CallFault | undefined): Failure | undefined {
  const { service, name } = command;
  const isDown = (service === 'docker' && host.engine.isDown) || (service === 'haproxy' && host.haproxy.isDown);
  if (isDown || fault?.how === 'refused') {
    const code = service === 'host' ? 'unreachable' : 'refused';
    return new Failure(code, `Cannot "${name}" on ${host.name}: connection refused`);
  }
  if (fault?.how !== 'error') return undefined;
  return new Failure(codeOf(command), `Cannot "${name}" on ${host.name}: it answers with an error`);
}
