/** How a worker begins with its servers as they stood in the one before: by HAProxy's own server-state file. */
import { standsApart, type Carried } from '../../rollout/carry-over.ts';
import type { Passage } from '../../runner/ports/config-port.ts';
import { parseServersState, type Row } from './answers.ts';
import { adminState, number } from './server-rows.ts';

/** Bits of `srv_admin_state`, `srv_agent_state`; HAProxy management guide, "show servers state". */
const DISABLED_IN_CONFIG = 0x04;
const [CONFIGURED, ENABLED] = [0x02, 0x04];
const RUNNING = 2;

/**
 * Columns of a row that HAProxy takes at least, up to `srvrecord` (SRV_STATE_FILE_MIN_FIELDS_VERSION_1, 2.4 to 3.2). What
 * comes after, as `srv_use_ssl`, would win over what the configuration says now.
 */
const COLUMNS = 20;
const PORT_COLUMN = 18;

/** A row of `show servers state`. */
export function standingOf(row: Row, server: Carried['server']): Carried {
  const agent = number(row, 'srv_agent_state');
  return {
    server,
    weight: number(row, 'srv_uweight'),
    configuredWeight: number(row, 'srv_iweight'),
    admin: adminState(row),
    isRunning: number(row, 'srv_op_state') === RUNNING,
    isDisabled: (number(row, 'srv_admin_state') & DISABLED_IN_CONFIG) !== 0,
    isAgentSilent: (agent & CONFIGURED) !== 0 && (agent & ENABLED) === 0,
  };
}

interface Between {
  readonly from: string;
  readonly to: string;
  /** The answer to `show servers state`. */
  readonly state: string;
  /** Where HAProxy will find it. */
  readonly statePath: string;
}

/**
 * The configuration `to` with what makes HAProxy begin with the states of those servers that stand apart. Undefined: none
 * does, or it has a server-state file of its own, which is its own affair.
 */
export function passageOf({ from, to, state, statePath }: Between): Passage | undefined {
  if (/^\s*server-state-file\s/m.test(to)) return undefined;
  const [before, after] = [serverLines(from), serverLines(to)];
  const rows = rowsOf(state).flatMap(({ row, fields }) => {
    const server = { balancer: { host: '', socket: '' }, backend: text(row, 'be_name'), name: text(row, 'srv_name') };
    if (!standsApart(standingOf(row, server))) return [];
    const key = `${server.backend}/${server.name}`;
    const port = portOf(before.get(key), after.get(key), text(row, 'srv_port'));
    if (port === undefined) return [];
    return [fields.slice(0, COLUMNS).with(PORT_COLUMN, port).join(' ')];
  });
  if (rows.length === 0) return undefined;
  const backends = new Set(rows.map((row) => row.split(' ')[1] ?? ''));
  const [, header = ''] = state.split('\n');
  const head = header
    .split(' ')
    .slice(0, COLUMNS + 1)
    .join(' ');
  return { text: withStateFile(to, backends, statePath), state: `1\n${head}\n${rows.join('\n')}\n` };
}

function rowsOf(state: string): { readonly row: Row; readonly fields: readonly string[] }[] {
  return parseServersState(state).map((row) => ({ row, fields: [...row.values()] }));
}

/** What is written, whatever the worker before has; where that is no port, what it has, if the place is the same. */
function portOf(before: string | undefined, after: string | undefined, now: string): string | undefined {
  const [, written] = /:(\d+)$/.exec(after ?? '') ?? [];
  return written ?? (before === after ? now : undefined);
}

/** `backend/server` → the address that its `server` line has. */
function serverLines(text: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  let section = '';
  for (const line of text.split('\n')) {
    const [word = '', name = '', address = ''] = line.trim().split(/\s+/);
    if (SECTIONS.has(word)) section = word === 'backend' || word === 'listen' ? name : '';
    else if (word === 'server' && section !== '') found.set(`${section}/${name}`, address);
  }
  return found;
}

/** Keywords that begin a section; HAProxy configuration manual, "Configuration file format". */
const SECTIONS = new Set(
  'global defaults frontend backend listen peers resolvers mailers userlist program cache http-errors ring fcgi-app log-forward crt-store traces log-profile acme'.split(
    ' ',
  ),
);

function withStateFile(text: string, backends: ReadonlySet<string>, statePath: string): string {
  const lines = text.split('\n').flatMap((line) => {
    const [word = '', name = ''] = line.trim().split(/\s+/);
    const isIts = (word === 'backend' || word === 'listen') && backends.has(name);
    return isIts ? [line, '    load-server-state-from-file global'] : [line];
  });
  return `${lines.join('\n').trimEnd()}\n\nglobal\n    server-state-file ${statePath}\n`;
}

function text(row: Row, column: string): string {
  return row.get(column) ?? '';
}
