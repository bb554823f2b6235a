/** Every kind of file that sluice reads: a good one, and how it is read. */
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Link } from '../../src/adapters/link.ts';
import { FileRecord } from '../../src/adapters/host/record.ts';
import { ArchiveFile } from '../../src/adapters/image-archive/archive-file.ts';
import { readRun } from '../../src/adapters/journal/runs.ts';
import { loginIn, readDockerConfig } from '../../src/adapters/registry/docker-config.ts';
import { parseKnownHosts, verdictOn } from '../../src/adapters/ssh/known-hosts.ts';
import { historyIn } from '../../src/cli/past-runs.ts';
import { connectionOf } from '../../src/config/inventory/connection.ts';
import { loadInventory } from '../../src/config/inventory/load.ts';
import { parseExtraVars } from '../../src/config/playbook/extra-vars.ts';
import { readPlaybook } from '../../src/config/playbook/read.ts';
import { resolvePlays } from '../../src/config/playbook/resolve.ts';
import { Vault } from '../../src/config/vault.ts';
import { dockerArchive, ociLayout, tarOf } from '../support/saved-image.ts';

export interface Kind {
  readonly kind: string;
  /** In the folder. */
  readonly file: string;
  readonly good: string | Buffer;
  /** Reads everything in the folder as sluice would, up to where hosts are reached. */
  readonly read: (folder: string) => unknown;
}

const hosts = `# the fleet
db1 ansible_host=192.0.2.9
[fe]
fe[1:3] ansible_host=192.0.2.1 ansible_port=22 n=5 names="['a', 'b']"
[fe:vars]
version=1.4
ansible_ssh_common_args='-o ConnectTimeout=5 -J bastion'
[web:children]
fe
`;

const inventory = `all:
  vars: &usual
    version: '1.4'
  children:
    fe:
      vars: { <<: *usual, port: 8080 }
      hosts:
        fe[1:3]: { ansible_host: 192.0.2.1, n: 1 }
    web:
      children: { fe: }
`;

const playbook = `- name: Front ends
  hosts: fe
  serial: [1, '50%']
  vars: { image: 'registry.example.com:5000/shop:{{ version }}' }
  balancer: { backend: shop, min_up: 50% }
  drain: { timeout: 30s, on_timeout: continue }
  monitor: { for: 1m, every: 2s }
  freeze: { windows: ['Fri 16:00 - Mon 08:00'], timezone: Europe/Berlin }
  registries:
    registry.example.com:5000: { username: ci, password: '{{ version }}' }
  apps:
    - name: shop_{{ id }}
      tags: [shop]
      instances: 2
      container:
        image: '{{ image }}'
        command: node "a b" --port {{ 8080 + id }}
        environment: { A: '1', B: '{{ inventory_hostname }}' }
        env_file: shop.env
        ports: ['127.0.0.1:{{ 8080 + id }}:8080']
        volumes: ['/data:/data:ro', 'cache:/cache']
        healthcheck: { test: [CMD, 'true'], interval: 5s, retries: 3 }
        mem_limit: 512m
      ready: { http: 'http://127.0.0.1:{{ 8080 + id }}/health', within: 60s }
    - name: jobs
      compose: compose.yml
      service: jobs
`;

const compose = `x-usual: &usual
  restart: always
  environment: [A=1, 'B=\${B:-2}']
services:
  base: { <<: *usual, image: 'jobs:\${TAG}' }
  jobs:
    extends: { service: base }
    command: ['run', 'it']
    ports: [{ target: 80, published: '8099' }]
    networks: { front: { aliases: [j] } }
    volumes: ['cache:/cache']
    healthcheck: { test: 'curl x', interval: 10s, start_period: 1m }
    ulimits: { nofile: { soft: 1, hard: 2 } }
    logging: { driver: json-file, options: { max-size: 10m } }
networks: { front: { ipam: { config: [{ subnet: 172.28.0.0/16 }] } } }
volumes: { cache: {} }
`;

const event = (seq: number, over: object): string =>
  `${JSON.stringify({ schema: 1, seq, ts: '2026-11-21T09:00:00Z', run: '2026', ...over })}\n`;
const subject = { host: 'fe1', name: 'shop_1' };
const server = { balancer: { host: 'fe1', socket: '/s' }, backend: 'b', name: 'shop_1' };
const journal = [
  event(1, { type: 'run-started', command: 'rollout', hosts: ['fe1'], by: 'ann', version: '1', machine: 'm', pid: 1 }),
  event(2, { type: 'instance-started', subject, from: 'a:1', to: 'a:2' }),
  event(3, { type: 'found', subject, servers: [{ server, weight: 1, admin: 'ready', wasUp: true }] }),
  event(4, { type: 'step-started', subject, step: 'drain', homeward: false }),
  event(5, { type: 'step-ended', subject, step: 'drain', homeward: false, ms: 5, outcome: 'drained' }),
  event(6, { type: 'instance-ended', subject, state: 'updated', ms: 9 }),
  event(7, { type: 'host-ended', host: 'fe1', end: 'ok', reason: '' }),
  event(8, { type: 'run-ended', command: 'rollout', end: 'done', ms: 9, hosts: [], exitStatus: 0 }),
].join('');

