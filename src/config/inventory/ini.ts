import type { Complaint } from '../document.ts';
import type { DraftGroup, InventoryDraft } from './draft.ts';
import type { Place } from './inventory.ts';
import { readLiteral } from './literals.ts';
import { expandHosts, isGroupName, printable } from './ranges.ts';
import { suggestion } from './suggestions.ts';
import { splitWords, type Word } from './words.ts';

/**
 * Adds what an INI inventory says to the draft.
 *
 * @returns everything that is wrong with it
 * @see https://docs.ansible.com/ansible/latest/inventory_guide/intro_inventory.html
 */
export function readIni(file: string, text: string, draft: InventoryDraft): readonly Complaint[] {
  const reader = new IniReader(file, draft);
  for (const line of text.split(/\r\n|\n|\r/)) reader.read(line);
  return reader.finish();
}

type Kind = 'hosts' | 'vars' | 'children';

/** A group that must be defined somewhere, since a line is about it. */
interface Mention {
  readonly group: string;
  readonly section: string;
  readonly line: number;
  readonly parent?: string;
}

class IniReader {
  readonly #file: string;
  readonly #draft: InventoryDraft;
  readonly #complaints: Complaint[] = [];
  readonly #defined: Set<string>;
  readonly #mentions: Mention[] = [];
  /** Those with a parent, by the group: their number may be large. */
  readonly #children = new Map<string, (Mention & { readonly parent: string })[]>();
  #line = 0;
  #kind: Kind | 'unknown' = 'hosts';
  #group: DraftGroup;

  constructor(file: string, draft: InventoryDraft) {
    this.#file = file;
    this.#draft = draft;
    this.#defined = new Set(draft.groups.keys());
    this.#group = draft.group('ungrouped');
  }

  read(line: string): void {
    this.#line += 1;
    const content = line.trim();
    if (content === '' || content.startsWith('#') || content.startsWith(';')) return;
    const column = line.indexOf(content) + 1;
    // `[2001:db8::6]:22` and `[a:c]-web` are hosts.
    if (content.startsWith('[') && !/^\[[^\]]+\][^\s#;]/.test(content)) {
      this.#section(content, column);
    } else if (this.#kind === 'hosts') {
      this.#hosts(content, column);
    } else if (this.#kind === 'vars') {
      this.#variable(content, column);
    } else if (this.#kind === 'children') {
      this.#child(content, column);
    }
  }

  finish(): readonly Complaint[] {
    for (const { group, section, line, parent } of this.#mentions) {
      if (this.#defined.has(group)) continue;
      const what = parent === undefined ? `[${section}] is about` : `[${section}] includes`;
      this.#complain(`${what} the group "${group}", which is not defined${suggestion(group, this.#defined)}`, 1, line);
    }
    return this.#complaints;
  }

  #section(content: string, column: number): void {
    const [, name, kind = 'hosts'] = /^\[([^\]\s:]+)(?::([^\]\s:]*))?\]\s*(?:#.*)?$/.exec(content) ?? [];
    this.#kind = 'unknown';
    if (name === undefined) {
      this.#complain(`${printable(content)} is no section, write [group], [group:vars] or [group:children]`, column);
    } else if (!isGroupName(name)) {
      this.#complain(`"${printable(name)}" is no name for a group`, column);
    } else if (kind === 'hosts' || kind === 'vars' || kind === 'children') {
      this.#kind = kind;
      this.#group = this.#draft.group(name);
      this.#declare(name, kind);
    } else {
      const hint = suggestion(kind, ['hosts', 'vars', 'children']);
      this.#complain(`[${name}:${printable(kind)}] is no section, "${printable(kind)}" is unknown${hint}`, column);
    }
  }

  /** Children named before they are defined join their parents in the order of the definitions, as in Ansible. */
  #declare(name: string, kind: Kind): void {
    if (kind === 'vars') {
      this.#mentions.push({ group: name, section: `${name}:vars`, line: this.#line });
      return;
    }
    if (this.#defined.has(name)) return;
    this.#defined.add(name);
    for (const mention of this.#children.get(name) ?? []) this.#adopt(mention.parent, mention);
  }

  #child(content: string, column: number): void {
    const name = content.replace(/\s*#.*$/, '');
    if (!isGroupName(name)) {
      this.#complain(`should be the name of a group, is "${printable(name)}"`, column);
      return;
    }
    const parent = this.#group.name;
    const mention = { group: name, section: `${parent}:children`, line: this.#line, parent };
    this.#mentions.push(mention);
    const known = this.#children.get(name);
    if (known) known.push(mention);
    else this.#children.set(name, [mention]);
    if (this.#draft.groups.has(name)) this.#adopt(parent, mention);
  }

  #adopt(parent: string, { group, line }: Mention): void {
    const problem = this.#draft.addChild(parent, group);
    if (problem !== undefined) this.#complain(problem, 1, line);
  }

  #variable(content: string, column: number): void {
    const [, key = '', value = ''] = /^([^=]*?)\s*=\s*(.*)$/.exec(content) ?? [];
    if (key === '') {
      // All else of the line may be a secret.
      const name = /^([\w.-]+)\s*:/.exec(content)?.[1];
      const instead = name === undefined ? '' : `: write ${name} = …`;
      this.#complain(`should be a variable such as "key = value"${instead}`, column);
      return;
    }
    const place = this.#place(column);
    const problem = this.#draft.setGroupVar(this.#group, [key, readLiteral(value)], () => place);
    if (problem !== undefined) this.#complain(problem, column);
  }

  #hosts(content: string, column: number): void {
    if (this.#draft.isFull) return;
    const words = splitWords(content, 'with comments');
    const [host, ...assignments] = words ?? [];
    if (host === undefined) {
      this.#complain('a quote is opened and never closed', column);
      return;
    }
    const expansion = expandHosts(host.text);
    if ('problem' in expansion) this.#complain(expansion.problem, column);
    const vars = new Map<string, unknown>();
    if ('port' in expansion) vars.set('ansible_port', expansion.port);
    const stray = assignments.find((word) => word.text.indexOf('=') < 1);
    if (stray !== undefined) this.#stray(stray, content, column);
    for (const { text } of assignments) {
      const split = text.indexOf('=');
      if (split > 0) vars.set(text.slice(0, split), readLiteral(text.slice(split + 1)));
    }
    if (!('names' in expansion)) return;
    const place = this.#place(column);
    const definition = { vars: Object.fromEntries(vars), file: this.#file, placeOf: () => place };
    const problem = this.#draft.addHosts(expansion.names, this.#group, definition);
    if (problem !== undefined) this.#complain(problem, column);
  }

  #stray({ offset }: Word, line: string, column: number): void {
    const template = /(?<=\w=)\{\{.*?\}\}/.exec(line);
    if (template === null) {
      const hint = 'a value with blanks needs quotation marks';
      this.#complain(`should be a variable such as key=value (${hint})`, column + offset);
    } else {
      this.#complain(`quote it: "${template[0]}"`, column + template.index);
    }
  }

  #place(column: number): Place {
    return { file: this.#file, line: this.#line, column };
  }

  #complain(message: string, column: number, line = this.#line): void {
    this.#complaints.push({ file: this.#file, line, column, message });
  }
}
