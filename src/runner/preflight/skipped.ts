import { Failure, isOutOfReach } from '../../errors.ts';
import type { HostSummary, Report } from '../../rollout/events.ts';
import { serversBefore, type Play } from '../../rollout/play.ts';
import { isMoreThan } from '../../rollout/verdict.ts';
import { nothingElse } from '../hosts/findings.ts';

/** The hosts that a run leaves out, since they cannot be reached and all of their plays say `unreachable: skip`. */
export class Skipped {
  readonly #plays: readonly Play[];
  readonly #report: Report;
  /** As `host container`. */
  readonly #inWork: ReadonlySet<string>;
  /** Hosts whose HAProxys have servers for containers of others. */
  readonly #central: ReadonlySet<string>;
  readonly #reasons = new Map<string, string>();

  /** `inWork`: what the first part of the run has left out of service must be put right, and cannot be skipped. */
  constructor(plays: readonly Play[], report: Report, inWork: ReadonlySet<string> = new Set()) {
    this.#plays = plays;
    this.#report = report;
    this.#inWork = inWork;
    const hosts = plays.flatMap((play) => play.hosts);
    this.#central = new Set(
      hosts.flatMap((one) =>
        serversBefore(one)
          .map(({ balancer }) => balancer.host)
          .filter((name) => name !== one.host),
      ),
    );
  }

  /** Whether the run goes on without a host that failed so; it is said then, once. */
  readonly goWithout = (host: string, failure: Failure): boolean => {
    const own = this.#plays.filter(({ hosts }) => hosts.some((one) => one.host === host));
    if (own.length === 0 || this.#central.has(host)) return false;
    if (!isOutOfReach(failure) || own.some(({ policy }) => policy.unreachable === 'fail')) return false;
    if ([...this.#inWork].some((name) => name.startsWith(`${host} `))) return false;
    if (!this.#reasons.has(host)) this.#report({ type: 'host-skipped', host, reason: failure.message });
    this.#reasons.set(host, failure.message);
    return true;
  };

  get hosts(): readonly string[] {
    return [...this.#reasons.keys()];
  }

  /** What is left of these plays. */
  without(plays: readonly Play[]): readonly Play[] {
    return plays.map((play) => ({ ...play, hosts: play.hosts.filter(({ host }) => !this.#reasons.has(host)) }));
  }

  /** @throws Failure `unreachable` when nothing is left, or more is missing than the plays tolerate */
  refuseIfTooMany(hasEnded: boolean): void {
    const missing = this.hosts.length;
    const all = new Set(this.#plays.flatMap(({ hosts }) => hosts.map(({ host }) => host))).size;
    if (missing === 0) return;
    const tooMany = this.#plays.find(
      ({ policy }) => policy.countUnreachable && isMoreThan(policy.maxFailures, { failed: missing, hosts: all }),
    );
    if (missing < all && !tooMany) return;
    const why =
      missing === all
        ? 'no host can be reached'
        : `${missing} of ${all} hosts cannot be reached, which is more than max_failures allows`;
    throw new Failure('unreachable', `Cannot start: ${why}; ${nothingElse(hasEnded)} was touched`);
  }

  /** A row for each host that has none among `rows`. */
  summaries(rows: readonly HostSummary[]): HostSummary[] {
    return [...this.#reasons]
      .filter(([host]) => !rows.some((row) => row.host === host))
      .map(([host, reason]) => {
        const own = this.#plays.flatMap(({ hosts }) => hosts.filter((one) => one.host === host));
        const notReached = own.reduce((sum, { instances }) => sum + instances.length, 0);
        const counts = { updated: 0, left: 0, unchanged: 0, outOfService: 0, notReached };
        return { host, end: 'unreachable', ...counts, ms: 0, reason };
      });
  }
}
