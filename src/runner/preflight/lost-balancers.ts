import type { Failure } from '../../errors.ts';
import type { Report } from '../../rollout/events.ts';
import { serversOf, type Instance } from '../../rollout/model.ts';
import type { Play } from '../../rollout/play.ts';
import { isPassing } from '../waiting/poll.ts';

/**
 * The HAProxys that a run does without: they have hosts of their own, do not answer before anything is touched, and all
 * plays that use them say `unreachable_balancer: skip`. An instance keeps one at least. They stay out for the whole run,
 * also when they answer again: nothing is known of how they stood.
 */
export class LostBalancers {
  readonly #report: Report;
  readonly #instances: readonly Instance[];
  /** Hosts that may be lost. */
  readonly #mayBe: ReadonlySet<string>;
  readonly #reasons = new Map<string, string>();

  /** `inWork`: what the first part of the run has left out of service, as `host container`, is to be put right at all of them. */
  constructor(plays: readonly Play[], report: Report, inWork: ReadonlySet<string> = new Set()) {
    this.#report = report;
    this.#instances = instancesOf(plays);
    const left = this.#instances.filter(({ host, container }) => inWork.has(`${host} ${container}`));
    const strict = plays.filter(({ policy }) => policy.unreachableBalancer === 'fail');
    const needed = new Set([
      ...plays.flatMap(({ hosts }) => hosts.map(({ host }) => host)),
      ...[...instancesOf(strict), ...left].flatMap(balancerHosts),
    ]);
    this.#mayBe = new Set(this.#instances.flatMap(balancerHosts).filter((host) => !needed.has(host)));
  }

  /** Whether the run goes on without the HAProxys of a host that failed so; it is said then, once. */
  readonly goWithout = (host: string, failure: Failure): boolean => {
    if (!this.#mayBe.has(host) || !isPassing(failure)) return false;
    if (this.#reasons.has(host)) return true;
    const isLost = (name: string): boolean => name === host || this.#reasons.has(name);
    if (this.#instances.some((one) => serversOf(one).every(({ balancer }) => isLost(balancer.host)))) return false;
    this.#reasons.set(host, failure.message);
    const text = `${host} is left out (unreachable_balancer: skip): ${failure.message}: if its HAProxy still has requests, those to a container that is being replaced fail`;
    this.#report({ type: 'warning', host, text });
    return true;
  };

  get hosts(): readonly string[] {
    return [...this.#reasons.keys()];
  }

  without(plays: readonly Play[]): readonly Play[] {
    if (this.#reasons.size === 0) return plays;
    return plays.map((play) => ({
      ...play,
      hosts: play.hosts.map((one) => ({ ...one, instances: one.instances.map((instance) => this.#of(instance)) })),
    }));
  }

  /** The instance with the servers that are left of it, in all of its slots. */
  #of(instance: Instance): Instance {
    const isLeft = ({ balancer }: Instance['servers'][number]): boolean => !this.#reasons.has(balancer.host);
    if (serversOf(instance).every(isLeft)) return instance;
    const left = <Slot extends Pick<Instance, 'servers'>>(slot: Slot): Slot => {
      return { ...slot, servers: slot.servers.filter(isLeft) };
    };
    const { slots, leaving, other } = instance;
    return {
      ...left(instance),
      ...(slots && { slots: [left(slots[0]), left(slots[1])] }),
      ...(leaving && { leaving: left(leaving) }),
      ...(other && { other: left(other) }),
    };
  }
}

function instancesOf(plays: readonly Play[]): readonly Instance[] {
  return plays.flatMap(({ hosts }) => hosts.flatMap((one) => one.instances));
}

function balancerHosts(instance: Instance): readonly string[] {
  return serversOf(instance).map(({ balancer }) => balancer.host);
}
