import type { AtOnce } from './at-once.ts';
import { isOf } from './capacity.ts';
import {
  onlyOf,
  serverPath,
  serversOf,
  type FrontTier,
  type Instance,
  type Only,
  type Revert,
  type Server,
} from './model.ts';
import type { Healthcheck } from './container-spec.ts';
import type { BackendState, Container, Image, ServerState, SettingChange } from './observed.ts';
import type { HostPoint, Hooks, PlayHooks } from './hooks.ts';
import type { Back, HostPlay, Play } from './play.ts';
import { capacityOf, type CapacityPlan } from './plan-capacity.ts';
import type { Policy } from './policy.ts';
import { groupedBatchesOf } from './serial.ts';

/** What is known of an image before it is pulled. */
export interface WantedImage {
  readonly digest: string | undefined;
  readonly id: string | undefined;
  /** Its own, where the image is on the host already. */
  readonly healthcheck?: Healthcheck | undefined;
  /** It is not on the host, and sent there from here. */
  readonly load?: Load | undefined;
}

export interface Load {
  /** Where it is, for people. */
  readonly from: string;
  readonly bytes: number;
}

/** What was seen of one instance before the run. */
export interface InstanceFacts {
  readonly container: Container | undefined;
  /** The image the playbook asks for: its registry digest, or its id when it is on the host already. */
  readonly image: WantedImage;
  readonly changes: readonly SettingChange[];
  /** The instance in the slot that it is to be in, where it has two. */
  readonly settled?: Instance;
  /** This very run has updated it: nothing is replaced by force twice. */
  readonly isUpdated?: boolean;
  /** Of an instance that is to be taken back: whether it already is as the run found it. */
  readonly isAsFound?: boolean;
}

/** What was seen of the fleet, by host and container, and of all backends involved. */
export interface FleetFacts {
  readonly instances: ReadonlyMap<Instance, InstanceFacts>;
  /** The tiers in front of hosts whose servers had to be found, with their names. */
  readonly fronts?: ReadonlyMap<FrontTier, FrontTier>;
  readonly backends: readonly BackendState[];
}

/** `restart` and `run`: the container stays. `remove`: what a run has created is taken back. */
export type Action = 'create' | 'replace' | Only | 'remove' | 'leave';

/** What a replacement would have changed of a container that stays. */
export interface Staying {
  /** Undefined: its image is the one that the playbook asks for, or it is not known what that is. */
  readonly image: PlannedImage | undefined;
  readonly changes: readonly SettingChange[];
}

export interface ServerPlan {
  readonly server: Server;
  readonly weight: number;
  readonly status: string;
  readonly sessions: number;
}

export interface PlannedImage {
  readonly reference: string;
  readonly digest: string | undefined;
  /** What it is known by where there is no digest. */
  readonly id?: string | undefined;
}

export interface InstancePlan {
  readonly instance: Instance;
  readonly action: Action;
  readonly from: PlannedImage | undefined;
  /** Whether what is there runs. */
  readonly isRunning?: boolean | undefined;
  readonly to: PlannedImage & Pick<WantedImage, 'load'>;
  readonly changes: readonly SettingChange[];
  /** Of a container that stays: what stays otherwise than declared. */
  readonly stays?: Staying | undefined;
  /** Why it is replaced although neither image nor settings differ, or empty. */
  readonly because: string;
  readonly servers: readonly ServerPlan[];
}

/** The tier in front of a host, and how the host's servers stand there. */
export interface FrontPlan extends FrontTier {
  readonly seen: readonly ServerPlan[];
}

export interface HostPlan {
  readonly host: string;
  readonly instances: readonly InstancePlan[];
  /** Where the whole host is taken out of service before anything on it is touched. */
  readonly front?: FrontPlan | undefined;
  readonly hooks?: Hooks<HostPoint> | undefined;
}

export interface BatchPlan {
  readonly number: number;
  /** What its hosts have in common, as `zone a`. */
  readonly group?: string | undefined;
  readonly hosts: readonly HostPlan[];
}

export interface PlayPlan {
  readonly name: string;
  /** Undefined: a batch by itself has no limit. */
  readonly maxFailPercentage: number | undefined;
  readonly policy: Policy;
  readonly hooks?: PlayHooks | undefined;
  /** Undefined: one instance of each host of a batch. */
  readonly atOnce?: AtOnce | undefined;
  readonly back?: Back | undefined;
  readonly batches: readonly BatchPlan[];
  readonly capacity: readonly CapacityPlan[];
}

/** What a play will do, decided from what was seen. `force`: replace also what has nothing to change. */
export function planPlay(play: Play, facts: FleetFacts, options: { readonly force: boolean }): PlayPlan {
  const batches = groupedBatchesOf(play.hosts, play.serial).map(({ group, hosts }, index): BatchPlan => ({
    number: index + 1,
    ...(group !== undefined && { group }),
    hosts: hosts.map((host) => planHost(host, facts, options)),
  }));
  return {
    name: play.name,
    maxFailPercentage: play.maxFailPercentage,
    policy: play.policy,
    ...(play.atOnce && { atOnce: play.atOnce }),
    ...(play.back && { back: play.back }),
    ...(play.hooks && { hooks: play.hooks }),
    batches,
    capacity: capacityOf(batches, facts, play.atOnce),
  };
}

