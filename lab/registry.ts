import { createHash } from 'node:crypto';
import { rmSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { holderOf } from './port.ts';
import { killAll, processes, processOf, startDaemon } from './processes.ts';
import type { Process } from './processes.ts';
import { bridge, labDir, registry, repository } from './settings.ts';
import { until } from './wait.ts';

export const registryDir = join(labDir, 'registry');
const configFile = join(registryDir, 'config.yml');
const log = join(registryDir, 'registry.log');
const pidFile = join(registryDir, 'pid');
const api = `http://${registry.address}:${registry.port}/v2`;
const manifestType = 'application/vnd.docker.distribution.manifest.v2+json';

/** A real registry, so that pulls, digests and pull failures are real. */
export async function startRegistry(): Promise<void> {
  mkdirSync(registryDir, { recursive: true });
  if (registryProcess() === undefined) {
    await killRegistry();
    await demandItsPort();
    const config = {
      version: 0.1,
      log: { level: 'warn' },
      storage: { filesystem: { rootdirectory: join(registryDir, 'data') }, delete: { enabled: true } },
      http: { addr: `${bridge.address}:${registry.port}` },
    };
    writeFileSync(configFile, JSON.stringify(config));
    startDaemon(['docker-registry', 'serve', configFile], { log, pidFile });
  }
  const hasEnded = (): boolean => registryProcess() === undefined;
  const answers = async (): Promise<boolean> => !hasEnded() && (await fetch(`${api}/`)).ok;
  await until('the registry', answers, { withinMs: 15_000, everyMs: 50, log, isHopeless: hasEnded });
}

/** @throws Error that names who listens there already: that one would be taken for ours. */
async function demandItsPort(): Promise<void> {
  const { address, port } = registry;
  const holder = await holderOf(address, port);
  if (holder === undefined) return;
  const how = holder.startsWith('docker-registry ') ? ', as by `systemctl disable --now docker-registry`' : '';
  throw new Error(`Cannot start the registry: port ${port} of ${address} is taken by ${holder}: stop it${how}`);
}

export async function killRegistry(): Promise<void> {
  await killAll('the registry', () => processes().filter(isRegistry));
  rmSync(pidFile, { force: true });
}

export function registryProcess(): Process | undefined {
  return processOf(pidFile, isRegistry);
}

function isRegistry(process: Process): boolean {
  return process.command.endsWith(`serve ${configFile}`);
}

export async function hasBlob(digest: string): Promise<boolean> {
  return (await fetch(`${api}/${repository}/blobs/${digest}`, { method: 'HEAD' })).ok;
}

/** Digest of the image with this tag; undefined when there is none. */
export async function publishedDigest(tag: string): Promise<string | undefined> {
  const answer = await fetch(`${api}/${repository}/manifests/${tag}`, {
    method: 'HEAD',
    headers: { accept: manifestType },
  });
  return answer.ok ? (answer.headers.get('docker-content-digest') ?? undefined) : undefined;
}

/** Uploads a blob unless it is there, and answers its digest. */
export async function pushBlob(content: Buffer): Promise<string> {
  const digest = digestOf(content);
  if (await hasBlob(digest)) return digest;
  const begun = await fetch(`${api}/${repository}/blobs/uploads/`, { method: 'POST' });
  const place = new URL(begun.headers.get('location') ?? '', api);
  place.searchParams.set('digest', digest);
  const headers = { 'content-type': 'application/octet-stream' };
  const ended = await fetch(place, { method: 'PUT', body: new Uint8Array(content), headers });
  if (!ended.ok) throw new Error(`Cannot push ${digest}: ${ended.status} ${await ended.text()}`);
  return digest;
}

export async function pushManifest(tag: string, manifest: object): Promise<void> {
  const answer = await fetch(`${api}/${repository}/manifests/${tag}`, {
    method: 'PUT',
    body: JSON.stringify({ schemaVersion: 2, mediaType: manifestType, ...manifest }),
    headers: { 'content-type': manifestType },
  });
  if (!answer.ok) throw new Error(`Cannot push ${repository}:${tag}: ${answer.status} ${await answer.text()}`);
}

export function digestOf(content: Buffer | string): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}
