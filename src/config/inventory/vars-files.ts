import { join } from 'node:path';
import { Complaints, readDocument } from '../document.ts';
import { bytesOf, folderAt, isFolder } from '../reading.ts';
import { isMapping } from '../values.ts';
import type { Vault } from '../vault.ts';
import type { VarsFolder } from './assemble.ts';
import type { Layer } from './draft.ts';
import { varsEntryOf, varsFilesAmong } from './sources.ts';
import { kindOf } from './yaml.ts';

/** Reads what can be read; whatever cannot has been complained about, and is undefined. */
export type Attempt = <T>(file: string, read: () => T) => T | undefined;

/** The group_vars and host_vars in a folder. Those of a name are read when they are asked for, and only once. */
export function varsIn(folder: string, vault: Vault, attempt: Attempt): VarsFolder {
  const reader = (kind: string) => layersReader(join(folder, kind), vault, attempt);
  return { ofGroup: reader('group_vars'), ofHost: reader('host_vars') };
}

function layersReader(folder: string, vault: Vault, attempt: Attempt): (name: string) => readonly Layer[] {
  const top = attempt(folder, () => (isFolder(folder) ? folderAt(folder, []) : undefined)) ?? { names: [], way: [] };
  const entries = new Set(top.names);
  const known = new Map<string, readonly Layer[]>();
  return (name) => {
    const entry = varsEntryOf(name, entries);
    if (entry === undefined) return [];
    const layers = known.get(name) ?? layersBelow(join(folder, entry), { vault, attempt, way: top.way });
    known.set(name, layers);
    return layers;
  };
}

interface Reading {
  readonly vault: Vault;
  readonly attempt: Attempt;
  /** The folders that were come through. */
  readonly way: readonly string[];
}

function layersBelow(path: string, reading: Reading): readonly Layer[] {
  const { vault, attempt } = reading;
  const found = attempt(path, () => (isFolder(path) ? folderAt(path, reading.way) : layerIn(path, vault)));
  if (found === undefined) return [];
  if (!('way' in found)) return [found];
  return varsFilesAmong(found.names).flatMap((name) =>
    layersBelow(join(path, name), { vault, attempt, way: found.way }),
  );
}

function layerIn(file: string, vault: Vault): Layer | undefined {
  const document = readDocument(file, bytesOf(file), vault);
  const { written } = document;
  if (written === null) return undefined;
  if (isMapping(written)) {
    return { vars: written, placeOf: (variable) => ({ file, ...document.at([variable], 'key') }) };
  }
  throw new Complaints([document.complaint([], `should be a mapping of variables, is ${kindOf(written)}`)]);
}
