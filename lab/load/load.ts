import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LoadReport } from './report.ts';
import type { LoadTarget, RequestKind } from './request.ts';
import { keepAliveAgent, kinds, send } from './request.ts';
import { isFailed, Tally } from './tally.ts';
import { talk } from './web-socket.ts';

export interface LoadOptions {
  readonly targets: readonly LoadTarget[];
  /** Of all hosts together; less when the answers are too slow for it. */
  readonly requestsPerSecond?: number;
  /** Per host: those of the fast requests, half of them kept alive and half of them fresh for each request. */
  readonly connections?: number;
  /** Per host: each has one request of a second after the other. */
  readonly slowConnections?: number;
  readonly webSockets?: number;
}

export interface LoadCounts {
  readonly requests: number;
  readonly failed: number;
}

export interface Load {
  readonly counts: () => LoadCounts;
  /**
   * Says that a host is made to serve nobody, from now on until the function returned is called: requests that fail
   * while they are under way then are counted apart.
   */
  readonly outage: (host: string) => () => void;
  /** Ends the load, when the requests in hand have their answers. */
  readonly stop: () => Promise<LoadReport>;
}

/** One user: what it sends, and how often at most. */
interface User {
  readonly target: LoadTarget;
  readonly kinds: readonly RequestKind[];
  readonly isFresh: boolean;
  readonly everyMs: number;
}

const afterFailureMs = 50;
const catchUpMs = 200;

/** Sends mixed traffic to every target until it is stopped. Nothing is ever sent twice. */
export function startLoad(options: LoadOptions): Load {
  const tally = new Tally();
  const stopping = new AbortController();
  const { signal } = stopping;
  // Every user waits on it.
  setMaxListeners(0, signal);
  const users = usersOf(options).map((user) => use(user, tally, signal));
  const talks = options.targets.flatMap((target) =>
    Array.from({ length: options.webSockets ?? 2 }, () => talk(target, tally, signal)),
  );
  const ended = Promise.all([...users, ...talks]);
  ended.catch(() => undefined);
  return {
    counts: () => ({ requests: tally.requests, failed: tally.failed }),
    outage: (host) => tally.outage(host),
    stop: async () => {
      stopping.abort();
      await ended;
      return tally.report();
    },
  };
}

function usersOf(options: LoadOptions): readonly User[] {
  const { targets, requestsPerSecond = 700, connections = 8, slowConnections = 4 } = options;
  const everyMs = (1000 * targets.length * connections) / requestsPerSecond;
  const fast = [kinds.get, kinds.get, kinds.get, kinds.post];
  return targets.flatMap((target) => [
    // Fresh connections cost the machine several times what kept ones cost, hence a fifth of the requests.
    ...Array.from({ length: connections }, (_, index) => {
      const isFresh = index % 2 === 1;
      return { target, kinds: fast, isFresh, everyMs: everyMs * (isFresh ? 2.5 : 0.625) };
    }),
    ...Array.from({ length: slowConnections }, (_, index) => ({
      target,
      kinds: [kinds.slow],
      isFresh: index % 2 === 1,
      everyMs: 0,
    })),
  ]);
}

/**
 * One request after the other, `everyMs` from start to start; what slow answers cost is made up for, a little. Ends
 * when the signal is given and the request in hand has its answer.
 */
async function use({ target, kinds: sent, isFresh, everyMs }: User, tally: Tally, signal: AbortSignal): Promise<void> {
  const agent = isFresh ? undefined : keepAliveAgent();
  let next = performance.now() + Math.random() * everyMs;
  let turn = 0;
  const isTime = async (): Promise<boolean> => {
    await sleep(Math.max(0, next - performance.now()), undefined, { signal }).catch(() => undefined);
    return !signal.aborted;
  };
  while (await isTime()) {
    const outcome = await send(target, sent[turn % sent.length] ?? kinds.get, agent);
    tally.add(outcome);
    turn += 1;
    // A user whose requests fail at once would otherwise be the busiest of all.
    const earliest = performance.now() + (isFailed(outcome) ? afterFailureMs : -catchUpMs);
    next = Math.max(next + everyMs, earliest);
  }
  agent?.destroy();
}
