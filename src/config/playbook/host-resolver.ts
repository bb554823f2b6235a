import { isToBeFound } from '../../rollout/discover.ts';
import { hostPoints } from '../../rollout/hooks.ts';
import { serverKey, serverPath, serversOf, type FrontTier, type Instance } from '../../rollout/model.ts';
import type { HostPlay } from '../../rollout/play.ts';
import type { DocumentPath } from '../document.ts';
import type { InventoryHost, Vars } from '../inventory/inventory.ts';
import { hostScope, type HostSurroundings } from '../inventory/host-scope.ts';
import type { Scope } from '../template.ts';
import type { HostProblem, Problem } from './complaints.ts';
import { ContainerReader, type Surroundings } from './container-reader.ts';
import { isMapping } from '../values.ts';
import type { DeployedPace } from './deployed-pace.ts';
import { FrontTiers, frontTierOf } from './front-tier.ts';
import { instanceHookRules, sameNames } from './hook-rules.ts';
import { hooksOf, hostHooksSchema, writtenAt } from './hooks.ts';
import { balancerOf, instanceOf } from './instances.ts';
import { isTime } from './keeping.ts';
import { Problems } from './problems.ts';
import { clashesOn, serverRules, timeRules, type PlacedInstance } from './rules.ts';
import { inSlots, slotRules, strategyRules, switchRules } from './slots.ts';
import { orderOf } from './update-config.ts';
import { groupSchema } from './pace-schema.ts';
import { appSchema, instancesSchema, policySchema, type WrittenPolicy } from './schema.ts';

type Mapping = Readonly<Record<string, unknown>>;

export interface PlacedApp {
  readonly app: Mapping;
  readonly at: DocumentPath;
}

export interface PlayParts extends Surroundings {
  readonly play: Mapping;
  readonly at: DocumentPath;
  /** Those that are selected. */
  readonly apps: readonly PlacedApp[];
  /** What stands over the variables of the inventory. */
  readonly vars: Vars;
  /** Where each of those was written. */
  readonly whereOf: (variable: string) => string | undefined;
  /** The hosts of a pattern; undefined when it is none, which is complained about. */
  readonly select: (pattern: string, complain: (why: string) => void) => readonly string[] | undefined;
  /** What templates may ask of the other hosts. */
  readonly around: HostSurroundings;
  /** The variable whose value tells which batches a host may be in. */
  readonly batchBy: string | undefined;
  /** Hears what the services say of the play's pace. */
  readonly deployed: DeployedPace | undefined;
}

/** One instance, or one slot of it, for the configuration of the HAProxys in front of it. */
export interface Fronted {
  readonly host: InventoryHost;
  readonly balancer: ReturnType<typeof balancerOf>;
  readonly app: PlacedApp;
  readonly id: number;
  readonly slot: string | undefined;
  readonly instance: Instance;
}

/** What is read by itself. */
const apart = { instances: undefined, slots: undefined, tags: undefined, container: undefined };

const policyKeys = Object.keys(policySchema.shape);

/** Fills in the apps of a play for one host after the other. */
export class HostResolver {
  readonly problems: HostProblem[] = [];
  readonly fronted: Fronted[] = [];
  readonly #parts: PlayParts;
  readonly #policy: Mapping;
  /** The first instance of each server, by the server's key. */
  readonly #servers = new Map<string, Instance>();
  readonly #fronts: FrontTiers;

  constructor(parts: PlayParts) {
    this.#parts = parts;
    this.#fronts = new FrontTiers(parts.at);
    this.#policy = Object.fromEntries(policyKeys.map((key) => [key, parts.play[key]]));
  }

