import { serverPath, serverSeenFrom } from '../../../rollout/model.ts';
import { whyNotUp } from '../../../rollout/monitor.ts';
import { weightAt } from '../../../rollout/ramp.ts';
import { demandRunning, lookAtAll, UNREACHABLE_FOR_MS } from '../in-service.ts';
import { poll } from '../../waiting/poll.ts';
import { comingBack, stepsOf } from '../ramping.ts';
import { ServesBadly } from '../serves-badly.ts';
import { stateOf } from '../traffic.ts';
import type { Found, StepAction, StepWatch, Work } from '../work.ts';

const LOOK_EVERY_MS = 100;

/**
 * Gives the servers, which are in service at a part of their weight, the rest of it step by step, and watches them and
 * the container all the while as the soak does. The last weight is exactly the one that they are to have; an agent-check
 * would overwrite the others, so it is silent until then.
 *
 * Taken again, it goes on with the step that it had got to.
 */
export const ramp: StepAction = async (work, watch) => {
  const rising = comingBack(work).map((one) => new Rising(one, watch));
  const steps = stepsOf(work).filter((percent) => percent >= work.rampedTo);
  for (const percent of steps) {
    work.rampedTo = percent;
    await hold(rising, percent, { work, watch });
  }
  await all(rising.map((one) => one.end()));
  work.rampedTo = 100;
  return rising
    .map(({ one: { access, weight } }) => `${serverSeenFrom(work.host.name, access.server)} weight ${weight}`)
    .join(', ');
};

/** All of them, also when one fails: none may still be on its way when the way home begins. */
async function all(changes: readonly Promise<void>[]): Promise<void> {
  await Promise.allSettled(changes);
  await Promise.all(changes);
}

/** One step: sets the weights, and watches for as long as it lasts. */
async function hold(
  rising: readonly Rising[],
  percent: number,
  { work, watch }: { readonly work: Work; readonly watch: StepWatch },
): Promise<void> {
  const { clock, signal } = watch;
  const ms = work.instance.ramp?.everyMs ?? 0;
  await all(rising.map((one) => one.raise(percent)));
  watch.ramped({
    ...{ percent, ms },
    servers: rising.map(({ one, weight }) => ({ server: one.access.server, weight, of: one.weight })),
  });
  const began = clock.now();
  const looks = rising.map((one) => () => one.look());
  await poll(
    async () => {
      const trouble = await lookAtAll(looks);
      await demandRunning(work);
      if (trouble) throw trouble;
    },
    () => clock.now() - began >= ms,
    {
      ...{ everyMs: LOOK_EVERY_MS, withinMs: ms + UNREACHABLE_FOR_MS, signal },
      onTrouble: (trouble, leftMs) => {
        watch.waiting({ for: 'answer', why: trouble.message, leftMs });
      },
    },
    clock,
  );
}

/** One server on its way to its weight. */
class Rising {
  readonly one: Found;
  readonly #watch: StepWatch;
  #weight = 0;
  #pid: number | undefined;
  /** What was seen in its place and put right, once in each step: whoever insists has it until the next. */
  readonly #met = new Set<string>();

  constructor(one: Found, watch: StepWatch) {
    this.one = one;
    this.#watch = watch;
  }

  get weight(): number {
    return this.#weight;
  }

  async raise(percent: number): Promise<void> {
    const { access, weight, agent } = this.one;
    this.#weight = weightAt(weight, percent);
    this.#met.clear();
    const now = await stateOf(access);
    if (agent && now.hasAgent) await access.balancer.setAgent(access.server, false);
    if (now.weight !== this.#weight) await access.balancer.setWeight(access.server, this.#weight);
  }

  /** @throws Failure when it is not UP, unless somebody has taken it out */
  async look(): Promise<void> {
    const { access, agent } = this.one;
    const { balancer, server } = access;
    const look = await balancer.look(server);
    const isReloaded = this.#pid !== undefined && look.pid !== this.#pid;
    this.#pid = look.pid;
    // A new process has the configured weight, and its agent-checks speak.
    if (isReloaded && agent) await balancer.setAgent(server, false);
    const sight = `${look.pid} ${look.weight} ${look.admin}`;
    const isOther = look.weight !== this.#weight || look.admin !== 'ready';
    if (isOther && !this.#met.has(sight)) {
      this.#met.add(sight);
      const isWeight = look.weight !== this.#weight;
      if (isWeight) await balancer.setWeight(server, this.#weight);
      const { weight, admin } = look;
      const then = isWeight ? 'put back' : 'left alone';
      if (isReloaded && isWeight) this.#watch.remark({ about: 'weight-reset', server, weight, to: this.#weight });
      else this.#watch.remark({ about: 'changed-by-another', server, weight, admin, then });
    }
    const why = whyNotUp(look);
    if (why !== undefined) throw new ServesBadly(`${serverPath(server)} on ${server.balancer.host} ${why}`);
  }

  /** Exactly the weight in the end. What somebody has taken out stays out, as in the soak. */
  async end(): Promise<void> {
    const { access, weight, agent } = this.one;
    const now = await stateOf(access);
    if (now.weight !== weight) await access.balancer.setWeight(access.server, weight);
    if (agent && !now.hasAgent) await access.balancer.setAgent(access.server, true);
  }
}
