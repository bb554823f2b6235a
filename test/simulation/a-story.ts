import type { Fault } from './faults.ts';
import { leisurely } from './pace.ts';
import { rescuesOf, rolloutOf, type Scenario } from './scenario.ts';
import type { Behaviour } from './world/engine.ts';

export interface Story {
  readonly rescues?: number;
  /** Every container has a server in each. */
  readonly backends?: readonly string[];
  /** Of the image that is rolled out: a good one. */
  readonly next?: Behaviour;
}

/** One host whose servers do not have their configured weights, under load. */
export function aStory(
  faults: readonly Fault[],
  { rescues = 0, backends = ['pxapp_cluster'], next = { answersAfterMs: 300 } }: Story = {},
): Scenario {
  const { world, play } = rolloutOf(1);
  const names = ['pxApp_1', 'pxApp_2'];
  const servers = backends.flatMap((backend) =>
    names.map((name, index) => ({ backend, name, port: 8081 + index, weight: 10 })),
  );
  const fe1 = {
    name: 'fe1',
    containers: names.map((name, index) => ({ name, port: 8081 + index, restart: 'always' })),
    ...{ servers, weights: { 'pxapp_cluster/pxApp_1': 126, 'pxapp_cluster/pxApp_2': 61 }, floor: 1 },
    ...{ checking: { interMs: 200, rise: 2, fall: 3 }, requestEveryMs: 80, longRequestMs: leisurely.longRequestMs },
  };
  return {
    ...{ seed: 1, faults, acts: [{ command: 'rollout', by: 0 }, ...rescuesOf(rescues)] },
    world: { ...world, hosts: [fe1], next, startsMs: 300, keep: 0 },
    play: { ...play, serial: 1, timeoutMs: 10_000, onTimeout: 'fail', readyWithinMs: 5_000, soakMs: 1_000 },
  };
}
