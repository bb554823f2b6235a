import { Failure } from '../../errors.ts';
import { serverPath } from '../../rollout/model.ts';
import { poll } from '../poll.ts';
import type { ServerLook } from '../ports.ts';
import type { ServerAccess } from '../traffic.ts';
import type { StepAction, Work } from '../work.ts';
import { Unfit } from './check.ts';

const LOOK_EVERY_MS = 100;
/** How long HAProxy or the host may be out of reach during a soak: that alone is no verdict on the container. */
const UNREACHABLE_FOR_MS = 60_000;
/** Bounds of the default: half the time that HAProxy took to see the server UP, so `rise` / 2 checks. */
const DEFAULT_AT_LEAST_MS = 500;
const DEFAULT_AT_MOST_MS = 10_000;

/** Never aborts: stopping the run ends a soak early and well, since the server is in service already. */
const never = new AbortController().signal;

/** Watches the new container in service: it must stay UP and must not restart. */
export const soak: StepAction = async (work, { clock, signal }) => {
  const { soakMs = Math.min(Math.max(work.upAfterMs / 2, DEFAULT_AT_LEAST_MS), DEFAULT_AT_MOST_MS) } = work.instance;
  const started = clock.now();
  const serving = work.found.filter(({ admin }) => admin === 'ready');
  await poll(
    async () => {
      for (const { access } of serving) demandUp(await access.balancer.look(access.server), access);
      await demandRunning(work);
    },
    () => signal.aborted || clock.now() - started >= soakMs,
    { everyMs: LOOK_EVERY_MS, withinMs: soakMs + UNREACHABLE_FOR_MS, signal: never },
    clock,
  );
  return 'stayed UP';
};

function demandUp({ isUp, status, lastCheck }: ServerLook, { server, host }: ServerAccess): void {
  if (isUp) return;
  throw new Failure(
    'haproxy',
    `${serverPath(server)} on ${host.name} did not stay UP: ${status}, last check ${lastCheck}`,
  );
}

async function demandRunning({ instance, host, started }: Work): Promise<void> {
  const container = await host.containers.inspect(instance.container);
  const where = `${instance.container} on ${host.name}`;
  if (!container?.running || container.startedAt !== started?.at) {
    const logs = await host.containers.logs(instance.container, 10);
    throw new Unfit(
      `${where} did not stay up: ${container?.status ?? 'it is gone'}`,
      logs.map((line) => `log: ${line}`),
    );
  }
  if (container.health === 'unhealthy') {
    const output = container.healthOutput.split('\n').map((line) => `healthcheck: ${line}`);
    throw new Unfit(`${where} turned unhealthy`, output);
  }
}
