import { Failure } from '../../errors.ts';
import { serverPath } from '../../rollout/model.ts';
import { poll } from '../poll.ts';
import type { ServerLook } from '../ports.ts';
import type { Found, StepAction, StepWatch, Work } from '../work.ts';
import { Unfit } from './check.ts';

const LOOK_EVERY_MS = 100;
/** HAProxy's own checks end the default soak; this bounds an `inter` of minutes. */
const FULL_HEALTH_WITHIN_MS = 60_000;

/**
 * Watches the new container in service: it must stay UP and must not restart, for as long as the playbook says or
 * until HAProxy's health counter is full. Stopping the run ends the watch early; the server is in service already.
 */
export const soak: StepAction = async (work, watch) => {
  const started = watch.clock.now();
  for (const found of work.found.filter(({ admin }) => admin === 'ready')) await watchOver(found, work, watch);
  return `stayed UP for ${((watch.clock.now() - started) / 1000).toFixed(1)} s`;
};

async function watchOver({ access }: Found, work: Work, watch: StepWatch): Promise<void> {
  const { soakMs } = work.instance;
  const { clock, signal } = watch;
  const until = clock.now() + (soakMs ?? FULL_HEALTH_WITHIN_MS);
  const isOver = (look: ServerLook): boolean =>
    signal.aborted || (soakMs === undefined && look.isFullyUp) || clock.now() >= until;
  const patience = {
    everyMs: LOOK_EVERY_MS,
    withinMs: (soakMs ?? FULL_HEALTH_WITHIN_MS) + 2 * LOOK_EVERY_MS,
    // An abort ends the watch by `isOver`, as a success.
    signal: new AbortController().signal,
  };
  await poll(
    async () => {
      const look = await access.balancer.look(access.server);
      await demand(look, { access, work });
      return look;
    },
    isOver,
    patience,
    clock,
  );
}

async function demand(
  look: ServerLook,
  { access, work }: { readonly access: Found['access']; readonly work: Work },
): Promise<void> {
  const { instance, host } = work;
  if (!look.isUp) {
    const why = `${look.status}, last check ${look.lastCheck}`;
    throw new Failure('haproxy', `${serverPath(access.server)} on ${host.name} did not stay UP: ${why}`);
  }
  const container = await host.containers.inspect(instance.container);
  if (!container?.running || container.restartCount > 0 || container.startedAt !== work.startedAt) {
    const logs = await host.containers.logs(instance.container, 10);
    throw new Unfit(
      `${instance.container} on ${host.name} did not stay up: it ${container?.status ?? 'is gone'}`,
      logs,
    );
  }
  if (container.health === 'unhealthy') {
    throw new Unfit(`${instance.container} on ${host.name} turned unhealthy`, container.healthOutput.split('\n'));
  }
}