  /** What is wrong is added to `problems`; the instance it is wrong with is left out then. */
  resolve(host: InventoryHost): HostPlay {
    const found = new Problems();
    const hooks = this.#hooksOf(host, found);
    const group = this.#groupOf(host, found);
    const placed = this.#parts.apps.flatMap((app) => this.#instancesOf(app, host, found));
    const { front, problems } = this.#fronts.of(
      host.name,
      placed.map((one) => one.front),
    );
    const clashes = [...clashesOn(placed), ...switchRules(placed), ...this.#clashesWithOthers(placed), ...problems];
    for (const problem of [...placed.flatMap(timeRules), ...clashes]) found.add(problem);
    this.problems.push(...found.all.map((problem) => ({ ...problem, host: host.name })));
    const instances = placed.map(({ instance }) => instance);
    return {
      host: host.name,
      instances,
      ...(hooks && { hooks }),
      ...(front && { front }),
      ...(group !== undefined && { group }),
    };
  }

  /** Those around the instances of the host, which know its variables. */
  #hooksOf(host: InventoryHost, found: Problems): HostPlay['hooks'] {
    const { play, at } = this.#parts;
    const written = writtenAt(hostPoints, play['hooks']);
    if (written === undefined) return undefined;
    const hooks = hooksOf(
      found.parse(hostHooksSchema, written, { scope: this.#scopeOf(host, {}), at: [...at, 'hooks'] }),
    );
    for (const problem of sameNames(hooks, at)) found.add(problem);
    return hooks;
  }

  #groupOf(host: InventoryHost, found: Problems): string | undefined {
    const { batchBy, at } = this.#parts;
    if (batchBy === undefined) return undefined;
    const written = { batch_by: `{{ ${batchBy} }}` };
    const value = found.parse(groupSchema, written, { scope: this.#scopeOf(host, {}), at })?.batch_by;
    return value === undefined ? undefined : `${batchBy} ${value}`;
  }

  /** Of a central balancer, servers are named apart by their hosts. */
  #clashesWithOthers(placed: readonly PlacedInstance[]): Problem[] {
    return placed.flatMap(({ instance, app }) =>
      serversOf(instance).flatMap((server): Problem[] => {
        if (isToBeFound(server)) return [];
        const key = serverKey(server);
        const other = this.#servers.get(key) ?? instance;
        this.#servers.set(key, other);
        if (other.host === instance.host) return [];
        const whose = `${other.container} on ${other.host}`;
        const hint = 'servers of central balancers need {{ inventory_hostname }} in it';
        const message = `${serverPath(server)} on ${server.balancer.host} is the server of ${whose} already (${hint})`;
        return [{ path: [...app, 'server'], message }];
      }),
    );
  }

  /** The central balancers that a pattern names, or the host itself. */
  #balancerHosts(pattern: string | undefined, host: InventoryHost, complain: (why: string) => void): readonly string[] {
    if (pattern === undefined) return [host.name];
    const names = this.#parts.select(pattern, complain);
    if (names?.length === 0) complain('names no host of the inventory');
    return names ?? [];
  }

