/** HAProxys that the run had left out (`unreachable_balancer: skip`), and that answer again while it goes on. */
import pLimit from 'p-limit';
import { Failure } from '../../errors.ts';
import { foundTwice, isToBeFound } from '../../rollout/discover.ts';
import { withServers } from '../../rollout/left-out.ts';
import { sameServer, serverKey, serversOf, type Instance, type Server } from '../../rollout/model.ts';
import { instancesOf, type PlayPlan } from '../../rollout/plan.ts';
import { serversBefore, type HostPlay, type Play } from '../../rollout/play.ts';
import { serversIn, slotsOf } from '../../rollout/slots.ts';
import type { HeldHosts } from '../hosts/held-hosts.ts';
import { Joining, type LateServers } from '../instance/joining.ts';
import type { ServerAccess } from '../instance/traffic.ts';
import type { Work } from '../instance/work.ts';
import { namingAt, type Naming } from '../preflight/discovery.ts';
import { inspectBalancers } from '../preflight/inspect-balancers.ts';
import type { LostBalancers } from '../preflight/lost-balancers.ts';
import { remarksOn, serverRemarks } from '../preflight/preflight-balancer.ts';
import { rampProblems } from '../preflight/preflight-ramp.ts';
import { returnProblems, weightProblems } from '../preflight/preflight-weights.ts';
import type { Skipped } from '../preflight/skipped.ts';
import type { RunContext } from '../run.ts';
import { noteKept } from './late-kept.ts';
import { isPassing } from '../waiting/poll.ts';

/** One that begins to serve sends requests to whatever it takes for UP, so this is how long it may go unnoticed. */
const LOOK_EVERY_MS = 1_000;

type LateContext = Pick<RunContext, 'fleet' | 'clock' | 'report' | 'forks' | 'identity'> & {
  readonly held: HeldHosts;
  readonly lost: LostBalancers;
  readonly skipped: Pick<Skipped, 'hosts'>;
};

interface Played {
  /** With all of their HAProxys. */
  readonly plays: readonly Play[];
  /** Without those that are left out. */
  readonly plans: readonly PlayPlan[];
}

/** Takes in what there is more of, where something is out of service: again and again until all of it is. */
type TakesIn = () => Promise<void>;

/**
 * Looks for them again and again. One that answers belongs to the run from then on: its host is locked, it is looked at
 * as before a run, and the instances in work take in their servers there, as do those whose turn comes later. One that
 * cannot be worked with stays left out, which is said.
 */
export class LateBalancers {
  readonly #context: LateContext;
  /** With the names, by now, of servers that were to be found. */
  #plays: readonly Play[];
  readonly #planned: readonly Instance[];
  readonly #back = new Set<string>();
  /** Of these, those where some servers are to be found still: the host of their container could not be asked. */
  readonly #partly = new Set<string>();
  readonly #lookedFor = new Map<string, Promise<void>>();
  readonly #inWork = new Set<TakesIn>();
  readonly #told = new Map<string, string>();
  /** Told when names of servers have been found. */
  readonly whoListens = new Set<() => void>();

  constructor({ plays, plans }: Played, context: LateContext) {
    this.#plays = plays;
    this.#planned = plans.flatMap(instancesOf).map(({ instance }) => instance);
    this.#context = context;
  }

  /** Looks for them as long as this goes on. */
  async during<T>(action: () => Promise<T>): Promise<T> {
    if (!this.mayBeLost) return action();
    const over = new AbortController();
    const looking = this.#look(over.signal);
    // A bug there is told once the run has come to its end.
    looking.catch(() => undefined);
    try {
      return await action();
    } finally {
      over.abort('the run has ended');
      await looking;
    }
  }

  get mayBeLost(): boolean {
    return this.#plays.some(({ policy }) => policy.unreachableBalancer === 'skip');
  }

  /** The servers of an instance at those that answer again. Of all plays: what is in front of a container is so in each. */
  lateOf({ slot, leaving, ...instance }: Instance, reach: (server: Server) => ServerAccess): LateServers {
    const inSlot = (name: string | undefined): readonly ServerAccess[] =>
      this.#there(this.#same(instance).flatMap((one) => serversIn(one, name))).map(reach);
    return { own: inSlot(slot), leaving: leaving ? inSlot(leaving.name) : [] };
  }

