/** The compose files of an app: what they say of one service, once everything is merged and filled in. */
import { basename, dirname, relative, resolve } from 'node:path';
import { reasonOf } from '../../errors.ts';
import { type Complaint, Complaints, LARGEST_BY_HAND } from '../document.ts';
import type { Secrets } from '../../rollout/secret.ts';
import { suggestion } from '../inventory/suggestions.ts';
import { bytesOf } from '../reading.ts';
import { FileProblem, textOf } from './controller-files.ts';
import { EnvFileProblem, parseEnvFile, type Variables } from './env-file.ts';
import { interpolated, InterpolationProblem, type Lookup } from './interpolation.ts';
import { merged, withoutResets } from './merge.ts';
import { complaintAt, listIn, mapIn, type Node, type NodeMap, type Place, readNodes, textIn } from './nodes.ts';
import { extendsShape, misshapenIn } from './shapes.ts';

/** Files that were read, by their path: all hosts have the same. */
export class ComposeFiles {
  readonly #nodes = new Map<string, Node>();
  readonly #texts = new Map<string, string | undefined>();

  /** @throws Complaints */
  nodes(path: string): Node {
    const known = this.#nodes.get(path);
    if (known) return known;
    const node = readNodes(shown(path), bytesIn(shown(path)));
    const wrong = misplaced(shown(path), node);
    if (wrong.length > 0) throw new Complaints(wrong);
    this.#nodes.set(path, node);
    return node;
  }

  /** Undefined when there is no such file. */
  text(path: string): string | undefined {
    if (!this.#texts.has(path)) this.#texts.set(path, textOf(path));
    return this.#texts.get(path);
  }
}

function bytesIn(path: string): Uint8Array {
  try {
    return bytesOf(path, LARGEST_BY_HAND);
  } catch (error) {
    if (error instanceof Complaints) throw error;
    throw new Complaints([{ file: path, line: 1, column: 1, message: `cannot be read: ${reasonOf(error)}` }]);
  }
}

/** As short as it can be told. */
function shown(path: string): string {
  const short = relative('', path);
  return short.startsWith('..') ? path : short;
}

const parts = ['services', 'networks', 'volumes', 'secrets', 'configs'] as const;
const known = new Set<string>([...parts, 'name', 'version']);
const refused: Readonly<Record<string, string>> = {
  include: 'name all files under compose, they are merged',
  models: 'sluice runs containers only',
};

/** What a file says at its top, where it says too much or it is of no use. */
function misplaced(file: string, node: Node): Complaint[] {
  const top = mapIn(node);
  if (!top) return [complaintAt({ file, line: 1, column: 1 }, 'is no compose file: its top is a mapping')];
  return [...top].flatMap(([key, value]) => {
    const place = (value.keyPlace ?? value.place)();
    if (key.startsWith('x-')) return [];
    if (Object.hasOwn(refused, key)) return [complaintAt(place, `${key}: is not supported: ${String(refused[key])}`)];
    if (!known.has(key)) return [complaintAt(place, `${key}: is no known key${suggestion(key, [...known])}`)];
    const isPart = parts.some((part) => part === key);
    const isWrong = isPart && value.value !== null && !mapIn(value);
    return isWrong ? [complaintAt(value.place(), `${key}: should be a mapping`)] : [];
  });
}

export interface ProjectOptions {
  /** Whole paths; the folder of the first one is the project's. */
  readonly paths: readonly string[];
  readonly files: ComposeFiles;
  /** What the playbook knows. */
  readonly vars: Lookup;
  /** The environment of this process. */
  readonly controller: Lookup;
  /** Gets what `.env` has under the name of a secret. */
  readonly secrets?: Secrets | undefined;
}

/** The files of one app for one instance: the values of variables are its own. */
export class ComposeProject {
  readonly folder: string;
  readonly #options: ProjectOptions;
  #env: Variables | undefined;

  constructor(options: ProjectOptions) {
    this.#options = options;
    this.folder = dirname(options.paths[0] ?? '');
  }

