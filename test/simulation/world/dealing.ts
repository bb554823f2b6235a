import type { RunEvent } from '../../../src/rollout/events.ts';
import type { Step } from '../../../src/rollout/lifecycle.ts';
import type { SimHost } from './host.ts';

/** What a controller knows of one host, and what it did there. */
export interface Dealing {
  /** When it was given the lock last. */
  lockedMs: number | undefined;
  firstChangeMs: number | undefined;
  lastChangeMs: number;
  step: Step | undefined;
  /** How many events there were when that was told, with it. */
  stepEvent: number;
  isHomeward: boolean;
  stepMs: number;
  /** When it first looked at a server since it last began to drain there, by path. */
  readonly firstLookMs: Map<string, number>;
  /** What it last saw of a backend, and in which worker. */
  readonly usable: Map<string, { readonly count: number; readonly pid: number }>;
  /** The connection breaks. */
  onCut: () => void;
}

function aDealing(): Dealing {
  return {
    lockedMs: undefined,
    firstChangeMs: undefined,
    lastChangeMs: -Infinity,
    step: undefined,
    stepEvent: 0,
    isHomeward: false,
    stepMs: 0,
    firstLookMs: new Map(),
    usable: new Map(),
    onCut: () => undefined,
  };
}

/** It has said that it begins a step there. */
export function begins(
  dealing: Dealing,
  { step, homeward }: Extract<RunEvent, { type: 'step-started' }>,
  { nowMs, events }: { readonly nowMs: number; readonly events: number },
): void {
  Object.assign(dealing, { step, stepEvent: events, isHomeward: homeward, stepMs: nowMs });
  if (step === 'drain' || step === 'withdraw') dealing.firstLookMs.clear();
}

/** It begins the step once more: as long as nothing was changed, it may not have heard what it had looked at. */
export function retries(dealing: Dealing): void {
  if (dealing.lastChangeMs < dealing.stepMs) dealing.firstLookMs.clear();
}

/** By host; one that it has not dealt with yet begins when it is asked for. */
export class Dealings extends Map<SimHost, Dealing> {
  of(host: SimHost): Dealing {
    const known = this.get(host) ?? aDealing();
    this.set(host, known);
    return known;
  }
}