const record = JSON.stringify(
  {
    schema: 1,
    entries: [
      {
        kind: 'rollout',
        by: 'a',
        note: '',
        at: 'now',
        run: 'r',
        server,
        standing: { weight: 1, admin: 'ready' },
        wasUp: true,
      },
    ],
  },
  undefined,
  2,
);

const key = 'AAAAC3NzaC1lZDI1NTE5AAAAIGzM8Z6zn1zW1qgKZ0mPyQkWn8M0XwC1s1o0n2m1p0aB';
const knownHosts = `fe1,192.0.2.1 ssh-ed25519 ${key} a comment\n[fe2]:2222 ssh-ed25519 ${key}\n@revoked * ssh-ed25519 ${key}\n|1|F1E1KeoE/eEWhi10WpGv4OdiO6Y=|3988QV0VE8wmZL7suNrYQLITLCg= ssh-ed25519 ${key}\n`;

const dockerConfig = JSON.stringify(
  { auths: { 'https://registry.example.com/v2/': { auth: 'Y2k6c2VjcmV0' } }, credHelpers: { x: 'y' }, credsStore: '' },
  undefined,
  2,
);

const image = { tags: ['shop:1.4'], layers: ['one', 'two'] };

/** The others are as good as they were, so that each mutation gets as far as it can. */
export function goodFiles(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-fuzz-'));
  for (const { file, good } of kinds) put(folder, file, good);
  return folder;
}

export function put(folder: string, file: string, content: string | Buffer): void {
  mkdirSync(dirname(join(folder, file)), { recursive: true });
  writeFileSync(join(folder, file), content);
}

function inventoryIn(folder: string, file: string) {
  const vault = new Vault();
  const loaded = loadInventory([join(folder, file)], { vault });
  for (const host of loaded.hosts.values()) connectionOf(host);
  return loaded;
}

function plan(folder: string): unknown {
  const path = join(folder, 'site.yml');
  const read = (name: string): string => readText(join(folder, name));
  const { vars: extraVars } = parseExtraVars([`@vars.yml`, 'version=2'], read);
  const selection = { tags: [], skipTags: [], extraVars, playbookDir: folder, controller: {} };
  return resolvePlays(readPlaybook(path, readText(path)), inventoryIn(folder, 'hosts.ini'), selection);
}

/** What a link to a host answers that has this record. */
function recordLink(text: string): Link {
  return {
    host: 'fe1',
    run: async () => ({ exitCode: 0, stdout: `1 1\npresent\n${text}`, stderr: '' }),
  } as unknown as Link;
}

export const kinds: readonly Kind[] = [
  { kind: 'an INI inventory', file: 'hosts.ini', good: hosts, read: (folder) => inventoryIn(folder, 'hosts.ini') },
  { kind: 'a YAML inventory', file: 'hosts.yml', good: inventory, read: (folder) => inventoryIn(folder, 'hosts.yml') },
  {
    kind: 'variables of a group',
    file: 'group_vars/fe.yml',
    good: "a: 1\nb: [1, { c: d }]\nversion: '1.4'\n",
    read: plan,
  },
  { kind: 'variables of the command line', file: 'vars.yml', good: 'a: { b: [1, 2] }\nc: yes\n', read: plan },
  { kind: 'a playbook', file: 'site.yml', good: playbook, read: plan },
  { kind: 'a compose file', file: 'compose.yml', good: compose, read: plan },
  { kind: 'variables of compose files', file: '.env', good: 'TAG=1.4\nB="a b"\n# c\nexport D=${TAG}\n', read: plan },
  { kind: 'an env_file', file: 'shop.env', good: "A=1\nB='x y'\nC=${A:-2}\n", read: plan },
  {
    kind: 'a known_hosts',
    file: 'known_hosts',
    good: knownHosts,
    read: (folder) => knownIn(join(folder, 'known_hosts')),
  },
  {
    kind: "Docker's config.json",
    file: 'config.json',
    good: dockerConfig,
    read: (folder) => loginIn(readDockerConfig(join(folder, 'config.json')), 'registry.example.com'),
  },
  {
    kind: 'an image archive',
    file: 'image.tar',
    good: tarOf(dockerArchive(image)),
    read: (folder) => archiveIn(join(folder, 'image.tar')),
  },
  {
    kind: 'an OCI layout',
    file: 'oci.tar',
    good: tarOf(ociLayout(image)),
    read: (folder) => archiveIn(join(folder, 'oci.tar')),
  },
  {
    kind: 'a journal',
    file: '2026.jsonl',
    good: journal,
    read: async (folder) => [await readRun(folder, '2026'), await historyIn(folder, '2026')],
  },
  {
    kind: 'a record on a host',
    file: 'record.json',
    good: record,
    read: (folder) => new FileRecord(recordLink(readText(join(folder, 'record.json')))).read(),
  },
];

function readText(path: string): string {
  return readFileSync(path, 'utf8');
}

function knownIn(path: string): unknown {
  const known = parseKnownHosts(path, readText(path));
  return verdictOn(known, { address: 'fe1', port: 22 }, Buffer.from(key, 'base64'));
}

async function archiveIn(path: string): Promise<void> {
  const archive = await ArchiveFile.at(path);
  archive.find('shop:1.4');
  await archive.close();
}
