import { isIP, isIPv4, isIPv6 } from 'node:net';
import type { NetworkSpec } from '../../rollout/container-spec.ts';
import { isMapping } from '../values.ts';
import { options } from './container-leaves.ts';
import { each, type Leaf, Misfit, textOf } from './field.ts';
import { listOf, matching, numberIn } from './leaves.ts';

const NAME = /^[a-zA-Z0-9][\w.-]*$/;

interface Prioritised {
  readonly spec: NetworkSpec;
  readonly priority: number;
}

/** Those of higher priority first, otherwise by name, as Compose does it: the first one has the default route. */
export const networks: Leaf<readonly NetworkSpec[]> = {
  says: 'a list of networks, or a mapping of them to aliases and addresses',
  item: 'the name of a network, or a mapping of aliases and addresses',
  parse: (value) => {
    const entries = Array.isArray(value) ? value.map((name) => [textOf(name), null] as const) : pairsOf(value);
    if (!entries) return new Misfit();
    if (entries.length === 0) return new Misfit('without any it is network_mode: none');
    const read = each<readonly [string, unknown], Prioritised>(
      entries,
      ([name, given]) => (NAME.test(name) ? network(name, given ?? {}) : new Misfit(`"${name}" is no name`)),
      ([name], index) => (Array.isArray(value) ? index : name),
    );
    if (read.some((it) => it instanceof Misfit)) return read as readonly Misfit[];
    return (read as readonly Prioritised[])
      .toSorted((one, other) => other.priority - one.priority || (one.spec.name < other.spec.name ? -1 : 1))
      .map(({ spec }) => spec);
  },
};

function pairsOf(value: unknown): readonly (readonly [string, unknown])[] | undefined {
  return isMapping(value) ? Object.entries(value) : undefined;
}

const known = new Set(['aliases', 'ipv4_address', 'ipv6_address', 'link_local_ips', 'driver_opts', 'priority', 'name']);
const refused: Readonly<Record<string, string>> = {
  mac_address: 'a MAC address cannot be that of two containers, and the old and the new one are there at once',
  gw_priority: 'priority says which network is first',
  interface_name: 'it needs an Engine that sluice does not know yet',
};

function network(written: string, value: unknown): Prioritised | Misfit {
  if (!isMapping(value)) return new Misfit();
  const unknown = Object.keys(value).find((key) => !known.has(key));
  if (unknown !== undefined) {
    const why = Object.hasOwn(refused, unknown) ? `is not supported: ${String(refused[unknown])}` : 'is no known key';
    return new Misfit(`"${unknown}" ${why}`);
  }
  const {
    aliases = [],
    ipv4_address: ipv4,
    ipv6_address: ipv6,
    link_local_ips: local,
    driver_opts: driverOpts,
  } = value;
  const names = listOf(matching('', NAME), '').parse(aliases);
  if (!isListOfTexts(names)) return new Misfit('aliases is a list of names');
  if (ipv4 !== undefined && !isIPv4(textOf(ipv4))) return new Misfit('ipv4_address is an IPv4 address');
  if (ipv6 !== undefined && !isIPv6(textOf(ipv6))) return new Misfit('ipv6_address is an IPv6 address');
  const locals = local === undefined ? undefined : addresses.parse(local);
  if (locals !== undefined && !isListOfTexts(locals)) return new Misfit('link_local_ips is a list of addresses');
  const opts = driverOpts === undefined ? undefined : options.parse(driverOpts);
  if (opts !== undefined && !isMapping(opts)) return new Misfit('driver_opts is a mapping of texts');
  const priority = numberIn(value['priority'] ?? 0);
  if (priority === undefined) return new Misfit('priority is a number');
  const spec = {
    // What a compose file calls it may not be its name on the host.
    name: value['name'] === undefined ? written : textOf(value['name']),
    aliases: names,
    ...(ipv4 !== undefined && { ipv4Address: textOf(ipv4) }),
    ...(ipv6 !== undefined && { ipv6Address: textOf(ipv6) }),
    ...(locals !== undefined && { linkLocalIps: locals }),
    ...(opts !== undefined && { driverOpts: opts }),
  };
  return { spec, priority };
}

function isListOfTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((it) => typeof it === 'string');
}

/** One, or a list of them. */
function oneOrMore(says: string, item: string, isGood: (text: string) => boolean): Leaf<readonly string[]> {
  return {
    says,
    item,
    parse: (value) => {
      const read = each<unknown, string>(Array.isArray(value) ? value : [value], (it) =>
        isGood(textOf(it)) ? textOf(it) : new Misfit(),
      );
      return Array.isArray(value) || typeof read[0] === 'string' ? read : new Misfit();
    },
  };
}

export const addresses = oneOrMore('an IP address, or a list of them', 'an IP address', (it) => isIP(it) !== 0);

export const searchDomains = oneOrMore('a domain, or a list of them', 'a domain', (it) => /^[\w.-]+$/.test(it));

/** As Docker has them: `8080/tcp`. */
export const expose: Leaf<readonly string[]> = {
  says: 'a list of ports such as 8080 or "8080-8082/udp"',
  item: 'a port such as 8080 or "8080-8082/udp"',
  parse: (value) => {
    if (!Array.isArray(value)) return new Misfit();
    return each<unknown, readonly string[]>(value, exposed).flat() as string[] | Misfit[];
  },
};

function exposed(value: unknown): string[] | Misfit {
  const [, first, last, protocol = 'tcp'] = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?$/.exec(textOf(value)) ?? [];
  const [from, to] = [Number(first), Number(last ?? first)];
  if (first === undefined || from < 1 || from > to || to > 65_535) return new Misfit();
  return Array.from({ length: to - from + 1 }, (_, offset) => `${from + offset}/${protocol}`);
}
