/** Networks and volumes as compose files declare them: what they are called on a host, and how they are made. */
import type { NetworkToHave, VolumeToHave } from '../../rollout/container-spec.ts';
import { type Complaint, Complaints } from '../document.ts';
import { pairsOf } from './merge.ts';
import { complaintAt, mapIn, type Node, type NodeMap, listIn, textIn, wordIn } from './nodes.ts';
import { misshapenIn, networkShape, type Shape, volumeShape } from './shapes.ts';

const ofNetworks = new Set(
  'name external driver driver_opts ipam internal attachable enable_ipv4 enable_ipv6 labels'.split(' '),
);
const ofVolumes = new Set('name external driver driver_opts labels'.split(' '));

const NAME = /^[a-zA-Z0-9][\w.-]*$/;

const poolKeys = { subnet: 'Subnet', ip_range: 'IPRange', gateway: 'Gateway' } as const;

type Texts = Readonly<Record<string, string>>;

export function networkToHave(key: string, declared: Node | undefined, project: string): NetworkToHave {
  const map = checked(`networks.${key}`, declared, { known: ofNetworks, shape: networkShape });
  const ipam = map.get('ipam');
  return {
    ...whole(`networks.${key}`, map, project),
    ...common(map),
    isInternal: isTrue(map.get('internal')),
    isAttachable: isTrue(map.get('attachable')),
    hasIpv6: isTrue(map.get('enable_ipv6')),
    ...(ipam && { ipam: ipamOf(ipam) }),
  };
}

export function volumeToHave(key: string, declared: Node | undefined, project: string): VolumeToHave {
  const map = checked(`volumes.${key}`, declared, { known: ofVolumes, shape: volumeShape });
  return { ...whole(`volumes.${key}`, map, project), ...common(map) };
}

interface Rules {
  readonly known: ReadonlySet<string>;
  readonly shape: Shape;
}

function checked(label: string, declared: Node | undefined, { known, shape }: Rules): NodeMap {
  if ((declared?.value ?? null) === null || !declared) return new Map();
  const map = mapIn(declared);
  if (!map) throw new Complaints([complaintAt(declared.place(), `${label}: should be a mapping`)]);
  const wrong = [...map].flatMap(([key, node]): Complaint[] =>
    known.has(key) || key.startsWith('x-')
      ? []
      : [complaintAt((node.keyPlace ?? node.place)(), `${label}.${key}: is no known key`)],
  );
  const all = [...wrong, ...misshapenIn(declared, shape, label)];
  if (all.length > 0) throw new Complaints(all);
  return map;
}

/** An old way to write it is `external: { name: … }`. */
function whole(label: string, map: NodeMap, project: string): { readonly name: string; readonly isExternal: boolean } {
  const external = map.get('external');
  const inner = mapIn(external);
  const isExternal = inner !== undefined || isTrue(external);
  const called = map.get('name') ?? inner?.get('name');
  const name = textIn(called);
  if (called && (name === undefined || !NAME.test(name))) {
    throw new Complaints([complaintAt(called.place(), `${label}.name: is no name: ${JSON.stringify(name ?? null)}`)]);
  }
  const key = label.slice(label.indexOf('.') + 1);
  return { name: name ?? (isExternal ? key : `${project}_${key}`), isExternal };
}

function isTrue(node: Node | undefined): boolean {
  return node?.value === true || node?.value === 'true';
}

function common(map: NodeMap): {
  readonly driver: string | undefined;
  readonly options: Texts;
  readonly labels: Texts;
} {
  return {
    driver: textIn(map.get('driver')),
    options: textsIn(map.get('driver_opts')),
    labels: textsIn(map.get('labels')),
  };
}

function textsIn(node: Node | undefined): Texts {
  const map = node && mapIn(pairsOf(node));
  return Object.fromEntries([...(map ?? [])].map(([key, value]) => [key, wordIn(value)]));
}

function ipamOf(node: Node): NonNullable<NetworkToHave['ipam']> {
  const map = mapIn(node);
  const config = map?.get('config');
  const pools = ((config && listIn(config)) ?? []).map((one) => {
    const words = Object.entries(poolKeys).map(([key, name]) => [name, wordIn(mapIn(one)?.get(key))] as const);
    return Object.fromEntries(words.filter(([, word]) => word !== ''));
  });
  return { driver: textIn(map?.get('driver')) ?? 'default', options: textsIn(map?.get('options')), pools };
}
