import { explainPush } from '../rollout/balancer-config.ts';
import { drainedText } from '../rollout/drained-until.ts';
import { keptAdvice, keptSets, keptText, letIn, letInText } from '../rollout/kept.ts';
import { serverPath } from '../rollout/model.ts';
import { columns, shortDigest } from './columns.ts';
import type { Paint } from './paint.ts';
import { explainLock, type FoundLock } from '../rollout/lock.ts';
import type { Container, ServerState } from '../rollout/observed.ts';

/** What `status` shows of one host; the runner's survey has this shape. */
export interface StatusOfHost {
  readonly host: string;
  readonly failures: readonly Error[];
  readonly engine: string;
  readonly balancer: string;
  readonly rows: readonly { readonly container: Container | undefined; readonly servers: readonly ServerState[] }[];
  readonly lock: FoundLock | undefined;
  readonly record: readonly {
    readonly kind: 'rollout' | 'front' | 'kept' | 'drain' | 'maintain';
    readonly run: string;
    readonly container?: string | undefined;
    readonly keptUntil?: string | undefined;
    readonly slot?: 'next' | 'leaving' | undefined;
    readonly server: ServerState['server'];
    readonly standing: { readonly weight: number };
    readonly by: string;
    readonly note: string;
    readonly at: string;
    readonly until?: string | undefined;
  }[];
  readonly pushes: readonly Parameters<typeof explainPush>[0][];
  readonly now?: Date | undefined;
}

/** Hosts × containers × image × health × server state, weight and sessions, then who holds which host, and who took what out and why. */
export function statusText(hosts: readonly StatusOfHost[], paint: Paint, now: Date): string[] {
  const header = ['HOST', 'CONTAINER', 'IMAGE', 'DIGEST', 'HEALTH', 'SERVER', 'STATE', 'WEIGHT', 'SESSIONS'];
  const rows = hosts.flatMap(({ host, rows: all }) =>
    all.flatMap(({ container, servers }) => {
      const left = [host, ...containerCells(container)];
      return servers.length === 0 ? [left] : servers.map((server) => [...left, ...serverCells(server)]);
    }),
  );
  const [title = '', ...lines] = columns([header, ...rows]);
  return [
    ...(rows.length === 0 ? [] : [paint('strong', title), ...lines]),
    ...hosts.flatMap(({ failures }) => failures.map(({ message }) => paint('bad', message))),
    ...hosts.flatMap((host) => lockLines(host, now).map((line) => paint('warning', line))),
    ...hosts.flatMap(({ host, pushes }) => pushes.map((push) => paint('warning', `${host}: ${explainPush(push)}`))),
    ...hosts.flatMap((host) => recordLines(host).map((line) => paint('warning', line))),
  ];
}

function containerCells(container: Container | undefined): string[] {
  if (!container) return ['-', '-', '-', '-'];
  const { name, image, health, running, status } = container;
  return [
    name,
    image.reference,
    shortDigest(image.digests[0] ?? image.id),
    running && health !== 'none' ? health : status,
  ];
}

function serverCells({ server, status, weight, current, queued, admin }: ServerState): string[] {
  const state = admin === 'ready' && weight === 0 ? `${status} (weight 0)` : status;
  return [serverPath(server), state, String(weight), String(current + queued)];
}

function lockLines({ host, lock }: StatusOfHost, now: Date): string[] {
  if (!lock) return [];
  const left = lock.state === 'dead' && lock.owner ? 'a lock was left by ' : '';
  return [`${host}: ${left}${explainLock(lock, now)}`];
}

const takenWords = {
  drain: 'drained',
  rollout: 'left in work by a rollout',
  front: 'taken out in front of its host by a rollout',
  maintain: 'taken out for maintenance',
} as const;

function recordLines({ host, record, rows, now }: StatusOfHost): string[] {
  const states = rows.flatMap(({ servers }) => servers);
  const sets = keptSets(record).flatMap((set) => {
    const inside = letIn(set, states);
    const again = `${host}: ${letInText(inside)}; "sluice restore ${host} --expired" takes it out, as the next run there does`;
    return [`${host}: ${keptText(set, now)}; ${keptAdvice(host)}`, ...(inside.length > 0 ? [again] : [])];
  });
  return [
    ...sets,
    ...record.flatMap((entry) => (entry.kind === 'kept' ? [] : [takenLine(entry, entry.kind, { host, now })])),
  ];
}

function takenLine(
  entry: StatusOfHost['record'][number],
  kind: keyof typeof takenWords,
  { host, now }: Pick<StatusOfHost, 'host' | 'now'>,
): string {
  const { server, standing, by, note, at, until } = entry;
  if (until !== undefined && now) {
    return `${host} ${serverPath(server)} is ${drainedText(entry, now)}; restore puts back weight ${standing.weight}`;
  }
  const what = takenWords[kind];
  const why = note === '' ? '' : `: "${note}"`;
  const command = kind === 'drain' ? 'restore' : 'recover';
  return `${host} ${serverPath(server)} was ${what} by ${by} at ${at}${why}; ${command} puts back weight ${standing.weight}`;
}
