import { Failure } from '../../../src/errors.ts';
import type {
  ConfigPort,
  Passage,
  PushRecord,
  PushRecords,
  Reloaded,
  Standings,
} from '../../../src/runner/ports/config-port.ts';
import { apart, configIn, keptOf, textOf, type KeptSlot } from './config-file.ts';
import type { Controller } from './controller.ts';
import type { SimHost } from './host.ts';
import { SOCKET } from './sim-fleet.ts';

/** How long HAProxy takes to look at a configuration. */
const CHECK_MS = 20;

/** What a push does to a host, as one controller has it done. */
export function simPush(controller: Controller, host: SimHost) {
  const changes = new Changes(controller, host);
  return { file: new SimConfigFile(controller, host, changes), records: recordsOf(host, changes) };
}

/** Its looks and changes. Of these each has a turn: one that comes late, when a later one has been made, is not made any more. */
class Changes {
  readonly #controller: Controller;
  readonly #host: SimHost;
  #next = 0;

  constructor(controller: Controller, host: SimHost) {
    this.#controller = controller;
    this.#host = host;
  }

  look<T>(name: string, run: () => T): Promise<T> {
    return this.#controller.call(this.#host, { name: `${name} of configuration`, service: 'host', run });
  }

  make<T>(verb: string, run: () => T, service: 'haproxy' | 'host' = 'host'): Promise<T> {
    const { pushing } = this.#host;
    const turn = Math.max(this.#next + 1, this.#next === 0 ? pushing.turn + 1_000 : 0);
    this.#next = turn;
    const change = { what: 'config' as const, verb, isLate: () => turn <= pushing.turn };
    return this.#controller.call(this.#host, {
      ...{ name: `${verb} of configuration`, service, change },
      run: () => {
        if (change.isLate()) throw new Failure('error', 'a newer one has been written meanwhile');
        pushing.turn = turn;
        return run();
      },
    });
  }
}

/** The configuration file of a host's HAProxy, as one controller sees it. A method that is new in `ConfigPort` goes here. */
class SimConfigFile implements ConfigPort {
  readonly #controller: Controller;
  readonly #host: SimHost;
  readonly #changes: Changes;

  constructor(controller: Controller, host: SimHost, changes: Changes) {
    this.#controller = controller;
    this.#host = host;
    this.#changes = changes;
  }

  read(): Promise<string | undefined> {
    return this.#changes.look('read', () => textOf(this.#host.haproxy.config));
  }

  refusal(text: string): Promise<string | undefined> {
    return this.#controller.call(this.#host, {
      ...{ name: 'check of configuration', service: 'host', takesMs: CHECK_MS },
      run: () => (configIn(text).flaw === 'refused' ? 'unknown keyword' : undefined),
    });
  }

  takenBinds(): Promise<readonly string[]> {
    return this.#changes.look('taken binds', () => []);
  }

  way(): Promise<string> {
    return this.#changes.look('way to reload', () => 'by a signal');
  }

  standings(): Promise<Standings> {
    return this.#controller.call(this.#host, {
      ...{ name: 'standings', service: 'haproxy' },
      run: () => {
        const { pid, slots } = this.#host.haproxy.current;
        const balancer = { host: this.#host.name, socket: SOCKET };
        const all = [...slots.values()].map((slot) => ({ line: slot.line, kept: keptOf(slot) }));
        return {
          pid,
          servers: all.map(({ line: { backend, name }, kept }) => ({
            server: { balancer, backend, name },
            ...kept.carried,
          })),
          state: JSON.stringify(all.map(({ kept }) => kept)),
        };
      },
    });
  }

  async passage(_from: string, to: string, { state }: Standings): Promise<Passage | undefined> {
    const kept = apart(JSON.parse(state) as KeptSlot[]);
    const config = configIn(to);
    if (config.isStateful === true || kept.length === 0) return undefined;
    return { text: textOf({ ...config, isPassage: true }), state: JSON.stringify(kept) };
  }

  async backUp(): Promise<void> {
    await this.#changes.make('keep a copy', () => {
      this.#host.pushing.before = this.#host.haproxy.config;
    });
  }

  backedUp(): Promise<string | undefined> {
    const { pushing } = this.#host;
    return this.#changes.look('read the copy', () => pushing.before && textOf(pushing.before));
  }

  async put(text: string, state?: string): Promise<void> {
    if (state !== undefined) {
      await this.#changes.make('put state', () => {
        this.#host.haproxy.state = JSON.parse(state) as KeptSlot[];
      });
    }
    await this.#changes.make('put', () => this.#host.haproxy.write(configIn(text)));
  }

  async putBack(): Promise<void> {
    await this.#changes.make('put back', () => {
      const { before } = this.#host.pushing;
      if (!before) throw new Failure('haproxy', 'Cannot put back what it was: there is no copy');
      this.#host.haproxy.write(before);
    });
  }

  async tidy(): Promise<void> {
    await this.#changes.make('tidy', () => {
      this.#host.haproxy.state = undefined;
    });
  }

  reload(pid: number): Promise<Reloaded> {
    const reload = (): Reloaded => {
      this.#controller.world.pushed(this.#host);
      return { ok: true, how: 'a signal' };
    };
    return this.#changes.make(`reload ${pid}`, reload, 'haproxy');
  }

  failedReloads(): Promise<number | undefined> {
    return this.#changes.look('failed reloads', () => this.#host.haproxy.failedReloads);
  }
}

/** `push-….json` on the host. */
function recordsOf({ pushing }: SimHost, changes: Changes): PushRecords {
  const set = (record: PushRecord | undefined) => (): void => void (pushing.record = record);
  return {
    read: () => changes.look('read record', () => pushing.record),
    write: (record) => changes.make('record', set(record)),
    drop: () => changes.make('drop of record', set(undefined)),
  };
}
