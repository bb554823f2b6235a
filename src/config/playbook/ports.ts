import { isIP } from 'node:net';
import type { PublishedPort } from '../../rollout/container-spec.ts';
import { isMapping } from '../values.ts';
import { each, type Leaf, Misfit, textOf } from './field.ts';

type Range = readonly [number, number];

/** Compose's short syntax, `[[ip:][host[-host]]:]container[-container][/tcp|udp]`; a range gives several. */
export const ports: Leaf<readonly PublishedPort[]> = {
  says: 'a list of ports such as "127.0.0.1:8081:8080"',
  item: 'a port such as "8080", "8081:8080" or "127.0.0.1:8081:8080/tcp"',
  parse: (value) => {
    if (!Array.isArray(value)) return new Misfit();
    return each<unknown, readonly PublishedPort[]>(value, portsIn).flat() as PublishedPort[] | Misfit[];
  },
};

function portsIn(value: unknown): PublishedPort[] | Misfit {
  const written = isMapping(value) ? shortOf(value) : textOf(value);
  if (written instanceof Misfit) return written;
  const match = /^(?:(.*):)?([\d-]+)(?:\/(\w+))?$/.exec(written);
  const protocol = match?.[3] ?? 'tcp';
  if (match?.[2] === undefined) return new Misfit();
  if (!isProtocol(protocol)) return new Misfit('the protocol is tcp, udp or sctp');
  const container = rangeIn(match[2]);
  const publish = hostSideIn(match[1]);
  if (!container || !publish) return new Misfit('ports go from 1 to 65535');
  if (publish.hostIp !== '' && isIP(publish.hostIp) === 0) return new Misfit(`"${publish.hostIp}" is no IP address`);
  if (publish.range && sizeOf(publish.range) !== sizeOf(container)) {
    const isChoice = sizeOf(container) === 1;
    return new Misfit(isChoice ? 'Docker would choose one: name it' : 'both ranges must be of the same length');
  }
  const { hostIp, range } = publish;
  return Array.from({ length: sizeOf(container) }, (_, offset) => ({
    hostIp,
    hostPort: range && range[0] + offset,
    containerPort: container[0] + offset,
    protocol,
  }));
}

/** What says which port is meant; `mode`, `name` and `app_protocol` change nothing on a single host. */
const longKeys = new Set(['target', 'published', 'host_ip', 'protocol', 'mode', 'name', 'app_protocol']);

function shortOf(value: Readonly<Record<string, unknown>>): string | Misfit {
  const unknown = Object.keys(value).find((key) => !longKeys.has(key));
  if (unknown !== undefined) return new Misfit(`"${unknown}" is no known key of it`);
  const { target, published, host_ip: hostIp, protocol = 'tcp', mode = 'host' } = value;
  if (textOf(target) === '') return new Misfit('its target is the port in the container');
  if (mode !== 'host' && mode !== 'ingress') return new Misfit('the mode is host or ingress');
  const address = hostIp === undefined ? '' : `${textOf(hostIp)}:`;
  return `${address}${published === undefined ? (address === '' ? '' : ':') : `${textOf(published)}:`}${textOf(target)}/${textOf(protocol)}`;
}

function isProtocol(word: string): word is PublishedPort['protocol'] {
  return word === 'tcp' || word === 'udp' || word === 'sctp';
}

function hostSideIn(written: string | undefined): { hostIp: string; range: Range | undefined } | undefined {
  if (written === undefined) return { hostIp: '', range: undefined };
  const match = /^(?:(.+):)?([\d-]*)$/.exec(written);
  if (!match) return undefined;
  const range = rangeIn(match[2] ?? '');
  if (range === undefined && match[2] !== '') return undefined;
  return { hostIp: (match[1] ?? '').replace(/^\[(.*)\]$/, '$1'), range };
}

function rangeIn(written: string): Range | undefined {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(written);
  if (!match) return undefined;
  const first = Number(match[1]);
  const last = Number(match[2] ?? first);
  return first >= 1 && first <= last && last <= 65_535 ? [first, last] : undefined;
}

function sizeOf([first, last]: Range): number {
  return last - first + 1;
}

/** Whether both cannot be published on one host. */
export function collide(one: PublishedPort, other: PublishedPort): boolean {
  if (one.hostPort === undefined || one.hostPort !== other.hostPort || one.protocol !== other.protocol) return false;
  return one.hostIp === other.hostIp || isWildcard(one.hostIp) || isWildcard(other.hostIp);
}

function isWildcard(hostIp: string): boolean {
  return hostIp === '' || hostIp === '0.0.0.0' || hostIp === '::';
}
