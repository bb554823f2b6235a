import type { Inventory, Vars } from '../../../src/config/inventory/inventory.ts';
import { readPlaybook } from '../../../src/config/playbook/read.ts';
import { resolvePlays, type Selection } from '../../../src/config/playbook/resolve.ts';
import type { Instance } from '../../../src/rollout/model.ts';
import type { Play } from '../../../src/rollout/play.ts';

/** fe1, fe2 and fe3 in the group fe, db1 in the group db. */
export function aFleet(vars: Readonly<Record<string, Vars>> = {}): Inventory {
  const groups = new Map([
    ['all', ['fe1', 'fe2', 'fe3', 'db1']],
    ['ungrouped', []],
    ['fe', ['fe1', 'fe2', 'fe3']],
    ['db', ['db1']],
  ]);
  const hosts = ['fe1', 'fe2', 'fe3', 'db1'].map(
    (name) => [name, { name, vars: vars[name] ?? {}, groups: [name.slice(0, 2)] }] as const,
  );
  return { hosts: new Map(hosts), groups };
}

export const everything: Selection = { tags: [], skipTags: [], extraVars: {} };

export function resolved(text: string, inventory = aFleet(), selection: Partial<Selection> = {}): readonly Play[] {
  return resolvePlays(readPlaybook('p.yml', text), inventory, { ...everything, ...selection });
}

/** A play of one app on fe1; `lines` stand in the app, indented by four, `play` in the play, by two. */
export function aPlaybook(lines = '', play = ''): string {
  const own = /^    container:/m.test(lines) ? '' : '    container: { image: shop }\n';
  return `- hosts: fe1\n  balancer: { backend: b }\n${play}  apps:\n  - name: shop_{{ id }}\n${own}${lines}`;
}

export function theInstance(text: string, inventory = aFleet(), selection: Partial<Selection> = {}): Instance {
  const [play] = resolved(text, inventory, selection);
  const instance = play?.hosts[0]?.instances[0];
  if (!instance) throw new Error('no instance');
  return instance;
}

/** The lines of the failure of `run`. */
export function linesOf(run: () => unknown): string[] {
  try {
    run();
  } catch (error) {
    return error instanceof Error ? error.message.split('\n') : [String(error)];
  }
  return [];
}
