import { Failure } from '../../errors.ts';
import type { Server } from '../../rollout/model.ts';
import type { OldWorker } from '../../runner/ports/ports.ts';
import { parseProc, parseStat, type Row } from './answers.ts';
import type { Processes } from './processes.ts';
import type { Ask } from './runtime-socket.ts';
import { counter, text } from './server-rows.ts';

interface Wanted {
  readonly server: Server;
  /** The process that answers for this HAProxy now. */
  readonly pid: number;
  /** `address:port` of the server there. */
  readonly addressOf: () => Promise<string>;
}

/**
 * The workers that reloads have left behind. The master counts what each has in hand; without its socket, only their
 * processes are seen. A master that does not know our process is another HAProxy's.
 */
export async function oldWorkersOf(processes: Processes, wanted: Wanted): Promise<readonly OldWorker[] | undefined> {
  try {
    const master = await processes.master();
    const workers = master ? parseProc(await master('show proc')) : [];
    if (master && workers.includes(wanted.pid)) {
      const old = workers.filter((pid) => pid !== wanted.pid);
      return (await Promise.all(old.map((pid) => counted(pid, master, wanted)))).flat();
    }
  } catch (error) {
    // A socket that is where it is by custom may be of a master that is gone.
    if (processes.isMasterNamed || !(error instanceof Failure)) throw error;
  }
  const kin = await processes.kin(wanted.pid);
  return kin?.map((pid) => ({ pid, current: undefined }));
}

/**
 * Nothing for a worker that has ended since it was listed. One that shows no frontend is of HAProxy 2.4, which leaves out
 * what it has stopped listening for, whatever it still has in hand (src/stats.c, `stats_dump_proxies`; seen on 2.4.0).
 */
async function counted(pid: number, master: Ask, { server, addressOf }: Wanted): Promise<readonly OldWorker[]> {
  // Type mask 5 = frontends (1) + servers (4); management guide, "show stat".
  const answer = await master(`@!${pid} show stat -1 5 -1`);
  if (!answer.startsWith('# pxname,')) return [];
  const rows = parseStat(answer);
  const frontends = rows.filter((row) => text(row, 'svname') === 'FRONTEND');
  if (frontends.length === 0) return [{ pid, current: undefined }];
  const servers = rows.filter((row) => text(row, 'svname') !== 'FRONTEND');
  const named = servers.filter((row) => text(row, 'pxname') === server.backend && text(row, 'svname') === server.name);
  // Renamed by the reload: there it goes by another name.
  const own = named.length > 0 ? named : at(await addressOf(), servers);
  const clients = sum(frontends.map((row) => counter(row, 'scur')));
  const given = sum(servers.map(pendingOf));
  return [{ pid, current: sum(own.map(pendingOf)) + Math.max(0, clients - given) }];
}

function at(address: string, rows: readonly Row[]): readonly Row[] {
  return address === '' ? [] : rows.filter((row) => text(row, 'addr') === address);
}

function pendingOf(row: Row): number {
  return counter(row, 'scur') + counter(row, 'qcur');
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
