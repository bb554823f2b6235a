/**
 * The nouns of a rollout. Everything here is plain data that can be printed, journalled and compared.
 *
 * - *host*: a machine of the inventory, reached over SSH. - *container*: an application container on it.
 * - *balancer*: one HAProxy process, by the host it runs on and its runtime socket.
 * - *server*: one line of one backend of one balancer: where the requests for one container come from.
 * - *instance*: one container on one host together with its servers: the unit that is drained and replaced.
 */

import type { ContainerSpec } from './container-spec.ts';
import type { Expected } from './expected.ts';
import type { Hooks, InstancePoint } from './hooks.ts';
import type { AskedFrom, Metric } from './metric.ts';
import type { Ramp } from './ramp.ts';

/** Where on its host one HAProxy is spoken to. */
export interface BalancerPlace {
  /** Of its stats socket: a path, or an address as HAProxy writes it, such as `ipv4@127.0.0.1:9999`. */
  readonly socket: string;
  /** The path of its master's socket; undefined: where it is by custom, if there is one. */
  readonly masterSocket?: string | undefined;
  /** The container that it runs in, and that the paths are in; undefined: it runs on the host itself. */
  readonly container?: string | undefined;
}

/** One HAProxy: the host it runs on, and its place there. */
export interface Balancer extends BalancerPlace {
  readonly host: string;
}

/** Stands for the name of a server that is found by where it sends requests, as long as it is not known. */
export const TO_BE_FOUND = '';

/** HAProxy's `backend/name`, in one balancer. */
export interface Server {
  readonly balancer: Balancer;
  readonly backend: string;
  readonly name: string;
}

/** What happens when requests are still in hand at the end of the drain timeout. */
export type OnTimeout = 'fail' | 'continue' | 'shutdown_sessions';

export interface DrainPolicy {
  readonly timeoutMs: number;
  readonly onTimeout: OnTimeout;
}

/** How an application proves, seen from its own host, that it answers. */
export type Probe =
  | {
      readonly kind: 'http';
      readonly url: string;
      readonly status: readonly [number, number];
      readonly body?: Expected;
      /** By name, in lower case. */
      readonly headers?: Readonly<Record<string, Expected>>;
    }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'command'; readonly command: readonly string[] };

export interface ReadyCheck {
  /** Undefined: the container's own healthcheck is the only proof. */
  readonly probe: Probe | undefined;
  readonly withinMs: number;
  readonly everyMs: number;
}

/** A tier of HAProxys in front of a host's own: each of them has servers for the whole host. */
export interface FrontTier {
  readonly servers: readonly Server[];
  /** More of them, at HAProxys that the run goes without. */
  readonly leftOut?: readonly Server[] | undefined;
  readonly drain: DrainPolicy;
  /** What must stay usable of their backends while hosts are away. */
  readonly minUp: MinUp;
}

/** A number of servers, or a percentage of those of the backend, rounded up. */
export type MinUp = { readonly servers: number } | { readonly percent: number };

/** How many errors are tolerated: a number, or a percentage of the requests. */
export type ErrorLimit = { readonly errors: number } | { readonly percent: number };

/** How an instance is watched after it is back in service, while the run goes on. */
export interface MonitorPolicy {
  /** From the restore on, in milliseconds; above 0. */
  readonly forMs: number;
  readonly everyMs: number;
  /** More than this fails the instance, where `compare` does not decide. */
  readonly maxErrors: ErrorLimit;
  /**
   * How many times the error rate of its untouched siblings its own may be. Where siblings can be compared with, this
   * decides instead of `maxErrors`. Undefined: they are not compared.
   */
  readonly compare: number | undefined;
  /** A number that must be right as well. */
  readonly metric?: (Metric & { readonly where: AskedFrom }) | undefined;
}

/** Back to what a run has found, which the hosts have in their archives, instead of to what a playbook declares. */
export interface Revert {
  readonly run: string;
  /** The run has found nothing there, so there is nothing to be afterwards either. */
  readonly toNothing: boolean;
}

/**
 * `in-place`: the new container takes the place of the old one, which stops first. `start-first`: an instance has two
 * slots, and the new container serves in one of them before the old one leaves the other. `blue-green`: as
 * `start-first`, for all the instances of a host together, and the old ones are kept for a time. `recreate-host`: in place,
 * and all the instances of a host together, so that no two versions of them run there at the same time. `restart`: the
 * container stays what it is, and is stopped and started again. `run`: it stays as it is while a command is run.
 */
export type Strategy = 'in-place' | 'start-first' | 'blue-green' | 'recreate-host' | 'restart' | 'run';

/** How the two sets of a host change places, `blue-green`. */
export interface Switching {
  /** `together`: no old container is taken out before all new ones serve. `pair-by-pair`: one after the other. */
  readonly order: 'together' | 'pair-by-pair';
  /** How long the old ones run on, out of traffic, in milliseconds; 0: they end at once. */
  readonly keepMs: number;
}

/** What alone is done, where the container stays. */
export type Only = Extract<Strategy, 'restart' | 'run'>;

/** A command for an instance that nothing reaches meanwhile. */
export interface RunCommand {
  /** For people. */
  readonly name: string;
  readonly where: 'host' | 'container';
  readonly timeoutMs: number;
  /** May hold secrets: like everything of that name it is in no event. */
  readonly spec: { readonly command: readonly string[] };
}

