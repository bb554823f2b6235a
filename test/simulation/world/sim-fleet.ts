import { Failure } from '../../../src/errors.ts';
import type { BalancerPlace, Probe } from '../../../src/rollout/model.ts';
import type { AddressAnswer, AddressQuestion, CommandEnd, CommandRequest } from '../../../src/runner/ports/commands.ts';
import type {
  Archived,
  Fleet,
  HostAccess,
  HostArchive,
  HostRecord,
  HostSystem,
  ProbeResult,
} from '../../../src/runner/ports/ports.ts';
import type { PushRecord } from '../../../src/runner/ports/config-port.ts';
import type { HostJobs } from '../../../src/runner/ports/jobs.ts';
import type { Controller } from './controller.ts';
import type { SimHost } from './host.ts';
import { SimBalancer } from './sim-balancer.ts';
import { SimContainers } from './sim-containers.ts';
import { addressAnswers, simulated } from './sim-commands.ts';
import { SimLock } from './sim-lock.ts';
import { dateAt } from './task.ts';

export const SOCKET = '/var/run/haproxy.sock';

/** The fleet as one controller sees it. A method that is new in `Fleet` goes here. */
export class SimFleet implements Fleet {
  readonly #controller: Controller;
  readonly #hosts = new Map<string, SimAccess>();

  constructor(controller: Controller) {
    this.#controller = controller;
  }

  async host(name: string): Promise<HostAccess> {
    const known = this.#hosts.get(name) ?? new SimAccess(this.#controller, this.#controller.world.host(name));
    this.#hosts.set(name, known);
    return known;
  }

  async close(): Promise<void> {
    await Promise.resolve();
  }
}

/** A host as one controller sees it. A method that is new in `HostAccess` goes here. */
class SimAccess implements HostAccess {
  readonly name: string;
  readonly containers: SimContainers;
  readonly lock: SimLock;
  readonly jobs: HostJobs;
  readonly record: HostRecord;
  readonly #controller: Controller;
  readonly #host: SimHost;
  readonly #balancers = new Map<string, SimBalancer>();
  #written = 0;

  constructor(controller: Controller, host: SimHost) {
    this.#controller = controller;
    this.#host = host;
    this.name = host.name;
    this.lock = new SimLock(controller, host);
    this.jobs = {
      start: async (id, line) =>
        controller.call(host, {
          ...{ name: `start "${line}"`, service: 'host', change: { what: 'job', id } },
          run: () => void host.jobs.start(id, line),
        }),
      look: async (id, from) => this.#look(`look at ${id}`, () => host.jobs.look(id, from)),
      end: async (id) => this.#look(`end ${id}`, () => host.jobs.end(id)),
    };
    this.containers = new SimContainers(controller, host);
    this.record = {
      read: async () => controller.call(host, { name: 'read record', service: 'host', run: () => host.record }),
      write: async (entries) => {
        const number = this.#nextWrite(host.recordOrder);
        await controller.call(host, {
          ...{ name: `record ${entries.map(({ server }) => server.name).join(', ')}`, service: 'host' },
          change: { what: 'record', entries },
          run: () => {
            if (number <= host.recordOrder) throw new Failure('error', `Cannot write the undo record on ${host.name}`);
            host.recordOrder = number;
            host.record = entries;
          },
        });
      },
    };
  }

  /** As `FileRecord` counts: above all that whoever was here before may still have under way. */
  #nextWrite(last: number): number {
    this.#written = this.#written === 0 ? last + 1_000 : this.#written + 1;
    return this.#written;
  }

  /** Changes nothing that anybody but a rollback looks at, so that the watchman need not see it. */
  readonly archive: HostArchive = {
    save: async (run, container, old) => {
      await this.#look(`archive ${container}`, () =>
        this.#archive(run, container, (known) => known ?? { old, made: undefined }),
      );
    },
    noteMade: async (run, container, made) => {
      await this.#look(`archive ${container}`, () =>
        this.#archive(run, container, (known) => known && { ...known, made }),
      );
    },
    load: async (run, container) => this.#look('load archive', () => this.#host.archive.get(`${run}/${container}`)),
    runs: async () =>
      this.#look('list archive', () => [
        ...new Set([...this.#host.archive.keys()].map((key) => key.split('/')[0] ?? '')),
      ]),
  };

  #archive(run: string, container: string, change: (known: Archived | undefined) => Archived | undefined): void {
    const key = `${run}/${container}`;
    const archived = change(this.#host.archive.get(key));
    if (archived) this.#host.archive.set(key, archived);
  }

  balancer({ socket }: BalancerPlace): SimBalancer {
    const known = this.#balancers.get(socket) ?? new SimBalancer(this.#controller, this.#host, socket);
    this.#balancers.set(socket, known);
    return known;
  }

  probe(probe: Exclude<Probe, { kind: 'command' }>): Promise<ProbeResult> {
    const port = probe.kind === 'http' ? portIn(probe.url) : probe.port;
    return this.#look('probe', () =>
      this.#host.engine.at(port)?.answers === true ? { ok: true } : { ok: false, why: 'refused' },
    );
  }

  system(): Promise<HostSystem> {
    return this.#look('system', () => {
      const { bootId } = this.#host;
      return { now: dateAt(this.#controller.world.timeline.nowMs), bootId, isRoot: true };
    });
  }

  async pushes(): Promise<readonly PushRecord[]> {
    // In a story without pushes nobody need wait for the answer.
    if (!this.#controller.world.setting.isPushed) return [];
    return this.#look('pushes', () => {
      const { record } = this.#host.pushing;
      return record ? [record] : [];
    });
  }

  addresses(): Promise<readonly string[]> {
    return this.#look('addresses', () => [this.#host.address]);
  }

  firstSocket(): Promise<string> {
    return this.#look('socket', () => SOCKET);
  }

  run({ command, withinMs }: CommandRequest): Promise<CommandEnd> {
    const { takesMs, end } = simulated(command, withinMs);
    const run = (): CommandEnd => end;
    return this.#controller.call(this.#host, { name: `run ${command.join(' ')}`, service: 'host', takesMs, run });
  }

  ask({ url }: AddressQuestion): Promise<AddressAnswer> {
    return this.#look(`ask ${url}`, () => addressAnswers(url, this.#controller.world.timeline.nowMs));
  }

  #look<T>(name: string, run: () => T): Promise<T> {
    return this.#controller.call(this.#host, { name, service: 'host', run });
  }
}

/** Of `http://HOST:PORT/…`. */
function portIn(url: string): number {
  return Number.parseInt(url.slice(url.lastIndexOf(':') + 1));
}
