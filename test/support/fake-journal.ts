import { Failure } from '../../src/errors.ts';
import type { Journal } from '../../src/runner/ports/ports.ts';

/** A journal on a disk that may be full. */
export class FakeJournal implements Journal {
  isFull = false;

  async settled(): Promise<void> {
    if (this.isFull) throw new Failure('error', 'Cannot write the journal: no space left on device');
  }
}
