import type { Duplex } from 'node:stream';
import { Absent, Failure, reasonOf } from '../../errors.ts';
import type { OpenError } from './carrier.ts';
import type { Session } from './session.ts';

/** What the system calls ECONNREFUSED (errno(3)). */
const NOBODY_LISTENS = 'Connection refused';

/** A stream to a TCP port as seen from the host. */
export async function openTcp(session: Session, address: string, port: number): Promise<Duplex> {
  const failure = (why: string, cause?: unknown): Failure => {
    const Kind = why === NOBODY_LISTENS ? Absent : Failure;
    return new Kind('error', `Cannot connect to ${address}:${port} from ${session.address.host}: ${why}`, { cause });
  };
  try {
    // The server answers only when it has got through, or has given up.
    return await session.openStream({ address, port }, failure('no answer'));
  } catch (error) {
    throw error instanceof Failure ? error : failure(whyRefused(error), error);
  }
}

/** OpenSSH tells the system's error in words: `(SSH) Channel open failure: Connection refused`. */
function whyRefused(error: unknown): string {
  const { reason } = error as OpenError;
  const ADMINISTRATIVELY_PROHIBITED = 1;
  if (reason === ADMINISTRATIVELY_PROHIBITED)
    return 'its SSH server does not allow it (AllowTcpForwarding in sshd_config)';
  return reasonOf(error).replace(/^\(SSH\) Channel open failure: /, '');
}
