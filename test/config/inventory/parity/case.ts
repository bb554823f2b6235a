import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { graphText, hostText, listText } from '../../../../src/config/inventory/listing.ts';
import type { LoadedInventory } from '../../../../src/config/inventory/inventory.ts';
import { loadInventory } from '../../../../src/config/inventory/load.ts';
import { selectHosts } from '../../../../src/config/inventory/patterns.ts';
import { Vault } from '../../../../src/config/vault.ts';
import { Failure } from '../../../../src/errors.ts';
import { type ArchivedFile, readArchive, unpack } from './archive.ts';

const cases = join(import.meta.dirname, 'cases');

/** An inventory, and what is asked about it. */
export interface ParityCase {
  readonly name: string;
  readonly files: ReadonlyMap<string, ArchivedFile>;
}

export function allCases(): readonly ParityCase[] {
  return readdirSync(cases)
    .toSorted()
    .map((file) => caseOf(file.replace(/\.txt$/, ''), readFileSync(join(cases, file), 'utf8')));
}

export function caseOf(name: string, text: string): ParityCase {
  return { name, files: readArchive(text) };
}

/** The lines of a file that is no part of the inventory: `sources`, `patterns`, `options`. */
export function linesOf({ files }: ParityCase, name: string): readonly string[] {
  return (files.get(name)?.text ?? '').split('\n').filter((line) => line !== '');
}

/** Unpacked, and the working folder, while `use` runs. */
export function inFolder<T>(one: ParityCase, use: (folder: string) => T): T {
  const started = process.cwd();
  const folder = mkdtempSync(join(tmpdir(), 'sluice-parity-'));
  try {
    unpack(one.files, folder);
    process.chdir(folder);
    return use(folder);
  } finally {
    process.chdir(started);
    rmSync(folder, { recursive: true });
  }
}

export function load(one: ParityCase): LoadedInventory {
  const passwords = linesOf(one, 'options').flatMap((line) => {
    const [, option, value = ''] = /^(--vault-\S+) (\S+)$/.exec(line) ?? [];
    if (option === undefined) return [];
    const [id = '', path = value] = option === '--vault-id' ? value.split('@') : ['default', value];
    return [{ id, password: readFileSync(path, 'utf8').trim() }];
  });
  const playbookFolders = linesOf(one, 'options').flatMap((line) => /^--playbook-dir (\S+)$/.exec(line)?.[1] ?? []);
  return loadInventory(linesOf(one, 'sources'), { playbookFolders, vault: new Vault(passwords) });
}

/**
 * What is asked about an inventory: `list`, `graph`, `graph-vars`, `host NAME`, `select PATTERN [-l LIMIT]`. Those in
 * the file `differs`, where it is said why, are not asked.
 */
export function questionsAbout(one: ParityCase, inventory: LoadedInventory): readonly string[] {
  const differs = linesOf(one, 'differs');
  const last = [...inventory.hosts.keys()].at(-1);
  const questions = [
    ...['list', 'graph', 'graph-vars', 'select all'],
    ...(last === undefined ? [] : [`host ${last}`]),
    ...linesOf(one, 'patterns').map((line) => `select ${line}`),
  ];
  return [...new Set(questions)].filter((question) => !differs.includes(question));
}

/** Where no host is left sluice refuses, on purpose, and Ansible selects none. */
function selected(inventory: LoadedInventory, pattern: string, limit: string | undefined): readonly string[] {
  try {
    return selectHosts(inventory, pattern, limit);
  } catch (error) {
    if (error instanceof Failure) return [];
    throw error;
  }
}

export function ourAnswer(question: string, inventory: LoadedInventory): string {
  const [, kind, rest = ''] = /^(\S+) ?(.*)$/.exec(question) ?? [];
  switch (kind ?? '') {
    case 'list':
      return listText(inventory);
    case 'host':
      return hostText(inventory, rest);
    case 'select': {
      const [pattern = '', limit] = rest.split(' -l ');
      return selected(inventory, pattern, limit).join('\n');
    }
    default:
      return graphText(inventory, 'all', kind === 'graph-vars');
  }
}
