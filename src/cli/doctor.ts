/** `doctor`: how each host is reached, and whether all is there that a rollout needs. Looks only. */
import { readFileSync } from 'node:fs';
import pLimit from 'p-limit';
import { EngineContainers } from '../adapters/docker/containers.ts';
import { customaryMasters, processesOver } from '../adapters/haproxy/processes.ts';
import { RuntimeApi } from '../adapters/haproxy/runtime-api.ts';
import { askOver } from '../adapters/haproxy/runtime-socket.ts';
import { firstSocket } from '../adapters/host/looks.ts';
import { lookForState } from '../adapters/host/state-dir.ts';
import type { SshLink } from '../adapters/ssh/connection.ts';
import { selectHosts } from '../config/inventory/patterns.ts';
import { exitStatuses, Failure } from '../errors.ts';
import { doctorText, type Examined, type Fact } from '../report/doctor.ts';
import { EVENT_SCHEMA } from '../rollout/events.ts';
import { CUSTOMARY_SOCKETS } from '../runner/sockets.ts';
import type { Command } from './command.ts';
import { inSession, interruptible } from './session.ts';
import type { Surroundings } from './surroundings.ts';

type DoctorCommand = Extract<Command, { name: 'doctor' }>;

const DOCKER_SOCKET = '/var/run/docker.sock';

/** What was found, and the failures among it. */
interface Examination extends Examined {
  readonly failures: readonly Failure[];
}

export async function doctor(command: DoctorCommand, around: Surroundings): Promise<number> {
  return inSession(command, around, async ({ inventory, fleet, prepare, paint, print }) => {
    const hosts = selectHosts(inventory, command.pattern, command.limit, (path) => readFileSync(path, 'utf8'));
    await prepare(hosts);
    const limit = pLimit(command.forks);
    const examine = (host: string): Promise<Examination> => limit(() => examined(fleet.link(host), command.socket));
    const results = await interruptible(() => Promise.all(hosts.map(examine)), around);
    if (command.json) around.stdout.write(results.map((one) => `${examinedJson(one)}\n`).join(''));
    print(doctorText(results, paint));
    const failures = results.flatMap((one) => one.failures);
    const failure = failures.find(({ code }) => code === 'unreachable') ?? failures[0];
    return failure ? exitStatuses[failure.code] : 0;
  });
}

async function examined(link: SshLink, socket: string | undefined): Promise<Examination> {
  const notes = new Notes(link.host);
  const isReached = await notes.take('login', async () => {
    const { place, key } = await link.login();
    return `${place}, ${key}`;
  });
  if (!isReached) return notes;
  await notes.take('host key', async () => (await link.login()).hostKey);
  await notes.take('docker', async () => {
    const { engine, api } = await new EngineContainers(link, { socket: DOCKER_SOCKET }).versions();
    return `Engine ${engine}, API ${api}, ${channel(link, DOCKER_SOCKET)}`;
  });
  const stats = await notes.find(() => statsSocket(link, socket));
  if (stats !== undefined) {
    await notes.take('haproxy', () => haproxyFacts(link, stats));
    const master = await notes.find(() => firstSocket(link, customaryMasters(stats)));
    if (master !== undefined) await notes.take('master', () => masterFacts(link, master));
  }
  await notes.take('state', () => lookForState(link));
  return notes;
}

/** What is found on one host, one look after the other: one that fails does not hide the rest. */
class Notes implements Examination {
  readonly host: string;
  readonly facts: Fact[] = [];
  readonly failures: Failure[] = [];

  constructor(host: string) {
    this.host = host;
  }

  /** Whether there was nothing wrong. */
  async take(name: string, look: () => Promise<string>): Promise<boolean> {
    const found = await this.#tried(name, look);
    if (found !== undefined) this.facts.push({ name, found, problem: undefined });
    return found !== undefined;
  }

  /** Something to look at, if it is there. */
  async find<T>(look: () => Promise<T | undefined>): Promise<T | undefined> {
    return this.#tried('haproxy', look);
  }

  async #tried<T>(name: string, look: () => Promise<T>): Promise<T | undefined> {
    try {
      return await look();
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      this.failures.push(error);
      this.facts.push({ name, found: '', problem: error.message });
      return undefined;
    }
  }
}

async function statsSocket(link: SshLink, named: string | undefined): Promise<string> {
  const socket = named ?? (await firstSocket(link, CUSTOMARY_SOCKETS));
  if (socket !== undefined) return socket;
  const places = CUSTOMARY_SOCKETS.join(', ');
  throw new Failure(
    'haproxy',
    `Cannot find HAProxy's socket on ${link.host}: there is none at ${places}; name it with --socket`,
  );
}

async function haproxyFacts(link: SshLink, socket: string): Promise<string> {
  const where = { host: link.host, socket };
  const { version, level } = await new RuntimeApi(
    askOver(link, socket),
    where,
    processesOver(link, socket, undefined),
  ).facts();
  if (level === 'admin') return `${socket}, ${version}, level admin, ${channel(link, socket)}`;
  const instead = 'give its "stats socket" the "level admin" in haproxy.cfg';
  throw new Failure(
    'haproxy',
    `Cannot take servers out of service on ${link.host}: ${socket} is at level ${level}: ${instead}`,
  );
}

async function masterFacts(link: SshLink, socket: string): Promise<string> {
  await askOver(link, socket, 'empty line')('show proc');
  return `${socket}, ${channel(link, socket)}`;
}

function channel(link: SshLink, path: string): string {
  return link.channelTo(path) ?? 'not used';
}

function examinedJson({ host, facts }: Examination): string {
  return JSON.stringify({ schema: EVENT_SCHEMA, type: 'host-doctor', host, facts });
}
