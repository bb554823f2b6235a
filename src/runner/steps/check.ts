import { Failure } from '../../errors.ts';
import type { Probe, ReadyCheck } from '../../rollout/model.ts';
import type { Container } from '../../rollout/observed.ts';
import { poll } from '../poll.ts';
import type { HostAccess, ProbeResult } from '../ports.ts';
import { wasServing, type StepAction, type StepWatch, type Work } from '../work.ts';

const PROBE_WITHIN_MS = 5_000;
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
 * On the way home it is the old container that is checked, which need not be better than it was found.
 */
export const check: StepAction = async (work, watch) => {
  const { instance, container: old } = work;
  if (watch.homeward && !old) return 'there was no container before';
  if (watch.homeward && !wasServing(work)) return 'it was not in service before';
  const { done, last } = await poll(
    () => lookAt(work),
    (sight) => isFit(sight, work),
    { ...instance.ready, signal: watch.signal, ...tellers(instance.ready, watch) },
    watch.clock,
  );
  if (done) return last.container?.health === 'healthy' ? 'healthy' : 'ready';
  throw await unfit(work, last, `is not ready after ${instance.ready.withinMs / 1000} s: ${whyNot(last)}`);
};

function tellers(
  { withinMs }: ReadyCheck,
  watch: StepWatch,
): Pick<Parameters<typeof poll<Sight>>[2], 'onWaiting' | 'onTrouble'> {
  return {
    onWaiting: (sight, leftMs) => {
      const health = sight.container?.health ?? 'none';
      watch.waiting({ for: 'ready', health, why: whyNot(sight), leftMs: Math.min(leftMs, withinMs) });
    },
    onTrouble: (trouble, leftMs) => {
      watch.waiting({ for: 'answer', why: trouble.message, leftMs });
    },
  };
}

async function lookAt({ instance, host }: Work): Promise<Sight> {
  const { probe } = instance.ready;
  const container = await host.containers.inspect(instance.container);
  if (!container?.running) return { container, probe: { ok: false, why: 'it does not run' } };
  return { container, probe: probe ? await once(probe, { host, container: container.name }) : { ok: true } };
}

async function once(
  probe: Probe,
  { host, container }: { readonly host: HostAccess; readonly container: string },
): Promise<ProbeResult> {
  if (probe.kind !== 'command') return host.probe(probe, PROBE_WITHIN_MS);
  const { exitCode, output } = await host.containers.exec(container, probe.command, PROBE_WITHIN_MS);
  return exitCode === 0 ? { ok: true } : { ok: false, why: `the command exits with ${exitCode}: ${output.trim()}` };
}

/** @throws Unfit as soon as nothing can come of it any more */
async function isFit(sight: Sight, work: Work): Promise<boolean> {
  const { container } = sight;
  if (!container) throw await unfit(work, sight, 'is gone');
  work.startedAt ??= container.startedAt;
  const restarted = container.restartCount > 0 || container.startedAt !== work.startedAt;
  if (!container.running || restarted) {
    const how = restarted || container.status === 'restarting' ? 'exited and was restarted' : `is ${container.status}`;
    throw await unfit(work, sight, `${how}, exit status ${container.exitCode}`);
  }
  if (container.health === 'unhealthy') {
    throw await unfit(work, sight, ['is unhealthy', whyNot(sight)].filter((part) => part !== '').join(': '));
  }
  return container.health !== 'starting' && sight.probe.ok;
}

function whyNot({ container, probe }: Sight): string {
  const health = container?.health === 'starting' ? ['its healthcheck has not passed yet'] : [];
  return [...health, ...(probe.ok ? [] : [probe.why])].join('; ');
}

/** What the container said last is half of the diagnosis; that it cannot be had must not hide the other half. */
async function unfit({ instance, host }: Work, { container }: Sight, what: string): Promise<Unfit> {
  const [logs] = await Promise.allSettled([host.containers.logs(instance.container, LOG_LINES)]);
  const said = logs.status === 'fulfilled' ? logs.value.map((line) => `log: ${line}`) : [];
  const health = container?.healthOutput ?? '';
  const output = health === '' ? [] : health.split('\n').map((line) => `healthcheck: ${line}`);
  return new Unfit(`${instance.container} on ${host.name} (${instance.spec.image}) ${what}`, [...output, ...said]);
}
