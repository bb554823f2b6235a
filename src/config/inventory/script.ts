import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { isRefusal, reasonOf } from '../../errors.ts';
import { type Complaint, Complaints } from '../document.ts';
import { isMapping } from '../values.ts';
import { type Vault, VaultProblem } from '../vault.ts';
import type { InventoryDraft } from './draft.ts';
import type { Place, Vars } from './inventory.ts';
import { readJson } from './json.ts';
import { isGroupName, isHostName, printable } from './ranges.ts';
import { kindOf } from './yaml.ts';

/** A cloud may be slow to list its hosts, but nobody waits for ever. */
const ANSWERS_WITHIN_MS = 60_000;
const LONGEST_ANSWER = 100 * 1024 * 1024;

/**
 * Runs an inventory script with `--list`, and with `--host` for each host unless its answer has `_meta`, and adds
 * what it says to the draft. It has our environment, and the rights of whoever runs us.
 *
 * @returns everything that is wrong with its answer
 * @throws Complaints if it fails
 * @see https://docs.ansible.com/ansible/latest/dev_guide/developing_inventory.html#inventory-scripts
 */
export function readScript(file: string, draft: InventoryDraft, vault: Vault): readonly Complaint[] {
  const reader = new ScriptReader((args) => answerOf(file, args, vault), { file, draft });
  reader.read();
  return reader.complaints;
}

class ScriptReader {
  readonly complaints: Complaint[] = [];
  readonly #ask: (args: readonly string[]) => unknown;
  readonly #file: string;
  readonly #draft: InventoryDraft;
  readonly #place: Place;
  readonly #hosts = new Set<string>();

  constructor(ask: (args: readonly string[]) => unknown, { file, draft }: { file: string; draft: InventoryDraft }) {
    this.#ask = ask;
    this.#file = file;
    this.#draft = draft;
    this.#place = { file, line: 1, column: 1 };
  }

  read(): void {
    const { _meta: meta, ...groups } = this.#mapping(this.#ask(['--list']), 'its answer to --list');
    for (const [name, group] of Object.entries(groups)) this.#group(name, group);
    const hostvars = isMapping(meta) ? meta['hostvars'] : undefined;
    const known = hostvars === undefined ? undefined : this.#mapping(hostvars, '_meta.hostvars');
    for (const host of this.#hosts) this.#hostVars(host, known ? valueOf(known, host) : this.#ask(['--host', host]));
  }

  #group(name: string, written: unknown): void {
    if (!isGroupName(name)) {
      this.#complain(`"${printable(name)}" is no name for a group`);
      return;
    }
    const group = this.#draft.group(name);
    const { hosts, vars, children } = bodyOf(name, written);
    for (const host of this.#names(hosts, `the hosts of "${name}"`)) this.#host(host, name);
    for (const [key, value] of Object.entries(this.#mapping(vars, `the vars of "${name}"`))) {
      this.#complain(this.#draft.setGroupVar(group, [key, value], () => this.#place));
    }
    for (const child of this.#names(children, `the children of "${name}"`)) {
      if (isGroupName(child)) this.#complain(this.#draft.addChild(name, child));
      else this.#complain(`"${printable(child)}" is no name for a group`);
    }
  }

  #host(host: string, group: string): void {
    if (!isHostName(host)) {
      this.#complain(`"${printable(host)}" is no name for a host`);
      return;
    }
    this.#hosts.add(host);
    const definition = { vars: {}, file: this.#file, placeOf: () => undefined };
    this.#complain(this.#draft.addHosts([host], this.#draft.group(group), definition));
  }

  #hostVars(host: string, written: unknown): void {
    const vars = this.#mapping(written, `what it says of ${host}`);
    this.#draft.addVars(host, { vars, file: this.#file, placeOf: () => this.#place });
  }

  #names(written: unknown, what: string): readonly string[] {
    if (written === undefined || written === null) return [];
    if (Array.isArray(written) && written.every((it) => typeof it === 'string')) return written;
    this.#complain(
      `${what} should be a list of names, is ${Array.isArray(written) ? 'a list of others' : kindOf(written)}`,
    );
    return [];
  }

  #mapping(written: unknown, what: string): Vars {
    if (written === undefined || written === null) return {};
    if (isMapping(written)) return written;
    this.#complain(`${what} should be a mapping, is ${kindOf(written)}`);
    return {};
  }

  #complain(message: string | undefined): void {
    if (message !== undefined) this.complaints.push({ ...this.#place, message });
  }
}

/** A list of hosts is short for `{"hosts": […]}`; a mapping without any of the keys of a group is a host's variables. */
function bodyOf(name: string, written: unknown): Vars {
  if (!isMapping(written)) return { hosts: written };
  if (['hosts', 'vars', 'children'].some((key) => key in written)) return written;
  return { hosts: [name], vars: written };
}

function answerOf(file: string, args: readonly string[], vault: Vault): unknown {
  const refuse = (why: string): Complaints => new Complaints([{ file, line: 1, column: 1, message: why }]);
  const command = `${file} ${args.join(' ')}`;
  const { stdout, stderr, status, signal, error } = spawnSync(resolve(file), [...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
    timeout: ANSWERS_WITHIN_MS,
    maxBuffer: LONGEST_ANSWER,
    killSignal: 'SIGKILL',
  });
  if (error && 'code' in error && error.code === 'ETIMEDOUT') {
    throw refuse(`${command} has not answered within ${ANSWERS_WITHIN_MS / 1000} s`);
  }
  if (isRefusal(error, 'ENOBUFS')) throw refuse(`${command} answers with more than ${LONGEST_ANSWER / 1024 ** 2} MB`);
  if (isRefusal(error, 'ENOENT'))
    throw refuse(`${command} cannot be run: there is no such interpreter as its first line names`);
  if (error) throw refuse(`${command} cannot be run: ${reasonOf(error)}`);
  if (status !== 0) {
    const said = stderr.trim().split('\n').at(-1) ?? '';
    const how = status === null ? `was ended by ${String(signal)}` : `ended with status ${status}`;
    throw refuse(`${command} ${how}${said === '' ? '' : `: ${printable(said)}`}`);
  }
  if (stdout.trim() === '') return {};
  try {
    return readJson(stdout, vault);
  } catch (cause) {
    if (cause instanceof VaultProblem)
      throw refuse(`${command} answers with what is encrypted with Ansible Vault, but ${cause.message}`);
    // What is wrong would be told with a piece of it, which may be a secret.
    throw refuse(`${command} answers with what is no JSON`);
  }
}

function valueOf(mapping: Vars, key: string): unknown {
  return Object.hasOwn(mapping, key) ? mapping[key] : undefined;
}
