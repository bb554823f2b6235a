/** Hosts behind a tier of front HAProxys: out of service there, as a whole, while anybody works on them. */
import { Failure } from '../../errors.ts';
import { THE_HOST } from '../../rollout/maintenance.ts';
import { sameServer, serverPath, serversOf, type Instance, type MinUp, type Server } from '../../rollout/model.ts';
import { hasChangesOn, type FrontPlan, type HostPlan } from '../../rollout/plan.ts';
import { Barrier, behind } from '../instance/barrier.ts';
import { floorTeller, shortageWithout, takeAboveFloor, type Floor } from '../instance/floor.ts';
import { foundOf } from '../instance/found.ts';
import { backInFront, shortOf } from '../recovery/back-in-front.ts';
import { tellRecordStays } from '../recovery/left-behind.ts';
import type { HeldHost } from '../hosts/held-hosts.ts';
import { hostStep } from '../hosts/host-step.ts';
import type { RecordEntry } from '../ports/ports.ts';
import { DrainClock, untilQuiet } from '../instance/quiesce.ts';
import type { RunContext } from '../run.ts';
import { sightOf, type Sight } from '../instance/sight.ts';
import { Absence } from './absence.ts';
import type { LateBalancers } from './late-balancers.ts';
import { giveHostBack, untilSpare } from '../instance/take-out.ts';
import { stateOf, type ServerAccess } from '../instance/traffic.ts';
import type { Turns } from '../instance/turns.ts';
import type { Found } from '../instance/work.ts';
import { homeward } from '../waiting/persist.ts';
import { watchOf, type Watch } from '../waiting/watch.ts';

/** Less than this serves nobody. */
const ONE: MinUp = { servers: 1 };

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

/** Whether the host is left out of service in front: by an earlier process of this run, or since it could not be put back. */
export function isOutInFront(held: HeldHost): boolean {
  return frontEntriesOf(held).length > 0;
}

/** What is recorded of a host in front of it: by this run, also where that takes back what it did itself. */
function frontEntriesOf({ undo }: HeldHost): readonly RecordEntry[] {
  return undo.entries.filter(({ kind }) => kind === 'front');
}

/** One for all that work at the same time: what is taken back on a host may find it out of service already. */
export class OutInFront {
  readonly #away = new Map<string, Absence>();

  /** Does something on a host while nothing reaches it through the tier in front of it, where it has one. */
  async during(at: AtFront, context: FrontContext, act: () => Promise<void>): Promise<FrontEnd> {
    const { plan } = at;
    for (let known = this.#away.get(plan.host); known; known = this.#away.get(plan.host)) {
      if (!known.isOut) await known.changed();
      else {
        await known.join(act);
        return {};
      }
    }
    if (!plan.front || !at.begins || !hasChangesOn(plan)) {
      await act();
      return { leftOut: await putBack({ at, barriers: [], untouched: [], context }) };
    }
    const absence = new Absence();
    this.#away.set(plan.host, absence);
    try {
      return await around(plan.front, at, context, () => absence.during(act));
    } finally {
      this.#away.delete(plan.host);
      absence.over();
    }
  }
}

async function around(
  front: FrontPlan,
  at: AtFront,
  context: FrontContext,
  act: () => Promise<void>,
): Promise<FrontEnd> {
  const taking: Taking = { at, barriers: [], untouched: [], context };
  const { barriers } = taking;
  let failure: Failure | undefined;
  try {
    await hostStep(at.held, { step: 'drain', homeward: false }, context, (watch) => takeOut(front, taking, watch));
    const guard = guarding(at, context);
    const teller = floorTeller(floorInFront(taking), guard, 'worked on');
    const acting = (): Promise<void> => behind(() => barriers, guard, act, teller);
    await (at.late?.takingIn(() => joinLate(taking, guard), acting) ?? acting());
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    failure = error;
  }
  for (const barrier of barriers) barrier.lower();
  return { failure, leftOut: await putBack(taking) };
}

async function putBack({ at, untouched, context }: Taking): Promise<Failure | undefined> {
  const recorded = frontEntriesOf(at.held);
  await forgetUntouched(
    recorded.filter(({ server }) => isAmong(server, untouched)),
    at,
    context,
  );
  const entries = recorded.filter(({ server }) => !isAmong(server, untouched));
  if (entries.length === 0) return undefined;
  const lost = at.lost().flatMap(({ servers, minUp }) => servers.map((server) => ({ server, minUp })));
  const { ok, reason } = await backInFront(at.held, { entries, lost }, context);
  return ok ? undefined : new Failure('out-of-service', reason);
}

/** They stand as they should, whatever has become of them since they were looked at. */
async function forgetUntouched(entries: readonly RecordEntry[], at: AtFront, context: FrontContext): Promise<void> {
  const { held } = at;
  const [first] = entries;
  if (!first) return;
  try {
    await homeward(() => held.undo.drop(entries.map(({ server }) => server)), guarding(at, context));
  } catch (error) {
    tellRecordStays(error, first, held, context.report);
  }
}

interface Taking {
  readonly at: AtFront;
  /** Gets what keeps requests away, one by one. */
  readonly barriers: Barrier[];
  /** Recorded, and as they were found still. */
  readonly untouched: Server[];
  readonly context: FrontContext;
}

/**
 * At all of them before the first is waited for, as long as those before it can spare it; what an earlier process of this
 * run has taken out stays out, since it may have begun with the host.
 */