  /** A variable: the playbook's own goes before the environment, and that before `.env`. */
  readonly lookup: Lookup = (name) => {
    const { vars, controller } = this.#options;
    return vars(name) ?? controller(name) ?? this.#variables()[name];
  };

  get #top(): Place {
    return { file: shown(this.#options.paths[0] ?? ''), line: 1, column: 1 };
  }

  /** As Compose calls it: what its volumes and networks begin with. */
  get name(): string {
    const written = this.#options.paths.flatMap((path) => mapIn(this.#options.files.nodes(path))?.get('name') ?? []);
    const last = written.at(-1);
    const said = last ? textIn(this.filled(last)) : this.lookup('COMPOSE_PROJECT_NAME');
    if (last && typeof last.value !== 'string') {
      throw new Complaints([complaintAt(last.place(), 'name: should be a text (quote it)')]);
    }
    if (said === undefined || said === '') {
      return basename(this.folder)
        .toLowerCase()
        .replaceAll(/[^a-z0-9_-]/g, '')
        .replace(/^[_-]+/, '');
    }
    if (/^[a-z0-9][a-z0-9_-]*$/.test(said)) return said;
    const place = last?.place() ?? this.#top;
    throw new Complaints([complaintAt(place, `name: is no name for a project: ${JSON.stringify(said)}`)]);
  }

  /** The service, merged over all files and everything it extends. */
  service(name: string): Node {
    const { paths, files } = this.#options;
    const found = paths.filter((path) => servicesIn(files.nodes(path)).has(name));
    if (found.length === 0) {
      const services = paths.flatMap((path) => [...servicesIn(files.nodes(path)).keys()]);
      const hint = suggestion(name, services) || ` (there are ${services.toSorted().join(', ') || 'none'})`;
      throw new Complaints([complaintAt(this.#top, `there is no service ${name}${hint}`)]);
    }
    const layers = found.map((path) => this.#extended({ path, name, folder: this.folder, chain: [] }));
    return layers.reduce((base, over) => merged(base, over) ?? base);
  }

  /** What the files say together of one thing, as it is written; undefined when they do not name it. */
  declared(kind: (typeof parts)[number], name: string): Node | undefined {
    const { paths, files } = this.#options;
    const layers = paths.flatMap((path) => mapIn(mapIn(files.nodes(path))?.get(kind))?.get(name) ?? []);
    const [first, ...rest] = layers;
    return first && rest.reduce<Node>((base, over) => merged(base, over) ?? base, withoutResets(first) ?? first);
  }

  /**
   * The same with its variables filled in.
   *
   * @throws Complaints with all that cannot be filled in
   */
  filled(node: Node): Node {
    const wrong: Complaint[] = [];
    const fill = (at: Node, key = ''): Node => {
      const [list, map] = [listIn(at), mapIn(at)];
      if (list) return { ...at, value: list.map((item) => fill(item)) };
      if (map) return { ...at, value: new Map([...map].map(([name, item]) => [name, fill(item, name)])) };
      if (typeof at.value !== 'string' || !at.value.includes('$')) return at;
      try {
        return { ...at, value: interpolated(at.value, this.lookup) };
      } catch (error) {
        if (!(error instanceof InterpolationProblem)) throw error;
        // An item of a list may be `KEY=value`.
        const [before = ''] = at.value.split('=', 1);
        wrong.push(complaintAt(at.place(), error.messageAt(key === '' ? before : key)));
        return at;
      }
    };
    const result = fill(node);
    if (wrong.length > 0) throw new Complaints(wrong);
    return result;
  }

  #extended({ path, name, folder, chain }: Extension): Node {
    const written = servicesIn(this.#options.files.nodes(path)).get(name);
    if (!written) throw new Error(`${name} was looked for before`);
    const service = withWholePaths(asMapping(this.filled(written), name), folder);
    const extension = mapIn(service)?.get('extends');
    const own = { ...service, value: without(mapIn(service) ?? new Map<string, Node>(), 'extends') };
    if (!extension) return withoutResetsUnlessBase(own, chain);
    const base = this.#baseOf(extension, { path, name, folder, chain: [...chain, `${path} ${name}`] });
    return merged(base, own) ?? base;
  }

  #baseOf(extension: Node, from: Extension): Node {
    const misshapen = misshapenIn(extension, extendsShape, `services.${from.name}.extends`);
    if (misshapen.length > 0) throw new Complaints(misshapen);
    const map = mapIn(extension);
    const name = textIn(map ? map.get('service') : extension);
    const file = map && textIn(map.get('file'));
    const refuse = (message: string): Complaints =>
      new Complaints([complaintAt(extension.place(), `services.${from.name}.extends: ${message}`)]);
    if (name === undefined) throw refuse('needs a service');
    const path = file === undefined ? from.path : resolve(from.folder, file);
    const step = `${path} ${name}`;
    if (from.chain.includes(step)) {
      const names = [...from.chain.slice(from.chain.indexOf(step)), step].map(shortStep);
      throw refuse(`goes in a circle: ${names.join(' → ')}`);
    }
    if (file !== undefined && !this.#isThere(path)) throw refuse(`there is no file ${shown(path)}`);
    if (!servicesIn(this.#options.files.nodes(path)).has(name)) throw refuse(`${shown(path)} has no service ${name}`);
    return this.#extended({ path, name, folder: file === undefined ? from.folder : dirname(path), chain: from.chain });
  }

  #isThere(path: string): boolean {
    try {
      return this.#options.files.text(path) !== undefined;
    } catch (error) {
      if (error instanceof FileProblem) return true;
      throw error;
    }
  }

  /** Of `.env` beside the first file, if there is one. */
  #variables(): Variables {
    if (this.#env) return this.#env;
    const path = resolve(this.folder, '.env');
    const { files, vars, controller, secrets } = this.#options;
    try {
      const text = files.text(path);
      this.#env = text === undefined ? {} : parseEnvFile(text, (name) => vars(name) ?? controller(name));
      secrets?.addNamed('.env', this.#env);
      return this.#env;
    } catch (error) {
      if (error instanceof EnvFileProblem) {
        throw new Complaints([{ file: shown(path), line: error.line, column: 1, message: error.message }]);
      }
      if (error instanceof FileProblem)
        throw new Complaints([{ file: path, line: 1, column: 1, message: error.message }]);
      throw error;
    }
  }
}

interface Extension {
  readonly path: string;
  readonly name: string;
  /** What paths in the file are relative to. */
  readonly folder: string;
  /** How it was come to, each as file and service. */
  readonly chain: readonly string[];
}

function shortStep(step: string): string {
  const at = step.lastIndexOf(' ');
  return `${basename(step.slice(0, at))} ${step.slice(at + 1)}`;
}

function servicesIn(root: Node): NodeMap {
  return mapIn(mapIn(root)?.get('services')) ?? new Map<string, Node>();
}

function asMapping(service: Node, name: string): Node {
  if (service.value === null) return { ...service, value: new Map<string, Node>() };
  if (mapIn(service)) return service;
  throw new Complaints([complaintAt(service.place(), `services.${name}: should be a mapping`)]);
}

/** What it resets may be there in a file before; in what others extend there is nothing before. */
function withoutResetsUnlessBase(service: Node, chain: readonly string[]): Node {
  return chain.length > 0 ? (withoutResets(service) ?? service) : service;
}

function without(map: NodeMap, key: string): NodeMap {
  return new Map([...map].filter(([name]) => name !== key));
}

/** Files that a service names are beside the file that says so. */
function withWholePaths(service: Node, folder: string): Node {
  const map = new Map(mapIn(service));
  for (const key of ['env_file', 'label_file']) {
    const node = map.get(key);
    if (node) map.set(key, { ...wholePath(node, folder), keyPlace: node.keyPlace });
  }
  return { ...service, value: map };
}

function wholePath(node: Node, folder: string): Node {
  const [list, map] = [listIn(node), mapIn(node)];
  if (list) return { ...node, value: list.map((item) => wholePath(item, folder)) };
  const path = map?.get('path');
  if (map && path) return { ...node, value: new Map([...map, ['path', wholePath(path, folder)]]) };
  return typeof node.value === 'string' ? { ...node, value: resolve(folder, node.value) } : node;
}
