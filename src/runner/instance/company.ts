import { Failure, reasonOf } from '../../errors.ts';
import { isForCompany } from '../../rollout/company.ts';
import { metAtEnd, wantedEndOf, type EndState, type LifeName, type MeetingPoint } from '../../rollout/lifecycle.ts';
import type { Instance } from '../../rollout/model.ts';
import { isPassing } from '../waiting/poll.ts';
import type { Watch } from '../waiting/watch.ts';

/** How often somebody who waits for the others looks around. */
const LOOK_EVERY_MS = 200;

interface Member {
  readonly arrived: Set<MeetingPoint>;
  end?: EndState;
}

/** What is done while others are waited for. */
export interface Meanwhile {
  readonly watch: Watch;
  /**
   * Again and again: it throws when there is no going on. What it does by way of `away` makes one come anew: the others
   * wait for it, unless all have come by then.
   */
  readonly look: (away: (action: () => Promise<void>) => Promise<void>) => Promise<void>;
}

/** Who is waited for, and what is done meanwhile. */
interface Until {
  readonly missing: () => readonly string[];
  readonly watch: Watch;
  readonly look: () => Promise<void>;
}

/**
 * Instances of one host that go through their lives together. Where they meet, none goes on before all have come. Once
 * one cannot go on none passes a further meeting, but those of the way home.
 */
export class Company {
  readonly #members: Map<string, Member>;
  readonly #life: LifeName;
  /** Those where all have come: who is late to hear of it goes on all the same. */
  readonly #over = new Set<MeetingPoint>();
  readonly #failed = new AbortController();
  #failing: string | undefined;
  readonly #decisions = new Map<MeetingPoint, Promise<void>>();
  readonly #looks = new Map<MeetingPoint, Map<string, Meanwhile['look']>>();
  readonly #waiting = new Set<() => void>();

  /** `names`: of their containers. */
  constructor(names: readonly string[], life: LifeName) {
    this.#members = new Map(names.map((name) => [name, { arrived: new Set() }]));
    this.#life = life;
  }