export function hasChanges(plan: PlayPlan): boolean {
  return instancesOf(plan).some(({ action }) => action !== 'leave');
}

export function hasChangesIn({ hosts }: BatchPlan): boolean {
  return hosts.some(hasChangesOn);
}

export function hasChangesOn({ instances }: HostPlan): boolean {
  return instances.some(({ action }) => action !== 'leave');
}

export function instancesOf(plan: PlayPlan): readonly InstancePlan[] {
  return plan.batches.flatMap((batch) => batch.hosts.flatMap((host) => host.instances));
}

function planHost(play: HostPlay, facts: FleetFacts, { force }: { readonly force: boolean }): HostPlan {
  const instances = play.instances.map((declared): InstancePlan => {
    const seen = facts.instances.get(declared);
    const instance = seen?.settled ?? declared;
    const container = seen?.container;
    const { digest, id, load } = seen?.image ?? {};
    const to = { reference: instance.spec.image, digest, id, load };
    const changes = seen?.changes ?? [];
    const from = container && {
      reference: container.image.reference,
      id: container.image.id,
      digest: shownDigest(container.image, digest),
    };
    const servers = serversOf(instance).flatMap((server) => serverPlans(server, facts));
    const only = onlyOf(instance);
    if (from && only) return { ...stayingOf(instance, only, { from, seen }), servers };
    const action = instance.revert ? actionBack(seen, instance.revert) : actionOf(seen, force);
    const isRunning = container?.running;
    return {
      instance,
      action,
      from,
      isRunning,
      to,
      changes,
      because: action === 'replace' ? reasonFor(seen) : '',
      servers,
    };
  });
  const { front, hooks } = play;
  return { host: play.host, instances, ...(front && { front: planFront(front, facts) }), ...(hooks && { hooks }) };
}

function planFront(declared: FrontTier, facts: FleetFacts): FrontPlan {
  const front = facts.fronts?.get(declared) ?? declared;
  return { ...front, seen: front.servers.flatMap((server) => serverPlans(server, facts)) };
}

function stayingOf(
  instance: Instance,
  action: Only,
  { from, seen }: { readonly from: NonNullable<InstancePlan['from']>; readonly seen: InstanceFacts },
): Omit<InstancePlan, 'servers'> {
  const { container, image, changes } = seen;
  const isKnown = image.digest !== undefined || image.id !== undefined;
  const isOther = isKnown && container !== undefined && !isSameImage(container.image, image);
  const other = isOther ? { reference: instance.spec.image, digest: image.digest, id: image.id } : undefined;
  const stays = other !== undefined || changes.length > 0 ? { image: other, changes } : undefined;
  const because = container?.running === false ? `is ${container.status}` : '';
  return { instance, action, from, to: from, changes: [], stays, because };
}

/** Of several digests of what runs, the one that is asked for, so that equal images look equal. */
function shownDigest({ digests }: Image, wanted: string | undefined): string | undefined {
  return wanted !== undefined && digests.includes(wanted) ? wanted : digests[0];
}

function actionOf(seen: InstanceFacts | undefined, force: boolean): Action {
  if (!seen?.container) return 'create';
  return isAsDeclared(seen) && (!force || seen.isUpdated) ? 'leave' : 'replace';
}

/** Whether there is nothing to do. */
export function isAsDeclared({ container, image, changes }: InstanceFacts): boolean {
  return container !== undefined && isSameImage(container.image, image) && changes.length === 0 && container.running;
}

function actionBack(seen: InstanceFacts | undefined, { toNothing }: Revert): Action {
  if (!seen?.container) return toNothing ? 'leave' : 'create';
  if (seen.isAsFound) return seen.container.running ? 'leave' : 'replace';
  return toNothing ? 'remove' : 'replace';
}

/** Only what neither image nor settings tell already. */
function reasonFor(seen: InstanceFacts | undefined): string {
  if (!seen?.container || !isSameImage(seen.container.image, seen.image) || seen.changes.length > 0) return '';
  if (seen.isAsFound === false) return 'its settings as they were';
  return seen.container.running ? 'forced' : `is ${seen.container.status}`;
}

/** By registry digest or by content id, whichever is known. */
function isSameImage(runs: Image, wanted: WantedImage): boolean {
  return (wanted.digest !== undefined && runs.digests.includes(wanted.digest)) || wanted.id === runs.id;
}

function serverPlans(server: Server, facts: FleetFacts): ServerPlan[] {
  const state = stateOf(server, facts.backends);
  return state ? [{ server, weight: state.weight, status: state.status, sessions: state.current + state.queued }] : [];
}

export function stateOf(server: Server, backends: readonly BackendState[]): ServerState | undefined {
  const backend = backends.find((candidate) => isOf(candidate, server));
  return backend?.servers.find((state) => serverPath(state.server) === serverPath(server));
}
