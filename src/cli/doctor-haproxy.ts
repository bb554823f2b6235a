/** What `doctor` finds out about the HAProxy of one host. */
import { isAbsolute } from 'node:path';
import type { Inside } from '../adapters/haproxy/inside.ts';
import { askMaster, customaryMasters, processesOver } from '../adapters/haproxy/processes.ts';
import { RuntimeApi } from '../adapters/haproxy/runtime-api.ts';
import { askOver } from '../adapters/haproxy/runtime-socket.ts';
import { firstSocket } from '../adapters/host/looks.ts';
import type { SshLink } from '../adapters/ssh/connection.ts';
import { Failure } from '../errors.ts';
import { placeName, type BalancerPlace } from '../rollout/model.ts';
import { placeOn, type NamedPlace } from '../runner/preflight/sockets.ts';
import type { Socket } from './doctor-sockets.ts';

const NOT_USED = 'not used';

/** How a socket is reached, as far as it was. */
export function channelTo(link: SshLink, path: string): string {
  return link.channelTo(path) ?? NOT_USED;
}

/** Whether a rollout can use it. */
function isFit({ kind, problem }: Socket): boolean {
  return kind === 'stats' && problem === undefined;
}

function howToName({ socket, container }: Socket): string {
  const isInside = container !== undefined && isAbsolute(socket);
  return isInside ? `--socket ${socket} --haproxy-container ${container}` : `--socket ${socket}`;
}

export class HaproxyLook {
  readonly #link: SshLink;
  readonly #inside: Inside;

  constructor(link: SshLink, inside: Inside) {
    this.#link = link;
    this.#inside = inside;
  }

  /**
   * `found`: what there is to name.
   *
   * @throws Failure `haproxy` when none was named, and there is none where it is by custom
   */
  async place(named: NamedPlace, found: readonly Socket[]): Promise<BalancerPlace> {
    const { host } = this.#link;
    try {
      return await placeOn({ name: host, firstSocket: (paths) => this.#first(paths) }, named);
    } catch (error) {
      const names = found.flatMap((one) => (isFit(one) ? [howToName(one)] : []));
      if (!(error instanceof Failure) || error.code !== 'haproxy' || names.length === 0) throw error;
      const why = `it is not where it is by custom: say ${names.join(' or ')}`;
      throw new Failure('haproxy', `Cannot find HAProxy's socket on ${host}: ${why}`, { cause: error });
    }
  }

  async facts(place: BalancerPlace): Promise<string> {
    const { host } = this.#link;
    const ask = askOver(this.#link, place, { inside: this.#inside });
    const api = new RuntimeApi(ask, { host, ...place }, processesOver(this.#link, place, this.#inside));
    const { version, level } = await api.facts();
    const name = placeName(place);
    if (level === 'admin') return `${name}, ${version}, level admin, ${await this.#channel(place.socket)}`;
    const instead = 'give its "stats socket" the "level admin" in haproxy.cfg';
    const why = `${name} is at level ${level}: ${instead}`;
    throw new Failure('haproxy', `Cannot take servers out of service on ${host}: ${why}`);
  }

  async master(place: BalancerPlace): Promise<string | undefined> {
    return this.#first(customaryMasters(place.socket));
  }

  async masterFacts(socket: string, place: BalancerPlace): Promise<string> {
    await askMaster(this.#link, socket, { place, inside: this.#inside })('show proc');
    return `${socket}, ${await this.#channel(socket)}`;
  }

  async #first(paths: readonly string[]): Promise<string | undefined> {
    return firstSocket(this.#link, paths, this.#inside);
  }

  async #channel(socket: string): Promise<string> {
    if (!isAbsolute(socket)) return 'forwarded';
    const onItsHost = this.#link.channelTo(await this.#inside.pathOf(socket));
    return onItsHost ?? this.#inside.within?.channelTo(socket) ?? NOT_USED;
  }
}
