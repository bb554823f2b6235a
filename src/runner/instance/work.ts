import type { RunEvent } from '../../rollout/events.ts';
import type { LifeName } from '../../rollout/lifecycle.ts';
import { onlyOf, type Instance, type Only, type Server, type Standing } from '../../rollout/model.ts';
import type { Container } from '../../rollout/observed.ts';
import type { Barrier } from './barrier.ts';
import type { Company } from './company.ts';
import type { Joining } from './joining.ts';
import type { Monitor } from './monitor.ts';
import type { HostAccess, RecordEntry, ServerLook } from '../ports/ports.ts';
import type { ServerAccess } from './traffic.ts';
import type { Turns } from './turns.ts';
import type { Undo } from './undo.ts';
import type { Watch } from '../waiting/watch.ts';

/** Who runs what: the same for all instances of a run. */
export interface RunIdentity {
  /** For example `20261121-093012-5f3a`; part of the names of old containers. */
  readonly run: string;
  /** `user@machine`. */
  readonly by: string;
}

/** How one server stood before we touched it. */
export interface Found extends Standing {
  readonly access: ServerAccess;
  readonly wasUp: boolean;
  /** Its agent-check was enabled. */
  readonly agent: boolean;
  /** With two slots: what it is to have in the end, which is what its counterpart in the other slot had. */
  readonly then?: Standing | undefined;
}

/** As it is to stand once the new container serves. */
export function inTheEnd(found: Found): Found {
  return { ...found, ...found.then };
}

/** What the run calls itself while it takes back what it has done: it may have kept containers under its own name. */
export function backOf(run: string): string {
  return `${run}-back`;
}

/** One instance in work: where it is, and what was found there, filled in by the first step. */
export interface Work {
  readonly instance: Instance;
  readonly host: HostAccess;
  /** Makes sure that the host is still ours: what a step has seen counts only then. */
  readonly keep: () => Promise<void>;
  /** More come where an HAProxy that was left out answers again. */
  servers: readonly ServerAccess[];
  joining?: Joining | undefined;
  /** Of which it may be recorded that they are in work, and that are not among `servers`. */
  alsoRecorded?: readonly Server[];
  /** By their keys, those that came late and were not seen UP by their HAProxy yet, which is no verdict then. */
  unproven?: Set<string>;
  /** Replaced `start-first`: the same instance in the slot that the old container is in. */
  readonly leaving?: Work | undefined;
  /** What becomes of what an earlier run has kept; undefined: it is replaced. */
  readonly life?: 'switch-back' | 'ending' | undefined;
  /** Which of two slots this is. */
  readonly slot?: RecordEntry['slot'];
  readonly undo: Undo;
  readonly identity: RunIdentity;
  readonly turns: Turns;
  found: readonly Found[];
  /** Something of it may have been taken or changed already: what is seen of it may be this run's own doing. */
  isTouched: boolean;
  /** The counters of `servers` before any was taken: a retry since then may still be in no other counter. */
  before: readonly (ServerLook | undefined)[];
  /** The old container, and whether it would have passed as a new one. */
  container: Container | undefined;
  wasReady: boolean;
  /** What keeps requests away while the instance is in work. */
  barriers: readonly Barrier[];
  /** The start and the restarts of the container under check, as first seen: more of them mean that it fell over. */
  started: { readonly at: string; readonly restarts: number } | undefined;
  /** There is no way back to the old container: with two slots it cannot serve again, or its company is committed. */
  newServes?: boolean;
  /** Those that it goes together with, as long as it does. */
  readonly company?: Company | undefined;
  /** The id of the new container that was made and is still to be started. */
  made?: string | undefined;
  /** The step of its ramp that it has got to, as a percentage. */
  rampedTo: number;
  /** That its command is begun was to be recorded, and it was not sent yet. */
  isUnsent?: boolean;
  /** What is done with the new container once it is ready, before it gets requests; undefined once that was done. */
  beforeTraffic?: ((work: Work, signal: AbortSignal) => Promise<void>) | undefined;
  /** How long it took HAProxy to see the new container UP, in milliseconds. */
  upAfterMs: number;
  /** It was seen that the new container does not serve as it should, or has not proved itself. */
  servesBadly?: boolean;
  /** Its servers that were in service when it began to be taken out again, as they stood. */
  inService?: readonly Found[];
  /** Counts how it serves, from the soak on; undefined when the playbook asks for none. */
  monitor?: Monitor | undefined;
}

