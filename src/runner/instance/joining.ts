/** An instance takes in its servers at an HAProxy that the run had left out, and that answers again while it is in work. */
import pLimit from 'p-limit';
import { Failure } from '../../errors.ts';
import type { WorkingState } from '../../rollout/lifecycle.ts';
import { sameServer, serverKey, type Server } from '../../rollout/model.ts';
import { Barrier, behind } from './barrier.ts';
import { rememberMore, swapped } from './found.ts';
import { noteKeptOut } from './let-in.ts';
import { UP_WITHIN_AT_LEAST_MS } from './put-back-as-found.ts';
import { atFirst } from './ramping.ts';
import { putBack, stateOf, type ServerAccess } from './traffic.ts';
import { bothSlots, inTheEnd, type Found, type StepWatch, type Work } from './work.ts';

/** The servers of an instance there. With two slots: of the one its new container is for and, in the same order, of the other. */
export interface LateServers {
  readonly own: readonly ServerAccess[];
  readonly leaving: readonly ServerAccess[];
}

/**
 * What a server there needs at this point of its instance's life, once it is recorded.
 *
 * `out`: nothing is behind it that could answer, or nothing that has proved itself. `drains`: the step to come sees to it
 * that it is drained; once that is being taken, the container may be away. `proves`: the new container must be seen UP
 * there before the old one goes. `watched`: the new container serves, and is looked at there as well; with two slots that
 * is `proves`. `nothing`: the step does all there is to do.
 */
type Need = 'out' | 'drains' | 'proves' | 'watched' | 'nothing';

// prettier-ignore
const needs: Readonly<Record<WorkingState, Need>> = {
  draining:   'nothing', redraining:  'nothing', retaking:    'nothing',
  stopping:   'drains',  replacing:   'drains',  restarting:  'drains', running: 'drains',
  starting:   'out',     checking:    'out',
  restoring:  'nothing', ramping:     'watched', soaking:     'watched',
  releasing:  'proves',  vacating:    'nothing', keeping:     'nothing',
  committing: 'nothing', finishing:   'nothing', retiring:    'nothing',
  readmitting: 'nothing', withdrawing: 'nothing',
  discarding: 'out',     rollingBack: 'out',     rechecking:  'out',    returning: 'nothing',
};

/** Of two slots: the old container serves in the other one still. */
const servesBeside: readonly WorkingState[] = [
  ...(['replacing', 'checking', 'restoring', 'ramping', 'soaking', 'releasing'] as const),
];

/**
 * The new container may serve there already, or is about to: it is recorded at once, for whoever recovers the host must not stop
 * what an HAProxy sends to that nobody knows of. The step to come sees to the rest.
 */
const lets: readonly WorkingState[] = ['restoring', 'ramping', 'soaking', 'releasing'];

/** One for each instance in work. */
export class Joining {
  readonly #work: Work;
  readonly #late: () => LateServers;
  readonly #inTurn = pLimit(1);
  /** By their keys, those that are where they should be. */
  readonly #inLine = new Set<string>();
  #step: { readonly state: WorkingState; readonly watch: StepWatch } | undefined;

  constructor(work: Work, late: () => LateServers) {
    this.#work = work;
    this.#late = late;
  }

  /** Before a step: it is taken with all servers that there are by now. */
  async before(state: WorkingState, watch: StepWatch): Promise<void> {
    await this.#inTurn(async () => {
      this.#step = { state, watch };
      if (!this.#hasMore()) return;
      const barriers = () => bothSlots(this.#work).flatMap((one) => one.barriers);
      await behind(barriers, { ...watch, homeward: true }, () => this.#join(state, watch, 'between'));
    });
  }

  /** In the middle of a step, as soon as an HAProxy answers again, and again until it is in line: requests fail meanwhile. */
  async inTheMiddle(): Promise<void> {
    await this.#inTurn(async () => {
      if (!this.#step || !this.#hasMore()) return;
      const { state, watch } = this.#step;
      if (needs[state] === 'out' || needs[state] === 'drains') await this.#join(state, watch, 'within');
      else if (lets.includes(state)) await this.#record(state, watch);
    });
  }