/** One of the two places of an instance that is replaced `start-first` or `blue-green`. */
export interface Slot {
  /** For people, and `slot` in templates. */
  readonly name: string;
  readonly servers: readonly Server[];
  /** More of them, at HAProxys that the run goes without. */
  readonly leftOut?: readonly Server[] | undefined;
  /** How a container in it proves itself. */
  readonly ready: ReadyCheck;
}

export interface DeclaredSlot extends Slot {
  readonly spec: ContainerSpec;
  readonly hooks?: Hooks<InstancePoint> | undefined;
}

export interface Instance {
  readonly host: string;
  readonly container: string;
  readonly servers: readonly Server[];
  /** More of them, at HAProxys that the run goes without. */
  readonly leftOut?: readonly Server[] | undefined;
  readonly spec: ContainerSpec;
  /** Undefined: `in-place`, or `start-first` where there are two slots. */
  readonly strategy?: Strategy | undefined;
  /** With the strategy `blue-green`. */
  readonly switching?: Switching | undefined;
  /** What is run, with the strategy `run`. */
  readonly run?: RunCommand | undefined;
  readonly drain: DrainPolicy;
  readonly ready: ReadyCheck;
  /**
   * How long the server must stay UP before the old container is let go, in milliseconds. Undefined: half as long as
   * it took HAProxy to see it UP, but 500 at least.
   */
  readonly soakMs: number | undefined;
  /** How the weight comes back; undefined: all at once. */
  readonly ramp?: Ramp | undefined;
  /** Undefined: not watched any more once the soak has ended. */
  readonly monitor?: MonitorPolicy | undefined;
  /** How many old containers stay behind, stopped. */
  readonly keep: number;
  readonly minUp: MinUp;
  readonly hooks?: Hooks<InstancePoint> | undefined;
  /** Its two slots, as long as it is not known which of them is taken. `servers`, `ready` and `spec` are the first's. */
  readonly slots?: readonly [DeclaredSlot, DeclaredSlot] | undefined;
  /** The slot that everything else here is of, where it has two. */
  readonly slot?: string | undefined;
  /** The other one. */
  readonly other?: Slot | undefined;
  /** Where the old container is: in the other slot. It serves there until the new one does. */
  readonly leaving?: Slot | undefined;
  /** With it `spec` names the image that was found, and declares nothing else. */
  readonly revert?: Revert | undefined;
}

/** Whether a server takes part, apart from its weight and its health. `drain` and `maint` are an operator's doing. */
export type AdminState = 'ready' | 'drain' | 'maint';

/** What is to be put back, exactly. */
export interface Standing {
  /** The absolute weight, 0–256. */
  readonly weight: number;
  readonly admin: AdminState;
}

/** What alone is done to it; undefined: its container is to be as declared, or as it was. */
export function onlyOf({ strategy, revert }: Pick<Instance, 'strategy' | 'revert'>): Only | undefined {
  return !revert && (strategy === 'restart' || strategy === 'run') ? strategy : undefined;
}

/** Whether its container stays, whatever it would have to change to be as declared. */
export function keepsContainer(instance: Pick<Instance, 'strategy' | 'revert'>): boolean {
  return onlyOf(instance) !== undefined;
}

/** All servers of an instance, of both slots where it has two. */
export function serversOf({ servers, slots, other }: Omit<Instance, 'spec'>): readonly Server[] {
  return slots ? slots.flatMap((slot) => slot.servers) : [...servers, ...(other?.servers ?? [])];
}

/** What an instance declares, in both slots where it has two. */
export function specsOf({ spec, slots }: Instance): readonly ContainerSpec[] {
  return slots?.map((slot) => slot.spec) ?? [spec];
}

export function serverPath(server: Server): string {
  return `${server.backend}/${server.name}`;
}

/** For whoever looks at the host of its container: with the host of its HAProxy, where that is another. */
export function serverSeenFrom(host: string, server: Server): string {
  const { balancer } = server;
  return balancer.host === host ? serverPath(server) : `${serverPath(server)} on ${balancer.host}`;
}

/** Its socket, for people: `/run/haproxy.sock`, or `haproxy:/run/haproxy.sock` in a container. */
export function placeName({ socket, container }: BalancerPlace): string {
  return container === undefined ? socket : `${container}:${socket}`;
}

/** Tells balancers apart. */
export function balancerKey(balancer: Balancer): string {
  return `${balancer.host} ${placeName(balancer)}`;
}

/** Tells backends apart, those of other balancers too. */
export function backendKey({ balancer, backend }: Pick<Server, 'balancer' | 'backend'>): string {
  return `${balancerKey(balancer)} ${backend}`;
}

/** Tells servers apart, those of other balancers too. */
export function serverKey(server: Server): string {
  return `${balancerKey(server.balancer)} ${serverPath(server)}`;
}

export function sameBalancer(one: Balancer, other: Balancer): boolean {
  return balancerKey(one) === balancerKey(other);
}

export function sameServer(one: Server, other: Server): boolean {
  return sameBalancer(one.balancer, other.balancer) && serverPath(one) === serverPath(other);
}
