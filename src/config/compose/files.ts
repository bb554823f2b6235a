/** What a service has under `secrets` and `configs`: files that are put into its container. */
import { resolve } from 'node:path';
import type { PlacedFile } from '../../rollout/container-spec.ts';
import { Complaints } from '../document.ts';
import { modeIn } from '../playbook/volumes.ts';
import { bytesOf, FileProblem } from './controller-files.ts';
import { complaintAt, listIn, mapIn, type Node, type NodeMap, textIn } from './nodes.ts';
import type { ComposeProject } from './project.ts';

type Complain = (node: Node, message: string) => void;

const kinds = { secrets: 'secret', configs: 'config' } as const;

type Part = keyof typeof kinds;

/** One file, and what is wrong with it is told at `node`. */
export interface WrittenFile {
  readonly file: PlacedFile;
  readonly node: Node;
}

const WORLD_READABLE = 0o444;
const LARGEST = 1024 * 1024;
/** What a plain entry of a tar has room for. */
const LONGEST_TARGET = 100;
const LARGEST_ID = 0o7777777;

const refused: Readonly<Record<string, string>> = {
  external: 'only Swarm has secrets and configs that are nowhere in the files: name a file',
  name: 'it is what Swarm knows it by',
  driver: 'it is for Swarm',
  driver_opts: 'it is for Swarm',
  template_driver: 'it is for Swarm',
  labels: 'it has no labels in a container',
};

const sourcesOf: Readonly<Record<Part, readonly string[]>> = {
  secrets: ['file', 'environment'],
  configs: ['file', 'environment', 'content'],
};

/** Undefined when the service says nothing of them. */
export function filesOf(service: NodeMap, project: ComposeProject, complain: Complain): WrittenFile[] | undefined {
  const parts = (['secrets', 'configs'] as const).filter((part) => service.has(part));
  if (parts.length === 0) return undefined;
  return parts.flatMap((part) => {
    const written = service.get(part);
    const list = written && listIn(written);
    if (list)
      return list.flatMap((item, index) => fileOf(item, { part, project, complain, label: `${part}[${index}]` }));
    if (written && written.value !== null) complain(written, `${part}: should be a list of names, or of mappings`);
    return [];
  });
}

interface Reading {
  readonly part: Part;
  readonly project: ComposeProject;
  readonly complain: Complain;
  readonly label: string;
}

const keysOfItem = ['source', 'target', 'uid', 'gid', 'mode'];

function fileOf(item: Node, reading: Reading): WrittenFile[] {
  const { part, project, complain, label } = reading;
  const map = mapIn(item);
  const name = textIn(map ? map.get('source') : item);
  const unknown = [...(map ?? [])].find(([key]) => !keysOfItem.includes(key) && !key.startsWith('x-'));
  const wrong =
    unknown !== undefined
      ? `${unknown[0]}: is no known key`
      : name === undefined
        ? 'needs the name of one, as source'
        : '';
  if (wrong !== '' || name === undefined) {
    complain(unknown?.[1] ?? item, `${label}${unknown ? '.' : ': '}${wrong}`);
    return [];
  }
  const declared = project.declared(part, name);
  if (!declared) {
    complain(item, `${label}: ${name} is declared nowhere under ${part}`);
    return [];
  }
  const target = targetOf(textIn(map?.get('target')) ?? name, part);
  const numbers = { uid: idIn(map?.get('uid')), gid: idIn(map?.get('gid')), mode: modeOf(map?.get('mode')) };
  const misfit = Object.entries(numbers).find(([, value]) => Number.isNaN(value));
  if (misfit) {
    const should = misfit[0] === 'mode' ? 'a number such as 0440' : 'the number of one';
    complain(map?.get(misfit[0]) ?? item, `${label}.${misfit[0]}: should be ${should}`);
  }
  if (target === undefined) {
    const what = `should be a path in the container of at most ${LONGEST_TARGET} bytes, without ".."`;
    complain(map?.get('target') ?? item, `${label}.target: ${what}`);
  }
  const content = contentOf(declared, name, reading);
  if (misfit || target === undefined || content === undefined) return [];
  return [{ file: { kind: kinds[part], target, content: content.toString('base64'), ...numbers }, node: item }];
}

function targetOf(written: string, part: Part): string | undefined {
  const path = written.startsWith('/') ? written : `${part === 'secrets' ? '/run/secrets' : ''}/${written}`;
  const isPlain = path
    .split('/')
    .slice(1)
    .every((step) => step !== '' && step !== '.' && step !== '..');
  return isPlain && !/[\u0000-\u001f\u007f]/.test(path) && Buffer.byteLength(path) <= LONGEST_TARGET ? path : undefined;
}

function idIn(node: Node | undefined): number {
  const written = textIn(node) ?? (node ? '' : '0');
  return /^\d{1,8}$/.test(written) && Number(written) <= LARGEST_ID ? Number(written) : NaN;
}

function modeOf(node: Node | undefined): number {
  return node ? modeIn(node.value) : WORLD_READABLE;
}

/** Undefined when what is wrong has been told. */
function contentOf(written: Node, name: string, { part, project, complain }: Reading): Buffer | undefined {
  const declared = project.filled(written);
  const map = mapIn(declared) ?? new Map<string, Node>();
  const refusal = refusalOf(map, part);
  if (refusal) throw problemAt(refusal.node, `${part}.${name}.${refusal.why}`);
  const [source, another] = sourcesOf[part].filter((key) => map.has(key));
  const node = source === undefined ? undefined : map.get(source);
  if (source === undefined || !node || another !== undefined) {
    throw problemAt(declared, `${part}.${name}: needs one of ${sourcesOf[part].join(', ')}`);
  }
  const text = node.value;
  if (typeof text !== 'string') throw problemAt(node, `${part}.${name}.${source}: should be a text`);
  try {
    const bytes = bytesFrom(source, text, project);
    if (bytes.byteLength <= LARGEST) return bytes;
    complain(node, `${part}: ${text} has ${bytes.byteLength} bytes, more than 1 MB`);
    return undefined;
  } catch (error) {
    if (!(error instanceof FileProblem)) throw error;
    throw problemAt(node, `${part}.${name}.${source}: ${error.message}`);
  }
}

/** @throws FileProblem */
function bytesFrom(source: string, text: string, project: ComposeProject): Buffer {
  if (source === 'content') return Buffer.from(text);
  if (source === 'file') return bytesOf(resolve(project.folder, text));
  const value = project.lookup(text);
  if (value === undefined) throw new FileProblem(`the variable ${text} is not set`);
  return Buffer.from(value);
}

function refusalOf(map: NodeMap, part: Part): { readonly node: Node; readonly why: string } | undefined {
  const known = sourcesOf[part];
  const found = [...map].find(([key]) => !known.includes(key) && !key.startsWith('x-'));
  if (!found) return undefined;
  const [key, node] = found;
  const reason = Object.hasOwn(refused, key) ? refused[key] : undefined;
  return { node, why: reason === undefined ? `${key}: is no known key` : `${key}: is not supported: ${reason}` };
}

function problemAt(node: Node, message: string): Complaints {
  return new Complaints([complaintAt((node.keyPlace ?? node.place)(), message)]);
}
