/** One host of a maintenance: out of service, its work, back, and in service with exactly what its servers had. */
import { Failure, reasonOf } from '../../errors.ts';
import { count } from '../../rollout/count.ts';
import { THE_HOST, serversIn, type HostMaintenance } from '../../rollout/maintenance.ts';
import { isSeenUp } from '../../rollout/observed.ts';
import { Barrier, behind } from '../instance/barrier.ts';
import { floorTeller } from '../instance/floor.ts';
import { putBackInOrder, rebootJobOf } from '../recovery/back-in-service.ts';
import { untilBooted, untilRunning } from '../hosts/come-back.ts';
import type { HeldHost } from '../hosts/held-hosts.ts';
import { hostStep } from '../hosts/host-step.ts';
import { runJob } from '../hosts/job-run.ts';
import type { MaintainRequest } from './maintain-plan.ts';
import { noted } from '../hosts/noted.ts';
import { homeward } from '../waiting/persist.ts';
import { poll } from '../waiting/poll.ts';
import type { RecordEntry } from '../ports/ports.ts';
import { DrainClock, untilQuiet } from '../instance/quiesce.ts';
import type { RunContext } from '../run.ts';
import type { HostOutcome } from '../hosts/settle.ts';
import { centralFloor, takeHostOut } from './take-host-out.ts';
import { stateOf, type ServerAccess } from '../instance/traffic.ts';
import type { Turns } from '../instance/turns.ts';
import { watchOf, type Watch } from '../waiting/watch.ts';
import type { StepWatch } from '../instance/work.ts';

const RAISE_EVERY_MS = 200;
/** So that the answer comes through before the host goes down. */
const REBOOT_AFTER = 'sleep 1';

interface Maintaining {
  readonly request: MaintainRequest;
  readonly held: HeldHost;
  readonly turns: Turns;
}

export async function maintainHost(
  plan: HostMaintenance,
  { request, held, turns }: Maintaining,
  context: RunContext,
): Promise<HostOutcome> {
  const began = context.clock.now();
  const counts = { unchanged: 1 };
  let trip: Trip;
  try {
    const entries = await recordAll(plan, held, context);
    trip = new Trip(plan, { request, held, turns }, { context, entries });
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { end: 'failed', reason: error.message, counts };
  }
  const outcome = await trip.make();
  const state = outcome.end === 'updated' ? 'updated' : outcome.end === 'outOfService' ? 'outOfService' : 'unchanged';
  const subject = { host: plan.host, name: THE_HOST };
  context.report({ type: 'instance-ended', subject, state, ms: context.clock.now() - began });
  return outcome;
}

/** What everything is to be put back to, as it is at this moment. */
async function recordAll(plan: HostMaintenance, held: HeldHost, context: RunContext): Promise<readonly RecordEntry[]> {
  const { clock, identity, report, journal } = context;
  const states = await Promise.all(serversIn(plan).map((server) => stateOf(held.reach(server))));
  const { by, run } = identity;
  const at = clock.date().toISOString();
  const entries = states.map((state): RecordEntry => {
    const { server, weight, admin, hasAgent } = state;
    const what = { kind: 'maintain', server, standing: { weight, admin }, wasUp: isSeenUp(state) } as const;
    return { ...what, ...(hasAgent && { agent: true }), by, note: '', at, run, running: plan.running };
  });
  const servers = entries.map(({ server, standing, wasUp }) => ({ server, ...standing, wasUp }));
  report({ type: 'found', subject: { host: plan.host, name: THE_HOST }, servers });
  await journal.settled();
  await noted(held, entries, context);
  return entries;
}

interface Around {
  readonly context: RunContext;
  readonly entries: readonly RecordEntry[];
}

class Trip {
  readonly #plan: HostMaintenance;
  readonly #request: MaintainRequest;
  readonly #held: HeldHost;
  readonly #turns: Turns;
  readonly #context: RunContext;
  readonly #entries: readonly RecordEntry[];
  /** What keeps requests away, at central balancers and at its own. */
  readonly #barriers: Barrier[] = [];
  /** Of before it was rebooted. */
  #bootId: string | undefined;
  /** Whether it is back is not known. */
  #isAway = false;

  constructor(plan: HostMaintenance, { request, held, turns }: Maintaining, { context, entries }: Around) {
    this.#plan = plan;
    this.#request = request;
    this.#held = held;
    this.#turns = turns;
    this.#context = context;
    this.#entries = entries;
  }

