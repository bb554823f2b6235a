/** Of which kind the values of compose files are: what the specification's schema demands, sluice demands as well. */
import { type Complaint } from '../document.ts';
import { complaintAt, listIn, mapIn, type Node } from './nodes.ts';

/** A value of the wrong kind, where it is, and what should be there. */
interface Misshape {
  readonly node: Node;
  readonly path: string;
  readonly says: string;
}

export type Shape = (node: Node, path: string) => readonly Misshape[];

function is(says: string, fits: (value: Node['value']) => boolean): Shape {
  return (node, path) => (fits(node.value) ? [] : [{ node, path, says }]);
}

const text = is('a text (quote it)', (value) => typeof value === 'string');
const textOrNumber = is('a text or a number', (value) => typeof value === 'string' || typeof value === 'number');
const textOrInteger = is('a text or a whole number', (value) => typeof value === 'string' || Number.isInteger(value));
const number = is('a number', (value) => typeof value === 'number');
const boolean = is('true or false', (value) => typeof value === 'boolean');
const flag = is('true or false', (value) => typeof value === 'boolean' || value === 'true' || value === 'false');
const always = is('true: sluice makes no network without IPv4', (value) => value === true || value === 'true');
const plain = is('a text, a number, true or false', (value) => typeof value !== 'object' || value === null);

/** What is not named may be anything here; others say what it may be. */
function keys(shapes: Readonly<Record<string, Shape>>, { only = false, needs = '' } = {}): Shape {
  return (node, path) => {
    const map = mapIn(node);
    if (!map) return [{ node, path, says: 'a mapping' }];
    if (needs !== '' && !map.has(needs)) return [{ node, path, says: `a mapping with ${needs}` }];
    return [...map].flatMap(([key, value]) => {
      const inner = `${path}.${key}`;
      const shape = Object.hasOwn(shapes, key) ? shapes[key] : undefined;
      if (shape) return shape(value, inner);
      return only && !key.startsWith('x-') ? [{ node: value, path: inner, says: 'left out: it is no known key' }] : [];
    });
  };
}

function mappingOf(shape: Shape): Shape {
  return (node, path) => {
    const map = mapIn(node);
    if (!map) return [{ node, path, says: 'a mapping' }];
    return [...map].flatMap(([key, value]) => (key.startsWith('x-') ? [] : shape(value, `${path}.${key}`)));
  };
}

function listOf(shape: Shape, { unique = false } = {}): Shape {
  return (node, path) => {
    const list = listIn(node);
    if (!list) return [{ node, path, says: 'a list' }];
    const seen = new Set<unknown>();
    const twice = list.filter(({ value }) => {
      const isAgain = unique && typeof value !== 'object' && seen.has(value);
      seen.add(value);
      return isAgain;
    });
    const says = 'a list in which nothing is twice';
    return [
      ...list.flatMap((item, index) => shape(item, `${path}[${index}]`)),
      ...twice.map((node) => ({ node, path, says })),
    ];
  };
}

/** By what it is: null, a list, a mapping, or else. */
function either(shapes: {
  readonly none?: true;
  readonly list?: Shape;
  readonly map?: Shape;
  readonly else?: Shape;
}): Shape {
  const others = [shapes.list && 'a list', shapes.map && 'a mapping', shapes.else && 'a text'].filter(Boolean);
  return (node, path) => {
    if (node.value === null && shapes.none) return [];
    const shape = listIn(node) ? shapes.list : mapIn(node) ? shapes.map : shapes.else;
    return shape ? shape(node, path) : [{ node, path, says: others.join(' or ') }];
  };
}

const texts = listOf(text);
const uniqueTexts = listOf(text, { unique: true });
const pairs = either({ list: uniqueTexts, map: mappingOf(plain) });
const options = mappingOf(textOrNumber);
const words = either({ none: true, list: texts, else: text });
const memory = keys({ memory: text });
const files = listOf(
  either({ map: keys({ source: text, target: text, uid: text, gid: text, mode: textOrNumber }), else: text }),
);

/** Nothing of it means anything here, but its keys have to be known. */
function onlyKeys(names: string): Shape {
  return keys(Object.fromEntries(names.split(' ').map((name) => [name, () => []])), { only: true });
}

const BUILD =
  'additional_contexts args cache_from cache_to context dockerfile dockerfile_inline entitlements extra_hosts isolation ' +
  'labels network no_cache no_cache_filter platforms privileged provenance pull sbom secrets shm_size ssh tags target ulimits';

export const serviceShape = keys({
  ...{ image: text, user: text, hostname: text, domainname: text, cgroup_parent: text, cpuset: text },
  ...{ network_mode: text, platform: text, runtime: text, stop_signal: text, container_name: text },
  ...{ command: words, entrypoint: words },
  ...{ labels: pairs, annotations: pairs, sysctls: pairs, environment: pairs },
  dns_opt: uniqueTexts,
  dns_search: either({ list: uniqueTexts, else: text }),
  group_add: listOf(textOrNumber, { unique: true }),
  security_opt: uniqueTexts,
  profiles: uniqueTexts,
  attach: flag,
  build: either({ map: onlyKeys(BUILD), else: text }),
  develop: either({ none: true, map: onlyKeys('watch') }),
  secrets: files,
  configs: files,
  depends_on: either({
    list: uniqueTexts,
    map: mappingOf(keys({ condition: text, required: boolean, restart: flag }, { only: true, needs: 'condition' })),
  }),
  deploy: either({ none: true, map: keys({ resources: keys({ limits: memory, reservations: memory }) }) }),
  mem_reservation: textOrInteger,
  devices: listOf(either({ map: keys({ target: text, permissions: text }), else: text })),
  env_file: either({ list: listOf(either({ map: keys({ required: flag }), else: text })), else: text }),
  logging: keys({ driver: text, options: mappingOf(either({ none: true, else: textOrNumber })) }),
  networks: either({
    list: uniqueTexts,
    map: mappingOf(either({ none: true, map: keys({ aliases: uniqueTexts, driver_opts: options, priority: number }) })),
  }),
  ports: listOf(
    either({ map: keys({ name: text, app_protocol: text, published: textOrInteger }), else: textOrNumber }),
  ),
  volumes: listOf(either({ map: keys({ consistency: text, bind: keys({ create_host_path: flag }) }), else: text })),
});

const external = either({ map: keys({ name: text }, { only: true }), else: flag });

export const volumeShape = keys({ name: text, external, driver: text, driver_opts: options, labels: pairs });

const pool = keys({ subnet: text, ip_range: text, gateway: text }, { only: true });

export const networkShape = keys({
  ...{ name: text, external, driver: text, driver_opts: options, labels: pairs },
  ...{ internal: flag, attachable: flag, enable_ipv4: always, enable_ipv6: flag },
  ipam: keys({ driver: text, options: mappingOf(text), config: listOf(pool) }, { only: true }),
});

/** Of what `extends` says. */
export const extendsShape = either({ map: keys({ service: text, file: text }, { only: true }), else: text });

/** What of it is of the wrong kind. `path` is where it stands, `services.web`. */
export function misshapenIn(node: Node, shape: Shape, path: string): Complaint[] {
  return shape(node, path).map((one) => complaintAt(one.node.place(), `${one.path}: should be ${one.says}`));
}
