import { isAbsolute } from 'node:path';
import type { Duplex } from 'node:stream';
import { Absent, Failure } from '../../errors.ts';
import { placeName, type BalancerPlace } from '../../rollout/model.ts';
import type { Link } from '../link.ts';
import type { Inside } from './inside.ts';

/** A way to one HAProxy's socket: a new connection every time. */
export interface Door {
  readonly open: () => Promise<Duplex>;
}

/** An address as HAProxy's `stats socket` has it: `ipv4@127.0.0.1:9999`, `ipv6@[::1]:9999`, `127.0.0.1:9999`. */
const ADDRESS = /^(?:ipv4@|ipv6@)?(?<host>\[[0-9a-fA-F:.]+\]|[^\s:@[\]]+):(?<port>\d+)$/;

/** A path on the host, a path in a container, or an address that the host can reach. */
export function doorOf(link: Link, place: BalancerPlace, inside: Inside): Door {
  if (isAbsolute(place.socket)) {
    return place.container === undefined
      ? { open: () => link.openSocket(place.socket) }
      : insideDoor(link, place.socket, inside);
  }
  const { host, port } = ADDRESS.exec(place.socket)?.groups ?? {};
  const refuse = (why: string): Failure =>
    new Failure('config', `Cannot reach HAProxy on ${link.host} at ${placeName(place)}: ${why}`);
  if (host === undefined || port === undefined) throw refuse('it is neither a path nor an address');
  if (place.container !== undefined) throw refuse('an address is reached from the host: leave out the container');
  return { open: () => link.openTcp(host.replace(/^\[|\]$/g, ''), Number(port)) };
}

/**
 * Where the user may not use the file on the host, it is opened in the container itself; once that has worked, it is opened
 * so from then on.
 */
function insideDoor(link: Link, path: string, inside: Inside): Door {
  const { within } = inside;
  const atPath = pathDoor(link, path, inside);
  if (!within) return atPath;
  return {
    open: async () => {
      if (within.channelTo(path) !== undefined) return within.openSocket(path);
      try {
        return await atPath.open();
      } catch (error) {
        if (!(error instanceof Failure) || error.code !== 'refused') throw error;
        return await within.openSocket(path).catch((other: unknown) => {
          if (!(other instanceof Failure)) throw other;
          // What its host does not let us see may be there.
          const Kind = other instanceof Absent ? Absent : Failure;
          throw new Kind('refused', `${error.message}; ${other.message}`, { cause: other });
        });
      }
    },
  };
}

/** Where the path is on the host changes when the container is started anew: then it is looked for again, once. */
function pathDoor(link: Link, path: string, inside: Inside): Door {
  let known: string | undefined;
  return {
    open: async () => {
      const before = known;
      known ??= await inside.pathOf(path);
      try {
        return await link.openSocket(known);
      } catch (error) {
        known = undefined;
        if (before === undefined) throw error;
        const now = await inside.pathOf(path);
        if (now === before) throw error;
        known = now;
        return link.openSocket(now);
      }
    },
  };
}
