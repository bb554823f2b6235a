import { setImmediate as turn } from 'node:timers/promises';
import type { Carrier, Left, Opened, Target } from '../carrier.ts';
import type { Master } from './master.ts';
import type { Mux } from './mux.ts';
import { message, MuxChannel, WINDOW_BYTES } from './mux-channel.ts';
import { Reader, string, uint32 } from './wire.ts';

const PACKET_BYTES = 32 * 1024;

/** What ssh says once nobody answers its keepalives any more. */
const FELL_SILENT = /^Timeout, server .+ not responding/;

interface Entry {
  readonly target: Target;
  readonly opened: Opened;
  /** Undefined: the host has not answered yet. */
  channel: MuxChannel | undefined;
}

/** The channels of a connection that OpenSSH has made: the connection protocol of SSH. @see RFC 4254 */
export class MuxCarrier implements Carrier {
  readonly #master: Master;
  readonly #mux: Mux;
  readonly #gone: Promise<void>;
  readonly #entries = new Map<number, Entry>();
  #nextId = 0;

  constructor(master: Master, mux: Mux) {
    this.#master = master;
    this.#mux = mux;
    this.#gone = new Promise((resolve) => {
      mux.listen((packet) => {
        this.#hear(packet);
      }, resolve);
    });
    void this.#gone.then(() => this.end());
  }

  get proxyCommand(): string {
    return this.#master.proxyCommand;
  }

  onEnd(tell: (why: string, left?: Left) => void): void {
    // What it has said before is in its pipe by now, and read in the next turn.
    void this.#gone.then(turn).then(() => {
      tell(this.#master.lastWords, this.#master.log.find(FELL_SILENT) && 'late');
    });
  }

  async end(): Promise<void> {
    this.#master.end();
    await this.#master.ended;
  }

  open(target: Target, opened: Opened): void {
    const id = this.#nextId++;
    this.#entries.set(id, { target, opened, channel: undefined });
    const { kind, place } = openingOf(target);
    const room = [uint32(id), uint32(WINDOW_BYTES), uint32(PACKET_BYTES)];
    this.#mux.send(Buffer.concat([Buffer.of(message.open), string(kind), ...room, ...place]));
  }

  #hear(packet: Buffer): void {
    const read = new Reader(packet);
    const type = read.byte();
    // Requests about the connection as a whole are OpenSSH's to answer.
    if (type < message.open) return;
    const id = read.uint32();
    const entry = this.#entries.get(id);
    if (!entry) return;
    if (type === message.openConfirmation) this.#confirmed(entry, read);
    else if (type === message.openFailure) {
      this.#entries.delete(id);
      refuse(entry, read.uint32(), read.string().toString());
    } else if (entry.channel) this.#tell(entry.channel, type, read);
    if (type === message.success) answered(entry);
    else if (type === message.failure) refuse(entry, undefined, 'the request is refused');
    else if (type === message.close) this.#entries.delete(id);
  }

  #confirmed(entry: Entry, read: Reader): void {
    const channel = new MuxChannel(this.#mux, { id: read.uint32(), window: read.uint32(), packet: read.uint32() });
    entry.channel = channel;
    if ('command' in entry.target) channel.request('exec', string(entry.target.command), true);
    else answered(entry);
  }

  #tell(channel: MuxChannel, type: number, read: Reader): void {
    if (type === message.windowAdjust) channel.widen(read.uint32());
    else if (type === message.data) channel.hear(read.string());
    else if (type === message.extendedData) {
      read.uint32();
      channel.hearError(read.string());
    } else if (type === message.eof) channel.hearEnd();
    else if (type === message.close) channel.hearClose();
    else if (type === message.request) told(channel, read);
  }
}

interface Opening {
  readonly kind: string;
  readonly place: readonly Buffer[];
}

/** RFC 4254, 6.1 and 7.2; PROTOCOL of OpenSSH, 2.4. */
function openingOf(target: Target): Opening {
  if ('command' in target) return { kind: 'session', place: [] };
  if ('socket' in target) {
    return { kind: 'direct-streamlocal@openssh.com', place: [string(target.socket), string(''), uint32(0)] };
  }
  const from = [string('127.0.0.1'), uint32(0)];
  return { kind: 'direct-tcpip', place: [string(target.address), uint32(target.port), ...from] };
}

function answered({ channel, opened }: Entry): void {
  if (channel) opened(undefined, channel);
}

function refuse({ channel, opened }: Entry, reason: number | undefined, why: string): void {
  const error = Object.assign(new Error(`(SSH) Channel open failure: ${why}`), { reason });
  channel?.destroy();
  opened(error);
}

/** RFC 4254, 6.10. */
function told(channel: MuxChannel, read: Reader): void {
  const name = read.string().toString();
  read.byte();
  if (name === 'exit-status') channel.emit('exit', read.uint32());
  else if (name === 'exit-signal') channel.emit('exit', null, `SIG${read.string().toString()}`);
}
