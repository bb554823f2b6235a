import { accessSync, constants, existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type Complaint, Complaints, decode, failureOf, opened, readDocument, type YamlDocument } from '../document.ts';
import { reasonOf } from '../../errors.ts';
import { beginningOf, bytesOf, folderAt, isFolder } from '../reading.ts';
import { isMapping } from '../values.ts';
import { Vault } from '../vault.ts';
import { assemble, type VarsFolder } from './assemble.ts';
import { InventoryDraft } from './draft.ts';
import { readIni } from './ini.ts';
import type { LoadedInventory } from './inventory.ts';
import { expandHosts } from './ranges.ts';
import { readScript } from './script.ts';
import { isHostList, kindOfFile, looksLikeYaml, sourcesAmong } from './sources.ts';
import { varsIn } from './vars-files.ts';
import { splitWords } from './words.ts';
import { readYaml } from './yaml.ts';

export interface LoadOptions {
  /** Where group_vars and host_vars are that override those beside the inventories. */
  readonly playbookFolders?: readonly string[];
  /** Opens what Ansible Vault has encrypted. */
  readonly vault?: Vault;
}

/**
 * Reads inventories as Ansible does: INI and YAML files, folders of them, scripts, lists such as `fe1,fe2,`, and the
 * group_vars and host_vars beside them. A later path overrides the ones before it.
 *
 * @throws Failure `config` with everything that is wrong with them; its cause are the {@link Complaints}
 */
export function loadInventory(
  paths: readonly string[],
  { playbookFolders = [], vault = new Vault() }: LoadOptions = {},
): LoadedInventory {
  const loader = new Loader(vault);
  for (const path of paths) loader.readSource(path);
  for (const folder of playbookFolders) loader.addVarsIn(folder);
  return loader.finish();
}

class Loader {
  readonly #draft = new InventoryDraft();
  readonly #folders: VarsFolder[] = [];
  readonly #complaints: Complaint[] = [];
  readonly #vault: Vault;

  constructor(vault: Vault) {
    this.#vault = vault;
  }

  readSource(path: string): void {
    if (isHostList(path) && !existsSync(path)) {
      this.#readList(path);
    } else {
      this.#readPath(path, []);
      this.addVarsIn(this.#attempt(path, () => isFolder(path)) === true ? path : dirname(path));
    }
  }

  addVarsIn(folder: string): void {
    this.#folders.push(varsIn(folder, this.#vault, (file, read) => this.#attempt(file, read)));
  }

  finish(): LoadedInventory {
    if (this.#draft.isFull) throw failureOf(this.#complaints);
    const inventory = assemble(this.#draft, this.#folders);
    if (this.#complaints.length > 0) throw failureOf(this.#complaints);
    return inventory;
  }

  #readPath(path: string, way: readonly string[]): void {
    const found = this.#attempt(path, () => (isFolder(path) ? folderAt(path, way) : this.#readFile(path)));
    if (found === undefined) return;
    if (!('way' in found)) this.#complain(found);
    else for (const name of sourcesAmong(found.names)) this.#readPath(join(path, name), found.way);
  }

  #readFile(file: string): readonly Complaint[] {
    if (mayBeRun(file) && /^(?:#!|\x7fELF)/.test(beginningOf(file, 4)))
      return readScript(file, this.#draft, this.#vault);
    const bytes = bytesOf(file);
    if (bytes.subarray(0, 2).toString('latin1') === '#!')
      return [startOf(file, 'is a script that may not be run: chmod +x makes it an inventory')];
    const { text, isSecret } = opened(file, decode(file, bytes), this.#vault);
    return isSecret ? this.#readSecret(file, text) : this.#readText(file, text);
  }

  #readSecret(file: string, text: string): readonly Complaint[] {
    const { secrets } = this.#vault;
    let isAboutVars = false;
    for (const line of text.split('\n')) {
      // `[a:c]-web x=1` is a host.
      const section = /^\s*\[([^\]]+)\]\s*(?:[#;].*)?$/.exec(line)?.[1];
      if (section !== undefined) {
        isAboutVars = section.endsWith(':vars');
        continue;
      }
      const words = (splitWords(line, 'with comments') ?? []).map((word) => word.text);
      const values = [line, ...words].filter((it) => /[=:]/.test(it));
      for (const value of values) secrets.add(value.slice(value.search(/[=:]/) + 1));
      // What is no assignment, but for the name of a host, is a mistake that may be told.
      const others = (isAboutVars ? [line] : words.slice(1)).filter((it) => !/[=:]/.test(it));
      for (const other of others) secrets.add(other);
    }
    return this.#readText(file, text);
  }

  #readText(file: string, text: string): readonly Complaint[] {
    const kind = kindOfFile(basename(file));
    if (kind === 'toml') return [startOf(file, 'TOML inventories are not supported yet')];
    if (kind === 'yaml') return readYaml(readDocument(file, text, this.#vault), this.#draft);
    const document = kind === 'yaml or ini' ? this.#documentIfYaml(file, text) : undefined;
    return document === undefined ? readIni(file, text, this.#draft) : readYaml(document, this.#draft);
  }

  #readList(list: string): void {
    for (const word of list.split(',')) {
      if (word.trim() === '') continue;
      const expansion = expandHosts(word.trim());
      if ('problem' in expansion) this.#complaints.push(startOf(list, expansion.problem));
      else this.#addUngrouped(list, expansion.names, expansion.port);
    }
  }

  #addUngrouped(list: string, names: readonly string[], port: number | undefined): void {
    const vars = port === undefined ? {} : { ansible_port: port };
    const definition = { vars, file: undefined, placeOf: () => undefined };
    const problem = this.#draft.addHosts(names, this.#draft.group('ungrouped'), definition);
    if (problem !== undefined) this.#complaints.push(startOf(list, problem));
  }

  /** A file without an extension that is no YAML mapping is an INI inventory, unless it was clearly meant as YAML. */
  #documentIfYaml(file: string, text: string): YamlDocument | undefined {
    try {
      const document = readDocument(file, text, this.#vault);
      return isMapping(document.value) ? document : undefined;
    } catch (error) {
      if (error instanceof Complaints && !looksLikeYaml(text)) return undefined;
      throw error;
    }
  }

  /** What could not be read is a complaint, so that the other files are read all the same. */
  #attempt<T>(file: string, read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      const isForeseen = error instanceof Complaints;
      if (!isForeseen && !(error instanceof Error && 'syscall' in error)) throw error;
      this.#complain(isForeseen ? error.complaints : [startOf(file, `cannot be read: ${reasonOf(error)}`)]);
      return undefined;
    }
  }

  /** One by one: they may be too many for arguments of a call. */
  #complain(complaints: readonly Complaint[]): void {
    for (const complaint of complaints) this.#complaints.push(complaint);
  }
}

function mayBeRun(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function startOf(file: string, message: string): Complaint {
  return { file, line: 1, column: 1, message };
}