  /** All servers in the slot of an instance that this one is of, at all HAProxys that belong to the run by now. */
  inSlotOf(instance: Pick<Instance, 'host' | 'container'>, known: Server): readonly Server[] {
    const { held, lost } = this.#context;
    const planned = this.#planned.filter((one) => isSame(one, instance));
    const [slot] = planned.flatMap(slotsOf).filter(({ servers }) => servers.some((one) => sameServer(one, known)));
    const ofRun = new Set(held.all.map(({ access }) => access.name).filter((name) => !lost.hosts.includes(name)));
    const all = slot ? this.#same(instance).flatMap((one) => serversIn(one, slot.name)) : [];
    return all.filter((server) => !isToBeFound(server) && ofRun.has(server.balancer.host));
  }

  /** All servers of an instance, wherever. */
  allOf(instance: Pick<Instance, 'host' | 'container'>): readonly Server[] {
    return this.#same(instance).flatMap(serversOf);
  }

  /** The servers of a host as a whole, at those that answer again and are in front of it. */
  inFrontOf(host: string): readonly Server[] {
    const fronts = this.#hosts().filter((one) => one.host === host);
    return this.#there(fronts.flatMap(({ front }) => front?.servers ?? []));
  }

  /** Has more of them taken in while something goes on: from its beginning on, and never after its end. */
  async takingIn<T>(takesIn: TakesIn, action: () => Promise<T>): Promise<T> {
    const inTurn = pLimit(1);
    let isOver = false;
    const taking = (): Promise<void> => inTurn(async () => (isOver ? undefined : takesIn()));
    this.#inWork.add(taking);
    try {
      await taking();
      return await action();
    } finally {
      this.#inWork.delete(taking);
      await inTurn(async () => {
        isOver = true;
      });
    }
  }

