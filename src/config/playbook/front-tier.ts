/** The tier of HAProxys in front of the hosts of a play. */
import { isToBeFound } from '../../rollout/discover.ts';
import { serverKey, serverPath, type FrontTier } from '../../rollout/model.ts';
import type { DocumentPath } from '../document.ts';
import { frontSchema } from './balancer-schema.ts';
import type { Problem } from './complaints.ts';
import { drainPolicyOf, placeOf } from './instances.ts';
import { defaultsOf, type WrittenPolicy } from './schema.ts';

const defaults = defaultsOf(frontSchema);

type WrittenFront = NonNullable<NonNullable<WrittenPolicy['balancer']>['front']>;

interface Parts {
  readonly host: string;
  readonly play: WrittenPolicy;
  /** Where its HAProxys run. */
  readonly at: readonly string[];
}

export function frontTierOf(front: WrittenFront, { host, play, at }: Parts): FrontTier {
  const { socket = defaults.socket, backend, server = host, min_up: minUp = defaults.min_up } = front;
  return {
    servers: at.flatMap((name) =>
      backend.map((one) => ({
        balancer: { host: name, ...placeOf({ ...front, socket }) },
        backend: one,
        name: server,
      })),
    ),
    drain: drainPolicyOf(play.drain),
    minUp: minUp ?? { servers: 1 },
  };
}

/** Collects the front tier of each host: what is wrong is that there is not one of its own. */
export class FrontTiers {
  readonly #at: DocumentPath;
  /** The host of each server, by the server's key. */
  readonly #hosts = new Map<string, string>();

  constructor(play: DocumentPath) {
    this.#at = [...play, 'balancer', 'front'];
  }

  /** `read`: as it was read for each of its instances. */
  of(host: string, read: readonly (FrontTier | undefined)[]): { front?: FrontTier; problems: readonly Problem[] } {
    const [front] = read;
    if (!front) return { problems: [] };
    if (new Set(read.map((one) => JSON.stringify(one))).size > 1) {
      const message = 'is another for each instance, and a host has one: {{ id }} must not be in it';
      return { problems: [{ path: this.#at, message }] };
    }
    const problems = front.servers
      .filter((server) => !isToBeFound(server))
      .flatMap((server): Problem[] => {
        const other = this.#hosts.get(serverKey(server)) ?? host;
        this.#hosts.set(serverKey(server), other);
        if (other === host) return [];
        const where = `${serverPath(server)} on ${server.balancer.host}`;
        const message = `${where} is the server of ${other} already (it needs {{ inventory_hostname }} in it)`;
        return [{ path: [...this.#at, 'server'], message }];
      });
    return { front, problems };
  }
}
