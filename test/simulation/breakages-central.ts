/** Deliberate breakages of what is done where an HAProxy on a host of its own is out of reach. */
import type { AdminState, Server, Standing } from '../../src/rollout/model.ts';
import { changed } from '../support/changed.ts';
import { balancers, hosts, records } from './breaking.ts';
import type { Breakage } from './playing.ts';
import type { Controller } from './world/controller.ts';

/** By what it is that is broken. */
export const centralBreakages: Readonly<Record<string, Breakage>> = {
  'a serving container taken from an HAProxy out of reach': hosts((host, controller) => ({
    containers: changed(host.containers, {
      inspect: async (name) => {
        const one = await host.containers.inspect(name);
        return one && isWithdrawn(name, host.name, controller) ? { ...one, health: 'unhealthy' } : one;
      },
    }),
  })),
  'what answers again only told of': balancers((balancer, host, controller) => {
    const believed = new Map<string, { weight?: number; admin?: AdminState }>();
    const believe = ({ name }: Server, standing: Partial<Standing>): void => {
      believed.set(name, { ...believed.get(name), ...standing });
    };
    const isOnlyTold = (): boolean => isBack(host.name, controller);
    return {
      setWeight: async (server, weight) => {
        if (isOnlyTold()) believe(server, { weight });
        else await balancer.setWeight(server, weight);
      },
      setAdmin: async (server, admin) => {
        if (isOnlyTold()) believe(server, { admin });
        else await balancer.setAdmin(server, admin);
      },
      setReadyWhenProven: async (server) => {
        believe(server, { admin: 'ready' });
        await balancer.setReadyWhenProven(server);
      },
      look: async (server) => ({
        ...(await balancer.look(server)),
        ...(isOnlyTold() && { current: 0, queued: 0, ...believed.get(server.name) }),
      }),
    };
  }),
  'not known who may send requests to a serving container': records((record, { command }) => ({
    read: async () =>
      (await record.read()).map((entry) => (command === 'recover' ? { ...entry, letIn: undefined } : entry)),
  })),
};

/** Whether it is being taken out of service again, by what was told last of it. */
function isWithdrawn(name: string, host: string, { events }: Controller): boolean {
  const last = events.findLast(
    (event) =>
      'subject' in event &&
      event.subject.name === name &&
      event.subject.host === host &&
      event.type.startsWith('step-'),
  );
  return last?.type === 'step-started' && last.step === 'withdraw';
}

/** Whether it has told that this HAProxy, which it had left out, belongs to the run now. */
function isBack(host: string, { events }: Controller): boolean {
  return events.some(
    (event) => event.type === 'warning' && event.host === host && event.text.includes('is brought in line'),
  );
}
