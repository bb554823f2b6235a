/** `doctor`: how each host is reached, and whether all is there that a rollout needs. Looks only. */
import pLimit from 'p-limit';
import { EngineContainers } from '../adapters/docker/containers.ts';
import { onHost } from '../adapters/haproxy/inside.ts';
import { lookForState } from '../adapters/host/state-dir.ts';
import type { SshLink } from '../adapters/ssh/connection.ts';
import { selectHosts } from '../config/inventory/patterns.ts';
import { Failure } from '../errors.ts';
import { doctorText, socketText, type Examined, type Fact, type FoundSocket } from '../report/doctor.ts';
import { EVENT_SCHEMA } from '../rollout/events.ts';
import type { BalancerPlace } from '../rollout/model.ts';
import type { NamedPlace } from '../runner/preflight/sockets.ts';
import type { Command } from './command.ts';
import { channelTo, HaproxyLook } from './doctor-haproxy.ts';
import { findSockets, placeKey, type FoundSockets } from './doctor-sockets.ts';
import { statusOfAll } from './exit-of.ts';
import { inSession, interruptible } from './session.ts';
import type { Surroundings } from './surroundings.ts';

type DoctorCommand = Extract<Command, { name: 'doctor' }>;

const DOCKER_SOCKET = '/var/run/docker.sock';

/** What was found, and the failures among it. */
interface Examination extends Examined {
  readonly sockets: readonly FoundSocket[];
  readonly failures: readonly Failure[];
}

export async function doctor(command: DoctorCommand, around: Surroundings): Promise<number> {
  return inSession(command, around, async ({ inventory, fleet, prepare, paint, print }) => {
    const hosts = selectHosts(inventory, command.pattern, command.limit);
    await prepare(hosts);
    const limit = pLimit(command.forks);
    const examine = (host: string): Promise<Examination> => limit(() => examined(fleet.link(host), command.place));
    const results = await interruptible(() => Promise.all(hosts.map(examine)), around);
    if (command.json) around.stdout.write(results.map((one) => `${examinedJson(one)}\n`).join(''));
    print(doctorText(results, paint));
    return statusOfAll(results.flatMap(({ failures }) => failures));
  });
}

async function examined(link: SshLink, named: NamedPlace): Promise<Examination> {
  const notes = new Notes(link.host);
  const isReached = await notes.take('login', async () => {
    const { place, key } = await link.login();
    return `${place}, ${key}`;
  });
  if (!isReached) return notes;
  await notes.take('host key', async () => (await link.login()).hostKey);
  const containers = new EngineContainers(link, { socket: DOCKER_SOCKET });
  await notes.take('docker', async () => {
    const { engine, api } = await containers.versions();
    return `Engine ${engine}, API ${api}, ${channelTo(link, DOCKER_SOCKET)}`;
  });
  const haproxy = new HaproxyLook(link, named.container === undefined ? onHost : containers.inside(named.container));
  const found = await notes.find(() => findSockets(link, containers));
  const place = await notes.find(() => haproxy.place(named, found?.sockets ?? []));
  const used = place === undefined ? [] : [place];
  if (place !== undefined) {
    await notes.take('haproxy', () => haproxy.facts(place));
    const master = await notes.find(() => haproxy.master(place));
    if (master !== undefined) await notes.take('master', () => haproxy.masterFacts(master, place));
    if (master !== undefined) used.push({ ...place, socket: master });
  }
  if (found !== undefined) notes.takeSockets(found, used);
  await notes.take('state', () => lookForState(link));
  return notes;
}

/** What is found on one host, one look after the other: one that fails does not hide the rest. */
class Notes implements Examination {
  readonly host: string;
  readonly facts: Fact[] = [];
  readonly sockets: FoundSocket[] = [];
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

  /** `used`: where HAProxy and its master are spoken to. */
  takeSockets({ sockets, unknown }: FoundSockets, used: readonly BalancerPlace[]): void {
    const usedKeys = used.map(placeKey);
    for (const { container, ...socket } of sockets) {
      const key = placeKey({ socket: socket.socket, ...(container !== undefined && { container }) });
      this.sockets.push({ ...socket, container, isUsed: usedKeys.includes(key) });
    }
    for (const found of [...this.sockets.map(socketText), ...unknown])
      this.facts.push({ name: 'socket', found, problem: undefined });
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

function examinedJson({ host, facts, sockets }: Examination): string {
  return JSON.stringify({ schema: EVENT_SCHEMA, type: 'host-doctor', host, facts, sockets });
}
