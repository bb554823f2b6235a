import type { Failure } from '../../errors.ts';
import type { Report } from '../../rollout/events.ts';
import { frontWith, withServers } from '../../rollout/left-out.ts';
import { serversOf, type Server } from '../../rollout/model.ts';
import { serversBefore, type HostPlay, type Play } from '../../rollout/play.ts';
import { isPassing } from '../waiting/poll.ts';

/**
 * The HAProxys that a run does without: they have hosts of their own, do not answer before anything is touched, and all
 * plays that use them say `unreachable_balancer: skip`. An instance keeps one at least. What becomes of one that answers
 * again is for the run (src/runner/play/late-balancers.ts).
 */
export class LostBalancers {
  readonly #report: Report;
  readonly #hosts: readonly HostPlay[];
  /** Hosts that may be lost. */
  readonly #mayBe: ReadonlySet<string>;
  readonly #reasons = new Map<string, string>();

  /** `inWork`: what the first part of the run has left out of service, as `host container`, is to be put right at all of them. */
  constructor(plays: readonly Play[], report: Report, inWork: ReadonlySet<string> = new Set()) {
    this.#report = report;
    this.#hosts = plays.flatMap(({ hosts }) => hosts);
    const strict = plays.filter(({ policy }) => policy.unreachableBalancer === 'fail');
    const left = this.#hosts.map(({ host, instances, front }) => ({
      instances: instances.filter(({ container }) => inWork.has(`${host} ${container}`)),
      front: [...inWork].some((name) => name.startsWith(`${host} `)) ? front : undefined,
    }));
    const needed = new Set([
      ...this.#hosts.map(({ host }) => host),
      ...[...strict.flatMap(({ hosts }) => hosts), ...left].flatMap(balancerHosts),
    ]);
    this.#mayBe = new Set(this.#hosts.flatMap(balancerHosts).filter((host) => !needed.has(host)));
  }

  /** Whether the run goes on without the HAProxys of a host that failed so; it is said then, once. */
  readonly goWithout = (host: string, failure: Failure): boolean => {
    if (!this.#mayBe.has(host) || !isPassing(failure)) return false;
    if (this.#reasons.has(host)) return true;
    const isLost = (name: string): boolean => name === host || this.#reasons.has(name);
    if (this.#hosts.flatMap(placesOf).some((servers) => servers.every((one) => isLost(one.balancer.host))))
      return false;
    this.#reasons.set(host, failure.message);
    const text = `${host} is left out (unreachable_balancer: skip): ${failure.message}: if its HAProxy still has requests, those to a container that is being replaced fail`;
    this.#report({ type: 'warning', host, text });
    return true;
  };

  /** It does again, and belongs to the run. */
  answers(host: string): void {
    this.#reasons.delete(host);
  }

  get hosts(): readonly string[] {
    return [...this.#reasons.keys()];
  }

  without(plays: readonly Play[]): readonly Play[] {
    if (this.#reasons.size === 0) return plays;
    return plays.map((play) => ({
      ...play,
      hosts: play.hosts.map(({ front, ...one }) => ({
        ...one,
        instances: one.instances.map((instance) => withServers(instance, this.#isLeft)),
        ...(front && { front: frontWith(front, this.#isLeft) }),
      })),
    }));
  }

  readonly #isLeft = ({ balancer }: Server): boolean => !this.#reasons.has(balancer.host);
}

/** What must keep one each: every instance, and every host as a whole that has a tier in front. */
function placesOf({ instances, front }: HostPlay): readonly (readonly Server[])[] {
  return [...instances.map(serversOf), ...(front ? [front.servers] : [])];
}

function balancerHosts(host: Pick<HostPlay, 'instances' | 'front'>): readonly string[] {
  return serversBefore(host).map(({ balancer }) => balancer.host);
}
