import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { once } from 'node:events';
import { cgroupOf, favoured } from './cgroups.ts';
import { ping } from './engine.ts';
import { haproxyProgram, knowsIdleClose, masterRuntime, renderHaproxy, runtime } from './haproxy.ts';
import type { Host } from './host.ts';
import { inside, logOf } from './host.ts';
import { processesOf } from './namespaces.ts';
import type { Process } from './processes.ts';
import { killAll, namespaceOf, processOf, signal, startDaemon } from './processes.ts';
import type { LabSettings } from './settings.ts';
import { bridge } from './settings.ts';
import { run } from './shell.ts';
import { writeSshdConfig } from './ssh.ts';
import { until } from './wait.ts';

export const daemonNames = ['sshd', 'dockerd', 'haproxy'] as const;
export type DaemonName = (typeof daemonNames)[number];

interface Daemon {
  readonly command: (host: Host) => readonly string[];
  /** Throws, or answers what is wrong, unless the daemon does its work. */
  readonly works: (host: Host) => Promise<boolean | string>;
  /** Programs that are killed with it. */
  readonly family: readonly string[];
  /** What a killed one leaves in the way of the next. */
  readonly leftovers: readonly string[];
}

const daemons: Readonly<Record<DaemonName, Daemon>> = {
  sshd: {
    command: (host) => ['/usr/sbin/sshd', '-D', '-e', '-f', join(host.dir, 'sshd_config')],
    works: async (host) => await greets(host),
    family: ['sshd'],
    leftovers: [],
  },
  dockerd: {
    command: (host) => [
      ...['/usr/sbin/dockerd', '--data-root', join(host.dir, 'docker'), '-H', 'unix:///run/docker.sock'],
      ...['--bip', `172.30.${host.number}.1/24`, '--insecure-registry', bridge.network],
      // cgroupfs also where systemd is: its slices would make the lab's containers part of the machine's services.
      ...['--exec-opt', 'native.cgroupdriver=cgroupfs', '--cgroup-parent', cgroupOf(host)],
    ],
    works: async (host) => await ping(host),
    family: ['dockerd', 'containerd', 'docker-proxy'],
    leftovers: ['run/docker.pid', 'run/docker/containerd/containerd.pid'],
  },
  haproxy: {
    command: () => [
      ...[haproxyProgram(), '-W', '-S', '/run/haproxy-master.sock', '-p', '/run/haproxy.pid'],
      ...['-f', '/etc/haproxy/haproxy.cfg'],
    ],
    works: async (host) => (await runtime(host, 'show info', 2_000)).startsWith('Name: HAProxy'),
    family: ['haproxy'],
    leftovers: ['run/haproxy.pid', 'run/haproxy.sock', 'run/haproxy-master.sock'],
  },
};

/** The running daemon; undefined when it does not run. */
export function daemonOf(host: Host, name: DaemonName): Process | undefined {
  const net = namespaceOf(host.namespaces.net, 'net');
  return processOf(pidFile(host, name), (process) => process.name === name && process.net === net);
}

/** Starts the daemon unless it runs, and waits until it works. */
export async function startDaemonOf(host: Host, name: DaemonName): Promise<void> {
  const { command, works, leftovers } = daemons[name];
  const log = logOf(host, name);
  const running = daemonOf(host, name);
  if (running === undefined) {
    await killDaemonOf(host, name);
    for (const file of leftovers) rmSync(join(host.dir, file), { force: true });
    startDaemon([...favoured, 'nsenter', ...inside(host, command(host))], { log, pidFile: pidFile(host, name) });
  } else {
    signal(running.pid, 'SIGCONT');
  }
  const isThere = async (): Promise<boolean | string> => await works(host);
  // Whatever its name: for a moment it is nice or nsenter.
  const isHopeless = (): boolean => processOf(pidFile(host, name), () => true) === undefined;
  await until(`${name} of ${host.name}`, isThere, { withinMs: 30_000, everyMs: 50, log, isHopeless });
}

