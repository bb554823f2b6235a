import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ssh2, { type Connection, type ServerChannel } from 'ssh2';
import type { SshAddress } from '../../src/adapters/ssh/address.ts';

type Command = (line: string, channel: ServerChannel) => void;

interface Pair {
  readonly private: string;
  readonly public: string;
}

/** An SSH server in this process, with its own host key, that lets in one key and can be made to misbehave. */
export class TestSshServer {
  readonly folder: string;
  readonly port: number;
  /** Keys by which this host was known, and is let in to. */
  readonly hostKey: Pair;
  readonly userKey: Pair;
  /** What an exec does; by default it prints its command line. */
  command: Command = (line, channel) => {
    channel.write(`${line}\n`);
    channel.exit(0);
    channel.end();
  };
  /** What streams to sockets and ports do. */
  forwarding: 'allowed' | 'refused' | 'ignored' = 'allowed';
  /** Where streams to a unix socket end instead. */
  socketPath = '';
  /** How many of the next TCP connections are closed before the handshake. */
  hangUps = 0;
  connections = 0;
  /** Handshakes that were under way at the same time, at most. */
  mostHandshakes = 0;
  #handshakes = 0;
  readonly #server: ssh2.Server;
  readonly #allowed: ssh2.ParsedKey[] = [];
  readonly #sockets = new Set<Socket>();

  static async start(): Promise<TestSshServer> {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-ssh-'));
    const [hostKey, userKey] = [newKey(), newKey()];
    await writeFile(join(folder, 'id'), userKey.private, { mode: 0o600 });
    const server = new ssh2.Server({ hostKeys: [hostKey.private], ident: 'OpenSSH_9.2p1-test' });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await writeFile(join(folder, 'known_hosts'), `[127.0.0.1]:${port} ${hostKey.public}\n`);
    return new TestSshServer({ folder, port, hostKey, userKey, server });
  }

  private constructor(parts: { folder: string; port: number; hostKey: Pair; userKey: Pair; server: ssh2.Server }) {
    this.folder = parts.folder;
    this.port = parts.port;
    this.hostKey = parts.hostKey;
    this.userKey = parts.userKey;
    this.#server = parts.server;
    // The server of ssh2 does not tell of its TCP connections; the one beneath it does.
    const { _srv: tcp } = parts.server as unknown as { _srv: NodeJS.EventEmitter };
    tcp.prependListener('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      if (this.hangUps-- > 0) socket.destroy();
    });
    this.allow(parts.userKey.public);
    parts.server.on('connection', (client) => this.#serve(client));
  }

  address(changes: Partial<SshAddress> = {}): SshAddress {
    return {
      host: 'fe1',
      address: '127.0.0.1',
      port: this.port,
      user: 'root',
      family: undefined,
      bindAddress: undefined,
      identityFiles: [join(this.folder, 'id')],
      certificateFiles: [],
      identitiesOnly: false,
      agentSocket: undefined,
      knownHostsFiles: [join(this.folder, 'known_hosts')],
      newKeysFile: join(this.folder, 'known_hosts'),
      hostKeyAlias: undefined,
      hostKeyChecking: 'yes',
      hashKnownHosts: false,
      connectTimeoutMs: 5_000,
      attempts: 1,
      keepalive: { everyMs: 5_000, unanswered: 3 },
      jumps: [],
      proxyCommand: undefined,
      openssh: undefined,
      algorithms: { kex: undefined, hostKey: undefined, cipher: undefined, mac: undefined },
      ...changes,
    };
  }

  /** Lets this key in, too. */
  allow(publicKey: string): void {
    const key = ssh2.utils.parseKey(publicKey);
    if (key instanceof Error) throw key;
    this.#allowed.push(key);
  }

  /** How ~/.ssh/config would tell of it, under a name. */
  config(name: string, more: readonly string[] = []): string {
    const lines = [
      ...['HostName 127.0.0.1', `Port ${this.port}`, 'User root', 'GlobalKnownHostsFile none', 'IdentityAgent none'],
      ...[`IdentityFile ${this.folder}/id`, `UserKnownHostsFile ${this.folder}/known_hosts`, ...more],
    ];
    return [`Host ${name}`, ...lines.map((line) => `  ${line}`), ''].join('\n');
  }

  /** Resolves once nobody is connected. */
  async free(): Promise<void> {
    await Promise.all([...this.#sockets].map((socket) => once(socket, 'close')));
  }

  /** Hears nothing any more, on any connection, and says nothing: as a machine that is gone from the network. */
  freeze(): void {
    for (const socket of this.#sockets) socket.pause();
  }

  /** Cuts every connection, without a goodbye. */
  drop(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  async stop(): Promise<void> {
    this.drop();
    this.#server.close();
    await rm(this.folder, { recursive: true });
  }

  #serve(client: Connection): void {
    client.on('error', () => undefined);
    client.on('authentication', (attempt) => {
      const isAllowed =
        attempt.method === 'publickey' &&
        this.#allowed.some(
          (allowed) =>
            attempt.key.data.equals(allowed.getPublicSSH()) &&
            (!attempt.signature || allowed.verify(attempt.blob ?? Buffer.of(), attempt.signature, attempt.hashAlgo)),
        );
      if (isAllowed) attempt.accept();
      else attempt.reject(['publickey']);
    });
    this.#handshakes++;
    this.mostHandshakes = Math.max(this.mostHandshakes, this.#handshakes);
    client.on('ready', () => {
      this.connections++;
      this.#handshakes--;
    });
    client.on('session', (accept) => {
      accept().on('exec', (acceptExec, _reject, { command }) => this.command(command, acceptExec()));
    });
    client.on('openssh.streamlocal', (accept, reject) => this.#forward(accept, reject, { path: this.socketPath }));
    client.on('tcpip', (accept, reject, { destIP, destPort }) =>
      this.#forward(accept, reject, { host: destIP, port: destPort }),
    );
  }

  #forward(
    accept: () => ServerChannel,
    reject: () => void,
    to: { path: string } | { host: string; port: number },
  ): void {
    if (this.forwarding === 'ignored') return;
    if (this.forwarding === 'refused') return reject();
    const target = connect(to);
    target.on('error', () => reject());
    target.on('connect', () => {
      const channel = accept();
      target.removeAllListeners('error').on('error', () => channel.close());
      channel.on('error', () => target.destroy());
      channel.on('close', () => target.destroy());
      channel.pipe(target).pipe(channel);
    });
  }
}

/** Encrypted, if a passphrase is given. */
export function newKey(passphrase?: string): Pair {
  // One in some three hundred keys that ssh2 makes cannot be read, not even by itself.
  for (;;) {
    const pair =
      passphrase === undefined
        ? ssh2.utils.generateKeyPairSync('ed25519')
        : ssh2.utils.generateKeyPairSync('ed25519', { passphrase, cipher: 'aes256-ctr', rounds: 16 });
    if (!(ssh2.utils.parseKey(pair.private, passphrase) instanceof Error)) return pair;
  }
}
