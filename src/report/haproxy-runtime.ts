/** Tables of what HAProxy says at runtime. */
import { serverPath } from '../rollout/model.ts';
import type { ServerState } from '../rollout/observed.ts';
import { columns } from './columns.ts';
import type { Paint } from './paint.ts';

export interface RuntimeLook {
  readonly host: string;
  readonly version: string;
  readonly socket: string;
  readonly servers: readonly ServerState[];
  readonly sessions: readonly {
    readonly path: string;
    readonly current: number;
    readonly oldestSeconds: number;
    readonly old: readonly { readonly pid: number; readonly current: number | undefined }[] | undefined;
  }[];
  readonly failure: { readonly code: string; readonly message: string } | undefined;
}

export function showText(looks: readonly RuntimeLook[], paint: Paint): string[] {
  const header = ['HOST', 'SERVER', 'STATE', 'WEIGHT', 'SESSIONS', 'QUEUED', 'ADDRESS', 'CHECK'];
  const row = ({ host }: RuntimeLook, state: ServerState): string[] => {
    const { server, status, weight, current, queued, address, port, lastCheck } = state;
    const numbers = [weight, current, queued].map(String);
    return [host, serverPath(server), status, ...numbers, address === '' ? '' : `${address}:${port}`, lastCheck];
  };
  return table(
    header,
    looks.flatMap((look) => look.servers.map((state) => row(look, state))),
    { looks, paint },
  );
}

export function weightsText(looks: readonly RuntimeLook[], paint: Paint): string[] {
  const header = ['HOST', 'SERVER', 'WEIGHT', 'CONFIGURED', 'STATE'];
  const row = ({ host }: RuntimeLook, { server, weight, initialWeight, status }: ServerState): string[] => {
    const mark = weight === initialWeight ? '' : ' *';
    return [host, serverPath(server), `${weight}${mark}`, String(initialWeight), status];
  };
  return table(
    header,
    looks.flatMap((look) => look.servers.map((state) => row(look, state))),
    { looks, paint },
  );
}

export function sessionsText(looks: readonly RuntimeLook[], paint: Paint): string[] {
  const header = ['HOST', 'SERVER', 'SESSIONS', 'OLDEST', 'OLD WORKERS'];
  const rows = looks.flatMap(({ host, sessions }) =>
    sessions.map(({ path, current, oldestSeconds, old }) => {
      const others = old?.map(({ pid, current: its }) => `${pid}: ${its ?? 'cannot be counted'}`).join(', ');
      return [host, path, String(current), current === 0 ? '' : `${oldestSeconds} s`, others ?? 'not to be seen'];
    }),
  );
  return table(header, rows, { looks, paint });
}

function table(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  { looks, paint }: { readonly looks: readonly RuntimeLook[]; readonly paint: Paint },
): string[] {
  const problems = looks.flatMap(({ failure }) => (failure ? [paint('bad', `problem: ${failure.message}`)] : []));
  if (rows.length === 0) return problems;
  const [title = '', ...lines] = columns([header, ...rows]);
  return [paint('strong', title), ...lines, ...problems];
}
