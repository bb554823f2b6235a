/** What a new worker is given and asked before its configuration counts as pushed. */
import { Failure } from '../../errors.ts';
import { correctionOf, isSet, type Carried, type Correction } from '../../rollout/carry-over.ts';
import { sameServer, serverPath } from '../../rollout/model.ts';
import { isSeenUp, type ServerState } from '../../rollout/observed.ts';
import type { Standings } from '../ports/config-port.ts';
import { poll } from '../waiting/poll.ts';
import type { Bringing } from './push-config.ts';

const UP_WITHIN_MS = 60_000;
const EVERY_MS = 50;
const TOLD_EVERY_MS = 5_000;

/** What was set at runtime, set again in the worker that answers now, and read back. */
export async function carryOver({ servers }: Standings, { access }: Bringing): Promise<string> {
  const { file, balancer, keep } = access;
  const wrong = (now: Standings): readonly (readonly [Carried, Correction])[] =>
    now.servers.flatMap((one) => {
      const before = servers.find(({ server }) => sameServer(server, one.server));
      const correction = before && correctionOf(before, one);
      return correction ? [[one, correction] as const] : [];
    });
  const first = await file.standings();
  for (const [{ server }, { weight, admin, silenceAgent }] of wrong(first)) {
    await keep();
    if (silenceAgent) await balancer.setAgent(server, false);
    if (admin !== undefined) await balancer.setAdmin(server, admin);
    if (weight !== undefined) await balancer.setWeight(server, weight);
  }
  const left = wrong(await file.standings());
  const [one] = left;
  if (one)
    throw new Failure('haproxy', `Cannot carry ${serverPath(one[0].server)} over as it stood: it reads back otherwise`);
  const kept = servers
    .filter(isSet)
    .filter(({ server }) => first.servers.some((now) => sameServer(now.server, server)));
  if (kept.length === 0) return 'all servers as configured';
  return `as they stood: ${kept.map(wordsOf).join(', ')}`;
}

function wordsOf({ server, weight, admin }: Carried): string {
  return `${serverPath(server)} weight ${weight}${admin === 'ready' ? '' : `, ${admin}`}`;
}

/** Until all servers that requests were served by are so again, by checks of the new worker, as far as they are still there. */
export async function untilServing(
  before: readonly ServerState[],
  { access, config, context, signal }: Bringing,
): Promise<string> {
  const { clock, report } = context;
  const look = async (): Promise<{ readonly all: number; readonly missing: readonly ServerState[] }> => {
    const now = (await access.balancer.backends()).flatMap(({ servers }) => servers);
    const its = now.filter(({ server }) => before.some((one) => sameServer(one.server, server)));
    return { all: its.length, missing: its.filter((state) => !isSeenUp(state)) };
  };
  let toldAt = clock.now();
  const { done, last } = await poll(
    look,
    ({ missing }) => missing.length === 0,
    {
      ...{ everyMs: EVERY_MS, withinMs: UP_WITHIN_MS, signal },
      onWaiting: ({ missing }, leftMs) => {
        if (clock.now() - toldAt < TOLD_EVERY_MS) return;
        toldAt = clock.now();
        const why = missing.map(downWords).join(', ');
        report({ type: 'config-waiting', host: config.balancer.host, path: config.path, why, leftMs });
      },
    },
    clock,
  );
  if (done) return `${last.all} of ${last.all} servers UP`;
  const why = last.missing.map(downWords).join(', ');
  throw new Failure('haproxy', `Cannot have all servers UP again after ${UP_WITHIN_MS / 1000} s: ${why}`);
}

function downWords({ server, status, lastCheck }: ServerState): string {
  return `${serverPath(server)} is ${status}${lastCheck === '' ? '' : ` (${lastCheck})`}`;
}
