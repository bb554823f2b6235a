/** Where and how to log in to one host, or jump host: everything decided. */
export interface SshAddress {
  /** The inventory's name, or how a jump host is written; for messages. */
  readonly host: string;
  /** Name or address to connect to. */
  readonly address: string;
  readonly port: number;
  readonly user: string;
  readonly family: 4 | 6 | undefined;
  /** Our own address to connect from. */
  readonly bindAddress: string | undefined;
  /** Tried in this order; those that do not exist are passed over. */
  readonly identityFiles: readonly string[];
  /** Certificates that are named for this host; those beside an identity file are not among them. */
  readonly certificateFiles: readonly string[];
  /** Of an agent's keys, only those that are in `identityFiles`, too. */
  readonly identitiesOnly: boolean;
  /** Where ssh-agent listens. */
  readonly agentSocket: string | undefined;
  /** Looked through in this order. */
  readonly knownHostsFiles: readonly string[];
  /** Where new keys go. */
  readonly newKeysFile: string | undefined;
  /** The name that the host's key is known by, in place of address and port. */
  readonly hostKeyAlias: string | undefined;
  readonly hostKeyChecking: 'yes' | 'accept-new' | 'no';
  /** Whether names are hashed in what `accept-new` writes. */
  readonly hashKnownHosts: boolean;
  /** Time limit of one handshake, in milliseconds. */
  readonly connectTimeoutMs: number;
  /** How often it is tried to connect at all, a second apart. */
  readonly attempts: number;
  readonly keepalive: { readonly everyMs: number; readonly unanswered: number };
  /** The jump hosts before this one, first to last, as `[user@]host[:port]`. */
  readonly jumps: readonly string[];
  /** A command line whose standard input and output are the connection. */
  readonly proxyCommand: string | undefined;
  readonly algorithms: Algorithms;
  /** What the system's `ssh` is given to connect there, options and destination; undefined: sluice connects. */
  readonly openssh: readonly string[] | undefined;
}

/** Names of algorithms, best first, as OpenSSH would offer them; undefined: ours. */
export interface Algorithms {
  readonly kex: readonly string[] | undefined;
  readonly hostKey: readonly string[] | undefined;
  readonly cipher: readonly string[] | undefined;
  readonly mac: readonly string[] | undefined;
}

/** `fe1 (root@10.77.0.11:22)`, with ` through bastion` when there are jump hosts. */
export function placeOf({ host, user, address, port, jumps }: SshAddress): string {
  const through = jumps.length === 0 ? '' : ` through ${jumps.join(', ')}`;
  return `${host} (${user}@${address.includes(':') ? `[${address}]` : address}:${port}${through})`;
}
