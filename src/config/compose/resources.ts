/** Networks and volumes as compose files declare them: what they are called on a host, and how they are made. */
import type { NetworkToHave, VolumeToHave } from '../../rollout/container-spec.ts';
import { type Complaint, Complaints } from '../document.ts';
import { pairsOf } from './merge.ts';
import { complaintAt, mapIn, type Node, type NodeMap, listIn, textIn, wordIn } from './nodes.ts';

const ofNetworks = new Set(
  'name external driver driver_opts ipam internal attachable enable_ipv4 enable_ipv6 labels'.split(' '),
);
const ofVolumes = new Set('name external driver driver_opts labels'.split(' '));

const NAME = /^[a-zA-Z0-9][\w.-]*$/;

const poolKeys = { subnet: 'Subnet', ip_range: 'IPRange', gateway: 'Gateway' } as const;

type Texts = Readonly<Record<string, string>>;

export function networkToHave(key: string, declared: Node | undefined, project: string): NetworkToHave {
  const map = checked(`networks.${key}`, declared, ofNetworks);
  const ipam = map.get('ipam');
  return {
    ...whole(`networks.${key}`, map, project),
    ...common(map),
    isInternal: map.get('internal')?.value === true,
    isAttachable: map.get('attachable')?.value === true,
    hasIpv6: map.get('enable_ipv6')?.value === true,
    ...(ipam && { ipam: ipamOf(ipam) }),
  };
}

export function volumeToHave(key: string, declared: Node | undefined, project: string): VolumeToHave {
  const map = checked(`volumes.${key}`, declared, ofVolumes);
  return { ...whole(`volumes.${key}`, map, project), ...common(map) };
}

function checked(label: string, declared: Node | undefined, known: ReadonlySet<string>): NodeMap {
  if ((declared?.value ?? null) === null || !declared) return new Map();
  const map = mapIn(declared);
  if (!map) throw new Complaints([complaintAt(declared.place(), `${label}: should be a mapping`)]);
  const wrong = [...map].flatMap(([key, node]): Complaint[] =>
    known.has(key) || key.startsWith('x-')
      ? []
      : [complaintAt((node.keyPlace ?? node.place)(), `${label}.${key}: is no known key`)],
  );
  if (wrong.length > 0) throw new Complaints(wrong);
  return map;
}

/** An old way to write it is `external: { name: … }`. */
function whole(label: string, map: NodeMap, project: string): { readonly name: string; readonly isExternal: boolean } {
  const external = map.get('external');
  const inner = mapIn(external);
  const isExternal = inner !== undefined || external?.value === true || external?.value === 'true';
  const called = map.get('name') ?? inner?.get('name');
  const name = textIn(called);
  if (called && (name === undefined || !NAME.test(name))) {
    throw new Complaints([complaintAt(called.place(), `${label}.name: is no name: ${JSON.stringify(name ?? null)}`)]);
  }
  const key = label.slice(label.indexOf('.') + 1);
  return { name: name ?? (isExternal ? key : `${project}_${key}`), isExternal };
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
