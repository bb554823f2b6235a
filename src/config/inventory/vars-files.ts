import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Complaints, readDocument } from '../document.ts';
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
  const names = isFolder(folder) ? attempt(folder, () => readdirSync(folder)) : [];
  const entries = new Set(names);
  const known = new Map<string, readonly Layer[]>();
  return (name) => {
    const entry = varsEntryOf(name, entries);
    if (entry === undefined) return [];
    const layers = known.get(name) ?? layersBelow(join(folder, entry), vault, attempt);
    known.set(name, layers);
    return layers;
  };
}

function layersBelow(path: string, vault: Vault, attempt: Attempt): readonly Layer[] {
  if (!isFolder(path)) return [attempt(path, () => layerIn(path, vault)) ?? []].flat();
  const names = varsFilesAmong(attempt(path, () => readdirSync(path)) ?? []);
  return names.flatMap((name) => layersBelow(join(path, name), vault, attempt));
}

function layerIn(file: string, vault: Vault): Layer | undefined {
  const document = readDocument(file, readFileSync(file), vault);
  const { written } = document;
  if (written === null) return undefined;
  if (isMapping(written)) {
    return { vars: written, placeOf: (variable) => ({ file, ...document.at([variable], 'key') }) };
  }
  throw new Complaints([document.complaint([], `should be a mapping of variables, is ${kindOf(written)}`)]);
}

export function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
