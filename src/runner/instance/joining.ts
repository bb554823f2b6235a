/** An instance takes in its servers at an HAProxy that the run had left out, and that answers again while it is in work. */
import pLimit from 'p-limit';
import { Failure } from '../../errors.ts';
import type { WorkingState } from '../../rollout/lifecycle.ts';
import { sameServer } from '../../rollout/model.ts';
import { Barrier } from './barrier.ts';
import { rememberMore } from './found.ts';
import { noteKeptOut } from './let-in.ts';
import { UP_WITHIN_AT_LEAST_MS } from './put-back-as-found.ts';
import { putBack, stateOf, type ServerAccess } from './traffic.ts';
import { inTheEnd, type Found, type StepWatch, type Work } from './work.ts';

/** The servers of an instance there. With two slots: of the one its new container is for and, in the same order, of the other. */
export interface LateServers {
  readonly own: readonly ServerAccess[];
  readonly leaving: readonly ServerAccess[];
}

/** Nothing is behind its servers that could answer, or nothing that has proved itself. */
const away: ReadonlySet<WorkingState> = new Set([
  ...(['starting', 'checking', 'discarding', 'rollingBack', 'rechecking'] as const),
]);
/** The step to come looks that all of its servers are drained, and keeps them out. */
const drains: ReadonlySet<WorkingState> = new Set([
  ...(['redraining', 'retaking', 'stopping', 'replacing', 'restarting', 'running', 'withdrawing'] as const),
]);
/** While these steps are taken the container stops, or does not run: there is no time to wait for the next one. */
const urgent: ReadonlySet<WorkingState> = new Set([...away, 'stopping', 'replacing']);
/** It serves at the others, and is watched there. */
const serving: ReadonlySet<WorkingState> = new Set(['ramping', 'soaking', 'releasing', 'committing'] as const);
/** Of two slots: the old container serves in the other one still. */
const leavesLater: ReadonlySet<WorkingState> = new Set([
  ...(['replacing', 'checking', 'restoring', 'ramping', 'soaking', 'releasing'] as const),
]);

/** One for each instance in work. */
export class Joining {
  readonly #work: Work;
  readonly #late: () => LateServers;
  readonly #inTurn = pLimit(1);
  #at: { readonly state: WorkingState; readonly watch: StepWatch } | undefined;

  constructor(work: Work, late: () => LateServers) {
    this.#work = work;
    this.#late = late;
  }

  /** Before a step: it is taken with all servers that there are by now. */
  async before(state: WorkingState, watch: StepWatch): Promise<void> {
    await this.#inTurn(async () => {
      this.#at = { state, watch };
      await this.#join(state, watch, false);
    });
  }

  /** In the middle of a step, as soon as an HAProxy answers again. */
  async now(): Promise<void> {
    await this.#inTurn(async () => {
      if (this.#at && urgent.has(this.#at.state)) await this.#join(this.#at.state, this.#at.watch, true);
    });
  }

  /** Its last step has ended: nothing is begun any more that would have to be undone. */
  async over(): Promise<void> {
    await this.#inTurn(async () => {
      this.#at = undefined;
    });
  }

  /**
   * What is begun with such a server is recorded first, as with any other. Where it cannot be begun with, the instance
   * goes on without it, and it is tried again before the next step.
   */
  async #join(state: WorkingState, watch: StepWatch, isAtOnce: boolean): Promise<void> {
    const work = this.#work;
    const { own, leaving } = this.#late();
    if (own.length === 0) return;
    if (isFresh(work)) {
      extend(work, own);
      if (work.leaving) extend(work.leaving, leaving);
      return;
    }
    const isNew = own.map(({ server }) => !work.found.some(({ access }) => sameServer(access.server, server)));
    const late = { own: own.filter((_, index) => isNew[index]), leaving: leaving.filter((_, index) => isNew[index]) };
    if (late.own.length === 0 || (work.leaving && !leavesLater.has(state))) return;
    try {
      await (work.leaving ? joinSlots(work, work.leaving, late, watch) : joinOwn(work, late.own, watch));
      await bringInLine(work, late.own, { state, watch, isAtOnce });
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      watch.waiting({ for: 'answer', why: error.message });
    }
  }
}

/** Nothing was looked at yet: the first step finds all of its servers. */
function isFresh({ before, found, isTouched }: Work): boolean {
  return before.length === 0 && found.length === 0 && !isTouched;
}

function extend(work: Work, late: readonly ServerAccess[]): void {
  const isNew = ({ server }: ServerAccess): boolean => !work.servers.some((one) => sameServer(one.server, server));
  work.servers = [...work.servers, ...late.filter(isNew)];
}

async function joinOwn(work: Work, late: readonly ServerAccess[], watch: StepWatch): Promise<void> {
  const found = await Promise.all(late.map((access) => foundNow(access, work)));
  await rememberMore(work, found, watch);
}

/** In the end each has the standing that its counterpart in the other slot was found in. */
async function joinSlots(work: Work, old: Work, { own, leaving }: LateServers, watch: StepWatch): Promise<void> {
  const nexts = await Promise.all(own.map(async (access) => ({ ...(await foundNow(access, work)), wasUp: false })));
  const olds = await Promise.all(leaving.map((access) => foundNow(access, old)));
  const swapped = (one: Found, other: Found | undefined): Found =>
    other ? { ...one, then: { weight: other.weight, admin: other.admin } } : one;
  await rememberMore(
    old,
    olds.map((one, index) => swapped(one, nexts[index])),
    watch,
  );
  await rememberMore(
    work,
    nexts.map((one, index) => swapped(one, olds[index])),
    watch,
  );
}

/** An HAProxy that has just begun does not know yet whether a server is UP: it is to be so as at the others. */
async function foundNow(access: ServerAccess, { found }: Work): Promise<Found> {
  const { weight, admin, hasAgent } = await stateOf(access);
  return { access, weight, admin, wasUp: found.some(({ wasUp }) => wasUp), agent: hasAgent };
}

/** Its servers there stand as those at the others do at this point of its life. */
async function bringInLine(
  work: Work,
  late: readonly ServerAccess[],
  { state, watch, isAtOnce }: { readonly state: WorkingState; readonly watch: StepWatch; readonly isAtOnce: boolean },
): Promise<void> {
  const found = work.found.filter(({ access }) => late.some(({ server }) => sameServer(server, access.server)));
  if (serving.has(state)) await seenUp(found, work, watch);
  if (!away.has(state) && !drains.has(state)) return;
  for (const { access, admin } of found) {
    const barrier = await Barrier.raise(access, { admin });
    work.barriers = [...work.barriers, barrier];
    if (away.has(state) || isAtOnce) await barrier.close();
  }
  await noteKeptOut(work);
}

/** By checks of an HAProxy that may have begun while the container was away. */
async function seenUp(found: readonly Found[], { instance }: Work, watch: StepWatch): Promise<void> {
  const withinMs = Math.max(instance.ready.withinMs, UP_WITHIN_AT_LEAST_MS);
  for (const one of found) {
    const { access, weight, admin, agent } = inTheEnd(one);
    await putBack(access, { weight, admin }, { withinMs, expectUp: true, agent }, watch);
  }
}
