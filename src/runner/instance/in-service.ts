/** Watching what is in service already. */
import { Failure } from '../../errors.ts';
import { whyFallen } from '../../rollout/monitor.ts';
import { isPassing } from '../waiting/poll.ts';
import { healthLines, Unfit } from './steps/check.ts';
import type { Work } from './work.ts';

/** How long HAProxy or the host may be out of reach meanwhile: that alone is no verdict on the container. */
export const UNREACHABLE_FOR_MS = 60_000;

/**
 * What cannot be looked at in passing is told only then: it must not hide what can be seen.
 *
 * @returns the first such trouble
 */
export async function lookAtAll(looks: readonly (() => Promise<void>)[]): Promise<Failure | undefined> {
  let trouble: Failure | undefined;
  for (const look of looks) {
    try {
      await look();
    } catch (error) {
      if (!(error instanceof Failure) || !isPassing(error)) throw error;
      trouble ??= error;
    }
  }
  return trouble;
}

export async function demandRunning({ instance, host, started }: Work): Promise<void> {
  const container = await host.containers.inspect(instance.container);
  const why = whyFallen(container, started?.at);
  if (why === undefined) return;
  const where = `${instance.container} on ${host.name}`;
  if (!container) throw new Unfit(`${where} ${why}`, []);
  const isUnhealthy = container.running && container.health === 'unhealthy';
  const details = isUnhealthy
    ? healthLines(container.healthOutput)
    : (await host.containers.logs(instance.container, 10)).map((line) => `log: ${line}`);
  throw new Unfit(`${where} ${why}`, details);
}