  /** Its last step has ended: nothing is begun any more that would have to be undone. */
  async over(): Promise<void> {
    await this.#inTurn(async () => {
      this.#step = undefined;
    });
  }

  #hasMore(): boolean {
    return this.#late().own.some(({ server }) => !this.#inLine.has(serverKey(server)));
  }

  /**
   * What is begun with such a server is recorded first, as with any other. Where something cannot be done, the instance
   * goes on without it, and it is tried again.
   */
  async #join(state: WorkingState, watch: StepWatch, when: 'between' | 'within'): Promise<void> {
    const work = this.#work;
    const { own, leaving } = this.#late();
    if (isFresh(work)) {
      extend(work, own);
      if (work.leaving) extend(work.leaving, leaving);
      for (const { server } of own) this.#inLine.add(serverKey(server));
      return;
    }
    if (!(await this.#record(state, watch))) return;
    const ours = work.found.filter(({ access }) => isAmong(access.server, own));
    for (const one of ours.filter(({ access }) => !this.#inLine.has(serverKey(access.server)))) {
      try {
        await bringInLine(one, work, { need: needs[state], when, watch });
        this.#inLine.add(serverKey(one.access.server));
      } catch (error) {
        tellTrouble(error, watch);
      }
    }
    await noteKeptOut(work);
  }

  /** Whether it is recorded. */
  async #record(state: WorkingState, watch: StepWatch): Promise<boolean> {
    if (this.#work.leaving && !servesBeside.includes(state)) return false;
    try {
      await recordLate(this.#work, this.#late(), watch);
      return true;
    } catch (error) {
      tellTrouble(error, watch);
      return false;
    }
  }
}

function tellTrouble(error: unknown, watch: StepWatch): void {
  if (!(error instanceof Failure)) throw error;
  watch.waiting({ for: 'answer', why: error.message });
}

/** Nothing was looked at yet: the first step finds all of its servers. */
function isFresh({ before, found, isTouched }: Work): boolean {
  return before.length === 0 && found.length === 0 && !isTouched;
}

function extend(work: Work, late: readonly ServerAccess[]): void {
  const known = work.servers.map(({ server }) => server);
  work.servers = [...work.servers, ...late.filter(({ server }) => !isAmong(server, known))];
}

function isAmong(server: Server, ones: readonly (Server | ServerAccess)[]): boolean {
  return ones.some((one) => sameServer('server' in one ? one.server : one, server));
}

async function recordLate(work: Work, { own, leaving }: LateServers, watch: StepWatch): Promise<void> {
  const { leaving: old } = work;
  const foundIn = async (one: Work, late: readonly ServerAccess[]): Promise<readonly Found[]> =>
    Promise.all(late.map(async (access) => knownOf(access, one) ?? foundNow(access, one)));
  const [nexts, olds] = [await foundIn(work, own), old ? await foundIn(old, leaving) : []];
  if (old) await rememberMore(old, swapped(olds, nexts), watch);
  const empty = old ? nexts.map((one) => ({ ...one, wasUp: false })) : nexts;
  await rememberMore(work, swapped(empty, olds), watch);
}

function knownOf({ server }: ServerAccess, { found }: Work): Found | undefined {
  return found.find(({ access }) => sameServer(access.server, server));
}

/** An HAProxy that has just begun does not know yet whether a server is UP: it is to be so as at the others. */
async function foundNow(access: ServerAccess, { found }: Work): Promise<Found> {
  const { weight, admin, hasAgent } = await stateOf(access);
  const { backend } = access.server;
  const alike = found.filter((one) => one.access.server.backend === backend);
  const wasUp = (alike.length > 0 ? alike : found).some((one) => one.wasUp);
  return { access, weight, admin, wasUp, agent: hasAgent };
}

interface How {
  readonly need: Need;
  readonly when: 'between' | 'within';
  readonly watch: StepWatch;
}

async function bringInLine(one: Found, work: Work, { need, when, watch }: How): Promise<void> {
  const { access, admin } = one;
  if (need === 'out' || need === 'drains') {
    const earlier = work.barriers;
    const barrier = await Barrier.raise(access, watch, { admin, earlier });
    work.barriers = [...work.barriers.filter(({ server }) => !sameServer(server, access.server)), barrier];
    if (need === 'out' || when === 'within') await barrier.close();
  } else if (need === 'watched' && !work.leaving) {
    (work.unproven ??= new Set()).add(serverKey(access.server));
  } else if (need === 'proves' || need === 'watched') {
    const { weight, agent, ...end } = atFirst(inTheEnd(one), work);
    const withinMs = Math.max(work.instance.ready.withinMs, UP_WITHIN_AT_LEAST_MS);
    await putBack(access, { weight, admin: end.admin }, { withinMs, expectUp: true, agent }, watch);
  }
}
