import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type Complaint, Complaints, decode, failureOf, readDocument, type YamlDocument } from '../document.ts';
import { reasonOf } from '../../errors.ts';
import { assemble, merged, type VarsFolder } from './assemble.ts';
import { InventoryDraft } from './draft.ts';
import { readIni } from './ini.ts';
import type { Inventory, Vars } from './inventory.ts';
import { expandHosts } from './ranges.ts';
import { isHostList, kindOfFile, looksLikeYaml, sourcesAmong, varsEntryOf, varsFilesAmong } from './sources.ts';
import { isMapping, kindOf, readYaml } from './yaml.ts';

/**
 * Reads inventories as Ansible does: INI and YAML files, folders of them, lists such as `fe1,fe2,`, and the
 * group_vars and host_vars beside them. A later path overrides the ones before it.
 *
 * @param playbookFolders - where group_vars and host_vars are that override those beside the inventories
 * @throws Failure `config` with everything that is wrong with them; its cause are the {@link Complaints}
 */
export function loadInventory(paths: readonly string[], playbookFolders: readonly string[] = []): Inventory {
  const loader = new Loader();
  for (const path of paths) loader.readSource(path);
  for (const folder of playbookFolders) loader.addVarsIn(folder);
  return loader.finish();
}

class Loader {
  readonly #draft = new InventoryDraft();
  readonly #folders: VarsFolder[] = [];
  readonly #complaints: Complaint[] = [];

  readSource(path: string): void {
    if (isHostList(path) && !exists(path)) {
      this.#readList(path);
    } else {
      this.#readPath(path);
      this.addVarsIn(isFolder(path) ? path : dirname(path));
    }
  }

  addVarsIn(folder: string): void {
    this.#folders.push({
      ofGroup: this.#varsReader(join(folder, 'group_vars')),
      ofHost: this.#varsReader(join(folder, 'host_vars')),
    });
  }

  finish(): Inventory {
    const inventory = assemble(this.#draft, this.#folders);
    if (this.#complaints.length > 0) throw failureOf(this.#complaints);
    return inventory;
  }

  #readPath(path: string): void {
    if (isFolder(path)) {
      for (const name of sourcesAmong(this.#attempt(path, () => readdirSync(path)) ?? [])) {
        this.#readPath(join(path, name));
      }
      return;
    }
    const text = this.#attempt(path, () => textOf(path));
    if (text !== undefined) this.#complaints.push(...(this.#attempt(path, () => this.#readText(path, text)) ?? []));
  }

  #readText(file: string, text: string): readonly Complaint[] {
    const kind = kindOfFile(basename(file));
    if (text.startsWith('#!')) return [startOf(file, 'inventory scripts are not supported yet')];
    if (kind === 'toml') return [startOf(file, 'TOML inventories are not supported yet')];
    if (kind === 'yaml') return readYaml(readDocument(file, text), this.#draft);
    const document = kind === 'yaml or ini' ? documentIfYaml(file, text) : undefined;
    return document === undefined ? readIni(file, text, this.#draft) : readYaml(document, this.#draft);
  }

  #readList(list: string): void {
    for (const word of list.split(',')) {
      if (word.trim() === '') continue;
      const expansion = expandHosts(word.trim());
      if ('problem' in expansion) this.#complaints.push(startOf(list, expansion.problem));
      else this.#addUngrouped(expansion.names, expansion.port);
    }
  }

  #addUngrouped(names: readonly string[], port: number | undefined): void {
    const vars = new Map(port === undefined ? [] : [['ansible_port', port]]);
    this.#draft.addHosts(names, this.#draft.group('ungrouped'), vars);
  }

  /** Reads the variables of a name in group_vars or host_vars, each only once. */
  #varsReader(folder: string): (name: string) => Vars {
    const names = isFolder(folder) ? this.#attempt(folder, () => readdirSync(folder)) : [];
    const entries = new Set(names);
    const known = new Map<string, Vars>();
    return (name) => {
      const entry = varsEntryOf(name, entries);
      if (entry === undefined) return {};
      const vars = known.get(name) ?? merged(this.#varsBelow(join(folder, entry)));
      known.set(name, vars);
      return vars;
    };
  }

  #varsBelow(path: string): Vars[] {
    if (!isFolder(path)) return [this.#attempt(path, () => varsOf(path)) ?? {}];
    const names = varsFilesAmong(this.#attempt(path, () => readdirSync(path)) ?? []);
    return names.flatMap((name) => this.#varsBelow(join(path, name)));
  }

  /** What could not be read is a complaint, so that the other files are read all the same. */
  #attempt<T>(file: string, read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      const isForeseen = error instanceof Complaints;
      if (!isForeseen && !(error instanceof Error && 'syscall' in error)) throw error;
      this.#complaints.push(...(isForeseen ? error.complaints : [startOf(file, `cannot be read: ${reasonOf(error)}`)]));
      return undefined;
    }
  }
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function textOf(file: string): string {
  const text = decode(file, readFileSync(file));
  if (!text.startsWith('$ANSIBLE_VAULT')) return text;
  throw new Complaints([startOf(file, 'is encrypted with Ansible Vault, not supported yet')]);
}

function varsOf(file: string): Vars {
  const document = readDocument(file, textOf(file));
  if (document.value === null) return {};
  if (isMapping(document.value)) return document.value;
  throw new Complaints([document.complaint([], `should be a mapping of variables, is ${kindOf(document.value)}`)]);
}

/** A file without an extension that is no YAML mapping is an INI inventory, unless it was clearly meant as YAML. */
function documentIfYaml(file: string, text: string): YamlDocument | undefined {
  try {
    const document = readDocument(file, text);
    return isMapping(document.value) ? document : undefined;
  } catch (error) {
    if (error instanceof Complaints && !looksLikeYaml(text)) return undefined;
    throw error;
  }
}

function startOf(file: string, message: string): Complaint {
  return { file, line: 1, column: 1, message };
}
