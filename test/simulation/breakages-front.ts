/** Deliberate breakages of what is done at a tier of HAProxys in front of the hosts. */
import type { AdminState, Standing } from '../../src/rollout/model.ts';
import { balancers } from './breaking.ts';
import type { Breakage } from './playing.ts';
import { isWhole } from './world/fronts.ts';

/** By what it is that is broken. */
export const frontBreakages: Readonly<Record<string, Breakage>> = {
  'the tier in front only told of': balancers((balancer) => {
    const believed = new Map<string, { weight?: number; admin?: AdminState }>();
    const believe = (name: string, standing: Partial<Standing>): void => {
      believed.set(name, { ...believed.get(name), ...standing });
    };
    return {
      setWeight: async (server, weight) => {
        if (isWhole(server)) believe(server.name, { weight });
        else await balancer.setWeight(server, weight);
      },
      setAdmin: async (server, admin) => {
        if (isWhole(server)) believe(server.name, { admin });
        else await balancer.setAdmin(server, admin);
      },
      setReadyWhenProven: async (server) => {
        believed.delete(server.name);
        await balancer.setReadyWhenProven(server);
      },
      look: async (server) => {
        const look = await balancer.look(server);
        return isWhole(server) ? { ...look, current: 0, queued: 0, ...believed.get(server.name) } : look;
      },
    };
  }),
};
