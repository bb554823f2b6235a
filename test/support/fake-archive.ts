import { Failure } from '../../src/errors.ts';
import type { Archived, HostArchive } from '../../src/runner/ports/ports.ts';

/** An archive that is as safe as this process. */
export class FakeArchive implements HostArchive {
  readonly #host: string;
  readonly #runs = new Map<string, Map<string, Archived>>();

  constructor(host: string) {
    this.#host = host;
  }

  async save(run: string, container: string, old: Archived['old']): Promise<void> {
    const known = this.#of(run, container);
    if (known.has(container)) return;
    known.set(container, { old, made: undefined });
    for (const surplus of (await this.runs()).slice(0, -5)) if (surplus !== run) this.#runs.delete(surplus);
  }

  async noteMade(run: string, container: string, id: string): Promise<void> {
    const known = this.#of(run, container);
    const saved = known.get(container);
    if (saved) known.set(container, { ...saved, made: id });
  }

  async load(run: string, container: string): Promise<Archived | undefined> {
    this.#demandNames(run, container);
    return this.#runs.get(run)?.get(container);
  }

  async runs(): Promise<readonly string[]> {
    return [...this.#runs.keys()].toSorted();
  }

  #of(run: string, container: string): Map<string, Archived> {
    this.#demandNames(run, container);
    const known = this.#runs.get(run) ?? new Map<string, Archived>();
    this.#runs.set(run, known);
    return known;
  }

  #demandNames(run: string, container: string): void {
    if (/^[0-9A-Za-z][0-9A-Za-z-]*$/.test(run) && /^[0-9A-Za-z][0-9A-Za-z_.-]*$/.test(container)) return;
    throw new Failure('error', `Cannot use the archive (${run}/${container}) on ${this.#host}: it is not a name`);
  }
}
