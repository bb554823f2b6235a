/** A service of compose files as a container of ours: everything that is said beside the container itself. */
import type { Dependency, NetworkToHave, Surroundings, VolumeToHave } from '../../rollout/container-spec.ts';
import { type Complaint, Complaints } from '../document.ts';
import { filesOf, type WrittenFile } from './files.ts';
import { merged, namesOf, pairsOf, withoutResets, withUniqueItems } from './merge.ts';
import { complaintAt, listIn, mapIn, type Node, type NodeMap, plainOf, textIn } from './nodes.ts';
import type { ComposeProject } from './project.ts';
import { misshapenIn, serviceShape } from './shapes.ts';
import { networkToHave, volumeToHave } from './resources.ts';

export interface ComposedService {
  /** With the keys that `container` of a playbook takes. */
  readonly node: Node;
  readonly surroundings: Surroundings;
  /** Undefined when nothing is said of secrets and configs. */
  readonly files: readonly WrittenFile[] | undefined;
  /** Values of another kind than the specification demands, most of which we could make sense of. */
  readonly misshapen: readonly Complaint[];
}

export interface Wanted {
  readonly service: string;
  /** The name of the app's container. */
  readonly container: string;
  /** What the app says beside it. */
  readonly override: Node | undefined;
}

/** Mappings whose values are texts whatever they look like. */
const texts = new Set(['environment', 'labels', 'annotations', 'sysctls']);

/** @throws Complaints */
export function composedService(project: ComposeProject, wanted: Wanted): ComposedService {
  const composed = project.service(wanted.service);
  const over = wanted.override ? (merged(composed, wanted.override) ?? composed) : composed;
  const top = mapIn(withoutResets(over) ?? over) ?? new Map<string, Node>();
  const service = withUniqueItems(new Map([...top].filter(([key]) => !key.startsWith('x-'))));
  const wrong: Complaint[] = [];
  const complain = (node: Node, message: string): void => {
    wrong.push(complaintAt((node.keyPlace ?? node.place)(), `services.${wanted.service}.${message}`));
  };
  const networks = networksOf(service, project, { ...wanted, complain });
  const volumes = volumesOf(service, project, complain);
  const services = dependenciesOf(service, project, complain);
  const files = filesOf(service, project, complain);
  misnamed(service, wanted.container, complain);
  if (wrong.length > 0) throw new Complaints(wrong);
  const changed = new Map<string, Node>([
    ...service,
    ...[...service].filter(([key]) => texts.has(key)).map(([key, node]) => [key, withTexts(pairsOf(node))] as const),
    ...(networks.node ? [['networks', networks.node] as const] : []),
    ...(volumes.node ? [['volumes', volumes.node] as const] : []),
  ]);
  const kept = [...changed]
    .filter(([key]) => !isTold(key, service))
    .map(([key, node]) => [key, withoutOwn(node, key)] as const);
  return {
    node: { ...composed, value: new Map(kept) },
    surroundings: { networks: networks.toHave, volumes: volumes.toHave, services },
    files,
    misshapen: misshapenIn(composed, serviceShape, `services.${wanted.service}`),
  };
}

/** What the container itself has nothing of. A service that is named by an app is active, whatever its profiles. */
const told = new Set(['profiles', 'depends_on', 'container_name', 'secrets', 'configs', 'attach', 'develop']);

/** Of an image that has a name, how it is built says nothing: it is pulled by that name, as by `up --no-build`. */
function isTold(key: string, service: NodeMap): boolean {
  return told.has(key) || (key === 'build' && textIn(service.get('image')) !== undefined);
}

/** Whose keys are the writer's own in any case. */
const free = new Set([...texts, 'options', 'driver_opts', 'extra_hosts']);

/** Without the keys that begin with `x-`, which are the writer's own. */
function withoutOwn(node: Node, key: string): Node {
  const [list, map] = [listIn(node), mapIn(node)];
  if (list) return { ...node, value: list.map((item) => withoutOwn(item, key)) };
  if (!map || free.has(key)) return node;
  const kept = [...map].filter(([name]) => !name.startsWith('x-'));
  return { ...node, value: new Map(kept.map(([name, item]) => [name, withoutOwn(item, name)])) };
}

type Complain = (node: Node, message: string) => void;

function misnamed(service: NodeMap, container: string, complain: Complain): void {
  const node = service.get('container_name');
  if (!node || textIn(node) === container) return;
  complain(
    node,
    `container_name: is ${textIn(node) ?? 'no text'}, but the app's container is ${container}: make both the same`,
  );
}