export interface StepWatch extends Watch {
  readonly homeward: boolean;
  /** Tells how everything was found, and resolves once that is in the journal. */
  found(what: WhatWasFound): Promise<void>;
  /** Tells which step of a ramp begins. */
  ramped(to: RampStep): void;
}

export type RampStep = Pick<Extract<RunEvent, { type: 'ramped' }>, 'percent' | 'servers' | 'ms'>;

export type WhatWasFound = Pick<Extract<RunEvent, { type: 'found' }>, 'servers' | 'old'>;

/** Does one step and says in a few words what came of it; fails by throwing. */
export type StepAction = (work: Work, watch: StepWatch) => Promise<string>;

/** The name under which the old container waits until the new one has proved itself. */
export function asideOf({ instance, identity }: Work): string {
  return `${instance.container}.replaced-${identity.run}`;
}

const REPLACED = /^(.+)\.replaced-[0-9a-z-]+$/;

/** The instance's container whose old one bears this name, or undefined for a name that is not of that kind. */
export function replacedBy(name: string): string | undefined {
  return REPLACED.exec(name)?.[1];
}

/** What a work begins with. */
type Begun = Pick<Work, 'instance' | 'host' | 'keep' | 'undo' | 'identity' | 'turns' | 'company'>;

/** The work on an instance of which nothing is known yet, in both of its slots where it has two. */
export function workOn(begun: Begun, reach: (server: Server) => ServerAccess): Work {
  const { leaving, ...rest } = begun.instance;
  const nothing = {
    ...{ container: undefined, wasReady: false, isTouched: false, started: undefined, rampedTo: 0, upAfterMs: 0 },
    ...{ found: [], barriers: [], before: [] },
  };
  const work: Work = { ...begun, ...nothing, servers: begun.instance.servers.map(reach) };
  if (!leaving) return work;
  const { servers, ready } = leaving;
  const old = { ...begun, ...nothing, instance: { ...rest, servers, ready }, servers: servers.map(reach) };
  return { ...work, slot: 'next', leaving: { ...old, slot: 'leaving' } };
}

/** What an instance goes through. What is taken back goes one by one, and what has nothing to leave takes its place. */
export function lifeOf({ life, leaving, instance }: Work): LifeName {
  if (life) return life;
  const inSlots = instance.switching && !instance.revert ? 'blue-green' : 'start-first';
  const inPlace = instance.strategy === 'recreate-host' ? 'recreate-host' : 'in-place';
  return onlyOf(instance) ?? (leaving ? inSlots : inPlace);
}

/** What the events of an instance say besides what becomes of it. */
export function markOf(instance: Pick<Instance, 'strategy' | 'revert'>): { isRevert?: true; only?: Only } {
  if (instance.revert) return { isRevert: true };
  const only = onlyOf(instance);
  return only ? { only } : {};
}

/** A work, and that on its other slot. */
export function bothSlots(work: Work): readonly Work[] {
  return work.leaving ? [work, work.leaving] : [work];
}

/**
 * The same instance in the slot that its old container is in.
 *
 * @throws Error where there is only one slot: that is no step of such a life
 */
export function leavingOf({ leaving, instance }: Work): Work {
  if (!leaving) throw new Error(`${instance.container} has no slot to leave`);
  return leaving;
}

/** One look at each of its servers. */
export function looksAt({ servers }: Work): Promise<readonly ServerLook[]> {
  return Promise.all(servers.map(({ balancer, server }) => balancer.look(server)));
}

/** The name that its old container bears: another one while it serves beside the new one. */
export function oldNameOf(work: Work): string {
  return work.slot === 'leaving' ? asideOf(work) : work.instance.container;
}

export function wasServing({ found }: Work): boolean {
  return found.some(({ wasUp, admin }) => wasUp && admin === 'ready');
}
