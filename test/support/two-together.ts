/** Two of three containers of a worker's own host, which are replaced together. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { folderWith } from './command-line.ts';
import { ALL_IN_SERVICE, containersOf, serversOf } from './fleet.ts';
import { own } from './own-host.ts';
import { sluice } from './sluice.ts';

/** The third one serves meanwhile, and is not of the play. */
export function playbook({ minUp = 1, second = '{{ pxapp_version }}' } = {}): string {
  const text = readFileSync('playbooks/pxapp.yml', 'utf8')
    .replace('instances: 3', 'instances: 2')
    .replace('min_up: 50%', `min_up: ${minUp}`)
    .replace("serial: '35%'", "serial: '35%'\n  strategy: recreate-host")
    .replace('pxapp:{{ pxapp_version }}', `pxapp:{{ '${second}' if id == 2 else pxapp_version }}`)
    .replace("{{ '{{ pxapp_version }}' if id == 2 else pxapp_version }}", '{{ pxapp_version }}');
  return join(folderWith({ 'two.yml': text }), 'two.yml');
}

export const roll = (path: string): string[] => ['rollout', path, '-e', 'pxapp_version=v2', '--limit', own, '--yes'];

const both = (tag: string): string[] => [`pxApp_1 ${tag}`, `pxApp_2 ${tag}`, 'pxApp_3 v1'];

export async function expectBoth(tag: string): Promise<void> {
  expect(await containersOf(own)).toEqual(both(tag));
  expect((await serversOf(own)).toSorted()).toEqual(ALL_IN_SERVICE);
  expect((await sluice('lock', 'list', own)).stdout).toMatch(/ free$/m);
}
