import type { HostPlay } from '../../rollout/play.ts';
import type { DocumentPath } from '../document.ts';
import type { InventoryHost, Vars } from '../inventory/inventory.ts';
import { hostScope, type HostSurroundings } from '../inventory/host-scope.ts';
import type { Scope } from '../template.ts';
import type { HostProblem } from './complaints.ts';
import { ContainerReader, type Surroundings } from './container-reader.ts';
import { instanceOf } from './instances.ts';
import { Problems } from './problems.ts';
import { clashesOn, type PlacedInstance } from './rules.ts';
import { appSchema, instancesSchema, policySchema } from './schema.ts';

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
  /** What templates may ask of the other hosts. */
  readonly around: HostSurroundings;
}

/** What is read by itself. */
const apart = { instances: undefined, tags: undefined, container: undefined };

const policyKeys = Object.keys(policySchema.shape);

/** Fills in the apps of a play for one host after the other. */
export class HostResolver {
  readonly problems: HostProblem[] = [];
  readonly #parts: PlayParts;
  readonly #policy: Mapping;

  constructor(parts: PlayParts) {
    this.#parts = parts;
    this.#policy = Object.fromEntries(policyKeys.map((key) => [key, parts.play[key]]));
  }

  /** What is wrong is added to `problems`; the instance it is wrong with is left out then. */
  resolve(host: InventoryHost): HostPlay {
    const found = new Problems();
    const placed = this.#parts.apps.flatMap((app) => this.#instancesOf(app, host, found));
    for (const clash of clashesOn(placed)) found.add(clash);
    this.problems.push(...found.all.map((problem) => ({ ...problem, host: host.name })));
    return { host: host.name, instances: placed.map(({ instance }) => instance) };
  }

  #instancesOf({ app, at }: PlacedApp, host: InventoryHost, found: Problems): PlacedInstance[] {
    const scopeWith = (more: Vars): Scope => hostScope(host, { ...this.#parts.vars, ...more }, this.#parts.around);
    const asked = found.parse(instancesSchema, { instances: app['instances'] }, { scope: scopeWith({}), at });
    const count = asked ? (asked.instances ?? 1) : 0;
    const reader = new ContainerReader(this.#parts, found);
    return Array.from({ length: count }, (_, index) => index + 1).flatMap((id): PlacedInstance[] => {
      const scope = scopeWith({ id });
      const play = found.parse(policySchema, this.#policy, { scope, at: this.#parts.at });
      const one = found.parse(appSchema, { ...app, ...apart }, { scope, at });
      if (!play || !one) return [];
      const declared = reader.read({ app: one, written: app['container'], at, scope });
      return declared ? [{ instance: instanceOf({ host: host.name, app: one, play, ...declared }), app: at }] : [];
    });
  }
}
