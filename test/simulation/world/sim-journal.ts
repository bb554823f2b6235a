import { Failure } from '../../../src/errors.ts';
import type { Journal } from '../../../src/runner/ports/ports.ts';
import type { Controller } from './controller.ts';

const SYNCS_WITHIN_MS = 2;

/** The journal of one controller, on its own disk: what is not synced when it is killed is lost. */
export class SimJournal implements Journal {
  readonly #controller: Controller;
  /** How many of its events are on the disk. */
  kept = 0;
  /** The disk is full, for the rest of the run. */
  isBroken = false;

  constructor(controller: Controller) {
    this.#controller = controller;
  }

  async settled(): Promise<void> {
    const reported = this.#controller.events.length;
    await this.#controller.local(SYNCS_WITHIN_MS);
    if (this.isBroken) throw new Failure('error', 'Cannot write the journal: no space left on device');
    this.kept = Math.max(this.kept, reported);
  }
}
