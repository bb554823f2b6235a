/** Hosts behind a tier of front HAProxys: out of service there, as a whole, while anybody works on them. */
import { Failure } from '../../errors.ts';
import { THE_HOST } from '../../rollout/maintenance.ts';
import { sameServer, serverPath, type Instance, type Server } from '../../rollout/model.ts';
import { hasChangesOn, type FrontPlan, type HostPlan } from '../../rollout/plan.ts';
import { Barrier, behind } from '../instance/barrier.ts';
import { backInFront } from '../recovery/back-in-front.ts';
import type { HeldHost } from '../hosts/held-hosts.ts';
import { hostStep } from '../hosts/host-step.ts';
import type { RecordEntry } from '../ports/ports.ts';
import { DrainClock, untilQuiet } from '../instance/quiesce.ts';
import type { RunContext } from '../run.ts';
import { sightOf, type Sight } from '../instance/sight.ts';
import type { LateBalancers } from './late-balancers.ts';
import { untilSpare } from '../instance/take-out.ts';
import { stateOf } from '../instance/traffic.ts';
import type { Turns } from '../instance/turns.ts';
import { watchOf, type Watch } from '../waiting/watch.ts';

type FrontContext = Pick<RunContext, 'clock' | 'report' | 'journal' | 'stop' | 'identity'>;

export interface AtFront {
  readonly plan: HostPlan;
  readonly held: HeldHost;
  readonly turns: Turns;
  /** Whether anything on the host is going to be touched. */
  readonly begins: boolean;
  /** Asked once all is done: the instances that do not serve. */
  readonly lost: () => readonly Instance[];
  readonly late?: LateBalancers | undefined;
}

export interface FrontEnd {
  /** Why the host could not be taken out: nothing was done on it. */
  readonly failure?: Failure | undefined;
  /** Why it is left out. */
  readonly leftOut?: Failure | undefined;
}

/** Whether an earlier process of this run has left the host out of service in front. */
export function isOutInFront(held: HeldHost, run: string): boolean {
  return frontEntriesOf(held, run).length > 0;
}

/** What this run has recorded of a host in front of it. */
function frontEntriesOf({ undo }: HeldHost, run: string): readonly RecordEntry[] {
  return undo.entries.filter((entry) => entry.kind === 'front' && entry.run === run);
}

/** One for all that work at the same time: what is taken back on a host finds it out of service already. */
export class OutInFront {
  readonly #out = new Map<string, Set<Promise<void>>>();

  /** Does something on a host while nothing reaches it through the tier in front of it, where it has one. */
  async during(at: AtFront, context: FrontContext, act: () => Promise<void>): Promise<FrontEnd> {
    const { plan } = at;
    const others = this.#out.get(plan.host);
    if (others) {
      const going = act();
      others.add(going);
      await going.finally(() => others.delete(going));
      return {};
    }
    if (!plan.front || !at.begins || !hasChangesOn(plan)) {
      await act();
      return { leftOut: await putBack(at, context) };
    }
    const joined = new Set<Promise<void>>();
    this.#out.set(plan.host, joined);
    try {
      return await around(plan.front, at, context, async () => {
        await act();
        while (joined.size > 0) await Promise.allSettled(joined);
      });
    } finally {
      this.#out.delete(plan.host);
    }
  }
}

async function around(
  front: FrontPlan,
  at: AtFront,
  context: FrontContext,
  act: () => Promise<void>,
): Promise<FrontEnd> {
  const barriers: Barrier[] = [];
  let failure: Failure | undefined;
  try {
    await hostStep(at.held, { step: 'drain', homeward: false }, context, (watch) =>
      takeOut(front, { at, barriers, context }, watch),
    );
    const guard = guarding(at, context);
    const acting = (): Promise<void> => behind(() => barriers, guard, act);
    await (at.late?.takingIn(() => joinLate({ at, barriers, context }, guard), acting) ?? acting());
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    failure = error;
  }
  for (const barrier of barriers) barrier.lower();
  return { failure, leftOut: await putBack(at, context) };
}

async function putBack(at: AtFront, context: FrontContext): Promise<Failure | undefined> {
  const entries = frontEntriesOf(at.held, context.identity.run);
  if (entries.length === 0) return undefined;
  const lost = at.lost().flatMap(({ servers, minUp }) => servers.map((server) => ({ server, minUp })));
  const { ok, reason } = await backInFront(at.held, { entries, lost }, context);
  return ok ? undefined : new Failure('out-of-service', reason);
}

