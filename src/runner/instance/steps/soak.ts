import { serverKey, serverPath } from '../../../rollout/model.ts';
import { whyNotUp } from '../../../rollout/monitor.ts';
import { countersFor, type Monitor } from '../monitor.ts';
import { demandRunning, lookAtAll, UNREACHABLE_FOR_MS } from '../in-service.ts';
import { poll } from '../../waiting/poll.ts';
import type { ServerLook } from '../../ports/ports.ts';
import { ServesBadly } from '../serves-badly.ts';
import { inTheEnd, type Found, type StepAction, type StepWatch, type Work } from '../work.ts';

const LOOK_EVERY_MS = 100;
/** Bounds of the default: half the time that HAProxy took to see the server UP, so `rise` / 2 checks. */
const DEFAULT_AT_LEAST_MS = 500;
const DEFAULT_AT_MOST_MS = 10_000;

/** Never aborts: stopping the run ends a soak early and well, since the server is in service already. */
const never = new AbortController().signal;

/** Watches the new container in service: it must stay UP and must not restart. */
export const soak: StepAction = async (work, watch) => {
  const { clock, signal } = watch;
  if (work.instance.revert?.toNothing) return 'nothing is to run here';
  const { soakMs = Math.min(Math.max(work.upAfterMs / 2, DEFAULT_AT_LEAST_MS), DEFAULT_AT_MOST_MS) } = work.instance;
  const started = clock.now();
  work.monitor?.begin(started);
  await poll(
    inServiceLook(work, watch),
    () => signal.aborted || clock.now() - started >= soakMs,
    {
      ...{ everyMs: LOOK_EVERY_MS, withinMs: soakMs + UNREACHABLE_FOR_MS, signal: never },
      onTrouble: (trouble, leftMs) => {
        watch.waiting({ for: 'answer', why: trouble.message, leftMs });
      },
    },
    clock,
  );
  return 'stayed UP';
};

/** To be called again and again: throws once the new container does not serve as it should. */
export function inServiceLook(work: Work, watch: StepWatch): () => Promise<void> {
  if (work.instance.revert?.toNothing) return async () => undefined;
  const serving = work.found
    .map(inTheEnd)
    .filter(({ admin }) => admin === 'ready')
    .map((found) => sightOf(found, work, watch));
  return async () => {
    const trouble = await lookAtAll(serving);
    await demandRunning(work);
    if (trouble) throw trouble;
    await demandFewErrors(work, watch.clock.now());
  };
}

/**
 * In service again, the server is anybody's to change: that is told, and left alone. One that was taken out so cannot
 * be judged by being UP.
 */
function sightOf({ access, weight }: Found, { unproven }: Work, watch: StepWatch): () => Promise<void> {
  const { balancer, server } = access;
  let known: Pick<ServerLook, 'weight' | 'admin'> & { readonly pid?: number } = { weight, admin: 'ready' };
  return async () => {
    const look = await balancer.look(server);
    const isReloaded = known.pid !== undefined && known.pid !== look.pid;
    if (!isReloaded && (look.weight !== known.weight || look.admin !== known.admin)) {
      const { weight: now, admin } = look;
      watch.remark({ about: 'changed-by-another', server, weight: now, admin, then: 'left alone' });
    }
    known = look;
    const why = whyNotUp(look);
    if (why === undefined) unproven?.delete(serverKey(server));
    if (why !== undefined && unproven?.has(serverKey(server)) !== true)
      throw new ServesBadly(`${serverPath(server)} on ${server.balancer.host} ${why}`);
  };
}

/** The monitor begins here, where the old container is still at hand. */
async function demandFewErrors(work: Work, nowMs: number): Promise<void> {
  const { monitor, instance, host } = work;
  if (!monitor) return;
  // Its answer is heard by a later look: nobody waits for it here.
  monitor.metric?.askWhenDue();
  const why = (await whyCountersBad(monitor, nowMs)) ?? monitor.metric?.whyWrong();
  if (why !== undefined) throw new ServesBadly(`${instance.container} on ${host.name} does not serve well: ${why}`);
}

async function whyCountersBad(monitor: Monitor, nowMs: number): Promise<string | undefined> {
  if (nowMs < monitor.countersAtMs) return undefined;
  const why = monitor.see(await countersFor([monitor]));
  monitor.looked(nowMs);
  return why;
}
