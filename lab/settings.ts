import { mkdirSync, readFileSync, renameSync, writeFileSync, existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Owner } from './owner.ts';

/** What `lab up` can be asked for. */
export interface LabSettings {
  readonly hosts: number;
  /** Containers, and so HAProxy servers, per host. */
  readonly apps: number;
  /** Configured HAProxy weights of servers 1, 2, 3, …; begun again when there are more servers than weights. */
  readonly weights: readonly number[];
  /** How long the application takes to listen. */
  readonly appDelayMs: number;
  /** The address of a host that its containers publish their ports on. */
  readonly publishOn: string;
  /** Tag of the image that the containers start with. */
  readonly version: string;
  /** Whether the containers run their image's healthcheck, which costs a tenth of a processor for every three of them. */
  readonly healthchecks: boolean;
  /** Whether sshd forwards unix sockets. */
  readonly streamLocal: boolean;
  /** HAProxy configuration template; see haproxy/haproxy.cfg.example for its placeholders. */
  readonly haproxyTemplate: string;
}

/** A lab that is up. */
export interface SavedSettings extends LabSettings {
  readonly owner: Owner;
}

/** Everything the lab writes is below this; one lab per machine. */
export const labDir = '/var/tmp/sluice-lab';
export const sshDir = join(labDir, 'ssh');
export const bridge = {
  name: 'sluice-lab',
  address: '10.77.0.1',
  prefix: '10.77.0.1/24',
  network: '10.77.0.0/24',
} as const;
export const registry = {
  name: 'registry.lab',
  host: 'registry.lab:5000',
  address: bridge.address,
  port: 5000,
} as const;
export const repository = 'pxapp';

const settingsFile = join(labDir, 'lab.json');

export function defaultSettings(): LabSettings {
  return {
    hosts: 3,
    apps: 3,
    weights: [10, 20, 30],
    appDelayMs: 500,
    publishOn: '127.0.0.1',
    version: 'v1',
    healthchecks: true,
    streamLocal: true,
    haproxyTemplate: join(projectDir(), 'haproxy/haproxy.cfg.example'),
  };
}

/** What the lab was last brought up with; undefined when there is none. */
export function savedSettings(): SavedSettings | undefined {
  if (!existsSync(settingsFile)) return undefined;
  const saved = JSON.parse(readFileSync(settingsFile, 'utf8')) as Partial<SavedSettings>;
  return { ...defaultSettings(), owner: 'a person', ...saved };
}

export function saveSettings(settings: SavedSettings): void {
  mkdirSync(labDir, { recursive: true });
  writeFileSync(`${settingsFile}.new`, JSON.stringify(settings, null, 2));
  renameSync(`${settingsFile}.new`, settingsFile);
}

export function imageOf(version: string): string {
  return `${registry.host}/${repository}:${version}`;
}

/** The folder with package.json: this file is run as lab/settings.ts by the tests and as dist/lab/settings.js else. */
export function projectDir(from: string = import.meta.dirname): string {
  return existsSync(join(from, 'package.json')) ? from : projectDir(dirname(from));
}
