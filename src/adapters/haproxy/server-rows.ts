import { Failure } from '../../errors.ts';
import type { AdminState, Balancer } from '../../rollout/model.ts';
import type { BackendState, ServerCounters, ServerState } from '../../rollout/observed.ts';
import type { Row } from './answers.ts';

/**
 * Bits of `srv_admin_state`; HAProxy management guide, "show servers state". Not among them 0x04: `disabled` in the
 * configuration, which stays set when the server has been enabled since.
 */
const MAINT = 0x01 | 0x02 | 0x20 | 0x40;
const DRAIN = 0x08 | 0x10;
/** Bit of `srv_check_state` and `srv_agent_state`: the check is configured and enabled. */
const ENABLED = 0x04;

/** Joins what `show stat` and `show servers state` say of the same servers. */
export function backendStates(balancer: Balancer, stat: readonly Row[], states: readonly Row[]): BackendState[] {
  const backends = stat.filter((row) => row.get('svname') === 'BACKEND');
  return backends
    .map((backend) => {
      const name = text(backend, 'pxname');
      const servers = states
        .filter((state) => state.get('be_name') === name)
        .flatMap((state) => serverState(balancer, state, stat));
      return {
        balancer,
        name,
        algorithm: text(backend, 'algo'),
        queued: number(backend, 'qcur'),
        servers,
      };
    })
    .filter(({ servers }) => servers.length > 0);
}

function serverState(balancer: Balancer, state: Row, stat: readonly Row[]): ServerState[] {
  const backend = text(state, 'be_name');
  const name = text(state, 'srv_name');
  const row = stat.find((candidate) => candidate.get('pxname') === backend && candidate.get('svname') === name);
  if (!row) return [];
  const tracks = text(row, 'tracked');
  return [
    {
      server: { balancer, backend, name },
      weight: number(state, 'srv_uweight'),
      initialWeight: number(state, 'srv_iweight'),
      admin: adminState(state),
      status: text(row, 'status'),
      isUp: isUp(text(row, 'status')),
      isBackup: number(row, 'bck') > 0,
      hasCheck: (number(state, 'srv_check_state') & ENABLED) !== 0,
      hasAgent: hasAgent(state),
      tracks: tracks === '' ? undefined : tracks,
      lastCheck: lastCheck(row),
      address: text(state, 'srv_addr'),
      port: number(state, 'srv_port'),
      current: counter(row, 'scur'),
      queued: counter(row, 'qcur'),
    },
  ];
}

const RESPONSES = ['hrsp_1xx', 'hrsp_2xx', 'hrsp_3xx', 'hrsp_4xx', 'hrsp_5xx', 'hrsp_other'] as const;

/**
 * A row of `show stat`. Of a server, `hrsp_*` has what it answered itself; the 502, 503 and 504 that HAProxy answers
 * in its place are in `econ` and `eresp`. `stot` counts every attempt, so that requests are counted by how they ended;
 * only in TCP mode, where the `hrsp_*` are empty, there is nothing else.
 */
export function countersOf(balancer: Balancer, row: Row, pid: number): ServerCounters {
  const isHttp = text(row, 'hrsp_5xx') !== '';
  const connectionErrors = counter(row, 'econ');
  const responseErrors = counter(row, 'eresp');
  const answered = RESPONSES.reduce((sum, column) => sum + number(row, column), 0);
  return {
    server: { balancer, backend: text(row, 'pxname'), name: text(row, 'svname') },
    pid,
    status: text(row, 'status'),
    isUp: isUp(text(row, 'status')),
    lastCheck: lastCheck(row),
    requests: isHttp ? answered + connectionErrors + responseErrors : counter(row, 'stot'),
    serverErrors: isHttp ? number(row, 'hrsp_5xx') : 0,
    connectionErrors,
    responseErrors,
  };
}

/** A row of `show servers state`. */
export function adminState(state: Row): AdminState {
  const bits = number(state, 'srv_admin_state');
  if ((bits & MAINT) !== 0) return 'maint';
  return (bits & DRAIN) !== 0 ? 'drain' : 'ready';
}

export function hasAgent(state: Row): boolean {
  return (number(state, 'srv_agent_state') & ENABLED) !== 0;
}

/** As `show stat` tells it in its status; a server in drain that is DOWN shows as DOWN there. */
export function adminOf(status: string): AdminState {
  if (status.startsWith('MAINT')) return 'maint';
  return status.startsWith('DRAIN') ? 'drain' : 'ready';
}

/** `UP`, `UP 1/2` (still UP, one failure seen) and `no check` take requests. */
export function isUp(status: string): boolean {
  return status === 'UP' || status.startsWith('UP ') || status === 'no check';
}

/** `L7STS/503 in 2ms Service Unavailable` and the like; a check under way shows as `* L7OK`. */
export function lastCheck(row: Row): string {
  const status = text(row, 'check_status').replace(/^\* /, '');
  const code = text(row, 'check_code');
  const result = code === '' ? status : `${status}/${code}`;
  return [result, text(row, 'last_chk')].filter((part) => part !== '').join(' ');
}

export function text(row: Row, column: string): string {
  return row.get(column) ?? '';
}

export function number(row: Row, column: string): number {
  return Number(row.get(column) ?? 0);
}

/** @throws Failure `haproxy` when there is no such column: taken for 0 it could mean that a server is drained */
export function counter(row: Row, column: string): number {
  const value = row.get(column);
  if (value === undefined)
    throw new Failure('haproxy', `Cannot read HAProxy's "show stat": it has no column ${column}`);
  return Number(value);
}
