import { Failure } from '../../src/errors.ts';

/** What a snapshot of the fake Engine's says. */
export function parsed(snapshot: string): {
  readonly id: string;
  readonly reference: string;
  readonly settings: [string, unknown][];
} {
  try {
    return JSON.parse(snapshot) as ReturnType<typeof parsed>;
  } catch (error) {
    throw new Failure('docker', 'Cannot read the snapshot', { cause: error });
  }
}
