import { createHash, scryptSync } from 'node:crypto';
import { resolve } from 'node:path';
import type { Vars } from '../config/inventory/inventory.ts';
import { isHostList } from '../config/inventory/sources.ts';
import { VaultText } from '../config/values.ts';
import type { Invocation, LoadedImage } from '../rollout/events.ts';
import type { Play } from '../rollout/play.ts';
import { type Secrets, soundsSecret } from '../rollout/secret.ts';
import type { Common, Playing } from './command.ts';

type Asking = Pick<Common & Playing, 'inventory' | 'playbook' | 'limit' | 'tags' | 'skipTags' | 'forks' | 'force'>;

/** What a rollout was asked for, as its journal keeps it: from anywhere, and without what sounds like a secret. */
export function invocationOf(
  command: Asking,
  { extraVars, loads }: { readonly extraVars: Vars; readonly loads: readonly LoadedImage[] },
  secrets: Secrets,
): Invocation {
  const { inventory, playbook, limit, tags, skipTags, forks, force } = command;
  const hiddenVars: string[] = [];
  const hide: Hide = { hidden: hiddenVars, secrets };
  return {
    ...{ inventory: inventory.map((path) => (isHostList(path) ? path : resolve(path))), playbook: resolve(playbook) },
    ...{ limit, tags, skipTags, forks, force },
    extraVars: mapped(extraVars, [], hide),
    hiddenVars,
    ...(loads.length > 0 && { loads }),
  };
}

interface Hide {
  /** Gets the paths of what is left out. */
  readonly hidden: string[];
  readonly secrets: Secrets;
}

function mapped(vars: object, above: readonly string[], hide: Hide): Readonly<Record<string, unknown>> {
  const kept = Object.entries(vars).flatMap(([name, value]: [string, unknown]) => {
    const path = [...above, name];
    if (!soundsSecret(name) && !isSecret(value, hide)) return [[name, shown(value, path, hide)] as const];
    hide.hidden.push(path.join('.'));
    return [];
  });
  return Object.fromEntries(kept);
}

function isSecret(value: unknown, { secrets }: Hide): boolean {
  return value instanceof VaultText || (typeof value === 'string' && secrets.isIn(value));
}

function shown(value: unknown, path: readonly string[], hide: Hide): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (!Array.isArray(value)) return mapped(value, path, hide);
  return value.map((item: unknown, index) => shown(item, [...path, String(index)], hide));
}

/**
 * A hash of the plays with everything filled in: equal when exactly the same is asked for, by whoever it is. A slow one, since
 * it is kept, and who has the playbook could try passwords by it.
 */
export function fingerprintOf(plays: readonly Play[]): string {
  const asked = plays.map((play) => ({ ...play, registries: undefined }));
  return scryptSync(createHash('sha256').update(canonical(asked)).digest(), 'fingerprint', 32).toString('hex');
}

/** JSON in which the order of keys, and those without a value, make no difference. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, one: unknown) =>
    typeof one === 'object' && one !== null && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : one,
  );
}
