import type { Duplex } from 'node:stream';
import { Absent, Failure } from '../../errors.ts';
import type { RunResult } from '../link.ts';
import type { OpenError } from './carrier.ts';
import { lookAt, type SocketFinding } from './refused-socket.ts';
import { LOOK_FOR_RELAYS, relayTo, type Relay } from '../relay.ts';
import { Relays } from './relays.ts';
import type { Session } from './session.ts';

/** RFC 4254, 5.1: the server does not know this type of channel. */
const UNKNOWN_CHANNEL_TYPE = 3;

export interface Hosting {
  readonly host: string;
  readonly connected: () => Promise<Session>;
  /** A further connection. */
  readonly dial: () => Promise<Session>;
  /** Whether what the user may not do is done as root. */
  readonly becomes: (session: Session) => boolean;
  /** A command line, as root where that is so. */
  readonly run: (line: string) => Promise<RunResult>;
}

/**
 * The unix sockets of one host. Where the SSH server does not forward one, or the user may not use it, a command carries
 * it; once that has worked, it is carried so from then on.
 */
export class Sockets {
  readonly #hosting: Hosting;
  readonly #relays: Relays;
  /** By path: how it has worked. */
  readonly #channels = new Map<string, Relay | 'direct'>();
  #there: Promise<readonly string[]> | undefined;

  constructor(hosting: Hosting) {
    this.#hosting = hosting;
    this.#relays = new Relays(hosting.dial);
  }

  async open(path: string, speaks: 'docker' | undefined): Promise<Duplex> {
    const known = this.#channels.get(path);
    if (known !== undefined && known !== 'direct') return this.#relayed(known, path);
    const session = await this.#hosting.connected();
    try {
      return await this.#forwarded(session, path);
    } catch (error) {
      if (error instanceof Failure) throw error;
      const relay = await this.#relayInstead(path, { session, speaks, error });
      // Since we looked, it may have come to listen: then nothing forbids it.
      const again = await this.#forwarded(session, path).catch((other: unknown) => {
        if (other instanceof Failure) throw other;
      });
      return again ?? this.#relayed(relay, path);
    }
  }

  channelTo(path: string): string | undefined {
    const channel = this.#channels.get(path);
    return channel === undefined || channel === 'direct' ? channel : `command: ${channel.told}`;
  }

  async close(): Promise<void> {
    await this.#relays.close();
  }

  async #forwarded(session: Session, path: string): Promise<Duplex> {
    const socket = await session.openStream({ socket: path });
    this.#channels.set(path, 'direct');
    return socket;
  }

  async #relayed(relay: Relay, path: string): Promise<Duplex> {
    return this.#relays.open(relay, `open ${path} on ${this.#hosting.host}`, () => {
      this.#channels.set(path, relay);
    });
  }

  /** @throws Failure `refused` when the socket is not to be had at all */
  async #relayInstead(path: string, { session, speaks, error }: Refused): Promise<Relay> {
    const { host, becomes, run } = this.#hosting;
    const become = becomes(session);
    const finding = await lookAt(path, session.address.user, run);
    const refuse = (why: string): Failure =>
      new Failure('refused', `Cannot open ${path} on ${host}: ${why}`, { cause: error });
    if (finding.isAbsent)
      throw new Absent('refused', `Cannot open ${path} on ${host}: ${finding.why}`, { cause: error });
    if (finding.isHopeless) throw refuse(finding.why);
    const there = await this.#programs();
    const relay = relayTo({ path, speaks, become }, there);
    if (relay) return relay;
    const tried = speaks === 'docker' ? 'neither docker, socat nor perl' : 'neither socat, nc with -U, perl nor docker';
    throw refuse(`${whyNotDirect(finding, error)}; nor can a command carry it: there is ${tried}`);
  }

  /** Those on the host that could carry it. */
  async #programs(): Promise<readonly string[]> {
    this.#there ??= this.#hosting.run(LOOK_FOR_RELAYS).then(({ stdout }) => stdout.split('\n'));
    try {
      return await this.#there;
    } catch (error) {
      this.#there = undefined;
      throw error;
    }
  }
}

interface Refused {
  readonly session: Session;
  readonly speaks: 'docker' | undefined;
  /** The server's refusal. */
  readonly error: unknown;
}

function whyNotDirect(finding: SocketFinding, error: unknown): string {
  return (error as OpenError).reason === UNKNOWN_CHANNEL_TYPE
    ? 'its SSH server cannot forward unix sockets (OpenSSH can since 6.7)'
    : finding.why;
}
