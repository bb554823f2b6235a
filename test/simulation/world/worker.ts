import type { AdminState } from '../../../src/rollout/model.ts';
import type { Coming } from './timeline.ts';

/** One server line of the configuration file. */
export interface ServerLine {
  readonly backend: string;
  readonly name: string;
  readonly port: number;
  readonly weight: number;
  /** It has an agent-check, which may change weight and state. */
  readonly hasAgent?: boolean;
  /** It gets requests only where no other server is usable. */
  readonly isBackup?: boolean;
}

/** A request, from its arrival to its end; it may wait in the server's queue first, and in no counter for a while. */
export interface Request {
  readonly openedMs: number;
  readonly servedFromMs: number;
  readonly endsMs: number;
  /** Between two tries HAProxy counts it nowhere. */
  readonly unseen: { readonly fromMs: number; readonly toMs: number } | undefined;
  /** It came through a server that nobody has touched since a reload brought back its configured weight. */
  readonly isByReload: boolean;
}

/** One server as one worker has it. */
export interface Slot {
  readonly line: ServerLine;
  /** `backend/name`. */
  readonly path: string;
  weight: number;
  admin: AdminState;
  isUp: boolean;
  /** The next change of `isUp`, by checks that pass or fail from now on. */
  flip: Coming | undefined;
  /** Its agent-check is enabled. */
  hasAgent: boolean;
  /** Nobody of ours has put it in service since a reload or somebody else did. */
  isUntouched: boolean;
  /** It is UP by checks that have passed since it was last put in service. */
  isProven: boolean;
  /** When it last was that, and went DOWN. */
  fellMs: number;
  requests: Request[];
  retries: number;
  /** Requests that have ended well, were refused by the container, and were cut off by its end. */
  ended: number;
  refused: number;
  cut: number;
  /** Requests that it has answered with an error of its own. */
  serverErrors: number;
}

/** A worker process of an HAProxy: one set of servers and the requests it has in hand. */
export interface Worker {
  readonly pid: number;
  readonly startedMs: number;
  readonly slots: ReadonlyMap<string, Slot>;
  readonly backends: ReadonlyMap<string, readonly Slot[]>;
}

export function pathOf({ backend, name }: { readonly backend: string; readonly name: string }): string {
  return `${backend}/${name}`;
}

export function aWorker(pid: number, startedMs: number, lines: readonly ServerLine[], isFirst: boolean): Worker {
  const slots = new Map<string, Slot>();
  const backends = new Map<string, Slot[]>();
  for (const line of lines) {
    const slot = aSlot(line, isFirst);
    slots.set(slot.path, slot);
    const others = backends.get(line.backend);
    if (others) others.push(slot);
    else backends.set(line.backend, [slot]);
  }
  return { pid, startedMs, slots, backends };
}

function aSlot(line: ServerLine, isFirst: boolean): Slot {
  return {
    line,
    path: pathOf(line),
    weight: line.weight,
    admin: 'ready',
    isUp: true,
    flip: undefined,
    hasAgent: line.hasAgent ?? false,
    isUntouched: !isFirst,
    isProven: true,
    fellMs: -Infinity,
    requests: [],
    retries: 0,
    ended: 0,
    refused: 0,
    cut: 0,
    serverErrors: 0,
  };
}

export function isUsable(slot: Slot): boolean {
  return takesRequests(slot) && slot.line.isBackup !== true;
}

/** A backup does so only where no other is usable. */
export function takesRequests({ isUp, admin, weight }: Slot): boolean {
  return isUp && admin === 'ready' && weight > 0;
}

/** The requests that have not ended; forgets the others. */
export function open(slot: Slot, nowMs: number): readonly Request[] {
  const all = slot.requests;
  if (all.length === 0) return all;
  const left = all.filter(({ endsMs }) => endsMs > nowMs);
  slot.ended += all.length - left.length;
  slot.requests = left;
  return left;
}

/** What the counters show of them. */
export function counted(slot: Slot, nowMs: number): { readonly current: number; readonly queued: number } {
  let current = 0;
  let queued = 0;
  for (const { servedFromMs, unseen } of open(slot, nowMs)) {
    if (unseen && unseen.fromMs <= nowMs && nowMs < unseen.toMs) continue;
    if (servedFromMs > nowMs) queued += 1;
    else current += 1;
  }
  return { current, queued };
}
