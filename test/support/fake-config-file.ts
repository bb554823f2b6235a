import { Failure } from '../../src/errors.ts';
import type { Carried } from '../../src/rollout/carry-over.ts';
import { standsApart } from '../../src/rollout/carry-over.ts';
import type { Balancer } from '../../src/rollout/model.ts';
import type { ConfigPort, Passage, Reloaded, Standings } from '../../src/runner/ports/config-port.ts';
import type { FakeBalancer } from './fake-balancer.ts';

/** The configuration file of a fake HAProxy. Its servers are the same in every configuration, but for their weights. */
export class FakeConfigFile implements ConfigPort {
  text: string;
  kept: string | undefined;
  /** What stands beside the file. */
  beside: readonly string[] = [];
  refuses: string | undefined;
  /** A line that makes it refuse a text. */
  nonsense: string | undefined;
  taken: readonly string[] = [];
  noWay: Failure | undefined;
  failsToPut = false;
  /** As of a configuration that has a server-state file of its own. */
  noPassage = false;
  /** Configurations that no worker starts with, and those with which a server stays DOWN. */
  failsToReload: readonly string[] = [];
  leavesDown: readonly string[] = [];
  /** Of the new configuration. */
  weightsWith: Readonly<Record<string, number>> = {};
  /** The controller dies before the change of this number. */
  diesAt = Infinity;
  readonly death: Promise<void>;
  readonly #haproxy: FakeBalancer;
  readonly #balancer: Balancer;
  #die: () => void = () => undefined;
  #changes = 0;
  #failed = 0;
  #state: readonly Carried[] = [];

  constructor(haproxy: FakeBalancer, balancer: Balancer, text: string) {
    this.#haproxy = haproxy;
    this.#balancer = balancer;
    this.text = text;
    this.death = new Promise((resolve) => {
      this.#die = resolve;
    });
  }

  /** The next controller. */
  revive(): void {
    this.diesAt = Infinity;
  }

  async read(): Promise<string> {
    return this.text;
  }

  async refusal(text: string): Promise<string | undefined> {
    if (this.nonsense !== undefined && text.includes(this.nonsense)) return `unknown keyword '${this.nonsense}'`;
    return this.refuses;
  }

  async takenBinds(): Promise<readonly string[]> {
    return this.taken;
  }

  async way(): Promise<string> {
    if (this.noWay) throw this.noWay;
    return 'by hand';
  }

  async standings(): Promise<Standings> {
    const [backend] = await this.#haproxy.backends();
    const servers = (backend?.servers ?? []).map((one): Carried => ({
      ...{ server: { ...one.server, balancer: this.#balancer }, weight: one.weight, admin: one.admin },
      ...{ configuredWeight: one.initialWeight, isRunning: one.isUp, isDisabled: false },
      isAgentSilent: this.#haproxy.isAgentSilent(one.server.name),
    }));
    return { pid: this.#haproxy.pid, servers, state: '' };
  }

  async passage(_from: string, to: string, { servers }: Standings): Promise<Passage | undefined> {
    if (this.noPassage || !servers.some(standsApart)) return undefined;
    this.#state = servers;
    return { text: `passage to ${to}`, state: 'state' };
  }

  async backUp(): Promise<void> {
    await this.#change();
    this.kept = this.text;
  }

  async backedUp(): Promise<string | undefined> {
    return this.kept;
  }

  async put(text: string, state?: string): Promise<void> {
    await this.#change();
    if (this.failsToPut) {
      this.failsToPut = false;
      throw new Failure('haproxy', 'Cannot replace it: no space left');
    }
    this.text = text;
    if (state !== undefined) this.beside = ['state'];
  }

  async putBack(): Promise<void> {
    await this.#change();
    this.text = this.kept ?? '';
  }

  async tidy(): Promise<void> {
    await this.#change();
    this.beside = [];
  }

  async reload(): Promise<Reloaded> {
    await this.#change();
    const plain = this.text.replace('passage to ', '');
    if (this.failsToReload.includes(plain)) {
      this.#failed += 1;
      return { ok: true, how: 'by hand' };
    }
    this.#failed = 0;
    this.#haproxy.reload({
      weights: plain.startsWith('new') ? this.weightsWith : {},
      isShut: this.leavesDown.includes(plain),
    });
    if (plain !== this.text) await this.#begin();
    return { ok: true, how: 'by hand' };
  }

  async failedReloads(): Promise<number> {
    return this.#failed;
  }

  /** As HAProxy does by its server-state file; a weight that is configured otherwise now wins. */
  async #begin(): Promise<void> {
    const { servers } = await this.standings();
    for (const { server, weight, admin, configuredWeight } of this.#state) {
      const now = servers.find((one) => one.server.name === server.name);
      await this.#haproxy.setAdmin(server, admin);
      if (now?.configuredWeight === configuredWeight) await this.#haproxy.setWeight(server, weight);
    }
  }

  async #change(): Promise<void> {
    this.#changes += 1;
    if (this.#changes < this.diesAt) return;
    this.#die();
    await new Promise(() => undefined);
  }
}
