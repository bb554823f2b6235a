import { setTimeout as sleep } from 'node:timers/promises';
import { holding } from '../lab/flock.ts';
import { hosts } from '../lab/lab.ts';
import { startLoad } from '../lab/load/load.ts';
import type { LoadReport } from '../lab/load/report.ts';
import type { Contender, Ran } from './contenders.ts';
import { newVersion } from './contenders.ts';
import { demandUpdated, lookAtFleet, settledFleet, withNewFleet } from './fleet.ts';
import type { BenchOptions } from './options.ts';

/** One rollout of one contender under load. */
export interface Turn extends Ran {
  readonly contender: Contender['name'];
  readonly round: number;
  readonly load: Pick<LoadReport, 'requests' | 'failed' | 'seconds' | 'latencyMs' | 'byStatus' | 'byError'>;
  /** Servers that have the weight they had before. */
  readonly weightsKept: number;
  readonly servers: number;
}

/** How long the load runs before the rollout begins and after all serve again. */
const leadMs = 1_500;

/** A new fleet, the load, the rollout, and a look at what came of it. */
export async function takeTurn(contender: Contender, round: number, options: BenchOptions): Promise<Turn> {
  const { appDelayMs, lock } = options;
  const turn = async (): Promise<Turn> =>
    await withNewFleet(appDelayMs, async () => {
      await contender.prepare();
      const before = await lookAtFleet();
      const { ran, load } = await underLoad(options, async () => {
        const done = await contender.run(appDelayMs);
        await settledFleet();
        return done;
      });
      const after = await lookAtFleet();
      await demandUpdated(after, newVersion, appDelayMs);
      const weightOf = new Map(before.map(({ name, weight }) => [name, weight]));
      const weightsKept = after.filter(({ name, weight }) => weightOf.get(name) === weight).length;
      return { contender: contender.name, round, ...ran, load, weightsKept, servers: after.length };
    });
  return await (lock === undefined ? turn() : holding(lock, turn));
}

async function underLoad(
  { rate }: BenchOptions,
  work: () => Promise<Ran>,
): Promise<{ readonly ran: Ran; readonly load: LoadReport }> {
  // How the end of a WebSocket is dealt with is policy, not speed.
  const load = startLoad({ targets: hosts(), requestsPerSecond: rate, webSockets: 0 });
  try {
    await sleep(leadMs);
    const ran = await work();
    await sleep(leadMs);
    return { ran, load: await load.stop() };
  } finally {
    await load.stop();
  }
}