/** As `kill -9` of the daemon and of its children; containers are not touched. */
export async function killDaemonOf(host: Host, name: DaemonName): Promise<void> {
  const { family } = daemons[name];
  const net = namespaceOf(host.namespaces.net, 'net');
  if (net === undefined) return;
  await killAll(`${name} of ${host.name}`, () =>
    processesOf(host).filter((process) => process.net === net && family.includes(process.name)),
  );
}

/** It runs but does nothing, as on a disk that does not answer, until what is answered is called. */
export function freezeDaemonOf(host: Host, name: DaemonName): () => void {
  const net = namespaceOf(host.namespaces.net, 'net');
  const frozen = processesOf(host).filter((process) => process.net === net && process.name === name);
  if (frozen.length === 0) throw new Error(`${name} of ${host.name} does not run`);
  for (const { pid } of frozen) signal(pid, 'SIGSTOP');
  return () => {
    for (const { pid } of frozen) signal(pid, 'SIGCONT');
  };
}

export function writeConfigs(host: Host, settings: LabSettings): void {
  writeSshdConfig(host, settings);
  writeHaproxyConfig(host, settings);
}

/** Has sshd begin with the wanted configuration when it is started next. */
export async function configureSshd(host: Host, settings: LabSettings): Promise<void> {
  if (writeSshdConfig(host, settings)) await killDaemonOf(host, 'sshd');
}

/** Brings HAProxy to the wanted configuration: by a reload, when it runs with another one. */
export async function configureHaproxy(host: Host, settings: LabSettings): Promise<void> {
  const hadTheSame = !writeHaproxyConfig(host, settings);
  if (daemonOf(host, 'haproxy') === undefined || hadTheSame) return;
  await reloadHaproxy(host);
}

/** Master-worker reload; what was changed at runtime is forgotten, open connections stay with the old worker. */
export async function reloadHaproxy(host: Host): Promise<void> {
  await run('nsenter', inside(host, [haproxyProgram(), '-c', '-q', '-f', '/etc/haproxy/haproxy.cfg']));
  const master = daemonOf(host, 'haproxy');
  if (master === undefined) throw new Error(`Cannot reload the HAProxy of ${host.name}: it does not run`);
  const before = await workerPid(host);
  signal(master.pid, 'SIGUSR2');
  const isNew = async (): Promise<boolean> => (await workerPid(host)) !== before;
  await until(`a new HAProxy worker on ${host.name}`, isNew, {
    withinMs: 10_000,
    everyMs: 20,
    log: logOf(host, 'haproxy'),
  });
  const hasLetGo = async (): Promise<boolean> => (await isEnding(host, before)) && (await isEnding(host, before));
  await until(`the end of HAProxy worker ${before} on ${host.name} to begin`, hasLetGo, {
    withinMs: 10_000,
    everyMs: 20,
    log: logOf(host, 'haproxy'),
  });
}

/**
 * Whether a worker was told to end, or has. It lets go of its ports then, and by the next question has done so.
 * Without a master socket nobody can be asked.
 */
async function isEnding(host: Host, pid: string): Promise<boolean> {
  const info = await masterRuntime(host, `@!${pid} show info`).catch(() => '');
  return !/^Stopping: 0$/m.test(info);
}

async function workerPid(host: Host): Promise<string> {
  return /^Pid: (\d+)$/m.exec(await runtime(host, 'show info'))?.[1] ?? '';
}

/** True when the file has changed. */
function writeHaproxyConfig(host: Host, settings: LabSettings): boolean {
  const file = join(host.dir, 'haproxy/haproxy.cfg');
  const template = readFileSync(settings.haproxyTemplate, 'utf8');
  const known = knowsIdleClose() ? template : template.replace(/^ *option idle-close-on-response\n/m, '');
  const wanted = renderHaproxy(known, host, settings);
  if (existsSync(file) && readFileSync(file, 'utf8') === wanted) return false;
  writeFileSync(file, wanted);
  return true;
}

function pidFile(host: Host, name: DaemonName): string {
  return join(host.dir, 'pid', name);
}

/** Over the network: an sshd that nobody can reach does not work. */
async function greets(host: Host): Promise<boolean> {
  const socket = connect(22, host.address);
  socket.setTimeout(2_000, () => socket.destroy(new Error('no greeting within 2000 ms')));
  const [greeting] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return greeting.toString().startsWith('SSH-2.0');
}
