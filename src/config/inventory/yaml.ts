import type { Complaint, DocumentPath, YamlDocument } from '../document.ts';
import { isMapping, isMarked, WrittenNumber } from '../values.ts';
import type { DraftGroup, InventoryDraft } from './draft.ts';
import type { Place, Vars } from './inventory.ts';
import { expandHosts, isGroupName, printable } from './ranges.ts';
import { suggestion } from './suggestions.ts';

/**
 * Adds what a YAML inventory says to the draft.
 *
 * @returns everything that is wrong with it
 */
export function readYaml(document: YamlDocument, draft: InventoryDraft): readonly Complaint[] {
  const reader = new YamlReader(document, draft);
  reader.groups();
  return reader.complaints;
}

const groupKeys = ['hosts', 'vars', 'children'];

class YamlReader {
  readonly complaints: Complaint[] = [];
  readonly #document: YamlDocument;
  readonly #draft: InventoryDraft;

  constructor(document: YamlDocument, draft: InventoryDraft) {
    this.#document = document;
    this.#draft = draft;
  }

  groups(): void {
    const groups = this.#mapping(this.#document.written, [], 'the inventory');
    if ('plugin' in groups && typeof groups['plugin'] === 'string') {
      this.#complain(['plugin'], 'inventory plugins are not supported yet', 'key');
      return;
    }
    for (const [name, group] of Object.entries(groups)) this.#group(name, group, [name]);
  }

  #group(name: string, written: unknown, path: DocumentPath): DraftGroup | undefined {
    if (!isGroupName(name) || isConstant(name)) {
      this.#complain(path, `"${printable(name)}" is no name for a group`, 'key');
      return undefined;
    }
    const group = this.#draft.group(name);
    const body = this.#mapping(written, path, `the group "${name}"`);
    for (const key of Object.keys(body).filter((it) => !groupKeys.includes(it))) {
      const hint = suggestion(key, groupKeys);
      this.#complain([...path, key], `"${printable(key)}" is not a key of a group${hint}`, 'key');
    }
    this.#vars(group, body['vars'], [...path, 'vars']);
    this.#children(group, body['children'], [...path, 'children']);
    this.#hosts(group, body['hosts'], [...path, 'hosts']);
    return group;
  }

  #vars(group: DraftGroup, written: unknown, path: DocumentPath): void {
    for (const [key, value] of Object.entries(this.#mapping(written, path, '"vars"'))) {
      const problem = this.#draft.setGroupVar(group, [key, value], () => this.#place([...path, key]));
      if (problem !== undefined) this.#complain([...path, key], problem);
    }
  }

  #children(group: DraftGroup, written: unknown, path: DocumentPath): void {
    for (const [name, child] of Object.entries(this.#mapping(nameAlone(written), path, '"children"'))) {
      if (this.#group(name, child, [...path, name]) === undefined) continue;
      const problem = this.#draft.addChild(group.name, name);
      if (problem !== undefined) this.#complain([...path, name], problem, 'key');
    }
  }

  #hosts(group: DraftGroup, written: unknown, path: DocumentPath): void {
    for (const [pattern, vars] of Object.entries(this.#mapping(nameAlone(written), path, '"hosts"'))) {
      const hostPath = [...path, pattern];
      const expansion = isConstant(pattern)
        ? { problem: `"${pattern}" is no name for a host` }
        : expandHosts(pattern.trim());
      const own = this.#mapping(vars, hostPath, `the host "${printable(pattern)}"`);
      if ('problem' in expansion) {
        this.#complain(hostPath, expansion.problem, 'key');
        continue;
      }
      const port: [string, unknown][] = expansion.port === undefined ? [] : [['ansible_port', expansion.port]];
      const problem = this.#draft.addHosts(expansion.names, group, {
        vars: Object.fromEntries([...port, ...Object.entries(own)]),
        file: this.#document.file,
        placeOf: (variable) => this.#place([...hostPath, variable]),
      });
      if (problem !== undefined) this.#complain(hostPath, problem, 'key');
    }
  }

  #place(path: DocumentPath): Place {
    return { file: this.#document.file, ...this.#document.at(path, 'key') };
  }

  /** A mapping, also where it is left out; anything else is complained about and read as an empty one. */
  #mapping(value: unknown, path: DocumentPath, what: string): Vars {
    if (value === undefined || value === null) return {};
    if (isMapping(value)) return value;
    this.#complain(path, `${what} should be a mapping, is ${kindOf(value)}`);
    return {};
  }

  #complain(path: DocumentPath, message: string, which: 'key' | 'value' = 'value'): void {
    this.complaints.push(this.#document.complaint(path, message, which));
  }
}

export function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (value instanceof WrittenNumber) return value.text;
  if (isMarked(value)) return 'a text';
  return typeof value === 'string' ? `the text "${printable(value)}"` : String(value);
}

/** `hosts: fe1` is short for `hosts: {fe1: }`. */
function nameAlone(value: unknown): unknown {
  return typeof value === 'string' ? { [value]: null } : value;
}

/** A key that YAML did not read as text, such as `yes`. */
function isConstant(name: string): boolean {
  return ['true', 'false', 'null'].includes(name);
}
