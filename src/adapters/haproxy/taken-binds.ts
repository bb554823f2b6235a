/**
 * Addresses that a new configuration binds, and that others have: `haproxy -c` does not try them, and a reload that fails
 * for one of them has HAProxy accept no connection for the two seconds in which it tries again.
 */

/** One socket that listens, as /proc/net/tcp and tcp6 have it. */
interface Listening {
  /** Hexadecimal, of 4 or 16 bytes. */
  readonly address: string;
  readonly port: number;
}

const LISTEN = '0A';

/** `from`: the configuration in effect, whose own sockets are no obstacle. */
export function takenBinds(from: string, to: string, procNetTcp: string): readonly string[] {
  const listening = listeningIn(procNetTcp);
  const own = new Set(bindsIn(from));
  return bindsIn(to).filter((bind) => {
    if (own.has(bind)) return false;
    const { host = '', port = '' } = /^(?:ipv[46]@)?(?<host>.*):(?<port>\d+)$/.exec(bind)?.groups ?? {};
    if (port === '' || [...own].some((other) => other.endsWith(`:${port}`))) return false;
    return listening.some((one) => one.port === Number(port) && overlaps(host, one.address));
  });
}

/** The addresses of all `bind` lines and of stats sockets on TCP. */
function bindsIn(text: string): readonly string[] {
  return text.split('\n').flatMap((line) => {
    const [, addresses = ''] = /^\s*(?:bind|stats\s+socket)\s+(\S+)/.exec(line) ?? [];
    return addresses.split(',').filter((address) => address !== '' && !address.startsWith('/'));
  });
}

function listeningIn(procNetTcp: string): readonly Listening[] {
  return procNetTcp.split('\n').flatMap((line) => {
    const [, local = '', , state] = line.trim().split(/\s+/);
    const [address = '', port = ''] = local.split(':');
    return state === LISTEN ? [{ address, port: Number.parseInt(port, 16) }] : [];
  });
}

/** An address that is no IPv4 address, such as a name, is not judged, but for those that mean all. */
function overlaps(host: string, address: string): boolean {
  const isAll = /^0+$/.test(address);
  if (isAll || ['', '*', '0.0.0.0', '::', '[::]'].includes(host)) return true;
  const parts = host.split('.').map(Number);
  if (parts.length !== 4) return false;
  const hex = parts
    .toReversed()
    .map((part) => part.toString(16).padStart(2, '0'))
    .join('')
    .toUpperCase();
  return address === hex || address.endsWith(`FFFF0000${hex}`);
}
