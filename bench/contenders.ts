import { join } from 'node:path';
import { pull } from '../lab/engine.ts';
import { hosts } from '../lab/lab.ts';
import { imageOf, projectDir } from '../lab/settings.ts';
import { run } from '../lab/shell.ts';
import type { RunEvent } from '../src/rollout/events.ts';
import type { FloorTimes } from './parts.ts';
import { totalOf } from './parts.ts';
import { timed } from './program.ts';

/** The version that every contender rolls out. */
export const newVersion = 'v2';

export interface Ran {
  readonly ms: number;
  /** Of the floor: the parts of every instance. */
  readonly floor: readonly FloorTimes[];
  /** Of sluice: its events. */
  readonly events: readonly RunEvent[];
}

export interface Contender {
  readonly name: 'floor' | 'sluice' | 'ansible' | 'ansible-waits';
  /** What is no part of its rollout, done before the load begins. */
  readonly prepare: () => Promise<void>;
  readonly run: (appDelayMs: number) => Promise<Ran>;
}

const inventory = join(projectDir(), 'inventory/lab.ini');

export const floor: Contender = {
  name: 'floor',
  prepare: async () => {
    for (const host of hosts()) await pull(host, imageOf(newVersion));
  },
  run: async () => {
    const program = join(projectDir(), 'dist/bench/floor.js');
    const all: FloorTimes[] = [];
    for (const { name, namespaces } of hosts()) {
      const command = [process.execPath, program, name, imageOf(newVersion)];
      const { stdout } = await timed('nsenter', [`--net=${namespaces.net}`, '--', ...command]);
      all.push(...(JSON.parse(stdout) as FloorTimes[]));
    }
    // Its own clock: that a process must start is nothing that a container needs.
    return { ms: all.map(totalOf).reduce((sum, ms) => sum + ms, 0), floor: all, events: [] };
  },
};

export const sluice: Contender = {
  name: 'sluice',
  prepare: async () => undefined,
  run: async () => {
    const playbook = join(projectDir(), 'playbooks/pxapp.yml');
    const args = ['rollout', '-i', inventory, playbook, '-e', `pxapp_version=${newVersion}`, '--yes', '--json'];
    const { ms, stdout } = await timed(join(projectDir(), 'bin/sluice'), args, {
      SLUICE_STATE: join(projectDir(), 'dist/bench/state'),
    });
    const events = stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as RunEvent);
    return { ms, floor: [], events };
  },
};

/** The recipe as it is found. */
export const ansible = recipe('ansible', { waits: false });

/** The recipe with a wait for the new container's health: what it takes to promise more or less what sluice does. */
export const ansibleWaits = recipe('ansible-waits', { waits: true });

function recipe(name: Contender['name'], { waits }: { readonly waits: boolean }): Contender {
  const dir = join(projectDir(), 'bench/ansible');
  return {
    name,
    prepare: async () => undefined,
    run: async (appDelayMs) => {
      const variables = JSON.stringify({ pxapp_version: newVersion, start_delay_ms: String(appDelayMs), waits });
      const args = ['-i', inventory, join(dir, 'rollout.yml'), '-e', variables];
      const { ms } = await timed('ansible-playbook', args, { ANSIBLE_CONFIG: join(dir, 'ansible.cfg') });
      return { ms, floor: [], events: [] };
    },
  };
}

/** Why Ansible cannot take part, or undefined. */
export async function ansibleMissing(): Promise<string | undefined> {
  try {
    await run('ansible-doc', ['-t', 'module', '-l', 'community.docker']);
    await run('python3', ['-c', 'import docker']);
    return undefined;
  } catch (error) {
    return error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
  }
}
