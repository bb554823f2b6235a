import type { RunEvent } from '../../../src/rollout/events.ts';

/** The HAProxys that a controller has told it does without, and what that excuses: as `host container`. */
export class GoneWithout {
  readonly #hosts = new Set<string>();
  readonly #inWork = new Set<string>();
  /** What was in work when it told that it has one of them again: that may end as it was begun. */
  readonly #begun = new Map<string, Set<string>>();

  add(host: string): void {
    this.#hosts.add(host);
  }

  saw(event: RunEvent): void {
    if (event.type === 'warning' && event.text.includes('is left out')) this.add(event.host);
    if (event.type === 'warning' && event.text.includes('is brought in line')) {
      this.#hosts.delete(event.host);
      this.#begun.set(event.host, new Set(this.#inWork));
    }
    if (event.type === 'instance-ended') this.#inWork.delete(`${event.subject.host} ${event.subject.name}`);
    if (event.type !== 'instance-started') return;
    const name = `${event.subject.host} ${event.subject.name}`;
    this.#inWork.add(name);
    for (const begun of this.#begun.values()) begun.delete(name);
  }

  /** Whether requests of that HAProxy to this container may be lost. */
  excuses(host: string, name: string): boolean {
    return this.#hosts.has(host) || this.#begun.get(host)?.has(name) === true;
  }
}
