import { Failure } from '../../../errors.ts';
import type { Container } from '../../../rollout/observed.ts';
import { behind } from '../barrier.ts';
import { poll } from '../../waiting/poll.ts';
import { probeOnce } from '../readiness.ts';
import type { ProbeResult } from '../../ports/ports.ts';
import { floorTeller } from '../floor.ts';
import { floorUnder } from '../take-out.ts';
import { wasServing, type StepAction, type StepWatch, type Work } from '../work.ts';

const LOG_LINES = 10;

/** A container that did not prove itself, with what it said last. */
export class Unfit extends Failure {
  readonly details: readonly string[];

  constructor(message: string, details: readonly string[]) {
    super('docker', message);
    this.details = details;
  }
}

interface Sight {
  readonly container: Container | undefined;
  readonly probe: ProbeResult;
}

/**
 * Waits until the container has proved itself by its healthcheck and its `ready` probe, whichever there are. Fails
 * at once when it exits, restarts or turns unhealthy.
 *
 * On the way home it is the old container that is checked, which need not be better than it was found. Should that be
 * unhealthy, it may get well again, and there is nothing else to go back to: it has all of its time.
 */
export const check: StepAction = async (work, watch) => {
  const { leaving } = work;
  // The old one proves itself in the slot that it is in.
  if (watch.homeward && leaving) {
    const { container: was, wasReady, barriers: kept } = work;
    return check({ ...leaving, container: was, wasReady, barriers: kept, started: work.started }, watch);
  }
  const { instance, container: old } = work;
  if (!watch.homeward && instance.revert?.toNothing) return 'nothing is to run here';
  if (watch.homeward && !old) return 'there was no container before';
  if (watch.homeward && old?.running === false) return 'it did not run before';
  if (watch.homeward && !wasServing(work)) return 'it was not in service before';
  const isDemanding = !watch.homeward || work.wasReady;
  const { done, last } = await behind(
    () => work.barriers,
    watch,
    async (signal) => {
      const seen = await poll(
        () => lookAt(work, isDemanding),
        (sight) => isFit(sight, work, watch.homeward),
        { ...instance.ready, signal, ...tellers(watch) },
        watch.clock,
      );
      if (seen.done && !watch.homeward) await tryOut(work, signal);
      return seen;
    },
    floorTeller(floorUnder(work), watch),
  );
  if (done) return last.container?.health === 'healthy' ? 'healthy' : 'ready';
  throw await unfit(work, last, `is not ready after ${instance.ready.withinMs / 1000} s: ${whyNot(last)}`);
};

/** Not twice, should the step be taken once more: what hooks do is not undone in between. */
async function tryOut(work: Work, signal: AbortSignal): Promise<void> {
  const { beforeTraffic } = work;
  await beforeTraffic?.(work, signal);
  work.beforeTraffic = undefined;
}

function tellers(watch: StepWatch): Pick<Parameters<typeof poll<Sight>>[2], 'onWaiting' | 'onTrouble'> {
  return {
    onWaiting: (sight, leftMs) => {
      watch.waiting({ for: 'ready', health: sight.container?.health ?? 'none', why: whyNot(sight), leftMs });
    },
    onTrouble: (trouble, leftMs) => {
      watch.waiting({ for: 'answer', why: trouble.message, leftMs });
    },
  };
}

/** `isDemanding` is false for an old container that did not pass before: then it is enough that it runs. */
async function lookAt({ instance, host }: Work, isDemanding: boolean): Promise<Sight> {
  const container = await host.containers.inspect(instance.container);
  if (!container?.running) return { container, probe: { ok: false, why: 'it does not run' } };
  if (!isDemanding) return { container: { ...container, health: 'none' }, probe: { ok: true } };
  return { container, probe: await probeOnce(instance, host) };
}

/** @throws Unfit as soon as nothing can come of it any more */
async function isFit(sight: Sight, work: Work, isOld: boolean): Promise<boolean> {
  const { container } = sight;
  if (!container) throw await unfit(work, sight, 'is gone');
  // A new container has no right to a single restart; an old one may have had some before our time.
  work.started ??= { at: container.startedAt, restarts: isOld ? container.restartCount : 0 };
  const hasRestarted = container.restartCount > work.started.restarts || container.startedAt !== work.started.at;
  if (!container.running || hasRestarted) {
    const how =
      hasRestarted || container.status === 'restarting' ? 'exited and was restarted' : `is ${container.status}`;
    // Of one that runs again, the Engine tells no exit status any more.
    const status = container.running ? '' : `, exit status ${container.exitCode}`;
    throw await unfit(work, sight, `${how}${status}`);
  }
  const { health } = container;
  if (health === 'unhealthy' && !isOld) {
    throw await unfit(work, sight, ['is unhealthy', ...whyNoAnswer(sight)].join(': '));
  }
  return health !== 'starting' && health !== 'unhealthy' && sight.probe.ok;
}

function whyNot(sight: Sight): string {
  const { health } = sight.container ?? {};
  const unproven = health === 'starting' || health === 'unhealthy';
  const word = health === 'starting' ? 'its healthcheck has not passed yet' : 'it is unhealthy';
  return [...(unproven ? [word] : []), ...whyNoAnswer(sight)].join('; ');
}

function whyNoAnswer({ probe }: Sight): readonly string[] {
  return probe.ok ? [] : [probe.why];
}

/** What its healthcheck has said, line by line; it may say nothing. */
export function healthLines(output: string): readonly string[] {
  return output === '' ? [] : output.split('\n').map((line) => `healthcheck: ${line}`);
}

/** What the container said last is half of the diagnosis; that it cannot be had must not hide the other half. */
async function unfit({ instance, host }: Work, { container }: Sight, what: string): Promise<Unfit> {
  const [logs] = await Promise.allSettled([host.containers.logs(instance.container, LOG_LINES)]);
  const said = logs.status === 'fulfilled' ? logs.value.map((line) => `log: ${line}`) : [];
  const output = healthLines(container?.healthOutput ?? '');
  const image = container?.image.reference ?? instance.spec.image;
  return new Unfit(`${instance.container} on ${host.name} (${image}) ${what}`, [...output, ...said]);
}
