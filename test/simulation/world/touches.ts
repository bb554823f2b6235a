import type { Controller } from './controller.ts';
import { containerOf, homeOf } from './fronts.ts';
import type { SimHost } from './host.ts';
import type { Change } from './watchman.ts';

/** Which run has changed an instance, its container, its servers or what is recorded of them, and which one last. */
export class Touches {
  readonly #all = new Map<string, string[]>();

  saw({ run }: Controller, host: SimHost, change: Change): void {
    for (const name of namesIn(host, change)) {
      const key = `${aboutWhom(host, change).name} ${name}`;
      this.#all.set(key, [...(this.#all.get(key) ?? []).filter((one) => one !== run), run]);
    }
  }

  has(run: string, key: string): boolean {
    return this.#all.get(key)?.includes(run) ?? false;
  }

  /** Nobody else has changed it since this run did, or at all. */
  isLast(run: string, key: string): boolean {
    return [run, undefined].includes(this.#all.get(key)?.at(-1));
  }
}

/** The host of what a change is about: that of the container, where a server is changed. */
export function aboutWhom(host: SimHost, change: Change): SimHost {
  return 'server' in change ? homeOf(host, change.server.name) : host;
}

/** The containers that a change is about. */
export function namesIn(host: SimHost, change: Change): readonly string[] {
  if (change.what === 'container') return [change.name.replace(/\.replaced-.*$/, '')];
  if (change.what === 'job' || change.what === 'config') return [];
  if (change.what !== 'record') return [containerOf(change.server.name)];
  const [before, after] = [host.record, change.entries];
  return [...before, ...after]
    .filter((entry) => !(before.includes(entry) && after.includes(entry)))
    .map(({ server, container }) => container ?? containerOf(server.name));
}
