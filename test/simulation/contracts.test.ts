import { aServer } from '../support/builders.ts';
import { behavesLikeAConfigPort } from '../support/contracts/config-port.ts';
import { behavesLikeContainers, type Arrange } from '../support/contracts/containers.ts';
import { behavesLikeALoadBalancer } from '../support/contracts/load-balancer.ts';
import type { HostAccess } from '../../src/runner/ports/ports.ts';
import { Controller } from './world/controller.ts';
import { IMAGE, type HostSetting } from './world/host.ts';
import { SimFleet, SOCKET } from './world/sim-fleet.ts';
import { configIn, textOf } from './world/config-file.ts';
import { simPush } from './world/sim-config.ts';
import { World } from './world/world.ts';

const names = ['pxApp_1', 'pxApp_2', 'pxApp_3'];

/** A world at rest, whose time goes on whenever somebody waits for an answer. */
async function oneHost(): Promise<{
  readonly world: World;
  readonly controller: Controller;
  readonly host: HostAccess;
  readonly pass: (ms: number) => Promise<void>;
}> {
  const fe1: HostSetting = {
    name: 'fe1',
    containers: names.map((name, index) => ({ name, port: 8081 + index, restart: 'no' })),
    servers: names.map((name, index) => ({
      backend: 'pxapp_cluster',
      name,
      port: 8081 + index,
      weight: 10 + 10 * index,
    })),
    ...{
      weights: {},
      checking: { interMs: 200, rise: 2, fall: 2 },
      floor: 0,
      requestEveryMs: 1e9,
      longRequestMs: [1_000, 9_000],
    },
  };
  const world = await World.up({ seed: 1, hosts: [fe1], next: { answersAfterMs: 300 }, startsMs: 300, keep: 0 });
  const controller = new Controller(world, 0, []);
  const access = await new SimFleet(controller).host('fe1');
  const pass = async (ms: number): Promise<void> => {
    await world.timeline.run(() => false, world.timeline.nowMs + ms);
  };
  return { world, controller, host: access, pass };
}

/** Calls whose answers come without anybody turning the clock. */
function answering<T extends object>(target: T, world: World): T {
  return new Proxy(target, {
    get: (_, key): unknown => {
      const value: unknown = Reflect.get(target, key);
      if (typeof value !== 'function') return value;
      return async (...args: unknown[]): Promise<unknown> => {
        let isOver = false;
        const over = (): void => void (isOver = true);
        const answer: Promise<unknown> = Reflect.apply(value, target, args) as Promise<unknown>;
        answer.then(over, over);
        world.timeline.woke();
        await world.timeline.run(() => isOver, Infinity);
        return answer;
      };
    },
  });
}

const containers: Arrange = async () => {
  const { world, host, pass } = await oneHost();
  let number = 0;
  return {
    containers: answering(host.containers, world),
    spec: { image: `${IMAGE}:v1`, pullPolicy: 'never' },
    missingImage: `${IMAGE}:nosuch`,
    newName: () => `container-${++number}`,
    until: async (isDone) => {
      while (!(await isDone())) await pass(100);
    },
    end: async () => undefined,
  };
};

behavesLikeContainers('the simulated Engine', containers);

behavesLikeALoadBalancer('the simulated HAProxy', async () => {
  const { world, host, pass } = await oneHost();
  const { haproxy } = world.host('fe1');
  return {
    balancer: answering(host.balancer({ socket: SOCKET }), world),
    servers: [aServer('pxApp_1'), aServer('pxApp_2'), aServer('pxApp_3')],
    openRequest: async () => {
      const before = new Map(haproxy.slots('pxapp_cluster').map((slot) => [slot.line.name, slot.requests.length]));
      haproxy.arrive({
        backend: 'pxapp_cluster',
        cookie: undefined,
        queuesMs: 0,
        takesMs: 1_000,
        retriesAfterMs: undefined,
      });
      const taken = haproxy
        .slots('pxapp_cluster')
        .find(({ line, requests }) => requests.length > (before.get(line.name) ?? 0));
      return { server: taken?.line.name, finish: () => pass(1_000) };
    },
    reload: async () => {
      haproxy.reload();
    },
    untilChecked: async (isDone) => {
      while (!(await isDone())) await pass(100);
    },
    end: async () => undefined,
  };
});

behavesLikeAConfigPort('the simulated configuration file', async () => {
  const { world, controller, host } = await oneHost();
  const { file, records } = simPush(controller, world.host('fe1'));
  return {
    ...{ file: answering(file, world), records: answering(records, world) },
    balancer: answering(host.balancer({ socket: SOCKET }), world),
    servers: [aServer('pxApp_1'), aServer('pxApp_2'), aServer('pxApp_3')],
    changed: (text) => textOf({ ...configIn(text), comment: 'changed' }),
    broken: (text) => textOf({ ...configIn(text), flaw: 'refused' }),
    end: async () => undefined,
  };
});
