/** Times of an instance that do not go together, as far as they are declared. */
import type { Healthcheck } from './container-spec.ts';
import { durationText } from './durations.ts';
import type { Instance } from './model.ts';

/** Docker's own, where nothing is said. */
const DOCKER = { intervalMs: 30_000, retries: 3, startIntervalMs: 5_000 } as const;

type Timed = Pick<Instance, 'ready' | 'drain' | 'monitor' | 'spec'>;

/** What can never work, by the key that it is about. */
export function impossibleTimes({ ready, monitor, spec }: Timed): { readonly key: string; readonly why: string }[] {
  const found: { readonly key: string; readonly why: string }[] = [];
  const first = firstCheckMs(spec.healthcheck);
  if (first !== undefined && ready.withinMs < first) {
    const why = `${durationText(ready.withinMs)} is over before its healthcheck is made for the first time, after ${durationText(first)}`;
    found.push({ key: 'ready.within', why });
  }
  if (monitor && monitor.everyMs > monitor.forMs) {
    const why = `${durationText(monitor.everyMs)} is longer than it is watched, ${durationText(monitor.forMs)}`;
    found.push({ key: 'monitor.every', why });
  }
  return found;
}

/** What works, but probably not as it is meant: sentences without a subject. */
export function doubtfulTimes({ ready, drain, monitor, spec }: Timed): string[] {
  const found: string[] = [];
  const { healthcheck, stopGraceMs } = spec;
  const unhealthy = unhealthyAfterMs(healthcheck);
  if (unhealthy !== undefined && healthcheck) {
    const start = healthcheck.startPeriodMs ?? 0;
    const whole = start + unhealthy;
    if (ready.withinMs < whole) {
      const parts = `start_period ${durationText(start)} and interval × retries ${durationText(unhealthy)}`;
      found.push(
        `is given up after ready.within ${durationText(ready.withinMs)}, and its healthcheck allows it ${durationText(whole)} to start (${parts})`,
      );
    }
    if (monitor && monitor.forMs < unhealthy) {
      found.push(
        `is watched for ${durationText(monitor.forMs)}, and its healthcheck takes ${durationText(unhealthy)} to call it unhealthy (interval × retries)`,
      );
    }
  }
  if (stopGraceMs !== undefined && stopGraceMs > drain.timeoutMs) {
    found.push(
      `has stop_grace_period ${durationText(stopGraceMs)} to finish what it has in hand, and drain.timeout gives requests only ${durationText(drain.timeoutMs)}`,
    );
  }
  return found;
}

/**
 * The same once it is known what the container gets from elsewhere of its healthcheck, from its image for one; nothing
 * that `doubtfulTimes` says of what is declared alone.
 */
export function doubtfulTimesWith(inherited: Healthcheck | undefined, instance: Timed): string[] {
  const { healthcheck: own } = instance.spec;
  if (!inherited || own?.intervalMs !== undefined || (own && isOff(own))) return [];
  const declared = Object.fromEntries(Object.entries(own ?? {}).filter(([, value]) => value !== undefined));
  const healthcheck = { intervalMs: DOCKER.intervalMs, ...inherited, ...declared };
  return doubtfulTimes({ ...instance, spec: { ...instance.spec, healthcheck, stopGraceMs: undefined } });
}

/** How long an application that has stopped working stays healthy; undefined where that is not declared. */
function unhealthyAfterMs(healthcheck: Healthcheck | undefined): number | undefined {
  if (!healthcheck || isOff(healthcheck) || healthcheck.intervalMs === undefined) return undefined;
  return healthcheck.intervalMs * (healthcheck.retries ?? DOCKER.retries);
}

/** Engines from 25 on check more often during the start period. */
function firstCheckMs(healthcheck: Healthcheck | undefined): number | undefined {
  if (!healthcheck || isOff(healthcheck) || healthcheck.intervalMs === undefined) return undefined;
  const { intervalMs, startPeriodMs = 0, startIntervalMs = DOCKER.startIntervalMs } = healthcheck;
  return startPeriodMs > 0 ? Math.min(intervalMs, startIntervalMs) : intervalMs;
}

function isOff({ test }: Healthcheck): boolean {
  return test?.[0] === 'NONE' || test?.length === 0;
}
