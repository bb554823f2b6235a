/** Whether a host can still be had. */
import { Failure, isOutOfReach } from '../../errors.ts';
import type { HeldHost } from '../hosts/held-hosts.ts';

/** Why the host is not ours any more, or undefined. */
export async function lockLost(host: HeldHost): Promise<Failure | undefined> {
  try {
    await host.keep();
    return undefined;
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
}

/** Why the host cannot be had before anything on it is touched, or undefined. */
export async function outOfReach(host: HeldHost): Promise<Failure | undefined> {
  try {
    await host.keep();
    await host.access.containers.version();
    return undefined;
  } catch (error) {
    if (error instanceof Failure && isOutOfReach(error)) return error;
    if (error instanceof Failure) return undefined;
    throw error;
  }
}
