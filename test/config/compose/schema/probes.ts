/** Small compose files, each with one value at one place: what the schema of Compose refuses, sluice has to refuse. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { linesOf, theInstance } from '../../playbook/fleet.ts';

/** Values of every kind, by what they are called in verdicts.txt. */
export const values: Readonly<Record<string, unknown>> = {
  nothing: null,
  yes: true,
  number: 2,
  fraction: 1.5,
  text: 'x',
  digits: '2',
  texts: ['/x', '/y'],
  twice: ['x', 'x'],
  numbers: [1, 2],
  'list of mappings': [{ a: 'x' }],
  'of texts': { a: 'x' },
  'of yes': { a: true },
  'of lists': { a: ['x'] },
};

const service = 'services.web';

/** The keys of a mapping at `path`, where `*` stands for an item of a list. */
function below(path: string, keys: string): string[] {
  return keys.split(' ').map((key) => `${path}.${key}`);
}

const update = 'parallelism delay failure_action max_failure_ratio monitor order';

/** Where values are tried, but for the keys of a service themselves. */
export const places: readonly string[] = [
  ...below('', 'name networks volumes secrets configs services').map((path) => path.slice(1)),
  ...below(`${service}.healthcheck`, 'test interval timeout start_period start_interval retries disable other'),
  ...below(`${service}.logging`, 'driver options other'),
  ...below(`${service}.deploy`, 'mode replicas resources update_config rollback_config other'),
  ...below(`${service}.deploy.update_config`, `${update} other`),
  ...below(`${service}.deploy.rollback_config`, update),
  ...below(`${service}.deploy.resources.limits`, 'cpus memory pids other'),
  ...below(`${service}.deploy.resources.reservations`, 'memory other'),
  ...below(`${service}.ports.*`, 'target published protocol host_ip mode name app_protocol other'),
  ...below(`${service}.volumes.*`, 'type source target read_only consistency bind volume tmpfs other'),
  ...below(`${service}.volumes.*.bind`, 'propagation create_host_path selinux other'),
  ...below(`${service}.env_file.*`, 'path required format other'),
  ...below(`${service}.devices.*`, 'source target permissions other'),
  ...below(`${service}.secrets.*`, 'source target uid gid mode other'),
  ...below(`${service}.configs.*`, 'source target uid gid mode other'),
  ...below(
    `${service}.networks.n`,
    'aliases ipv4_address ipv6_address link_local_ips driver_opts priority mac_address gw_priority interface_name other',
  ),
  ...below(`${service}.depends_on.db`, 'condition required restart other'),
  ...below(`${service}.ulimits.nofile`, 'soft hard other'),
  ...below(`${service}.extends`, 'service file other'),
  ...below(
    'networks.n',
    'name external driver driver_opts ipam internal attachable enable_ipv4 enable_ipv6 labels other',
  ),
  ...below('networks.n.ipam', 'driver config options other'),
  ...below('networks.n.ipam.config.*', 'subnet ip_range gateway aux_addresses other'),
  ...below('volumes.v', 'name external driver driver_opts labels other'),
  ...below('secrets.s', 'file environment other'),
  ...below('configs.c', 'file environment content other'),
];

/** What stands beside the value, so that everything else is right. */
const beside: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  [`${service}.ports.*`]: { target: 80 },
  [`${service}.volumes.*`]: { type: 'bind', source: '/x', target: '/y' },
  [`${service}.env_file.*`]: { path: '/dev/null' },
  [`${service}.devices.*`]: { source: '/dev/null' },
  [`${service}.secrets.*`]: { source: 's' },
  [`${service}.configs.*`]: { source: 'c' },
  [`${service}.depends_on.db`]: { condition: 'service_started' },
  [`${service}.ulimits.nofile`]: { soft: 1, hard: 2 },
  [`${service}.extends`]: { service: 'db' },
};

/** Everything that is declared is used, or it would not be looked at. */
function base(): Record<string, unknown> {
  return {
    services: { web: { image: 'shop' }, db: { image: 'db' } },
    networks: { n: {} },
    volumes: { v: {} },
    secrets: { s: { environment: 'WORDS' } },
    configs: { c: { environment: 'WORDS' } },
  };
}

const uses: Readonly<Record<string, object>> = {
  networks: { networks: ['n'] },
  volumes: { volumes: ['v:/v'] },
  secrets: { secrets: ['s'] },
  configs: { configs: ['c'] },
};

export function documentOf(place: string, value: unknown): unknown {
  const document = base();
  const steps = place.split('.');
  const [top = ''] = steps;
  const isSource = /^(?:secrets|configs)\.\w\.(?:file|environment|content)$/.test(place);
  let at = document;
  for (const [index, step] of steps.slice(0, -1).entries()) {
    const path = steps.slice(0, index + 1).join('.');
    const next: Record<string, unknown> = { ...(isSource && index === 1 ? {} : (at[step] as object)), ...beside[path] };
    const list = steps[index + 1] === '*' ? { ...beside[`${path}.*`] } : undefined;
    if (step === '*') continue;
    at[step] = list ? [list] : next;
    at = list ?? next;
  }
  at[steps.at(-1) ?? ''] = value;
  const web = (document['services'] as Record<string, object> | undefined)?.['web'];
  if (top !== 'services') Object.assign(web ?? {}, uses[top]);
  return document;
}

/** Whether sluice takes it, and what it says if not. */
export function complaintsOf(place: string, value: unknown): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-probe-'));
  try {
    writeFileSync(join(folder, 'compose.yml'), JSON.stringify(documentOf(place, value)));
    writeFileSync(join(folder, 'x'), '');
    const text =
      '- hosts: fe1\n  balancer: { backend: b }\n  apps:\n  - name: web\n    service: web\n    compose: compose.yml\n';
    return linesOf(() =>
      theInstance(text, undefined, {
        playbookDir: folder,
        controller: { WORDS: 'w', x: 'w' },
      }),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}
