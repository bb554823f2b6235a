import type { Duplex } from 'node:stream';
import pLimit, { type LimitFunction } from 'p-limit';
import { Failure } from '../../errors.ts';
import type { SshRequest } from '../../rollout/ssh-request.ts';
import { placeOf, type SshAddress } from './address.ts';
import { SshLink } from './connection.ts';
import { Dropped, NotLetIn } from './attempts.ts';
import { dial } from './dial.ts';
import { UnknownHostKey, type NewKey } from './host-keys.ts';
import { KeyFiles, type AskSecret } from './key-files.ts';
import { logIn } from './openssh/login.ts';
import { proxyStream } from './proxy-command.ts';
import { routeTo, type Route } from './route.ts';
import type { Session } from './session.ts';
import { SshConfig } from './ssh-config.ts';
import { openTcp } from './tcp.ts';

/**
 * Handshakes under way at a time: an sshd drops some beyond 10 (`MaxStartups`), and what is behind a jump host may be
 * behind one address there.
 */
const HANDSHAKES_AT_ONCE = 8;

export interface NetworkOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly warn: (text: string) => void;
  /** Asks the terminal for the passphrase of a key; undefined when there is none. */
  readonly ask: AskSecret | undefined;
  /** What counts for every host and jump host in place of what is configured, if anything. */
  readonly hostKeyChecking: SshAddress['hostKeyChecking'] | undefined;
}

/** One jump host with all before it: its connection is shared by whatever is behind it. */
interface Bastion {
  readonly route: Route;
  readonly gate: LimitFunction;
  session: Promise<Session> | undefined;
}

export interface Trusting {
  readonly mayTrust: (key: NewKey) => Promise<boolean>;
  /** Told of each key once it is in its file. */
  readonly onAdded: (key: NewKey) => void;
}

/** The ways to all hosts of a run, which may lead over the same jump hosts. */
export class SshNetwork {
  readonly #config: SshConfig;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #keyFiles: KeyFiles;
  readonly #hostKeyChecking: NetworkOptions['hostKeyChecking'];
  readonly #direct = pLimit(HANDSHAKES_AT_ONCE);
  readonly #bastions = new Map<string, Bastion>();

  constructor(options: NetworkOptions) {
    this.#config = new SshConfig(options);
    this.#environment = options.environment;
    this.#keyFiles = new KeyFiles(options.ask);
    this.#hostKeyChecking = options.hostKeyChecking;
  }

  /**
   * Finds out how the host is reached, without reaching it.
   *
   * @throws Failure `config` when it cannot be
   */
  async route(request: SshRequest): Promise<Route> {
    const hostKeyChecking = this.#hostKeyChecking;
    return routeTo(request, async (one) => {
      const address = await this.#config.addressOf(one);
      return hostKeyChecking === undefined ? address : { ...address, hostKeyChecking };
    });
  }

  linkTo(request: SshRequest): SshLink {
    return new SshLink(request.host, async () => this.#dialled(await this.route(request)), request.become);
  }

  /**
   * Makes the keys of the host, and of its jump hosts, known as far as `mayTrust` agrees. Keys that have changed, or are
   * revoked, are never made known.
   *
   * @returns whether all are known now
   * @throws Failure `unreachable` when it cannot be found out
   */
  async trust(request: SshRequest, { mayTrust, onAdded }: Trusting): Promise<boolean> {
    const route = await this.route(request);
    const added = new Set<string>();
    for (;;) {
      try {
        await (await this.#dialled(route)).end();
        return true;
      } catch (error) {
        // By then the host's key has been looked at; only a jump host must let us in as well.
        if (error instanceof NotLetIn && error.host === route.host.host) return true;
        if (!(error instanceof UnknownHostKey)) throw error;
        // Not kept: its file is /dev/null, or there is none.
        if (added.has(error.about.place)) throw error;
        if (!(await mayTrust(error.about))) return false;
        await error.add();
        added.add(error.about.place);
        onAdded(error.about);
      }
    }
  }

  /** For when all links are closed. */
  async close(): Promise<void> {
    for (const { session } of [...this.#bastions.values()].toReversed()) {
      const [result] = await Promise.allSettled([session]);
      if (result.status === 'fulfilled') await result.value?.end();
    }
  }

  #dialled(route: Route): Promise<Session> {
    const [address, before] = [route.host, route.before];
    const keyFiles = this.#keyFiles;
    if (address.openssh) return this.#byOpenSsh(address, address.openssh, before);
    if (before) {
      const bastion = this.#bastion(before);
      const connect = async () => jump(await this.#session(bastion), address);
      return dial(address, { keyFiles, gate: bastion.gate, connect });
    }
    const { proxyCommand } = address;
    const connect = proxyCommand === undefined ? undefined : () => proxyStream(address, proxyCommand);
    return dial(address, { keyFiles, gate: this.#direct, connect });
  }

  async #byOpenSsh(address: SshAddress, words: readonly string[], before: Route | undefined): Promise<Session> {
    const environment = this.#environment;
    if (!before) return logIn(address, { words, environment, gate: this.#direct, proxyCommand: undefined });
    const bastion = this.#bastion(before);
    const through = async (session: Session): Promise<Session> => {
      const { proxyCommand } = session;
      return logIn(address, { words, environment, gate: bastion.gate, proxyCommand });
    };
    const session = await this.#session(bastion);
    try {
      return await through(session);
    } catch (error) {
      // OpenSSH does not tell why a jump host cannot connect. Asked by us, it does.
      const why = error instanceof Dropped ? await whyNoJump(session, address) : undefined;
      if (!session.lost.aborted) throw why ?? error;
      // It was about to be lost: several programs notice that one after the other.
      return through(await this.#session(bastion));
    }
  }

  #bastion(route: Route): Bastion {
    const key = JSON.stringify(route);
    const known = this.#bastions.get(key);
    if (known) return known;
    const bastion: Bastion = { route, gate: pLimit(HANDSHAKES_AT_ONCE), session: undefined };
    this.#bastions.set(key, bastion);
    return bastion;
  }

  /** Its connection, or a new one when that was lost; all who ask meanwhile wait for the same. */
  #session(bastion: Bastion): Promise<Session> {
    bastion.session ??= this.#dialled(bastion.route).then(
      (session) => {
        session.onLoss(() => (bastion.session = undefined));
        return session;
      },
      (error: unknown) => {
        bastion.session = undefined;
        throw error;
      },
    );
    return bastion.session;
  }
}

/** To the host's SSH server, as seen from the jump host. */
async function jump(session: Session, address: SshAddress): Promise<Duplex> {
  try {
    return await openTcp(session, address.address, address.port);
  } catch (error) {
    if (!(error instanceof Failure) || error.code === 'unreachable') throw error;
    throw new Failure('unreachable', `Cannot reach ${placeOf(address)}: ${error.message}`, { cause: error });
  }
}

async function whyNoJump(session: Session, address: SshAddress): Promise<unknown> {
  try {
    (await jump(session, address)).destroy();
    return undefined;
  } catch (error) {
    return error;
  }
}