interface Taking {
  readonly at: AtFront;
  /** Gets what keeps requests away, one by one. */
  readonly barriers: Barrier[];
  readonly context: FrontContext;
}

/** At all of them before the first is waited for; what an earlier process of this run has taken out stays out. */
async function takeOut(
  { servers, drain: policy, minUp }: FrontPlan,
  { at, barriers, context }: Taking,
  watch: Watch,
): Promise<string> {
  const { held, turns } = at;
  const clock = new DrainClock(watch.clock, policy.timeoutMs);
  const recorded = frontEntriesOf(held, context.identity.run);
  const all = [...servers, ...lateOf({ at, barriers: [], context }).filter((late) => !isAmong(late, servers))];
  const isOut = (server: Server): boolean => recorded.some((entry) => sameServer(entry.server, server));
  for (const access of all.filter(isOut).map(held.reach)) {
    barriers.push(await Barrier.raise(access, { admin: (await stateOf(access)).admin }));
  }
  const fresh = all.filter((server) => !isOut(server)).map(held.reach);
  if (fresh.length > 0) {
    const sparing = { turns, servers: fresh, host: held.access, instance: { minUp } };
    await untilSpare(sparing, clock, watch, async (sights) => {
      await remember(sights, at, context);
      for (const sight of sights) {
        barriers.push(await Barrier.raise(sight.access, { admin: sight.state.admin, sight }));
      }
      return true;
    });
  }
  await untilQuiet(barriers, { policy, clock }, watch);
  const names = barriers.map(({ server }) => `${serverPath(server)} on ${server.balancer.host}`);
  return `${names.join(', ')} at weight 0, drained, in maint`;
}

/** At HAProxys that were left out of the run, and answer again. */
function lateOf({ at, barriers }: Taking): readonly Server[] {
  const known = barriers.map(({ server }) => server);
  return (at.late?.inFrontOf(at.plan.host) ?? []).filter((server) => !isAmong(server, known));
}

function isAmong(server: Server, servers: readonly Server[]): boolean {
  return servers.some((one) => sameServer(one, server));
}

/**
 * More of them send requests to a host that is out of service: there is nothing to be waited for, these fail. What was
 * recorded the last time, when it could not be done, is what is put back.
 */
async function joinLate(taking: Taking, watch: Watch): Promise<void> {
  const { at, barriers, context } = taking;
  for (const access of lateOf(taking).map(at.held.reach)) {
    try {
      const sight = await sightOf(access);
      const recorded = frontEntriesOf(at.held, context.identity.run);
      const known = recorded.find((entry) => sameServer(entry.server, access.server));
      // It has just begun, and does not know yet who is UP.
      if (!known) await remember([{ ...sight, state: { ...sight.state, isUp: true } }], at, context);
      const barrier = await Barrier.raise(access, { admin: known?.standing.admin ?? sight.state.admin, sight });
      await barrier.close();
      barriers.push(barrier);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      watch.waiting({ for: 'answer', why: error.message });
    }
  }
}

/** What was seen just now is what is put back. */
async function remember(sights: readonly Sight[], { plan, held }: AtFront, context: FrontContext): Promise<void> {
  const { clock, identity, report, journal } = context;
  const { by, run } = identity;
  const at = clock.date().toISOString();
  const entries = sights.map(({ state }): RecordEntry => {
    const { server, weight, admin, isUp: wasUp, hasAgent } = state;
    const what = { kind: 'front', server, standing: { weight, admin }, wasUp } as const;
    return { ...what, ...(hasAgent && { agent: true }), by, note: '', at, run };
  });
  const servers = entries.map(({ server, standing, wasUp }) => ({ server, ...standing, wasUp }));
  report({ type: 'found', subject: { host: plan.host, name: THE_HOST }, servers });
  await journal.settled();
  await held.undo.add(entries);
}

/** The trouble of the HAProxys in front does not end what is done behind them: nothing is sent there, or all serves. */
function guarding({ plan }: AtFront, { clock, report, stop }: FrontContext): Watch & { readonly homeward: true } {
  const subject = { host: plan.host, name: THE_HOST };
  return { ...watchOf({ clock, report, subject, step: 'drain', signal: stop.homeward }), homeward: true };
}
