import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Server } from '../../../src/rollout/model.ts';
import type { LoadBalancer, OldWorker, ServerCounters } from '../../../src/runner/ports/ports.ts';

/** A balancer with three servers at the weights 10, 20 and 30, all UP. */
export interface Arrangement {
  readonly balancer: LoadBalancer;
  readonly servers: readonly [Server, Server, Server];
  /** Opens a request that lasts until `finish`, and tells which server took it; undefined when none would. */
  openRequest(): Promise<{ readonly server: string | undefined; finish(): Promise<void> }>;
  /** A new worker; the old one keeps what it has. */
  reload(): Promise<void>;
  /** Until HAProxy's own checks have had time for `rise` and more. */
  untilChecked(isDone: () => Promise<boolean>): Promise<void>;
  end(): Promise<void>;
}

/** What every LoadBalancer must do. Run against the fake in the unit tests and against HAProxy in the fleet tests. */
export function behavesLikeALoadBalancer(name: string, arrange: () => Promise<Arrangement>): void {
  describe(`${name} behaves like a load balancer`, () => {
    let at: Arrangement;
    beforeAll(async () => {
      at = await arrange();
    });
    afterAll(async () => {
      await at.end();
    });

    const stateOf = async (server: Server): Promise<{ weight: number; admin: string; isUp: boolean } | undefined> => {
      const [backend] = await at.balancer.backends(server.backend);
      const state = backend?.servers.find((one) => one.server.name === server.name);
      return state && { weight: state.weight, admin: state.admin, isUp: state.isUp };
    };

    it('knows its backend, and answers with nothing for one it does not have', async () => {
      const [backend] = await at.balancer.backends('pxapp_cluster');
      expect(backend?.servers.map(({ server, weight }) => `${server.name} ${weight}`)).toEqual([
        'pxApp_1 10',
        'pxApp_2 20',
        'pxApp_3 30',
      ]);
      expect(await at.balancer.backends('nosuch')).toEqual([]);
    });

    it('takes any weight, and tells so without adding a server', async () => {
      expect(await at.balancer.takesWeights('pxapp_cluster')).toBe('any');
      const [backend] = await at.balancer.backends('pxapp_cluster');
      expect(backend?.servers).toHaveLength(3);
    });

    it('refuses to speak of a server it does not have', async () => {
      const stranger = { ...at.servers[0], name: 'pxApp_9' };
      await expect(at.balancer.look(stranger)).rejects.toMatchObject({ code: 'haproxy' });
      await expect(at.balancer.setWeight(stranger, 0)).rejects.toMatchObject({ code: 'haproxy' });
    });

    it('sends no request to a server at weight 0, and leaves it the one it has', async () => {
      const request = await at.openRequest();
      const taken = at.servers.find(({ name: one }) => one === request.server);
      if (!taken) throw new Error('a request went to no server');
      const { weight } = (await stateOf(taken)) ?? { weight: -1 };

      await at.balancer.setWeight(taken, 0);

      expect(await at.balancer.look(taken)).toMatchObject({ current: 1, weight: 0, isUp: true });
      const others = await Promise.all([1, 2, 3, 4, 5, 6].map(() => at.openRequest()));
      expect(others.map(({ server }) => server)).not.toContain(taken.name);
      await Promise.all([request, ...others].map((one) => one.finish()));
      await at.untilChecked(async () => (await at.balancer.look(taken)).current === 0);
      await at.balancer.setWeight(taken, weight);
      expect(await stateOf(taken)).toEqual({ weight, admin: 'ready', isUp: true });
    });

    it('keeps weight and state apart', async () => {
      const [, second] = at.servers;
      await at.balancer.setWeight(second, 0);
      await at.balancer.setAdmin(second, 'maint');
      expect(await stateOf(second)).toEqual({ weight: 0, admin: 'maint', isUp: false });

      await at.balancer.setWeight(second, 20);

      expect(await stateOf(second)).toEqual({ weight: 20, admin: 'maint', isUp: false });
    });

    it('is not UP right after maintenance but only when its checks have passed from then on', async () => {
      const [, second] = at.servers;

      await at.balancer.setReadyWhenProven(second);

      expect(await at.balancer.look(second)).toMatchObject({ isUp: false, weight: 20 });
      await at.untilChecked(async () => (await at.balancer.look(second)).isUp);
      expect(await stateOf(second)).toEqual({ weight: 20, admin: 'ready', isUp: true });
    });

    it('tells of a server in maintenance alone whether anything is attached to it, where it can', async () => {
      const request = await at.openRequest();
      const taken = at.servers.find(({ name: one }) => one === request.server);
      if (!taken) throw new Error('a request went to no server');
      expect(await at.balancer.isHeld(taken)).toBeUndefined();

      await at.balancer.setAdmin(taken, 'maint');

      const tells = Number.parseFloat((await at.balancer.facts()).version) >= 3;
      expect(await at.balancer.isHeld(taken)).toBe(tells ? true : undefined);
      await request.finish();
      await at.untilChecked(async () => (await at.balancer.look(taken)).current === 0);
      expect(await at.balancer.isHeld(taken)).toBe(tells ? false : undefined);
      await at.balancer.setReadyWhenProven(taken);
      await at.untilChecked(async () => (await at.balancer.look(taken)).isUp);
    });

    it('tells who holds a server', async () => {
      const request = await at.openRequest();
      const taken = at.servers.find(({ name: one }) => one === request.server);
      if (!taken) throw new Error('a request went to no server');
      expect(await at.balancer.sessions(taken)).toHaveLength(1);
      await request.finish();
    });

    it('counts the requests of each server that have ended, and has no counters for a backend it does not have', async () => {
      const look = async (): Promise<Map<string, ServerCounters>> =>
        new Map((await at.balancer.counters('pxapp_cluster')).map((one) => [one.server.name, one]));
      const before = await look();
      expect([...before.keys()]).toEqual(at.servers.map(({ name: one }) => one));
      const request = await at.openRequest();
      const taken = at.servers.find(({ name: one }) => one === request.server);
      if (!taken) throw new Error('a request went to no server');
      const had = before.get(taken.name);
      expect(had).toMatchObject({ server: taken, isUp: true, pid: (await at.balancer.look(taken)).pid });

      await request.finish();

      await at.untilChecked(async () => (await look()).get(taken.name)?.requests !== had?.requests);
      const lastCheck: unknown = expect.any(String);
      expect((await look()).get(taken.name)).toEqual({ ...had, requests: (had?.requests ?? 0) + 1, lastCheck });
      expect(await at.balancer.counters('nosuch')).toEqual([]);
    });

    it('knows what an old worker has for each server, until that has ended', async () => {
      const request = await at.openRequest();
      const taken = at.servers.find(({ name: one }) => one === request.server);
      const other = at.servers.find(({ name: one }) => one !== request.server);
      if (!taken || !other) throw new Error('a request went to no server');
      const { pid } = await at.balancer.look(taken);
      expect((await at.balancer.oldWorkers(taken))?.filter((worker) => worker.pid === pid)).toEqual([]);

      await at.reload();

      expect((await at.balancer.look(taken)).pid).not.toBe(pid);
      // A master that is just being reloaded may not answer: then it is seen, and not counted.
      const mayBeCounted = !(await at.balancer.facts()).version.startsWith('2.4.');
      const isCounted = ({ current }: OldWorker): boolean => !mayBeCounted || current !== undefined;
      await at.untilChecked(async () => (await at.balancer.oldWorkers(taken))?.every(isCounted) === true);
      expect(await at.balancer.oldWorkers(taken)).toContainEqual({ pid, current: mayBeCounted ? 1 : undefined });
      expect(await at.balancer.oldWorkers(other)).toContainEqual({ pid, current: mayBeCounted ? 0 : undefined });
      await request.finish();
      await at.untilChecked(async () => (await at.balancer.oldWorkers(taken))?.length === 0);
    });

    it('has no usable server when all are at weight 0', async () => {
      for (const server of at.servers) await at.balancer.setWeight(server, 0);
      const request = await at.openRequest();
      expect(request.server).toBeUndefined();
      await request.finish();
      for (const [index, server] of at.servers.entries()) await at.balancer.setWeight(server, (index + 1) * 10);
    });
  });
}
