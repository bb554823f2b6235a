import type { Duplex } from 'node:stream';
import pLimit from 'p-limit';
import { Failure } from '../../errors.ts';
import type { Link, RunOptions, Running, RunResult } from '../link.ts';
import { run, start } from './command.ts';
import { whySocketIsRefused } from './refused-socket.ts';
import type { OpenError, Session } from './session.ts';
import { openTcp } from './tcp.ts';

/** An sshd allows 10 sessions on a connection (`MaxSessions`); forwarded streams do not count. */
const COMMANDS_AT_ONCE = 6;

/** RFC 4254, 5.1: the server does not know this type of channel. */
const UNKNOWN_CHANNEL_TYPE = 3;

/**
 * One host over SSH, by one connection that carries everything. It is made when it is first needed, and again when it
 * was lost.
 */
export class SshLink implements Link {
  readonly host: string;
  readonly #dial: () => Promise<Session>;
  readonly #commands = pLimit(COMMANDS_AT_ONCE);
  #session: Promise<Session> | undefined;
  #isClosed = false;

  constructor(host: string, dial: () => Promise<Session>) {
    this.host = host;
    this.#dial = dial;
  }

  async run(command: string, options?: RunOptions): Promise<RunResult> {
    return this.#commands(async () => run(await this.#connected(), this.host, command, options));
  }

  async start(command: string): Promise<Running | RunResult> {
    return start(await this.#connected(), this.host, command);
  }

  async openSocket(path: string): Promise<Duplex> {
    const session = await this.#connected();
    try {
      return await session.openStream((client, opened) => client.openssh_forwardOutStreamLocal(path, opened));
    } catch (error) {
      if (error instanceof Failure) throw error;
      const why =
        (error as OpenError).reason === UNKNOWN_CHANNEL_TYPE
          ? 'its SSH server cannot forward unix sockets (OpenSSH can since 6.7)'
          : await whySocketIsRefused(path, session.address.user, (line) => this.run(line));
      throw new Failure('refused', `Cannot open ${path} on ${this.host}: ${why}`, { cause: error });
    }
  }

  async openTcp(address: string, port: number): Promise<Duplex> {
    return openTcp(await this.#connected(), address, port);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const [session] = await Promise.allSettled([this.#session]);
    if (session.status === 'fulfilled') await session.value?.end();
  }

  /** The connection that lives, or a new one; all who ask meanwhile wait for the same. */
  async #connected(): Promise<Session> {
    if (this.#isClosed) {
      throw new Failure('unreachable', `Cannot reach ${this.host}: the connection was closed by us`);
    }
    const session = (this.#session ??= this.#dialled());
    return session;
  }

  async #dialled(): Promise<Session> {
    const forget = () => {
      this.#session = undefined;
    };
    try {
      const session = await this.#dial();
      session.onLoss(forget);
      return session;
    } catch (error) {
      forget();
      throw error;
    }
  }
}
