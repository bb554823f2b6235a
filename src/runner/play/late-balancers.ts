/** HAProxys that the run had left out (`unreachable_balancer: skip`), and that answer again while it goes on. */
import pLimit from 'p-limit';
import { Failure } from '../../errors.ts';
import { isToBeFound } from '../../rollout/discover.ts';
import { serverKey, serversOf, type Instance, type Server } from '../../rollout/model.ts';
import type { Play } from '../../rollout/play.ts';
import type { HeldHosts } from '../hosts/held-hosts.ts';
import { Joining, type LateServers } from '../instance/joining.ts';
import type { ServerAccess } from '../instance/traffic.ts';
import type { Work } from '../instance/work.ts';
import type { LostBalancers } from '../preflight/lost-balancers.ts';
import { inspectBalancers } from '../preflight/inspect-balancers.ts';
import { remarksOn } from '../preflight/preflight-balancer.ts';
import type { RunContext } from '../run.ts';
import { isPassing } from '../waiting/poll.ts';

/** One that begins to serve sends requests to whatever it takes for UP, so this is how long it may go unnoticed. */
const LOOK_EVERY_MS = 1_000;

type LateContext = Pick<RunContext, 'fleet' | 'clock' | 'report' | 'forks'> & {
  readonly held: HeldHosts;
  readonly lost: LostBalancers;
};

/**
 * Looks for them again and again. One that answers belongs to the run from then on: its host is locked, it is looked at
 * as before a run, and the instances in work take in their servers there, as do those whose turn comes later. One that
 * cannot be worked with stays left out, which is said.
 */
export class LateBalancers {
  readonly #context: LateContext;
  readonly #plays: readonly Play[];
  readonly #back = new Set<string>();
  readonly #inWork = new Set<Joining>();
  readonly #told = new Map<string, string>();
  readonly #fronts = new Set<FrontJoins>();

  /** `plays`: with all of their HAProxys. */
  constructor(plays: readonly Play[], context: LateContext) {
    this.#plays = plays;
    this.#context = context;
  }

  /** Looks for them as long as this goes on. */
  async during<T>(action: () => Promise<T>): Promise<T> {
    if (!this.#mayBeLost()) return action();
    const over = new AbortController();
    const looking = this.#look(over.signal);
    try {
      return await action();
    } finally {
      over.abort('the run has ended');
      await looking;
    }
  }

  /** How an instance in work takes in what it has there. */
  joining(work: Work, reach: (server: Server) => ServerAccess): Joining | undefined {
    if (!this.#mayBeLost()) return undefined;
    const joining = new Joining(work, () => this.#lateOf(work.instance, reach));
    this.#inWork.add(joining);
    return joining;
  }

  ended(joining: Joining | undefined): void {
    if (joining) this.#inWork.delete(joining);
  }

  /** The servers of a host as a whole, at those of them that are in front of it. */
  inFrontOf(host: string): readonly Server[] {
    const fronts = this.#plays.flatMap(({ hosts }) => hosts.filter((one) => one.host === host));
    return this.#there(fronts.flatMap(({ front }) => front?.servers ?? []));
  }

  /** Tells, while something goes on, whenever there are more of them: from its beginning on, and never after its end. */
  async telling<T>(joins: FrontJoins, action: () => Promise<T>): Promise<T> {
    const inTurn = pLimit(1);
    let isOver = false;
    const telling = (): Promise<void> => inTurn(async () => (isOver ? undefined : joins()));
    this.#fronts.add(telling);
    try {
      await telling();
      return await action();
    } finally {
      this.#fronts.delete(telling);
      await inTurn(async () => {
        isOver = true;
      });
    }
  }

  /** Of all plays: whatever is in front of a container is so in each of them. */
  #lateOf({ host, container, slot, leaving }: Instance, reach: (server: Server) => ServerAccess): LateServers {
    const all = this.#instances().filter((one) => one.host === host && one.container === container);
    const inSlot = (name: string | undefined): readonly ServerAccess[] => {
      const servers = all.flatMap(({ servers: only, slots }) =>
        slots ? slots.filter((one) => one.name === name).flatMap((one) => one.servers) : only,
      );
      return this.#there(servers).map(reach);
    };
    return { own: inSlot(slot), leaving: leaving ? inSlot(leaving.name) : [] };
  }

  #instances(): readonly Instance[] {
    return this.#plays.flatMap(({ hosts }) => hosts.flatMap(({ instances }) => instances));
  }

  #there(servers: readonly Server[]): readonly Server[] {
    const { lost } = this.#context;
    const back = servers.filter(({ balancer: { host } }) => this.#back.has(host) && !lost.hosts.includes(host));
    return [...new Map(back.map((server) => [serverKey(server), server])).values()];
  }

  #mayBeLost(): boolean {
    return this.#plays.some(({ policy }) => policy.unreachableBalancer === 'skip');
  }

