import { Failure } from '../../errors.ts';
import { placeName, serverPath, type AdminState, type Balancer, type Server } from '../../rollout/model.ts';
import type { BackendState, ServerCounters } from '../../rollout/observed.ts';
import { weightsByName } from '../../rollout/weights.ts';
import type {
  BalancerFacts,
  LoadBalancer,
  OldWorker,
  ServerLook,
  Session,
  Sure,
  Weights,
} from '../../runner/ports/ports.ts';
import { parseInfo, parseProc, parseServersState, parseSessions, parseStat, parseWeight, type Row } from './answers.ts';
import { askStaying } from './leaving-worker.ts';
import { oldWorkersOf } from './old-workers.ts';
import type { Processes } from './processes.ts';
import type { Ask } from './runtime-socket.ts';
import {
  adminOf,
  adminState,
  backendStates,
  counter,
  countersOf,
  hasAgent,
  isUp,
  lastCheck,
  number,
  text,
} from './server-rows.ts';

/** What may stand in a command unquoted; anything else could smuggle in a second command. */
const SAFE_NAME = /^[A-Za-z0-9_.:-]+$/;

/** How the answers of `get weight` and of `show servers state` begin. */
const WEIGHT = /^\d+ \(initial /m;
const SERVERS_STATE = /^\d+\n# be_id /m;

/** It answers at once that nothing is; that something is, only after this time. */
const HELD_WITHIN_MS = 10;

/** HAProxy's runtime API (the "stats socket"), as far as a rolling update needs it. */
export class RuntimeApi implements LoadBalancer {
  readonly #ask: Ask;
  readonly #balancer: Balancer;
  readonly #processes: Processes;
  /** `backend/server` → the `sid` that names it in `show stat`; checked against `svname` at every use. */
  readonly #sids = new Map<string, string>();

  constructor(ask: Ask, balancer: Balancer, processes: Processes) {
    this.#ask = askStaying(ask);
    this.#balancer = balancer;
    this.#processes = processes;
  }

  async facts(): Promise<BalancerFacts> {
    const info = parseInfo(await this.#ask('show info'));
    const level = (await this.#ask('show cli level')).trim();
    if (level !== 'admin' && level !== 'operator' && level !== 'user')
      throw this.#misunderstood('show cli level', level);
    if (this.#processes.isMasterNamed) await this.#demandMaster(number(info, 'Pid'));
    return { version: text(info, 'Version'), level };
  }

  async backends(backend?: string): Promise<readonly BackendState[]> {
    const which = backend === undefined ? '' : safe(backend);
    const states = parseServersState(await this.#ask(`show servers state ${which}`.trim()));
    if (states.length === 0) return [];
    // Type mask 6 = backends (2) + servers (4); management guide, "show stat".
    const stat = parseStat(await this.#ask(`show stat ${which === '' ? '-1' : which} 6 -1`));
    return backendStates(this.#balancer, stat, states);
  }

  async look(server: Server): Promise<ServerLook> {
    const sid = this.#sids.get(serverPath(server)) ?? '-1';
    const path = safePath(server);
    const command = `show info; show stat ${safe(server.backend)} 4 ${sid}; get weight ${path}`;
    const answer = await this.#ask(command);
    const [info = '', stat = '', weight = ''] = answer.split('\n\n');
    const row = parseStat(stat).find((candidate) => candidate.get('svname') === server.name);
    if (!row && sid !== '-1') {
      this.#sids.delete(serverPath(server));
      return this.look(server);
    }
    const parsedWeight = parseWeight(weight);
    if (!row || !parsedWeight) throw this.#noSuchServer(server);
    this.#sids.set(serverPath(server), text(row, 'sid'));
    return { ...lookOf(row), pid: number(parseInfo(info), 'Pid'), weight: parsedWeight.weight };
  }

  /**
   * What waits between two tries is on the server's list of streams, which `srv-removable` goes by, though in no counter
   * (src/server.c, `srv_check_for_deletion`; seen on 3.0 to 3.4). An older HAProxy does not know the command.
   */
  async isHeld(server: Server): Promise<boolean | undefined> {
    const answer = await this.#ask(`wait ${HELD_WITHIN_MS}ms srv-removable ${safePath(server)}`);
    if (/^Done\./m.test(answer)) return false;
    return /^Wait delay expired\./m.test(answer) ? true : undefined;
  }

  /**
   * The hash algorithms take any weight with `hash-type consistent` alone, which is in no answer. But HAProxy looks
   * whether a backend is dynamic before anything else of `add server`, and without an address adds none (from 2.6 on;
   * tried on 2.6 to 3.4).
   */
  async takesWeights(backend: string): Promise<Weights> {
    // Type mask 2 = backends.
    const [row] = parseStat(await this.#ask(`show stat ${safe(backend)} 2 -1`));
    if (!row) return 'any';
    const known = weightsByName(row.get('algo') ?? '');
    if (known) return known;
    const answer = await this.#ask(`add server ${safe(backend)}/sluice`);
    // The latter from 3.4 on.
    if (/must use a dynamic load balancing|uses a non dynamic load balancing/.test(answer)) return 'fixed';
    return answer.includes("'server' expects") ? 'any' : 'unknown';
  }

  async counters(backend: string): Promise<readonly ServerCounters[]> {
    const answer = await this.#ask(`show info; show stat ${safe(backend)} 4 -1`);
    const [info = '', stat = ''] = answer.split('\n\n');
    const pid = number(parseInfo(info), 'Pid');
    return parseStat(stat).map((row) => countersOf(this.#balancer, row, pid));
  }

  /**
   * A server that comes back from weight 0 does not take from a backend queue that never empties; setting its
   * `maxconn` again, to the same value, makes HAProxy hand it queued requests (tried on 2.6 to 3.4).
   */
  async setWeight(server: Server, weight: number, sure?: Sure): Promise<void> {
    const path = safePath(server);
    const before = await this.#weight(server);
    await sure?.();
    const read = { with: `get weight ${path}`, from: WEIGHT };
    const now = parseWeight(await this.#change(`set server ${path} weight ${weight}`, read))?.weight;
    if (now === undefined) throw this.#noSuchServer(server);
    if (now !== weight) {
      throw this.#failure(`set the weight of ${path} to ${weight}`, `HAProxy reads back ${now}`);
    }
    if (before === 0 && weight > 0) await this.#wakeQueue(server);
  }

  async setAdmin(server: Server, admin: AdminState): Promise<void> {
    const row = await this.#changeState(`set server ${safePath(server)} state ${admin}`, server);
    const now = adminState(row);
    if (now !== admin) throw this.#failure(`set ${serverPath(server)} to ${admin}`, `HAProxy reads back ${now}`);
  }

  async setReadyWhenProven(server: Server, sure?: Sure): Promise<void> {
    const path = safePath(server);
    const [backend] = await this.backends(server.backend);
    const state = backend?.servers.find((candidate) => candidate.server.name === server.name);
    if (!state) throw this.#noSuchServer(server);
    // Without a check `health down` would last for ever.
    const proof = state.hasCheck ? `; set server ${path} health down` : '';
    await sure?.();
    await this.#command(`set server ${path} state ready${proof}`);
  }

  async sessions(server: Server): Promise<readonly Session[]> {
    const all = parseSessions(await this.#ask('show sess'));
    return all
      .filter(({ be, srv }) => be === server.backend && srv === server.name)
      .map(({ source, ageSeconds }) => ({ source, ageSeconds }))
      .sort((one, other) => other.ageSeconds - one.ageSeconds);
  }

  async shutdownSessions(server: Server): Promise<void> {
    await this.#command(`shutdown sessions server ${safePath(server)}`);
  }

  async oldWorkers(server: Server): Promise<readonly OldWorker[] | undefined> {
    const pid = number(parseInfo(await this.#ask('show info')), 'Pid');
    const addressOf = async (): Promise<string> => {
      const rows = parseStat(await this.#ask(`show stat ${safe(server.backend)} 4 -1`));
      const row = rows.find((candidate) => candidate.get('svname') === server.name);
      return row ? text(row, 'addr') : '';
    };
    return oldWorkersOf(this.#processes, { server, pid, addressOf });
  }

  processRuns(pid: number): Promise<boolean> {
    return this.#processes.runs(pid);
  }

  async setAgent(server: Server, isEnabled: boolean): Promise<void> {
    const path = safePath(server);
    const word = isEnabled ? 'enable' : 'disable';
    const row = await this.#changeState(`${word} agent ${path}`, server);
    if (hasAgent(row) !== isEnabled) {
      throw this.#failure(`${word} the agent-check of ${path}`, 'HAProxy reads back otherwise');
    }
  }

  async #demandMaster(pid: number): Promise<void> {
    const master = await this.#processes.master();
    const workers = master ? parseProc(await master('show proc')) : [];
    if (!workers.includes(pid)) throw this.#failure('use master_socket', `its master has no worker ${pid}`);
  }

  async #wakeQueue(server: Server): Promise<void> {
    const rows = parseStat(await this.#ask(`show stat ${safe(server.backend)} 4 -1`));
    const limit = rows.find((row) => row.get('svname') === server.name)?.get('slim') ?? '';
    if (limit !== '') await this.#command(`set maxconn server ${safePath(server)} ${limit}`);
  }

  async #weight(server: Server): Promise<number> {
    const parsed = parseWeight(await this.#ask(`get weight ${safePath(server)}`));
    if (!parsed) throw this.#noSuchServer(server);
    return parsed.weight;
  }

  /** @returns how `show servers state` has the server after the change */
  async #changeState(command: string, server: Server): Promise<Row> {
    const read = { with: `show servers state ${safe(server.backend)}`, from: SERVERS_STATE };
    const states = parseServersState(await this.#change(command, read));
    const row = states.find((state) => state.get('srv_name') === server.name);
    if (!row) throw this.#noSuchServer(server);
    return row;
  }

  /**
   * Changes something and reads it back in one line, so that one worker answers both: across a reload, what the old one
   * was told would be read from the new one.
   *
   * @returns what was read
   */
  async #change(command: string, read: { readonly with: string; readonly from: RegExp }): Promise<string> {
    const answer = await this.#ask(`${command}; ${read.with}`);
    const start = answer.search(read.from);
    const complaint = (start === -1 ? answer : answer.slice(0, start)).trim();
    if (complaint !== '') throw this.#misunderstood(command, complaint);
    return start === -1 ? '' : answer.slice(start);
  }

  /** A command that changes something answers with empty lines, or with what is wrong. */
  async #command(command: string): Promise<void> {
    const answer = (await this.#ask(command)).trim();
    if (answer !== '') throw this.#misunderstood(command, answer);
  }

  #noSuchServer(server: Server): Failure {
    return this.#failure(`find ${serverPath(server)}`, 'HAProxy has no such server');
  }

  #misunderstood(command: string, answer: string): Failure {
    return this.#failure(`"${command}"`, `HAProxy answers "${answer.split('\n')[0] ?? ''}"`);
  }

  #failure(what: string, why: string): Failure {
    return new Failure('haproxy', `Cannot ${what} on ${this.#balancer.host} (${placeName(this.#balancer)}): ${why}`);
  }
}

function lookOf(row: Row): Omit<ServerLook, 'pid' | 'weight'> {
  const status = text(row, 'status');
  return {
    current: counter(row, 'scur'),
    queued: counter(row, 'qcur'),
    retries: number(row, 'wretr') + number(row, 'econ'),
    status,
    isUp: isUp(status),
    admin: adminOf(status),
    lastCheck: lastCheck(row),
  };
}

function safePath(server: Server): string {
  return `${safe(server.backend)}/${safe(server.name)}`;
}

function safe(name: string): string {
  if (!SAFE_NAME.test(name)) {
    throw new Failure('config', `Cannot name "${name}" to HAProxy: a name may have letters, digits and _ . : - only`);
  }
  return name;
}