  /** Of those that have not left it. */
  get names(): readonly string[] {
    return [...this.#members.keys()];
  }

  /** Aborts, for the steps forward of all of them, once one cannot go on. */
  get signal(): AbortSignal {
    return this.#failed.signal;
  }

  /** The first one that could not go on. */
  get failing(): string | undefined {
    return this.#failing;
  }

  /** One begins where it has met with the others before. */
  begins(name: string, met: readonly MeetingPoint[]): void {
    for (const point of met) this.#members.get(name)?.arrived.add(point);
    this.#changed();
  }

  /** It has nothing to meet the others for. */
  leave(name: string): void {
    this.#members.delete(name);
    this.#changed();
  }

  /** It cannot go on: all go home. The first one who says so is whom they go home with. */
  fail(name: string, error: unknown): void {
    if (this.#failed.signal.aborted) return;
    this.#failing = name;
    const code = error instanceof Failure && error.code === 'interrupted' ? error.code : 'error';
    this.#failed.abort(new Failure(code, `goes back with ${name}: ${reasonOf(error)}`, { cause: error }));
    this.#changed();
  }

  /** It comes to no meeting any more. `end`: what it has come to; undefined: that is not known. */
  ended(name: string, end: { readonly state: EndState; readonly failure: Error | undefined } | undefined): void {
    const { state = 'outOfService', failure } = end ?? {};
    const member = this.#members.get(name);
    if (!member) return;
    if (state !== wantedEndOf(this.#life)) this.fail(name, failure ?? new Error(`it is ${state}`));
    for (const point of metAtEnd(state, this.#life)) member.arrived.add(point);
    member.end = state;
    this.#changed();
  }

  /**
   * Until all have come to this point.
   *
   * @throws Failure when one of them will not; what `look` throws before all have come; `signal.reason` once it aborts
   */
  async meet(name: string, point: MeetingPoint, { watch, look }: Meanwhile): Promise<void> {
    const arrived = this.#members.get(name)?.arrived;
    if (!arrived) return;
    this.#looks.set(point, (this.#looks.get(point) ?? new Map<string, Meanwhile['look']>()).set(name, look));
    const come = (): void => {
      arrived.add(point);
      this.#changed();
    };
    const away = async (action: () => Promise<void>): Promise<void> => {
      if (this.#over.has(point)) return;
      arrived.delete(point);
      try {
        await action();
      } catch (error) {
        if (!isPassingFailure(error)) throw error;
      }
      come();
    };
    come();
    try {
      const missing = (): readonly string[] => (this.#over.has(point) ? [] : this.#missing(point));
      await this.#until(point, { missing, watch, look: () => look(away) });
    } catch (error) {
      if (this.#over.has(point)) return;
      arrived.delete(point);
      this.fail(name, error);
      throw error;
    }
  }

  /** Until those before it have come to this point, where they go one after the other. */
  async follow(name: string, point: MeetingPoint, { watch, look }: Meanwhile): Promise<void> {
    const names = [...this.#members.keys()];
    const before = names.slice(0, Math.max(0, names.indexOf(name)));
    const missing = (): readonly string[] => this.#missing(point).filter((one) => before.includes(one));
    try {
      await this.#until(point, { missing, watch, look: () => look((action) => action()) });
    } catch (error) {
      this.fail(name, error);
      throw error;
    }
  }

  /** What each looks at where it waits for the others, once more. */
  async lookOnceMore(point: MeetingPoint): Promise<void> {
    for (const look of this.#looks.get(point)?.values() ?? []) await look(async () => undefined);
  }

  /** Done once for all of them, by whoever comes first; what it comes to is so for all. */
  decide(point: MeetingPoint, action: () => Promise<void>): Promise<void> {
    const decision = this.#decisions.get(point) ?? action();
    this.#decisions.set(point, decision);
    return decision;
  }

  async #until(point: MeetingPoint, { missing, watch, look }: Until): Promise<void> {
    while (missing().length > 0) {
      watch.signal.throwIfAborted();
      this.#refuseIfHopeless(point);
      await this.#untilStirred(watch, async (): Promise<void> => {
        await looked(look, watch);
        const names = missing();
        if (names.length > 0) watch.waiting({ for: 'others', meets: point, names });
      });
    }
  }

  /** Does it, and waits until something has changed since it was begun, or for a while. */
  async #untilStirred({ clock, signal }: Watch, action: () => Promise<void>): Promise<void> {
    const stirred = new AbortController();
    const stir = (): void => {
      stirred.abort();
    };
    this.#waiting.add(stir);
    signal.addEventListener('abort', stir);
    try {
      await action();
      await clock.sleep(LOOK_EVERY_MS, stirred.signal);
    } finally {
      signal.removeEventListener('abort', stir);
      this.#waiting.delete(stir);
    }
  }

  #missing(point: MeetingPoint): readonly string[] {
    return [...this.#members].filter(([, { arrived }]) => !arrived.has(point)).map(([name]) => name);
  }

  /** @throws Failure when one that has not come will not come any more */
  #refuseIfHopeless(point: MeetingPoint): void {
    const isForward = metAtEnd(wantedEndOf(this.#life), this.#life).includes(point);
    if (isForward) this.#failed.signal.throwIfAborted();
    const gone = this.#missing(point).find((name) => this.#members.get(name)?.end !== undefined);
    if (gone !== undefined) throw new Failure('error', `cannot go on beside ${gone}, which is out of service`);
  }

  #changed(): void {
    const points = [...this.#members.values()].flatMap(({ arrived }) => [...arrived]);
    for (const point of points) if (this.#missing(point).length === 0) this.#over.add(point);
    for (const stir of this.#waiting) stir();
  }
}

/** Those of a host that begin together, where they go together. */
export function companyOf(
  instances: readonly Pick<Instance, 'container' | 'strategy' | 'revert'>[],
): Company | undefined {
  const own = instances.filter(isForCompany);
  const names = own.map(({ container }) => container);
  return own[0]?.strategy && new Company(names, own[0].strategy);
}

/** What does not answer for a moment is no reason to go home: if it does not for long, the steps of others find out. */
async function looked(look: () => Promise<void>, watch: Watch): Promise<void> {
  try {
    await look();
  } catch (error) {
    if (!isPassingFailure(error)) throw error;
    watch.waiting({ for: 'answer', why: error.message });
  }
}

function isPassingFailure(error: unknown): error is Failure {
  return error instanceof Failure && isPassing(error);
}
