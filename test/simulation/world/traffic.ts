/** Requests to the HAProxys of a world: their clients' doing, whatever happens to them. */
import type { Random } from '../random.ts';
import { homeOf, isWhole } from './fronts.ts';
import type { Accepted, Arrival, Lost } from './haproxy.ts';
import type { SimHost } from './host.ts';
import type { Timeline } from './timeline.ts';

/** Told of what was sent to a server that does not answer, and of what a tier in front has sent to a host where nobody takes it. */
interface Losses {
  readonly lost: (at: SimHost, lost: Lost) => void;
  readonly nowhere: (home: SimHost, sent: Sent) => void;
}

/** What a tier in front has in hand of a host. */
export interface Sent extends Accepted {
  readonly at: SimHost;
}

interface Choices {
  readonly backends: readonly [string, ...string[]];
  readonly names: readonly [string, ...string[]];
}

function choicesAt({ setting: { servers } }: SimHost): Choices {
  const backends = [...new Set(servers.map(({ backend }) => backend))];
  const names = servers.map(({ name }) => name);
  return { backends: [backends[0] ?? '', ...backends], names: [names[0] ?? '', ...names] };
}

export class Traffic {
  readonly #timeline: Timeline;
  readonly #random: Random;
  readonly #losses: Losses;
  readonly #choices = new Map<SimHost, Choices>();

  constructor(timeline: Timeline, random: Random, losses: Losses) {
    this.#timeline = timeline;
    this.#random = random;
    this.#losses = losses;
  }

  /** To one HAProxy, from now on. */
  begin(host: SimHost): void {
    const again = (): number => this.#random.below(2 * host.setting.requestEveryMs);
    const next = (): void => {
      const isLong = this.#random.chance(0.05);
      if (!host.haproxy.isDown) this.#arrive(host, this.#anArrival(host, isLong));
      this.#timeline.after(1 + again(), next);
    };
    this.#timeline.after(again(), next);
  }

  #anArrival(host: SimHost, isLong: boolean): Arrival {
    const random = this.#random;
    return {
      ...this.#wanted(host),
      queuesMs: random.chance(0.06) ? random.between(100, 900) : 0,
      takesMs: isLong ? random.between(...host.setting.longRequestMs) : random.between(5, 250),
      retriesAfterMs: random.chance(0.01) ? random.between(5, 100) : undefined,
    };
  }

  /** Of the first backend mostly, and some name a server. */
  #wanted(host: SimHost): Pick<Arrival, 'backend' | 'cookie'> {
    const { backends, names } = this.#choices.get(host) ?? choicesAt(host);
    this.#choices.set(host, { backends, names });
    const backend = this.#random.pick(backends);
    return { backend, cookie: this.#random.chance(0.25) ? this.#random.pick(names) : undefined };
  }

  #arrive(at: SimHost, arrival: Arrival): void {
    const arrived = at.haproxy.arrive(arrival);
    if (!arrived.ok) this.#losses.lost(at, arrived);
    else if (isWhole(arrived.slot.line)) this.#passOn({ ...arrived, at }, arrival.takesMs);
  }

  /** Once it has come to the host: not while it waits in the queue, or between two tries. */
  #passOn(sent: Sent, takesMs: number): void {
    const { servedFromMs, unseen } = sent.request;
    this.#timeline.after((unseen?.toMs ?? servedFromMs) - this.#timeline.nowMs, () => {
      if (!sent.at.haproxy.holds(sent)) return;
      const home = homeOf(sent.at, sent.slot.line.name);
      const wanted = { ...this.#wanted(home), queuesMs: 0, takesMs, retriesAfterMs: undefined };
      const arrived = home.haproxy.isDown ? undefined : home.haproxy.arrive(wanted);
      if (arrived?.ok) return;
      if (arrived?.slot) this.#losses.lost(home, arrived);
      else this.#losses.nowhere(home, sent);
    });
  }
}
