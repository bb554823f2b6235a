import type { RunEvent } from '../../../src/rollout/events.ts';
import type { SimHost } from './host.ts';

/** Within this time of its answer all that is out of service is taken out there as well, or again at the next look. */
const IN_LINE_AFTER_MS = 3_000;

/** The HAProxys that a controller has told it does without, and what that excuses: as `host container`. */
export class GoneWithout {
  readonly #hosts = new Set<string>();
  readonly #inWork = new Set<string>();
  readonly #backMs = new Map<string, number>();
  /** What was in work when it told that it has one of them again: with two slots that may end as it was begun. */
  readonly #begun = new Map<string, Set<string>>();

  /** By container: HAProxys that it was not taken out of, as was told, because they are out of reach. */
  readonly #notTaken = new Map<string, string>();

  add(host: string): void {
    this.#hosts.add(host);
  }

  /** `own`: the host that the event is about. */
  saw(event: RunEvent, { nowMs, own }: { readonly nowMs: number; readonly own: SimHost | undefined }): void {
    this.#sawWithdrawn(event, own);
    if (event.type === 'warning' && event.text.includes('is left out')) this.add(event.host);
    if (event.type === 'warning' && event.text.includes('is brought in line')) {
      this.#hosts.delete(event.host);
      this.#backMs.set(event.host, nowMs);
      this.#begun.set(event.host, new Set(this.#inWork));
    }
    if (event.type === 'instance-ended') this.#inWork.delete(`${event.subject.host} ${event.subject.name}`);
    if (event.type !== 'instance-started') return;
    const name = `${event.subject.host} ${event.subject.name}`;
    this.#notTaken.delete(name);
    this.#inWork.add(name);
    for (const begun of this.#begun.values()) begun.delete(name);
  }

  /** Whether requests of that HAProxy to this container may be lost. */
  excuses(host: string, name: string, { nowMs, isInSlots }: { nowMs: number; isInSlots: boolean }): boolean {
    if (this.#hosts.has(host) || this.#notTaken.get(name)?.includes(` on ${host} not taken out`) === true) return true;
    if (this.#begun.get(host)?.has(name) !== true) return false;
    return isInSlots || nowMs - (this.#backMs.get(host) ?? 0) <= IN_LINE_AFTER_MS;
  }

  /** What has fallen over goes home without those out of reach, as documented; what serves must not. */
  #sawWithdrawn(event: RunEvent, own: SimHost | undefined): void {
    if (event.type !== 'step-ended' || event.step !== 'withdraw' || !event.outcome.includes('not taken out')) return;
    const { host, name } = event.subject;
    const hasFallen = (own?.engine.find(name)?.brokeMs ?? -1) >= 0;
    if (hasFallen) this.#notTaken.set(`${host} ${name}`, event.outcome);
  }
}