  async make(): Promise<HostOutcome> {
    let failure: Failure | undefined;
    try {
      await this.#step('drain', (watch) => takeHostOut(this.#leaving, watch));
      const guarding = this.#guarding();
      failure = await behind(
        () => this.#barriers,
        guarding,
        () => this.#away(),
        floorTeller(centralFloor(this.#leaving), guarding, 'worked on'),
      );
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      failure = error;
    }
    for (const barrier of this.#barriers) barrier.lower();
    return this.#end(failure);
  }

  /** What failed, if the host is as it was all the same. */
  async #away(): Promise<Failure | undefined> {
    const { work } = this.#request;
    let failure: Failure | undefined;
    try {
      if (this.#plan.stopped.length > 0) await this.#step('halt', (watch) => this.#halt(watch));
      if (work.command !== undefined) await this.#command(work.command);
      if (work.reboot !== undefined) await this.#reboot(work.reboot);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      failure = error;
    }
    this.#isAway = true;
    await this.#step(
      'comeBack',
      async (watch) => {
        const why = await this.#untilBooted(watch);
        if (why !== undefined) failure ??= new Failure('error', `Cannot reboot ${this.#plan.host}: ${why}`);
        return this.#comeBack(watch);
      },
      true,
    );
    this.#isAway = false;
    return failure;
  }

  async #halt(watch: Watch): Promise<string> {
    await this.#untilQuiet(watch);
    // A stop whose answer was lost may yet be carried out: it is asked for until it is known to have been.
    const { containers } = this.#held.access;
    for (const name of this.#plan.stopped) await homeward(() => containers.stop(name), watch);
    return `${this.#plan.stopped.join(', ')} stopped`;
  }

  async #command(line: string): Promise<void> {
    const { host } = this.#plan;
    const { report, identity } = this.#context;
    const subject = { host, name: THE_HOST };
    await this.#step('command', async (watch) => {
      const onOutput = (details: readonly string[]): void => {
        report({ type: 'output', subject, details });
      };
      const request = { id: identity.run, line, withinMs: this.#request.commandWithinMs, onOutput };
      await runJob(this.#held.access, request, watch);
      return `"${line}" ended with status 0`;
    });
  }

  async #reboot(line: string): Promise<void> {
    const { access } = this.#held;
    await this.#step('reboot', async (watch) => {
      await this.#untilQuiet(watch);
      this.#bootId = (await access.system()).bootId;
      // With the host goes what its own HAProxy knows of them.
      for (const barrier of this.#barriers) if (barrier.server.balancer.host === access.name) barrier.lower();
      await access.jobs.start(rebootJobOf(this.#context.identity.run), `${REBOOT_AFTER}; ${line}`);
      return `"${line}" was started`;
    });
  }

  async #untilBooted(watch: Watch): Promise<string | undefined> {
    if (this.#bootId === undefined) return undefined;
    const job = rebootJobOf(this.#context.identity.run);
    return untilBooted(this.#held.access, { before: this.#bootId, job, withinMs: this.#request.backWithinMs }, watch);
  }

  async #comeBack(watch: Watch): Promise<string> {
    const { access, keep } = this.#held;
    const { running } = this.#plan;
    const withinMs = this.#request.backWithinMs;
    // Whoever has had the host meanwhile has put it right.
    await keep();
    if (this.#bootId !== undefined) await this.#raiseOwn(withinMs, watch);
    await untilRunning(access, { names: running, withinMs }, watch);
    return `${count(running.length, 'container')} ${running.length === 1 ? 'runs' : 'run'}`;
  }

  /** HAProxy has begun anew, as configured: nothing is to be sent to what has not proved itself. */
  async #raiseOwn(withinMs: number, watch: Watch): Promise<void> {
    const raised: Barrier[] = [];
    const patience = {
      ...{ everyMs: RAISE_EVERY_MS, withinMs, signal: watch.signal },
      onTrouble: (trouble: Failure, leftMs: number): void => {
        watch.waiting({ for: 'answer', why: trouble.message, leftMs });
      },
    };
    for (const access of this.#accessesOf(this.#plan.own)) {
      const raise = async (): Promise<void> => {
        const barrier = await Barrier.raise(access, watch);
        await barrier.close();
        raised.push(barrier);
      };
      await poll(raise, () => true, patience, watch.clock);
    }
    this.#barriers.push(...raised);
  }

  async #end(failure: Failure | undefined): Promise<HostOutcome> {
    const why = failure === undefined ? '' : reasonOf(failure);
    // Nobody knows whether the host can serve; or it is somebody else's.
    if (failure && (this.#isAway || failure.code === 'locked')) {
      return { end: 'outOfService', reason: why, counts: { outOfService: 1 } };
    }
    const { ok, reason } = await putBackInOrder(this.#held, this.#entries, this.#context);
    if (!ok) {
      const both = failure ? `${why}; and then: ${reason}` : reason;
      return { end: 'outOfService', reason: both, counts: { outOfService: 1 } };
    }
    if (!failure) return { end: 'updated', reason: '', counts: { updated: 1 } };
    const end = failure.code === 'interrupted' ? 'interrupted' : 'failed';
    return { end, reason: `${why}; it is in service again`, counts: { unchanged: 1 } };
  }

  async #untilQuiet(watch: Watch): Promise<void> {
    const { policy } = this.#request;
    await untilQuiet(this.#barriers, { policy, clock: new DrainClock(watch.clock, policy.timeoutMs) }, watch);
  }

  #accessesOf(states: readonly { readonly server: ServerAccess['server'] }[]): readonly ServerAccess[] {
    return states.map(({ server }) => this.#held.reach(server));
  }

  get #leaving(): Parameters<typeof takeHostOut>[0] {
    const { plan, request, held } = { plan: this.#plan, request: this.#request, held: this.#held };
    return { plan, request, held, turns: this.#turns, entries: this.#entries, barriers: this.#barriers };
  }

  #step(
    step: Parameters<typeof hostStep>[1]['step'],
    action: (watch: Watch) => Promise<string>,
    homeward = false,
  ): Promise<void> {
    return hostStep(this.#held, { step, homeward }, this.#context, action);
  }

  /** What is behind the barriers is down anyway: their trouble does not end the maintenance. */
  #guarding(): Watch & Pick<StepWatch, 'homeward'> {
    const { clock, report, stop } = this.#context;
    const subject = { host: this.#plan.host, name: THE_HOST };
    const watch = watchOf({ clock, report, subject, step: 'comeBack', signal: stop.homeward });
    return { ...watch, homeward: true };
  }
}