  async #look(over: AbortSignal): Promise<void> {
    const { clock, lost } = this.#context;
    while (!over.aborted) {
      await Promise.all(lost.hosts.map((host) => this.#lookFor(host, over)));
      await clock.sleep(LOOK_EVERY_MS, over);
    }
  }

  async #lookFor(host: string, over: AbortSignal): Promise<void> {
    const { fleet, report, held, lost } = this.#context;
    try {
      // A host that is gone may take its time to say so: the run does not wait for that.
      if (await isOver(fleet.host(host), over)) return;
      const problems = await this.#problemsOf(host);
      if (!problems) return;
      if (problems.length > 0) {
        this.#tell(host, problems.join('; '));
        return;
      }
      await held.join(host);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      if (!isPassing(error)) this.#tell(host, error.message);
      return;
    }
    lost.answers(host);
    this.#back.add(host);
    report({
      type: 'warning',
      host,
      text: `${host} answers again: its HAProxy is brought in line, and belongs to the run from here on`,
    });
    await Promise.all([...this.#inWork].map((joining) => joining.now()));
    await Promise.all([...this.#fronts].map((joins) => joins()));
  }

  /** Why it cannot be worked with, by what is asked of every HAProxy before a run; undefined: it does not answer yet. */
  async #problemsOf(host: string): Promise<readonly string[] | undefined> {
    const { fleet, forks } = this.#context;
    const all = [
      ...this.#instances().flatMap(serversOf),
      ...this.#plays.flatMap(({ hosts }) => hosts.flatMap(({ front }) => front?.servers ?? [])),
    ];
    const servers = all.filter(({ balancer }) => balancer.host === host);
    if (servers.some(isToBeFound)) return ['its servers would have to be found first (server: discover)'];
    const silent = new Set<string>();
    const goWithoutBalancer = (name: string, failure: Failure): boolean =>
      isPassing(failure) && silent.add(name).size > 0;
    const looking = { fleet, limit: pLimit(forks), own: [], goWithoutBalancer };
    const { findings, backends } = await inspectBalancers(servers, looking);
    if (silent.size > 0) return undefined;
    const found = [...findings, ...servers.flatMap((server) => remarksOn(server, backends))];
    return [...new Set(found.filter(({ kind }) => kind === 'problem').map(({ text }) => text))];
  }

  /** Once, until it is another. */
  #tell(host: string, why: string): void {
    if (this.#told.get(host) === why) return;
    this.#told.set(host, why);
    const text = `${host} answers again, but stays left out: ${why}: requests of its HAProxy to a container that is being replaced fail`;
    this.#context.report({ type: 'warning', host, text });
  }
}

/** What is done where a tier is in front of a host that is out of service there, and more of it come. */
export type FrontJoins = () => Promise<void>;

async function isOver(going: Promise<unknown>, over: AbortSignal): Promise<boolean> {
  if (over.aborted) return true;
  let end = (): void => undefined;
  const ending = new Promise<true>((resolve) => {
    end = () => {
      resolve(true);
    };
    over.addEventListener('abort', end);
  });
  try {
    return await Promise.race([going.then(() => false), ending]);
  } finally {
    over.removeEventListener('abort', end);
  }
}
