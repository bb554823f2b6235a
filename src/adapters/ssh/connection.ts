import type { Duplex } from 'node:stream';
import pLimit from 'p-limit';
import { Failure } from '../../errors.ts';
import type { Link, RunOptions, Running, RunResult } from '../link.ts';
import { placeOf } from './address.ts';
import { asRoot, demandSudo } from './become.ts';
import { run, start } from './command.ts';
import { Redial } from './late-bytes.ts';
import type { Session } from './session.ts';
import { Sockets } from './sockets.ts';
import { openTcp } from './tcp.ts';

/** An sshd allows 10 sessions on a connection (`MaxSessions`); forwarded streams do not count. */
const COMMANDS_AT_ONCE = 6;
/** Of those that are talked to, which may take minutes: what a run records meanwhile must not wait for them. */
const TALKS_AT_ONCE = 3;

/**
 * One host over SSH, by one connection that carries everything. It is made when it is first needed, and again when it
 * was lost.
 */
export class SshLink implements Link {
  readonly host: string;
  readonly #redial: Redial;
  readonly #become: boolean;
  readonly #commands = pLimit(COMMANDS_AT_ONCE);
  readonly #talks = pLimit(TALKS_AT_ONCE);
  readonly #sockets: Sockets;
  #session: Promise<Session> | undefined;
  #isClosed = false;

  /** `become`: do as root what the user may not do, by sudo. */
  constructor(host: string, dial: () => Promise<Session>, become = false) {
    this.host = host;
    this.#redial = new Redial(host, dial);
    this.#become = become;
    this.#sockets = new Sockets({
      host,
      connected: () => this.#connected(),
      dial: () => this.#redial.session(),
      becomes: (session) => this.#becomes(session),
      run: (line) => this.run(line),
    });
  }

  async run(command: string, options?: RunOptions): Promise<RunResult> {
    const limit = options?.talk ? this.#talks : this.#commands;
    return limit(async () => {
      const session = await this.#connected();
      return run(session, this.host, this.#lineFor(session, command), options);
    });
  }

  async start(command: string): Promise<Running | RunResult> {
    const session = await this.#connected();
    return start(session, this.host, this.#lineFor(session, command));
  }

  async openSocket(path: string, speaks?: 'docker'): Promise<Duplex> {
    return this.#sockets.open(path, speaks);
  }

  /** How a socket is reached, in words; undefined before it was. */
  channelTo(path: string): string | undefined {
    return this.#sockets.channelTo(path);
  }

  /** How we were let in to the host, at the moment. */
  async login(): Promise<Session['login'] & { readonly place: string; readonly becomes: boolean }> {
    const session = await this.#connected();
    return { ...session.login, place: placeOf(session.address), becomes: this.#becomes(session) };
  }

  async openTcp(address: string, port: number): Promise<Duplex> {
    return openTcp(await this.#connected(), address, port);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#redial.close();
    await this.#sockets.close();
    const [session] = await Promise.allSettled([this.#session]);
    if (session.status === 'fulfilled') await session.value?.end();
  }

  #becomes(session: Session): boolean {
    return this.#become && session.address.user !== 'root';
  }

  #lineFor(session: Session, command: string): string {
    return this.#becomes(session) ? asRoot(command) : command;
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
    let session: Session | undefined;
    try {
      const dialled = (session = await this.#redial.session());
      dialled.onLoss(forget);
      if (this.#becomes(dialled)) {
        await demandSudo(this.host, dialled.address.user, (line) => run(dialled, this.host, line));
      }
      return dialled;
    } catch (error) {
      forget();
      await session?.end();
      throw error;
    }
  }
}
