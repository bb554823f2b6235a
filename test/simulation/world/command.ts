import type { Change } from './watchman.ts';

/** What a controller asks of a host: one command, one answer. */
export interface Command<T> {
  readonly name: string;
  readonly service: 'docker' | 'haproxy' | 'host';
  /** Undefined: it only looks. */
  readonly change?: Change;
  /** Between the command's effect and its answer, in milliseconds. */
  readonly takesMs?: number;
  readonly run: () => T;
}

export function attempt<T>(act: () => T): { readonly value: T } | { readonly error: unknown } {
  try {
    return { value: act() };
  } catch (error) {
    return { error };
  }
}

export function codeOf({ service }: Command<unknown>): 'docker' | 'haproxy' | 'error' {
  return service === 'host' ? 'error' : service;
}