  #same(instance: Pick<Instance, 'host' | 'container'>): readonly Instance[] {
    const instances = this.#hosts().flatMap((one) => one.instances);
    return instances.filter((one) => isSame(one, instance));
  }

  #hosts(): readonly HostPlay[] {
    return this.#plays.flatMap(({ hosts }) => hosts);
  }

  #there(servers: readonly Server[]): readonly Server[] {
    const { lost } = this.#context;
    const isBack = (host: string): boolean => this.#back.has(host) && !lost.hosts.includes(host);
    const back = servers.filter((server) => isBack(server.balancer.host) && !isToBeFound(server));
    return [...new Map(back.map((server) => [serverKey(server), server])).values()];
  }

  async #look(over: AbortSignal): Promise<void> {
    const { clock, lost } = this.#context;
    while (!over.aborted) {
      const wanted = [...lost.hosts, ...this.#partly];
      for (const host of wanted) if (!this.#lookedFor.has(host)) this.#keepLooking(host, over);
      if (this.#back.size > 0) await Promise.all([...this.#inWork].map((takeIn) => takeIn()));
      await clock.sleep(LOOK_EVERY_MS, over);
    }
    await Promise.all(this.#lookedFor.values());
  }

  /** By itself: one that is gone may take its time to say so. */
  #keepLooking(host: string, over: AbortSignal): void {
    const looking = this.#lookFor(host, over).finally(() => this.#lookedFor.delete(host));
    looking.catch(() => undefined);
    this.#lookedFor.set(host, looking);
  }

  async #lookFor(host: string, over: AbortSignal): Promise<void> {
    const { held, lost } = this.#context;
    try {
      const seen = await unlessOver(this.#lookAt(host), over);
      if (!seen || over.aborted) return;
      if (seen.problems.length > 0) {
        this.#tell(host, seen.problems.join('; '));
        return;
      }
      if (!this.#partly.has(host)) await held.join(host);
      this.#plays = this.#plays.map((play) => ({ ...play, hosts: play.hosts.map(seen.named) }));
      for (const tell of this.whoListens) tell();
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      // How long ago somebody else was heard of is another time each time.
      if (!isPassing(error)) this.#tell(host, error.message, error.code === 'locked' ? error.code : error.message);
      return;
    }
    lost.answers(host);
    const [isFirst, isWhole] = [!this.#back.has(host), this.#isNamed(host)];
    if (isWhole) this.#partly.delete(host);
    else this.#partly.add(host);
    if (isFirst) this.#tellBack(host);
    this.#back.add(host);
    if (isFirst || isWhole) await noteKept(held.all, this, this.#context);
    await Promise.all([...this.#inWork].map((takeIn) => takeIn()));
  }

  #tellBack(host: string): void {
    const text = `${host} answers again: its HAProxy is brought in line, and belongs to the run from here on`;
    this.#context.report({ type: 'warning', host, text });
  }

  /** Whether all servers there have their names. */
  #isNamed(at: string): boolean {
    return !this.#hosts()
      .flatMap(serversBefore)
      .some((server) => server.balancer.host === at && isToBeFound(server));
  }

  /** By what is asked of it before a run; undefined: it does not answer yet. */
  async #lookAt(at: string): Promise<Naming | undefined> {
    const { fleet, forks, skipped } = this.#context;
    const isThere = ({ balancer }: Server): boolean => balancer.host === at;
    await fleet.host(at);
    const hosts = this.#hosts().filter(({ host }) => !skipped.hosts.includes(host));
    const servers = hosts.flatMap(serversBefore).filter(isThere);
    const silent = new Set<string>();
    const goWithoutBalancer = (name: string, failure: Failure): boolean =>
      isPassing(failure) && silent.add(name).size > 0;
    const looking = { fleet, limit: pLimit(forks), own: [], goWithoutBalancer };
    const { findings, backends } = await inspectBalancers(servers, looking);
    if (silent.size > 0) return undefined;
    const { named, problems } = await namingAt(hosts, { backends, isLookedAt: isThere }, fleet);
    if (problems.length > 0) return { named, problems };
    const all = hosts.map(named);
    const isKnown = (server: Server): boolean => isThere(server) && !isToBeFound(server);
    const instances = all.flatMap((one) => one.instances.map((instance) => withServers(instance, isKnown)));
    const inFront = all.flatMap(({ front }) => front?.servers.filter(isKnown) ?? []);
    const seen = { backends, fleet };
    const ramps = await Promise.all(instances.map((instance) => rampProblems(instance, fleet)));
    const weights = await Promise.all(instances.map((instance) => weightProblems(instance, seen)));
    const found = [
      ...findings,
      ...instances.flatMap((instance) => serverRemarks(instance, backends)),
      ...inFront.flatMap((server) => remarksOn(server, backends)),
      ...[...ramps, ...weights].flat(),
      ...(await returnProblems(inFront, seen)),
    ];
    const texts = found.filter(({ kind }) => kind === 'problem').map(({ text }) => text);
    return { named, problems: [...new Set([...texts, ...foundTwice(instances).map(({ text }) => text)])] };
  }

  /** Once, until there is another reason. */
  #tell(host: string, why: string, reason = why): void {
    if (this.#told.get(host) === reason) return;
    this.#told.set(host, reason);
    const text = `${host} answers again, but stays left out: ${why}: requests of its HAProxy to a container that is being replaced fail`;
    this.#context.report({ type: 'warning', host, text });
  }
}

function isSame(one: Pick<Instance, 'host' | 'container'>, other: Pick<Instance, 'host' | 'container'>): boolean {
  return one.host === other.host && one.container === other.container;
}

interface AtWork {
  readonly work: Work;
  readonly reach: (server: Server) => ServerAccess;
}

/** Has an instance in work take in its servers at HAProxys that answer again. */
export async function joinedBy<T>(
  late: LateBalancers | undefined,
  { work, reach }: AtWork,
  action: () => Promise<T>,
): Promise<T> {
  if (!late?.mayBeLost) return action();
  const joining = new Joining(work, () => late.lateOf(work.instance, reach));
  work.joining = joining;
  return late.takingIn(() => joining.inTheMiddle(), action);
}

/** What this comes to, or undefined when it has not come to anything by then. */
async function unlessOver<T>(going: Promise<T>, over: AbortSignal): Promise<T | undefined> {
  const given = new AbortController();
  const ending = new Promise<undefined>((resolve) => {
    const end = (): void => {
      resolve(undefined);
    };
    if (over.aborted) end();
    over.addEventListener('abort', end, { once: true, signal: given.signal });
  });
  try {
    return await Promise.race([going, ending]);
  } finally {
    given.abort();
    // What it comes to later is nobody's business any more.
    going.catch(() => undefined);
  }
}
