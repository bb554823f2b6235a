import { once } from 'node:events';
import pLimit from 'p-limit';
import { Failure } from '../../errors.ts';
import type { Relay } from '../relay.ts';
import { RelaySocket } from '../relay-socket.ts';
import type { Session } from './session.ts';

/** An sshd allows 10 sessions on a connection (`MaxSessions`). */
const ON_A_CONNECTION = 8;
const AT_ONCE = 4 * ON_A_CONNECTION;

interface Connection {
  readonly session: Promise<Session>;
  open: number;
}

/** The relays on one host, on connections of their own: they must not take the commands' sessions from them. */
export class Relays {
  readonly #dial: () => Promise<Session>;
  readonly #limit = pLimit(AT_ONCE);
  readonly #connections = new Set<Connection>();

  constructor(dial: () => Promise<Session>) {
    this.#dial = dial;
  }

  async open(relay: Relay, what: string, onProven: () => void): Promise<RelaySocket> {
    return new Promise((resolve, reject) => {
      void this.#limit(async () => {
        const connection = this.#connection();
        connection.open += 1;
        try {
          const socket = await started(await connection.session, { relay, what, onProven });
          resolve(socket);
          if (!socket.closed) await once(socket, 'close').catch(() => undefined);
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        } finally {
          connection.open -= 1;
        }
      });
    });
  }

  async close(): Promise<void> {
    const sessions = [...this.#connections].map(({ session }) => session);
    for (const session of await Promise.allSettled(sessions)) {
      if (session.status === 'fulfilled') await session.value.end();
    }
  }

  /** One that has room, or a new one. */
  #connection(): Connection {
    const roomy = [...this.#connections].find(({ open }) => open < ON_A_CONNECTION);
    if (roomy) return roomy;
    const connection: Connection = { session: this.#dial(), open: 0 };
    this.#connections.add(connection);
    const forget = (): void => {
      this.#connections.delete(connection);
    };
    connection.session.then((session) => session.onLoss(forget), forget);
    return connection;
  }
}

type Purpose = ConstructorParameters<typeof RelaySocket>[1];

async function started(session: Session, purpose: Purpose): Promise<RelaySocket> {
  try {
    return await session.open({ command: `exec ${purpose.relay.line}` }, (channel) => {
      const socket = new RelaySocket(channel, purpose);
      const forget = session.onLoss((loss) => socket.destroy(loss));
      socket.on('close', forget);
      return socket;
    });
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure('refused', `Cannot ${purpose.what}: its SSH server refuses to run commands`, { cause: error });
  }
}
