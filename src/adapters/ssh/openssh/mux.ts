/** The way into a connection that OpenSSH shares (`ControlMaster`), in its proxy mode. @see PROTOCOL.mux of OpenSSH */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Reader, string, uint32 } from './wire.ts';

const [HELLO, PROXY, PROXY_GRANTED] = [0x0000_0001, 0x1000_000f, 0x8000_000f];
const VERSION = 4;
const REQUEST_ID = 0;

/** Carries the messages of SSH's connection protocol, which OpenSSH signs and encrypts. */
export class Mux {
  readonly #socket: Socket;
  readonly #messages: Messages;

  /** @throws Error when there is no such socket, or what is behind it is too old */
  static async enter(controlPath: string): Promise<Mux> {
    const socket = connect(controlPath);
    const messages = new Messages(socket);
    try {
      await once(socket, 'connect');
      socket.write(string(Buffer.concat([uint32(HELLO), uint32(VERSION)])));
      socket.write(string(Buffer.concat([uint32(PROXY), uint32(REQUEST_ID)])));
      await granted(messages);
      return new Mux(socket, messages);
    } catch (error) {
      socket.destroy();
      throw error;
    }
  }

  private constructor(socket: Socket, messages: Messages) {
    this.#socket = socket;
    this.#messages = messages;
  }

  /** Calls `hear` with each message, its type first, and `ended` once there will be no more. To be called at once. */
  listen(hear: (message: Buffer) => void, ended: () => void): void {
    // Before each message stands how much padding there is: none.
    this.#messages.listen((packet) => {
      hear(packet.subarray(1));
    }, ended);
  }

  /** `sent` is called once it is on its way, or never will be. */
  send(message: Buffer, sent?: () => void): void {
    this.#socket.write(string(Buffer.concat([Buffer.of(0), message])), () => sent?.());
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

/** Until the proxy mode begins. */
async function granted(messages: Messages): Promise<void> {
  const hello = new Reader(await messages.next());
  if (hello.uint32() !== HELLO) throw new Error('it does not say hello');
  const version = hello.uint32();
  if (version !== VERSION) throw new Error(`it speaks version ${version}`);
  const answer = new Reader(await messages.next());
  if (answer.uint32() === PROXY_GRANTED) return;
  answer.uint32();
  throw new Error(answer.string().toString());
}

/** What comes, message by message: each has its length before it. */
class Messages {
  #unread = Buffer.of();
  #hear: ((message: Buffer) => void) | undefined;
  #ended: () => void = () => undefined;
  #isOver = false;

  constructor(socket: Socket) {
    socket.on('data', (chunk) => {
      this.#unread = Buffer.concat([this.#unread, chunk]);
      this.#tell();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#isOver = true;
      this.#ended();
    });
  }

  listen(hear: (message: Buffer) => void, ended: () => void): void {
    this.#hear = hear;
    this.#ended = ended;
    this.#tell();
    if (this.#isOver) ended();
  }

  async next(): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const hear = (message: Buffer): void => {
        this.#hear = undefined;
        resolve(message);
      };
      this.listen(hear, () => {
        reject(new Error('it hangs up'));
      });
    });
  }

  #tell(): void {
    while (this.#hear && this.#unread.length >= 4) {
      const end = 4 + this.#unread.readUInt32BE(0);
      if (this.#unread.length < end) return;
      const message = this.#unread.subarray(4, end);
      this.#unread = this.#unread.subarray(end);
      this.#hear(message);
    }
  }
}
