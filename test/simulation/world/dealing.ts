import type { Failure } from '../../../src/errors.ts';
import type { RunEvent } from '../../../src/rollout/events.ts';
import type { Step } from '../../../src/rollout/lifecycle.ts';
import { containerOf, homeOf, toldAs } from './fronts.ts';
import type { SimHost } from './host.ts';
import { aboutWhom, namesIn } from './touches.ts';
import type { Change } from './watchman.ts';

/** A step that has begun. */
export interface Taken {
  readonly step: Step;
  /** How many events there were when that was told, with it. */
  readonly event: number;
  readonly isHomeward: boolean;
  readonly ms: number;
  /** When it last changed something of what the step is about. */
  changedMs: number;
}

/** How many servers of a backend were usable when somebody looked, in which worker, and when that was. */
export interface SeenUsable {
  readonly count: number;
  readonly pid: number;
  readonly ms: number;
  /** Since when every look has found it below its floor. */
  readonly shortMs: number | undefined;
}

/** What a controller knows of one host, and what it did there. */
export interface Dealing {
  /** When it was given the lock last. */
  lockedMs: number | undefined;
  firstChangeMs: number | undefined;
  lastChangeMs: number;
  /** The last step of each instance, or of each server that is drained by hand, by the name it is told of by. */
  readonly steps: Map<string, Taken>;
  /** When it first looked at a server since it last began to drain there, by path. */
  readonly firstLookMs: Map<string, number>;
  /** What it last saw of a backend. */
  readonly usable: Map<string, SeenUsable>;
  /** The connection breaks. */
  onCut: () => void;
  /** What waits for a service that hangs. */
  readonly waiting: Set<(error: Failure) => void>;
  /** An answer about its lock did not come, or was no good: whose it is may not be known there. */
  isLockUnsure: boolean;
}

function aDealing(): Dealing {
  return {
    lockedMs: undefined,
    firstChangeMs: undefined,
    lastChangeMs: -Infinity,
    steps: new Map(),
    firstLookMs: new Map(),
    usable: new Map(),
    onCut: () => undefined,
    waiting: new Set(),
    isLockUnsure: false,
  };
}

/** By host; one that it has not dealt with yet begins when it is asked for. */
export class Dealings extends Map<SimHost, Dealing> {
  of(host: SimHost): Dealing {
    const known = this.get(host) ?? aDealing();
    this.set(host, known);
    return known;
  }

  /** It has said that it begins a step there. */
  begins(
    host: SimHost,
    { step, homeward, subject: { name } }: Extract<RunEvent, { type: 'step-started' }>,
    { nowMs, events }: { readonly nowMs: number; readonly events: number },
  ): void {
    const { steps } = this.of(host);
    const changedMs = steps.get(name)?.changedMs ?? -Infinity;
    steps.set(name, { step, event: events, isHomeward: homeward, ms: nowMs, changedMs });
    if (step === 'drain' || step === 'withdraw') this.#forgetLooks(host, name);
  }

  /** It begins the step once more: as long as nothing was changed, it may not have heard what it had looked at. */
  retries(host: SimHost, name: string): void {
    const taken = this.of(host).steps.get(name);
    if (taken && taken.changedMs < taken.ms) this.#forgetLooks(host, name);
  }

  #forgetLooks(host: SimHost, name: string): void {
    for (const at of host.fronts) {
      const { firstLookMs } = this.of(at);
      for (const path of firstLookMs.keys()) {
        const isIts = homeOf(at, path.slice(path.indexOf('/') + 1)) === host && containerOf(path) === name;
        if (isIts || toldAs(host, { at, path }) === name) firstLookMs.delete(path);
      }
    }
  }

  /**
   * The steps that a change may be made by: those of what it is about, or, where nothing is under way there, any. Only
   * what is written into the record may be about several.
   */
  stepsOf(host: SimHost, change: Change): readonly Taken[] {
    const { steps } = this.of(aboutWhom(host, change));
    const about = namesIn(host, change).flatMap((name) => steps.get(name) ?? []);
    return about.length > 0 ? about : [...steps.values()];
  }

  /** It has said that it is done with an instance. */
  ends(host: SimHost, name: string): void {
    this.of(host).steps.delete(name);
  }
}