async function takeOut({ servers, drain: policy }: FrontPlan, taking: Taking, watch: Watch): Promise<string> {
  const { at, barriers } = taking;
  const { held } = at;
  const clock = new DrainClock(watch.clock, policy.timeoutMs);
  const recorded = frontEntriesOf(held);
  const all = [...servers, ...lateOf(taking).filter((late) => !isAmong(late, servers))];
  const isOut = (server: Server): boolean => entryOf(server, recorded) !== undefined;
  for (const access of all.filter(isOut).map(held.reach)) {
    barriers.push(await Barrier.raise(access, watch, { admin: (await stateOf(access)).admin }));
  }
  const fresh = all.filter((server) => !isOut(server)).map(held.reach);
  const take = (): Promise<void> => takeFresh(fresh, taking, clock, watch);
  const floor = floorInFront(taking);
  const quiet = (alsoLook: () => Promise<void>): Promise<void> =>
    untilQuiet(barriers, { policy, clock, alsoLook }, watch);
  if (recorded.length === 0) {
    const giveBack = (): Promise<void> => letBackIn(taking, watch);
    await takeAboveFloor(floor, { take, untilQuiet: quiet, giveBack }, clock, watch);
  } else {
    await take();
    await quiet(floorTeller(floor, watch, 'worked on'));
  }
  const names = barriers.map(({ server }) => `${serverPath(server)} on ${server.balancer.host}`);
  return `${names.join(', ')} at weight 0, drained, in maint`;
}

async function takeFresh(
  fresh: readonly ServerAccess[],
  taking: Taking,
  clock: DrainClock,
  watch: Watch,
): Promise<void> {
  const { held, turns, plan } = taking.at;
  if (fresh.length === 0) return;
  const sparing = { turns, servers: fresh, host: held.access, instance: { minUp: plan.front?.minUp ?? ONE } };
  await untilSpare(sparing, clock, watch, async (sights) => {
    const isFresh = ({ access: { server } }: Sight): boolean =>
      !entryOf(server, frontEntriesOf(held)) || isAmong(server, taking.untouched);
    // Of what an attempt has begun to take that did not come through, how it was found then is what is put back.
    await remember(sights.filter(isFresh), taking);
    for (const sight of sights) await raise(sight, taking, watch);
    return true;
  });
}

/** That of the backends in front, by what is recorded there. */
function floorInFront({ at: { plan, held } }: Taking): Floor {
  const away = (): readonly Found[] => frontEntriesOf(held).map((entry) => foundOf(entry, held.reach(entry.server)));
  return { host: plan.host, away, minUp: plan.front?.minUp ?? ONE };
}

/** As it was found: what is seen of it from now on is what is put back. */
async function letBackIn(taking: Taking, watch: Watch): Promise<void> {
  const { barriers, untouched } = taking;
  const found = floorInFront(taking).away();
  for (const barrier of barriers) barrier.lower();
  await giveHostBack(found, watch);
  untouched.push(...found.map(({ access }) => access.server).filter((server) => !isAmong(server, untouched)));
}

/** Of one that is recorded. */
async function raise(sight: Sight, { at, barriers, untouched }: Taking, watch: Watch): Promise<Barrier> {
  const { server } = sight.access;
  const noted = untouched.findIndex((one) => sameServer(one, server));
  if (noted >= 0) untouched.splice(noted, 1);
  const admin = entryOf(server, frontEntriesOf(at.held))?.standing.admin ?? sight.state.admin;
  return Barrier.raiseAmong(barriers, sight.access, watch, { admin, sight });
}

function entryOf(server: Server, entries: readonly RecordEntry[]): RecordEntry | undefined {
  return entries.find((entry) => sameServer(entry.server, server));
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
 * More of them send requests to a host that is being worked on: while it serves all that come, these have what they need
 * to be spared first; once it does not, these fail. What was recorded the last time, when it could not be done, is what is
 * put back.
 */
async function joinLate(taking: Taking, watch: Watch): Promise<void> {
  const { at } = taking;
  for (const access of lateOf(taking).map(at.held.reach)) {
    try {
      const sight = await sightOf(access);
      const shortage = shortageWithout([sight], at.plan.front?.minUp ?? ONE);
      if (shortage && (await serves(at))) {
        watch.waiting({ for: 'capacity', ...shortage });
        continue;
      }
      const known = entryOf(access.server, frontEntriesOf(at.held));
      // It has just begun, and does not know yet who is UP.
      if (!known) await remember([{ ...sight, state: { ...sight.state, isUp: true } }], taking);
      // Of a write that was lost it is not known whether it took place.
      else await at.held.undo.add([known]);
      await (await raise(sight, taking, watch)).close();
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      watch.waiting({ for: 'answer', why: error.message });
    }
  }
}

/** Whether each backend of its own has something to serve with at this moment. */
async function serves({ plan, held }: AtFront): Promise<boolean> {
  const own = plan.instances.flatMap(({ instance }) => serversOf(instance).map((server) => ({ server, minUp: ONE })));
  return (await shortOf(own, held)) === undefined;
}

/** What was seen just now is what is put back. */
async function remember(sights: readonly Sight[], { at: { plan, held }, untouched, context }: Taking): Promise<void> {
  if (sights.length === 0) return;
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
  untouched.push(...sights.map(({ access }) => access.server).filter((server) => !isAmong(server, untouched)));
  await held.undo.add(entries);
}

/** The trouble of the HAProxys in front does not end what is done behind them: nothing is sent there, or all serves. */
function guarding({ plan }: AtFront, { clock, report, stop }: FrontContext): Watch & { readonly homeward: true } {
  const subject = { host: plan.host, name: THE_HOST };
  return { ...watchOf({ clock, report, subject, step: 'drain', signal: stop.homeward }), homeward: true };
}
