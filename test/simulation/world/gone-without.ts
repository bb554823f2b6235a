import type { RunEvent } from '../../../src/rollout/events.ts';

/** Within this time of its answer all that is out of service is taken out there as well, or again at the next look. */
const IN_LINE_AFTER_MS = 3_000;

/** The HAProxys that a controller has told it does without, and what that excuses: as `host container`. */
export class GoneWithout {
  readonly #hosts = new Set<string>();
  readonly #inWork = new Set<string>();
  readonly #backMs = new Map<string, number>();
  /** What was in work when it told that it has one of them again: with two slots that may end as it was begun. */
  readonly #begun = new Map<string, Set<string>>();

  add(host: string): void {
    this.#hosts.add(host);
  }

  saw(event: RunEvent, nowMs: number): void {
    if (event.type === 'warning' && event.text.includes('is left out')) this.add(event.host);
    if (event.type === 'warning' && event.text.includes('is brought in line')) {
      this.#hosts.delete(event.host);
      this.#backMs.set(event.host, nowMs);
      this.#begun.set(event.host, new Set(this.#inWork));
    }
    if (event.type === 'instance-ended') this.#inWork.delete(`${event.subject.host} ${event.subject.name}`);
    if (event.type !== 'instance-started') return;
    const name = `${event.subject.host} ${event.subject.name}`;
    this.#inWork.add(name);
    for (const begun of this.#begun.values()) begun.delete(name);
  }

  /** Whether requests of that HAProxy to this container may be lost. */
  excuses(host: string, name: string, { nowMs, isInSlots }: { nowMs: number; isInSlots: boolean }): boolean {
    if (this.#hosts.has(host)) return true;
    if (this.#begun.get(host)?.has(name) !== true) return false;
    return isInSlots || nowMs - (this.#backMs.get(host) ?? 0) <= IN_LINE_AFTER_MS;
  }
}
