import { Complaints, failureOf } from '../config/document.ts';
import { textOf } from '../config/reading.ts';
import { Failure, reasonOf } from '../errors.ts';

/**
 * The text of a file that the command line names.
 *
 * @throws Failure `config` when it cannot be read, is larger than `mostMb`, or is no text
 */
export function textFile(path: string, mostMb?: number): string {
  try {
    return textOf(path, mostMb);
  } catch (error) {
    if (error instanceof Complaints) throw failureOf(error.complaints);
    throw new Failure('config', `Cannot read ${path}: ${reasonOf(error)}`, { cause: error });
  }
}
