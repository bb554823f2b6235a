import { uptime } from 'node:os';
import { Failure } from '../../errors.ts';
import type { FoundLock, HostLock, Lock, LockOwner, Taking } from '../../runner/ports/ports.ts';
import type { Link, RunResult } from '../link.ts';
import { HeldLock, type Pulse } from './held-lock.ts';
import { freeScript, holdScript, IN_THE_WAY, LOOK, takeScript } from './lock-scripts.ts';
import { whyFailed } from './state-dir.ts';

/**
 * The kernel's clock counts on while the machine sleeps, which `performance.now()` does not: after that, a lock must
 * be unsure.
 */
const PULSE: Pulse = { ttlMs: 45_000, everyMs: 5_000, nowMs: () => uptime() * 1000 };

/**
 * A host's lock over SSH. flock(1) makes it atomic, in a command that lives as long as it hears from us: the kernel
 * frees the lock when that command ends, however it ends.
 */
export class FlockLock implements HostLock {
  readonly #link: Link;
  readonly #pulse: Pulse;

  constructor(link: Link, pulse: Pulse = PULSE) {
    this.#link = link;
    this.#pulse = pulse;
  }

  async look(): Promise<FoundLock | undefined> {
    return foundIn(this.#lineOf(await this.#link.run(LOOK)));
  }

  async take(owner: LockOwner): Promise<Taking> {
    return this.#start(owner, false);
  }

  async retake(owner: LockOwner): Promise<Lock> {
    const taking = await this.#start(owner, true);
    if ('lock' in taking) return taking.lock;
    const other = taking.inTheWay.owner;
    const why = other ? `${other.by}, run ${other.run}, has it now` : 'it was broken, or somebody has had it meanwhile';
    throw new Failure('locked', `Cannot go on with ${this.#link.host}: the lock is not ours any more: ${why}`);
  }

  async hold(owner: LockOwner): Promise<FoundLock | undefined> {
    const result = await this.#link.run(holdScript(wordsOf(owner)));
    const line = this.#lineOf(result);
    return result.exitCode === IN_THE_WAY ? foundIn(line) : undefined;
  }

  async free({ owner }: FoundLock, force: boolean): Promise<FoundLock | undefined> {
    const result = await this.#link.run(freeScript(owner ? needleOf(owner) : '', force));
    const line = this.#lineOf(result);
    return result.exitCode === IN_THE_WAY ? foundIn(line) : undefined;
  }

  async #start(owner: LockOwner, again: boolean): Promise<Taking> {
    const began = this.#pulse.nowMs();
    const started = await this.#link.start(takeScript(wordsOf(owner), this.#pulse.ttlMs, again));
    if (!('end' in started)) {
      const inTheWay = foundIn(this.#lineOf(started));
      return { inTheWay: inTheWay ?? { state: 'dead', owner: undefined, ageMs: undefined } };
    }
    const found = foundIn(started.firstLine);
    const [word] = started.firstLine.split(' ');
    if (found && word !== 'dead') {
      // It ends with that: only its end has not been heard of yet.
      await started.end();
      return { inTheWay: found };
    }
    const dead = found;
    const release = async (): Promise<void> => {
      await this.free({ state: 'dead', owner, ageMs: undefined }, true);
    };
    return { lock: new HeldLock(started, { host: this.#link.host, dead, began, pulse: this.#pulse, release }) };
  }

  /** @throws Failure `error` when the script failed for another reason than somebody's lock */
  #lineOf(result: RunResult): string {
    const { exitCode, stdout } = result;
    if (exitCode === 0 || exitCode === IN_THE_WAY) return stdout.split('\n', 1)[0] ?? '';
    throw new Failure('error', `Cannot lock ${this.#link.host}: ${whyFailed(result)}`);
  }
}

/** One line, and the order of its first members counts: see {@link needleOf}. */
function wordsOf(owner: LockOwner): { readonly json: string; readonly needle: string } {
  const { kind, run, machine, pid, nonce, by, reason, since, ttlMs } = owner;
  const json = JSON.stringify({ schema: 1, kind, run, machine, pid, nonce, by, reason, since, ttlMs });
  return { json, needle: needleOf(owner) };
}

/**
 * What `lock.json` has in it when it is this process's; quotes in other members are escaped, so it is nowhere else. That of
 * an older build has no nonce: what comes next there is told apart from one that has.
 */
function needleOf({ run, machine, pid, nonce }: LockOwner): string {
  return `${JSON.stringify({ run, machine, pid, nonce }).slice(1, -1)},${nonce === undefined ? '"by":' : ''}`;
}

/** From `STATE AGE LOCK.JSON`. */
function foundIn(line: string): FoundLock | undefined {
  const [, word = '', age = '', json = ''] = /^(\S+) (\S+) ?(.*)$/.exec(line) ?? [];
  if (word === 'free' || word === 'locked' || word === '') return undefined;
  const owner = ownerIn(json);
  const state = word === 'live' || word === 'held' || word === 'dead' ? word : owner ? 'live' : 'dead';
  return { state, owner, ageMs: /^\d+$/.test(age) ? Number(age) * 1000 : undefined };
}

function ownerIn(json: string): LockOwner | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return isOwner(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isOwner(value: unknown): value is LockOwner {
  if (typeof value !== 'object' || value === null) return false;
  const has = (type: string) => (key: string) => typeof Reflect.get(value, key) === type;
  return (
    ['run', 'machine', 'by', 'reason', 'since'].every(has('string')) &&
    ['pid', 'ttlMs'].every(has('number')) &&
    ['string', 'undefined'].includes(typeof Reflect.get(value, 'nonce')) &&
    ['run', 'hold'].includes(String(Reflect.get(value, 'kind')))
  );
}
