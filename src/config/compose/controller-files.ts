/** Files of the controller that say something of a container: what `env_file` and `label_file` name. */
import { resolve } from 'node:path';
import { isRefusal, reasonOf } from '../../errors.ts';
import { Complaints } from '../document.ts';
import type { EnvFile } from '../playbook/env-files.ts';
import { EnvFileProblem, parseEnvFile, parseRawEnvFile, type Variables } from './env-file.ts';
import type { Secrets } from '../../rollout/secret.ts';
import * as reading from '../reading.ts';
import type { Lookup } from './interpolation.ts';

/** The message says which file, and where in it. */
export class FileProblem extends Error {
  override readonly name = 'FileProblem';
}

/**
 * The text of a file of the controller; undefined when there is none.
 *
 * @throws FileProblem when it cannot be read, is no text, or is larger than 10 MB
 */
export function textOf(path: string): string | undefined {
  try {
    return reading.textOf(path);
  } catch (error) {
    if (error instanceof Complaints) throw new FileProblem(error.message);
    if (isMissing(error)) return undefined;
    throw new FileProblem(`cannot read ${path}: ${reasonOf(error)}`);
  }
}

/**
 * What a file of the controller holds, whatever it is.
 *
 * @throws FileProblem
 */
export function bytesOf(path: string): Buffer {
  try {
    return reading.bytesOf(path);
  } catch (error) {
    if (error instanceof Complaints) throw new FileProblem(error.message);
    throw new FileProblem(`cannot read ${path}: ${isMissing(error) ? 'there is no such file' : reasonOf(error)}`);
  }
}

function isMissing(error: unknown): boolean {
  return isRefusal(error, 'ENOENT') || isRefusal(error, 'ENOTDIR');
}

export interface VariablesAround {
  /** What the files are beside, unless their path says more. */
  readonly folder: string;
  readonly lookup: Lookup;
  /** Gets what they have under the name of a secret, also where a later file says otherwise. */
  readonly secrets: Secrets | undefined;
}

/**
 * The variables of these files, a later one over an earlier.
 *
 * @throws FileProblem
 */
export function variablesOf(files: readonly EnvFile[], { folder, lookup, secrets }: VariablesAround): Variables {
  const each = files.map((file) => variablesIn(file, resolve(folder, file.path), lookup));
  for (const variables of each) secrets?.addNamed('env_file', variables);
  return Object.assign({}, ...each) as Variables;
}

function variablesIn({ required, isRaw }: EnvFile, path: string, lookup: Lookup): Variables {
  const text = textOf(path);
  if (text === undefined) {
    if (!required) return {};
    throw new FileProblem(`cannot read ${path}: there is no such file`);
  }
  try {
    return isRaw ? parseRawEnvFile(text) : parseEnvFile(text, lookup);
  } catch (error) {
    if (!(error instanceof EnvFileProblem)) throw error;
    throw new FileProblem(`${path}:${error.line}: ${error.message}`);
  }
}
