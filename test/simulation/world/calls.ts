import { Failure } from '../../../src/errors.ts';
import type { CallFault } from '../faults.ts';
import type { Random } from '../random.ts';
import { attempt, codeOf, lostOf, patienceWith, refusalOf, type Command as Asked, type Sent } from './command.ts';
import { never, type Controller } from './controller.ts';
import type { SimHost } from './host.ts';
import type { World } from './world.ts';

/** How much later a service that hung may get to what was given up on. */
const AMONG_OTHERS_MS = 300;

/** What one controller asks of hosts, on its way there and back. */
export class Calls {
  readonly #by: Controller;
  readonly #world: World;
  readonly #faults: readonly CallFault[];
  readonly #random: Random;
  #sent = 0;
  #changes = 0;

  constructor(by: Controller, { faults, random }: { readonly faults: readonly CallFault[]; readonly random: Random }) {
    this.#by = by;
    this.#world = by.world;
    this.#faults = faults;
    this.#random = random;
  }

  send<T>(host: SimHost, command: Asked<T>): Promise<T> {
    const fault = this.#faultNow(command);
    if (fault?.how === 'killBefore') {
      this.#by.kill(`before "${command.name}" on ${host.name}`);
      return never();
    }
    const sentMs = this.#world.timeline.nowMs;
    return new Promise<T>((resolve, reject) => {
      this.#world.timeline.after(this.#random.between(1, 3), () => {
        if (!this.#by.isAlive && this.#random.chance(0.5)) return;
        this.#arrive(host, command, { fault, sentMs, resolve, reject });
      });
    });
  }

  #arrive<T>(host: SimHost, command: Asked<T>, sent: Sent<T>): void {
    const { fault } = sent;
    const isOut = host.isUnreachable || host.isOff;
    if (isOut || fault?.how === 'lostBefore') {
      this.#breaks(host, sent, isOut ? 400 : 0);
      return;
    }
    if (fault?.how === 'lostLate') {
      this.#breaks(host, sent, 0);
      // HAProxy does what it is told at once, or never; an Engine or a shell may be at it still.
      this.#world.timeline.after(command.service === 'haproxy' ? 0 : fault.ms, () => {
        const { lock } = host;
        attempt(() => this.#act(host, command, sent.sentMs));
        // A lock that is taken for a connection that is gone: its holder finds nobody to listen to, and ends.
        if (host.lock !== lock) this.#by.freeLock(host, this.#random.between(0, 300));
      });
      return;
    }
    const refusal = refusalOf(command, host, fault);
    if (refusal) this.#fails(sent, refusal, 0);
    else if (host.hanging.has(command.service)) this.#waitsFor(host, command, sent);
    else this.#takesEffect(host, command, sent);
  }

  /** A service that hangs is given up on in time; what it was asked may take effect all the same. */
  #waitsFor<T>(host: SimHost, command: Asked<T>, sent: Sent<T>): void {
    let isGivenUp = false;
    const giveUp = (error: Failure): void => {
      if (!isGivenUp) this.#fails(sent, error, 0);
      isGivenUp = true;
    };
    this.#by.dealing(host).waiting.add(giveUp);
    const withinMs = patienceWith(command);
    const what = `"${command.name}" on ${host.name}`;
    const late = this.#world.timeline.after(withinMs, () => {
      giveUp(new Failure('late', `Cannot ${what}: it takes longer than ${withinMs / 1000} s`));
    });
    const over = (): void => {
      this.#by.dealing(host).waiting.delete(giveUp);
      this.#world.timeline.cancel(late);
      this.#by.disturb(0);
    };
    host.hanging.hold(command.service, {
      taken: () => {
        over();
        if (!isGivenUp) this.#takesEffect(host, command, sent);
        else if (this.#random.chance(0.5)) {
          // It is taken up beside what was asked later.
          this.#world.timeline.after(this.#random.below(AMONG_OTHERS_MS), () => {
            attempt(() => this.#act(host, command, sent.sentMs));
          });
        }
      },
      lost: () => {
        over();
        giveUp(new Failure('unreachable', `Cannot ${what}: it has hung up`));
      },
    });
  }

  #takesEffect<T>(host: SimHost, command: Asked<T>, sent: Sent<T>): void {
    const { fault, resolve, reject } = sent;
    const outcome = attempt(() => this.#act(host, command, sent.sentMs));
    if (fault?.how === 'killAfter') {
      this.#by.kill(`after "${command.name}" on ${host.name}, before its answer`);
    } else if (fault?.how === 'lostAfter') {
      this.#breaks(host, sent, 0);
    } else if (fault?.how === 'garbled') {
      const text = `Cannot "${command.name}" on ${host.name}: the answer is not understood`;
      this.#fails(sent, new Failure(codeOf(command), text), 0);
    } else {
      const afterMs = (command.takesMs ?? 0) + (fault?.how === 'delayed' ? fault.ms : 0);
      if (fault) this.#by.disturb(afterMs);
      this.#by.later(afterMs, () => ('error' in outcome ? reject(outcome.error) : resolve(outcome.value)));
    }
  }

  #breaks<T>(host: SimHost, sent: Sent<T>, afterMs: number): void {
    this.#by.cut(host);
    this.#fails(sent, lostOf(host), afterMs);
  }

  #fails<T>({ reject }: Sent<T>, error: Failure, afterMs: number): void {
    this.#by.disturb(afterMs);
    this.#by.later(afterMs, () => reject(error));
  }

  #act<T>(host: SimHost, { name, change, run }: Asked<T>, sentMs: number): T {
    if (!change) return run();
    this.#world.tell(() => `${this.#by.name} → ${host.name}: ${name}`);
    return this.#world.watchman.act(this.#by, host, { change, run, sentMs });
  }

  #faultNow(command: Asked<unknown>): CallFault | undefined {
    const call = this.#sent++;
    const change = command.change ? this.#changes++ : -1;
    if (this.#faults.length === 0) return undefined;
    const fault = this.#faults.find(({ on, nth }) => nth === (on === 'call' ? call : change));
    if (fault) this.#world.tell(() => `-- fault: ${fault.how} at "${command.name}" of ${this.#by.name}`);
    return fault;
  }
}
