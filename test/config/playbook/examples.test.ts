import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { loadInventory } from '../../../src/config/inventory/load.ts';
import { selectHosts } from '../../../src/config/inventory/patterns.ts';
import { readPlaybook } from '../../../src/config/playbook/read.ts';
import { resolvePlays } from '../../../src/config/playbook/resolve.ts';
import { hooksOfPlays } from '../../../src/rollout/hooks.ts';
import { serverPath, serversOf, specsOf } from '../../../src/rollout/model.ts';
import type { Play } from '../../../src/rollout/play.ts';
import { everything } from './fleet.ts';

const EXAMPLES = readdirSync('playbooks').filter((file) => file.endsWith('.yml'));
const inventory = loadInventory(['inventory/lab.yml']);

function textOf(file: string): string {
  return readFileSync(`playbooks/${file}`, 'utf8');
}

/** For the lab, to version v2, as the comments in them say. */
function resolved(file: string): readonly Play[] {
  const extraVars = { pxapp_version: 'v2', TAG: 'v2' };
  const where = { playbookDir: resolve('playbooks'), controller: {} };
  return resolvePlays(readPlaybook(file, textOf(file)), inventory, { ...everything, extraVars, ...where });
}

function instancesOf(play: Play): Play['hosts'][number]['instances'] {
  return play.hosts.flatMap(({ instances }) => instances);
}

interface Hooked {
  readonly hooks?: Readonly<Record<string, readonly { readonly name: string }[]>>;
}

/** The names of the hooks as they stand in the file. */
function hooksIn(file: string): readonly string[] {
  const plays = parse(textOf(file)) as readonly (Hooked & { readonly apps: readonly Hooked[] })[];
  const lists = plays.flatMap((play) => [play, ...play.apps]).flatMap(({ hooks }) => Object.values(hooks ?? {}));
  return lists.flat().map(({ name }) => name);
}

describe.each(EXAMPLES)('playbooks/%s, for the lab', (file) => {
  const plays = resolved(file);

  it('has instances on every host that its plays are for', () => {
    const { plays: written } = readPlaybook(file, textOf(file));
    const wanted = written.map((play) => selectHosts(inventory, String(play['hosts'])));

    expect(wanted.flat()).not.toEqual([]);
    expect(plays.map(({ hosts }) => hosts.map(({ host }) => host))).toEqual(wanted);
    const counts = plays.flatMap(({ hosts }) => hosts.map(({ instances }) => instances.length));
    expect(Math.min(...counts)).toBeGreaterThan(0);
  });

  it('has all of them filled in: the version that is asked for, their own names, and ports of their own', () => {
    for (const { hosts } of plays) {
      for (const { instances } of hosts) {
        const specs = instances.flatMap(specsOf);
        expect(new Set(specs.map(({ image }) => image))).toEqual(new Set(['registry.lab:5000/pxapp:v2']));
        const names = instances.map(({ container }) => container);
        expect(names).toEqual(names.map((_, index) => `pxApp_${index + 1}`));
        const ports = specs.flatMap((spec) => spec.ports ?? []).map(({ hostPort }) => hostPort);
        expect(new Set(ports).size).toBe(ports.length);
      }
    }
    expect(JSON.stringify(plays)).not.toMatch(/\{\{|\{%|undefined|\bNone\b/);
  });

  it("has servers for each of them, and none of another one's", () => {
    for (const play of plays) {
      const servers = instancesOf(play).map((instance) =>
        serversOf(instance).map((server) => `${server.balancer.host} ${serverPath(server)}`),
      );
      expect(servers).not.toContainEqual([]);
      // Those that are found by their addresses have no names yet.
      const named = servers.flat().filter((server) => !server.endsWith('/'));
      expect(new Set(named).size).toBe(named.length);
    }
  });

  it('has all the hooks that stand in it', () => {
    const names = [...new Set(hooksOfPlays(plays).map(({ name }) => name))];

    expect(names.toSorted()).toEqual(hooksIn(file).toSorted());
  });
});

it('every other file below playbooks is one that an example names, or the .env beside it', () => {
  const others = readdirSync('playbooks', { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !EXAMPLES.includes(entry.name))
    .map((entry) => `${entry.parentPath.replace(/^playbooks\/?/, '')}/${entry.name}`);
  const all = EXAMPLES.map(textOf).join('\n');

  expect(others.filter((file) => !all.includes(file.replace(/\.env$/, '')))).toEqual([]);
});
