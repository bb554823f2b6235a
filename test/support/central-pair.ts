/** The lab with two of its HAProxys as central ones, which have the containers of all hosts, two of each. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hosts } from '../../lab/lab.ts';
import type { LabSettings } from '../../lab/settings.ts';

export const BALANCERS = ['fe1', 'fe2'];

/** What the lab is reset to. Its configuration is written into `folder`. */
export function centralPair(folder: string): Partial<LabSettings> {
  const path = join(folder, 'haproxy.cfg');
  const line = /^ {4}server pxApp_\{id\} .*\n/m;
  const servers = hosts().map(
    ({ name, address }) => `    server ${name}_pxApp_{id} ${address}:{port} weight {weight}\n`,
  );
  writeFileSync(path, readFileSync('haproxy/haproxy.cfg.example', 'utf8').replace(line, servers.join('')));
  return { haproxyTemplate: path, publishOn: '0.0.0.0', apps: 2 };
}

/** How each of them shows its servers when nothing is wrong. */
export function inService(): string[] {
  const weights = [10, 20];
  return hosts().flatMap(({ name }) => weights.map((weight, index) => `${name}_pxApp_${index + 1} ${weight} 0 UP`));
}
