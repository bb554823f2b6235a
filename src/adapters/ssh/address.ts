/** Where and how to log in to one host. */
export interface SshAddress {
  /** The inventory's name, for messages. */
  readonly host: string;
  /** Name or address to connect to. */
  readonly address: string;
  readonly port: number;
  readonly user: string;
  /** Tried in this order; those that do not exist are passed over. */
  readonly privateKeyFiles: readonly string[];
  /** Looked through in this order; `accept-new` writes to the first. */
  readonly knownHostsFiles: readonly string[];
  readonly hostKeyChecking: 'yes' | 'accept-new' | 'no';
  /** Time limit of one handshake, in milliseconds. */
  readonly connectTimeoutMs: number;
}

/** `fe1 (root@10.77.0.11:22)` */
export function placeOf({ host, user, address, port }: SshAddress): string {
  return `${host} (${user}@${address.includes(':') ? `[${address}]` : address}:${port})`;
}
