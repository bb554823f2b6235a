/** The lab as a library: what the fleet tests, the benchmark and the command line have in common. */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { convergeContainers, healthyContainers } from './containers.ts';
import { configureHaproxy, configureSshd, daemonNames, startDaemonOf, writeConfigs } from './daemons.ts';
import { areServersUp, resetServers } from './haproxy.ts';
import type { Host } from './host.ts';
import { hostOf, hostsOf, namespacesDir } from './host.ts';
import { publishImages, variants } from './images.ts';
import { writeInventory } from './inventory.ts';
import { hasNamespaces, makeNamespaces, makeNamespacesDir, removeHost, removeNamespacesDir } from './namespaces.ts';
import { heal, makeBridge, removeBridge } from './network.ts';
import type { Owner } from './owner.ts';
import { ownerForRun } from './owner.ts';
import { installPackages } from './packages.ts';
import { forgetPolicy } from './policy.ts';
import { killRegistry, publishedDigest, registryDir, startRegistry } from './registry.ts';
import type { LabSettings } from './settings.ts';
import { defaultSettings, labDir, savedSettings, saveSettings } from './settings.ts';
import { locked } from './lock.ts';
import { makeKeys } from './ssh.ts';
import { all, until } from './wait.ts';

export {
  freezeDaemonOf as freeze,
  killDaemonOf as kill,
  reloadHaproxy as reload,
  startDaemonOf as start,
} from './daemons.ts';
export { docker } from './engine.ts';
export { runtime } from './haproxy.ts';
export { cut, cutSsh, heal } from './network.ts';
export { powerOff, powerOn } from './power.ts';

/**
 * Brings the fleet up, from whatever there is of it, and answers what it was brought up with. `forRun`: it is this
 * process's to take down, unless it is up already and somebody's.
 */
export async function labUp(options: Partial<LabSettings> = {}, { forRun = false } = {}): Promise<LabSettings> {
  const settings = { ...defaultSettings(), ...options };
  return await locked(async () => {
    saveSettings({ ...settings, owner: forRun ? ownerForRun(savedSettings()?.owner) : 'a person' });
    await converge(settings);
    return settings;
  });
}

/** Brings the fleet back to what it was after `labUp`; the options hold until the next reset. */
export async function labReset(options: Partial<LabSettings> = {}): Promise<void> {
  const saved = savedSettings();
  if (saved === undefined) throw new Error('Cannot reset the lab: it is not up');
  const settings = { ...saved, ...options };
  await locked(async () => {
    // How many there are is a fact, whatever the next reset will be like.
    saveSettings({ ...saved, hosts: settings.hosts, apps: settings.apps });
    await converge(settings);
  });
}

/** The same for one host only, while the others may be in use: by tests that have a host each. */
export async function labResetHost(host: Host, options: Partial<LabSettings> = {}): Promise<void> {
  const saved = savedSettings();
  if (saved === undefined) throw new Error(`Cannot reset ${host.name}: the lab is not up`);
  const settings = { ...saved, ...options };
  await convergeOrRemake(host, settings, publishedDigest(settings.version));
}

/** Removes everything of the lab; the published images stay with `keepImages`. */
export async function labDown({ keepImages = false } = {}): Promise<void> {
  await locked(async () => {
    await remove(keepImages);
  });
}

/** The same if the lab `is` so; answers whether it was. */
export async function labDownIf(is: (owner: Owner) => boolean, { keepImages = false } = {}): Promise<boolean> {
  if (savedSettings() === undefined) return false;
  return await locked(async () => {
    const saved = savedSettings();
    if (saved === undefined || !is(saved.owner)) return false;
    await remove(keepImages);
    return true;
  });
}

/** The hosts of the lab that is up. */
export function hosts(): readonly Host[] {
  return hostsOf(savedSettings()?.hosts ?? 0);
}

/** @throws Error when the lab has no host of this name. */
export function hostNamed(name: string): Host {
  const known = hosts();
  const host = known.find((candidate) => candidate.name === name);
  const names = known.map((candidate) => candidate.name).join(', ');
  if (host === undefined) throw new Error(`Cannot find host ${name}: the lab has ${names || 'no hosts'}`);
  return host;
}

async function remove(keepImages: boolean): Promise<void> {
  await all(existingHosts().map(removeHost));
  await killRegistry();
  await removeNamespacesDir();
  await removeBridge();
  forgetPolicy();
  if (!existsSync(labDir)) return;
  for (const name of readdirSync(labDir)) {
    const path = join(labDir, name);
    if (!(keepImages && path === registryDir)) rmSync(path, { recursive: true, force: true });
  }
  if (!keepImages) rmSync(labDir, { recursive: true, force: true });
}

async function converge(settings: LabSettings): Promise<void> {
  if (!(settings.version in variants))
    throw new Error(`Cannot run version ${settings.version}: there is no such image`);
  await installPackages();
  const wanted = hostsOf(settings.hosts);
  await all(
    existingHosts()
      .filter(({ number }) => number > settings.hosts)
      .map(removeHost),
  );
  await makeBridge();
  await makeNamespacesDir();
  await makeKeys(wanted);
  writeInventory(wanted);
  const publishing = startRegistry().then(publishImages);
  const digest = publishing.then((digests) => digests.get(settings.version));
  await all<unknown>([digest, ...wanted.map(async (host) => convergeOrRemake(host, settings, digest))]);
}

async function convergeOrRemake(host: Host, settings: LabSettings, digest: Promise<string | undefined>): Promise<void> {
  try {
    await convergeHost(host, settings, digest);
  } catch (error) {
    console.error(`lab: ${host.name} is made anew: ${error instanceof Error ? error.message : String(error)}`);
    await removeHost(host);
    await convergeHost(host, settings, digest);
  }
}

async function convergeHost(host: Host, settings: LabSettings, digest: Promise<string | undefined>): Promise<void> {
  await startHost(host, settings);
  await convergeContainers(host, { settings, digest: (await digest) ?? '' });
  await resetServers(host, settings.apps);
  await healthyContainers(host, settings);
  const areUp = async (): Promise<boolean | string> => await areServersUp(host, settings.apps);
  await until(`the servers of ${host.name}`, areUp, { withinMs: 30_000, everyMs: 50 });
}

/** Has the namespaces and the daemons of the host there, and nothing of sluice's. */
async function startHost(host: Host, settings: LabSettings): Promise<void> {
  if (!(await hasNamespaces(host))) {
    await removeHost(host);
    await makeNamespaces(host);
    writeConfigs(host, settings);
  }
  await heal(host);
  const sluiceDir = join(host.dir, 'sluice');
  for (const name of readdirSync(sluiceDir)) rmSync(join(sluiceDir, name), { recursive: true, force: true });
  await configureSshd(host, settings);
  await configureHaproxy(host, settings);
  await all(daemonNames.map((name) => startDaemonOf(host, name)));
}

/** Hosts of which something is there, whatever the settings say. */
function existingHosts(): readonly Host[] {
  if (!existsSync(labDir)) return [];
  const numbers = [labDir, namespacesDir]
    .flatMap((dir) => (existsSync(dir) ? readdirSync(dir) : []))
    .map((name) => /^fe(\d+)(\.|$)/.exec(name)?.[1])
    .filter((number) => number !== undefined);
  return [...new Set(numbers)].map((number) => hostOf(Number(number)));
}
