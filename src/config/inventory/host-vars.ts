import { Failure } from '../../errors.ts';
import { render, type Scope } from '../template.ts';
import { hostScope, type HostSurroundings } from './host-scope.ts';
import { placeText, type InventoryHost } from './inventory.ts';

/** The variables of a host that say how it is reached, as text; each under its names, those of now first. */
export class HostVars {
  readonly #host: InventoryHost;
  readonly #scope: Scope;
  readonly #secrets: HostSurroundings['secrets'];

  constructor(host: InventoryHost, around: HostSurroundings) {
    this.#host = host;
    this.#secrets = around.secrets;
    this.#scope = hostScope(host, {}, around);
  }

  /** The first of these names that is set. Nothing is rendered or decrypted for that. */
  nameOf(...names: readonly string[]): string | undefined {
    return names.find((name) => !isUnset(this.#host.vars[name]));
  }

  /** @throws Failure `config` if it cannot be rendered, or is no text */
  read(...names: readonly string[]): string | undefined {
    const name = this.nameOf(...names);
    if (name === undefined) return undefined;
    const value = render(this.#host.vars[name], this.#scope, (_path, message) => {
      throw this.refusal(`${name}: ${message}`, name);
    });
    this.#secrets?.addNamed(name, value);
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return String(value);
    throw this.refusal(`${name} should be text or a number`, name);
  }

  /** With the place where the first of these variables that is set was written. */
  refusal(why: string, ...names: readonly string[]): Failure {
    const name = this.nameOf(...names);
    const place = name === undefined ? undefined : this.#host.placeOf?.(name);
    const at = place === undefined ? '' : `, ${placeText(place)}`;
    return new Failure('config', `Cannot connect to ${this.#host.name}: ${why}${at}`);
  }
}

function isUnset(value: unknown): boolean {
  return value === undefined || value === null || value === '';
}
