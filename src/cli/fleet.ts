import { EngineContainers } from '../adapters/docker/containers.ts';
import { onHost, type Inside } from '../adapters/haproxy/inside.ts';
import { processesOver } from '../adapters/haproxy/processes.ts';
import { RuntimeApi } from '../adapters/haproxy/runtime-api.ts';
import { askOver, type Ask } from '../adapters/haproxy/runtime-socket.ts';
import { FileArchive } from '../adapters/host/archive.ts';
import { runOnHost } from '../adapters/host/commands.ts';
import { ShellJobs } from '../adapters/host/jobs.ts';
import { FlockLock } from '../adapters/host/lock.ts';
import { addressesOf, firstSocket, systemOf } from '../adapters/host/looks.ts';
import { probeOver } from '../adapters/host/probe.ts';
import { pushesOn } from '../adapters/host/push-record.ts';
import { FileRecord } from '../adapters/host/record.ts';
import { askAddress } from '../adapters/http-get.ts';
import type { Link } from '../adapters/link.ts';
import type { RegistryLogins } from '../adapters/registry/logins.ts';
import type { SshLink } from '../adapters/ssh/connection.ts';
import { SshNetwork, type NetworkOptions, type Trusting } from '../adapters/ssh/network.ts';
import { connectionOf, type ConnectionOverrides } from '../config/inventory/connection.ts';
import { type HostSurroundings, surroundingsIn } from '../config/inventory/host-scope.ts';
import type { Inventory } from '../config/inventory/inventory.ts';
import { Failure } from '../errors.ts';
import type { Secrets } from '../rollout/secret.ts';
import type { SshRequest } from '../rollout/ssh-request.ts';
import type { Fleet, HostAccess } from '../runner/ports/ports.ts';

export interface FleetOptions {
  readonly overrides: ConnectionOverrides;
  readonly network: NetworkOptions;
  /** Told what is said to HAProxy, and its answers. */
  readonly trace: (text: string) => void;
  readonly logins: Pick<RegistryLogins, 'of'>;
  /** Gets what is secret of the variables that say how hosts are reached. */
  readonly secrets?: Secrets | undefined;
  /** Where the playbook is, for templates. */
  readonly folder?: string | undefined;
}

interface Known {
  readonly link: SshLink;
  access: Promise<HostAccess> | undefined;
}

/** The hosts of an inventory over SSH: where the adapters are put together. */
export class SshFleet implements Fleet {
  readonly #inventory: Inventory;
  readonly #around: HostSurroundings;
  readonly #overrides: ConnectionOverrides;
  readonly #network: SshNetwork;
  readonly #trace: (text: string) => void;
  readonly #logins: Pick<RegistryLogins, 'of'>;
  readonly #hosts = new Map<string, Known>();

  constructor(inventory: Inventory, { overrides, network, trace, logins, secrets, folder }: FleetOptions) {
    this.#inventory = inventory;
    this.#around = surroundingsIn(inventory, { secrets, folder });
    this.#overrides = overrides;
    this.#network = new SshNetwork(network);
    this.#trace = trace;
    this.#logins = logins;
  }

  /**
   * Finds out how these hosts are reached, without reaching them.
   *
   * @throws Failure `config` with everything that is wrong, a line each
   */
  async prepare(names: readonly string[]): Promise<void> {
    const results = await Promise.allSettled(names.map(async (name) => this.#network.route(this.#requestFor(name))));
    const wrong = results.flatMap((result, index): Complaint[] => {
      if (result.status === 'fulfilled') return [];
      if (!(result.reason instanceof Failure)) throw result.reason;
      return [{ host: names[index] ?? '', message: result.reason.message }];
    });
    if (wrong.length > 0) throw new Failure('config', mergedAcrossHosts(wrong).join('\n'));
  }

  async host(name: string): Promise<HostAccess> {
    const known = this.#known(name);
    known.access ??= this.#reach(known.link).catch((error: unknown) => {
      // Whoever asks the next time may find that it answers again.
      known.access = undefined;
      throw error;
    });
    return known.access;
  }

  link(name: string): SshLink {
    return this.#known(name).link;
  }

  /** See `SshNetwork.trust`. */
  async trust(name: string, trusting: Trusting): Promise<boolean> {
    return this.#network.trust(this.#requestFor(name), trusting);
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.#hosts.values()].map(({ link }) => link.close()));
    await this.#network.close();
  }

  #known(name: string): Known {
    const known = this.#hosts.get(name) ?? { link: this.#network.linkTo(this.#requestFor(name)), access: undefined };
    this.#hosts.set(name, known);
    return known;
  }

  #requestFor(name: string): SshRequest {
    const host = this.#inventory.hosts.get(name);
    if (!host) throw new Failure('config', `Cannot reach ${name}: the inventory has no such host`);
    return connectionOf(host, this.#overrides, undefined, this.#around);
  }

  async #reach(link: Link): Promise<HostAccess> {
    await link.run(':');
    const containers = new EngineContainers(link, { logins: this.#logins.of });
    const insideOf = (container: string | undefined): Inside =>
      container === undefined ? onHost : containers.inside(container);
    return {
      ...{ name: link.host, containers },
      record: new FileRecord(link),
      archive: new FileArchive(link),
      balancer: (place) => {
        const inside = insideOf(place.container);
        const ask = this.#traced(askOver(link, place, { inside }), link.host);
        return new RuntimeApi(ask, { host: link.host, ...place }, processesOver(link, place, inside));
      },
      probe: (probe, withinMs) => probeOver(link, probe, withinMs),
      system: () => systemOf(link),
      pushes: () => pushesOn(link),
      addresses: () => addressesOf(link),
      firstSocket: (paths, container) => firstSocket(link, paths, insideOf(container)),
      run: (request) => runOnHost(link, request),
      ask: (question) => askAddress((address, port) => link.openTcp(address, port), question),
      lock: new FlockLock(link),
      jobs: new ShellJobs(link),
    };
  }

  #traced(ask: Ask, host: string): Ask {
    return async (line) => {
      const answer = await ask(line);
      // Looks are too many to follow; what changes something starts with one of these.
      if (/^(set|shutdown|enable|disable) /.test(line)) this.#trace(`${host}  haproxy: ${line}`);
      return answer;
    };
  }
}

interface Complaint {
  readonly host: string;
  readonly message: string;
}

/** One line for what is wrong with many hosts, such as a variable of their group, naming the first. */
function mergedAcrossHosts(complaints: readonly Complaint[]): readonly string[] {
  const merged = new Map<string, { readonly first: Complaint; readonly others: number }>();
  for (const complaint of complaints) {
    const key = complaint.message.replace(beginning(complaint.host), '');
    const known = merged.get(key);
    merged.set(key, { first: known?.first ?? complaint, others: known === undefined ? 0 : known.others + 1 });
  }
  return [...merged.values()].map(({ first: { host, message }, others }) =>
    others === 0 ? message : message.replace(beginning(host), () => `Cannot connect to ${host} and ${others} more: `),
  );
}

function beginning(host: string): string {
  return `Cannot connect to ${host}: `;
}
