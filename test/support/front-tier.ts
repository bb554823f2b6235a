/** The lab with two layers: the HAProxys of the first two hosts send requests to those of all hosts, also their own. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hosts, runtime } from '../../lab/lab.ts';
import type { LabSettings } from '../../lab/settings.ts';
import { parseServersState } from '../../src/adapters/haproxy/answers.ts';
import { hostNamed } from './fleet.ts';

export const FRONTS = ['fe1', 'fe2'];

/** Where the HAProxy of each host is reached by those in front. */
const PORT = 81;

/** What the lab is reset to. Its configuration is written into `folder`. */
export function frontTier(folder: string): Partial<LabSettings> {
  const path = join(folder, 'haproxy.cfg');
  const servers = hosts().map(
    ({ name, address }, index) => `    server ${name} ${address}:${PORT} weight ${weightOf(index)}`,
  );
  const layers = [
    ...['frontend http', '    bind {address}:80', '    default_backend web', ''],
    ...['backend web', '    option httpchk GET /health', '    default-server check inter 500ms rise 2 fall 2'],
    ...[...servers, '', 'frontend own', `    bind {address}:${PORT}`, '    default_backend pxapp_cluster'],
  ];
  const whole = /^frontend http\n(?: {4}.*\n)+/m;
  writeFileSync(path, readFileSync('haproxy/haproxy.cfg.example', 'utf8').replace(whole, `${layers.join('\n')}\n`));
  return { haproxyTemplate: path, apps: 2 };
}

function weightOf(index: number): number {
  return 100 - 20 * index;
}

/** The hosts as an HAProxy in front has them: name, weight, administrative state. */
export async function hostsAt(front: string): Promise<readonly string[]> {
  const rows = parseServersState(await runtime(hostNamed(front), 'show servers state web'));
  return rows.map((row) => ['srv_name', 'srv_uweight', 'srv_admin_state'].map((key) => row.get(key) ?? '').join(' '));
}

/** The same when nothing is wrong. */
export function inFront(): readonly string[] {
  return hosts().map(({ name }, index) => `${name} ${weightOf(index)} 0`);
}