function withTexts(node: Node): Node {
  const map = mapIn(node);
  if (!map) return node;
  const plain = (item: Node): Node => (typeof item.value === 'boolean' ? { ...item, value: String(item.value) } : item);
  return { ...node, value: new Map([...map].map(([key, item]) => [key, plain(item)])) };
}

interface Found<T> {
  readonly node: Node | undefined;
  readonly toHave: readonly T[];
}

/** Each by its name on the host, with the service's name as an alias; without any it is that of the project. */
function networksOf(
  service: NodeMap,
  project: ComposeProject,
  { service: alias, complain }: Wanted & { readonly complain: Complain },
): Found<NetworkToHave> {
  if (service.has('network_mode')) return { node: undefined, toHave: [] };
  const written = service.get('networks');
  const place = written ?? service.get('image') ?? [...service.values()][0];
  if (!place) return { node: undefined, toHave: [] };
  const names = written ? namesOf(written) : { ...place, value: new Map([['default', { ...place, value: null }]]) };
  const map = mapIn(names);
  if (!map) return { node: written, toHave: [] };
  const toHave: NetworkToHave[] = [];
  const named = [...map].map(([key, node]): readonly [string, Node] => {
    const declared = project.declared('networks', key);
    if (!declared && key !== 'default') complain(node, `networks.${key}: is declared nowhere under networks`);
    const network = networkToHave(key, declared && project.filled(declared), project.name);
    toHave.push(network);
    const settings = mapIn(node) ?? new Map<string, Node>();
    const aliases = settings.get('aliases');
    const withAlias = [{ ...node, value: alias }, ...((aliases && listIn(aliases)) ?? [])];
    const isUsable = node.value === null || mapIn(node) !== undefined;
    const isListed = aliases === undefined || listIn(aliases) !== undefined;
    if (!isUsable || !isListed) return [key, node];
    const value = new Map([
      ...settings,
      ['name', { ...node, value: network.name }] as const,
      ['aliases', { ...node, value: withAlias }] as const,
    ]);
    return [key, { ...node, value }];
  });
  return { node: { ...names, value: new Map(named) }, toHave };
}

/** Each by its name on the host. */
function volumesOf(service: NodeMap, project: ComposeProject, complain: Complain): Found<VolumeToHave> {
  const written = service.get('volumes');
  const list = written && listIn(written);
  if (!list) return { node: written, toHave: [] };
  const toHave: VolumeToHave[] = [];
  const real = (item: Node, key: string): string => {
    const declared = project.declared('volumes', key);
    if (!declared) {
      complain(item, `volumes: the volume ${key} is declared nowhere under volumes`);
      return key;
    }
    const volume = volumeToHave(key, project.filled(declared), project.name);
    toHave.push(volume);
    return volume.name;
  };
  const items = list.map((item): Node => {
    const map = mapIn(item);
    const source = map?.get('source');
    if (map) {
      if (textIn(map.get('type')) !== 'volume' || !source) return item;
      return {
        ...item,
        value: new Map([...map, ['source', { ...source, value: real(source, textIn(source) ?? '') }]]),
      };
    }
    const [name, ...rest] = (textIn(item) ?? '').split(':');
    const isNamed = name !== undefined && rest.length > 0 && /^[a-zA-Z0-9]/.test(name) && !name.includes('/');
    return isNamed ? { ...item, value: [real(item, name), ...rest].join(':') } : item;
  });
  return { node: { ...written, value: items }, toHave };
}

const conditions = ['service_started', 'service_healthy', 'service_completed_successfully'] as const;

function dependenciesOf(service: NodeMap, project: ComposeProject, complain: Complain): Dependency[] {
  const written = service.get('depends_on');
  if (!written) return [];
  const map = mapIn(namesOf(written));
  if (!map) {
    complain(written, 'depends_on: should be a list of services, or a mapping of them');
    return [];
  }
  return [...map].flatMap(([name, node]): Dependency[] => {
    const other = project.declared('services', name);
    const given = mapIn(node);
    const { condition = 'service_started', required = true } = (given ? plainOf(node) : {}) as Record<string, unknown>;
    const isKnown = conditions.find((it) => it === condition);
    if (!other) complain(node, `depends_on.${name}: there is no such service`);
    else if (!isKnown) complain(node, `depends_on.${name}.condition: should be ${conditions.join(', ')}`);
    else {
      const called = mapIn(other)?.get('container_name');
      const own = called && textIn(project.filled(called));
      const names = own === undefined ? ['-', '_'].map((mark) => [project.name, name, '1'].join(mark)) : [own];
      return [{ service: name, project: project.name, names, condition: isKnown, isRequired: required !== false }];
    }
    return [];
  });
}