  /** The app, if it names the balancers itself, else the play. */
  #placeOfHosts(app: DocumentPath): DocumentPath {
    const { balancer } = this.#parts.apps.find(({ at }) => at === app)?.app ?? {};
    return isMapping(balancer) && 'hosts' in balancer ? app : this.#parts.at;
  }

  #instancesOf(placed: PlacedApp, host: InventoryHost, found: Problems): ReadInstance[] {
    const { app, at } = placed;
    const scope = this.#scopeOf(host, {});
    const written = { instances: app['instances'], slots: app['slots'] };
    const asked = found.parse(instancesSchema, written, { scope, at });
    if (!asked || asked.instances === 0) return [];
    const read = (id: number): ReadInstance | undefined => this.#readInSlots(placed, { host, id }, asked.slots, found);
    const before = this.fronted.length;
    const first = read(1);
    const count = asked.instances ?? first?.replicas ?? 1;
    if (count === 0) this.fronted.length = before;
    const others = Array.from({ length: Math.max(0, count - 1) }, (_, index) => index + 2);
    return [first, ...others.map(read)].slice(0, count).flatMap((one) => one ?? []);
  }

  /** Once, or once for each of two slots. */
  #readInSlots(
    placed: PlacedApp,
    where: Where,
    names: readonly [string, string] | undefined,
    found: Problems,
  ): ReadInstance | undefined {
    if (!names) return this.#instanceOf(placed, where, found);
    const [one, other] = names.map((slot) => this.#instanceOf(placed, { ...where, slot }, found));
    if (!one || !other) return undefined;
    const instance = inSlots(names, [one.instance, other.instance]);
    const problems = [
      ...slotRules(instance, placed.at),
      ...(one.instance.container === other.instance.container
        ? []
        : [{ path: [...placed.at, 'name'], message: 'is another in each slot: {{ slot }} must not be in it' }]),
    ];
    for (const problem of problems) found.add(problem);
    return { ...one, instance };
  }

  #instanceOf(placed: PlacedApp, { host, id, slot }: Where, found: Problems): ReadInstance | undefined {
    const { app, at } = placed;
    const scope = this.#scopeOf(host, slot === undefined ? { id } : { id, slot });
    const play = found.parse(policySchema, this.#policy, { scope, at: this.#parts.at });
    const one = found.parse(appSchema, { ...app, ...apart }, { scope, at });
    if (!play || !one) return undefined;
    const reader = new ContainerReader(this.#parts, found);
    const declared = reader.read({ app: one, written: app['container'], at, scope });
    if (!declared) return undefined;
    const { deploy } = declared.container;
    const strategy = one.strategy ?? play.strategy ?? orderOf(deploy?.update_config);
    const hasRun = (one.run ?? play.run) !== undefined;
    const pace = this.#parts.deployed?.pace;
    const keepsFor = isTime(one.keep) ? at : one.keep === undefined && isTime(play.keep) ? this.#parts.at : undefined;
    const replacing = { strategy, hasSlots: slot !== undefined, hasRun, pace, keepsFor, app: at };
    for (const problem of strategyRules(replacing)) found.add(problem);
    const conflicts = deploy && this.#parts.deployed?.add({ deploy, placeOf: declared.deployedAt }, at);
    for (const conflict of conflicts ?? []) found.add(conflict);
    const balancer = balancerOf(play, one);
    for (const problem of serverRules(one.server, balancer.backend, at)) found.add(problem);
    const balancerHosts = this.#balancerHosts(balancer.hosts, host, (message) => {
      found.add({ path: [...this.#placeOfHosts(at), 'balancer', 'hosts'], message });
    });
    const instance = instanceOf({ host: host.name, app: one, play, strategy, balancerHosts, ...declared });
    const hooking = { strategy, deadlineMs: pace?.deadline?.instance, app: at };
    for (const problem of instanceHookRules(instance, hooking)) found.add(problem);
    this.fronted.push({ host, balancer, app: placed, id, slot, instance });
    return { instance, app: at, replicas: deploy?.replicas, front: this.#frontOf(host, play, found) };
  }

  #frontOf({ name: host }: InventoryHost, play: WrittenPolicy, found: Problems): FrontTier | undefined {
    const { front } = play.balancer ?? {};
    if (!front) return undefined;
    const { at, select } = this.#parts;
    const complain = (message: string): void => {
      found.add({ path: [...at, 'balancer', 'front', 'hosts'], message });
    };
    const names = select(front.hosts, complain);
    if (names?.length === 0) complain('names no host of the inventory');
    return frontTierOf(front, { host, play, at: names ?? [] });
  }

  #scopeOf(host: InventoryHost, more: Vars): Scope {
    const { vars, around, whereOf } = this.#parts;
    return hostScope(host, { ...vars, ...more }, { ...around, whereOf });
  }
}

interface Where {
  readonly host: InventoryHost;
  readonly id: number;
  readonly slot?: string;
}

interface ReadInstance extends PlacedInstance {
  readonly replicas: number | undefined;
  readonly front: FrontTier | undefined;
}
