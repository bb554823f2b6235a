/** Two hosts behind a tier of two front HAProxys, each of which sends requests to the hosts' own. */
import { TO_BE_FOUND, type MinUp, type Server } from '../../src/rollout/model.ts';
import type { HostPlay, Play } from '../../src/rollout/play.ts';
import { SOCKET } from './builders.ts';
import { FakeBalancer } from './fake-balancer.ts';
import { FakeFleet, type FakeHost } from './fake-fleet.ts';

/** How the servers stand when nothing is wrong. */
export const FRONT_WHOLE = { fe1: '100 ready UP', fe2: '50 ready UP' };

const FRONTS = ['lb1', 'lb2'];
const REQUEST_EVERY_MS = 50;
const REQUEST_TAKES_MS = 300;

export interface FrontPair {
  readonly fleet: FakeFleet;
  readonly fe1: FakeHost;
  readonly fronts: ReadonlyMap<string, FakeBalancer>;
  readonly weights: () => Record<string, Readonly<Record<string, string>>>;
  readonly failures: () => readonly string[];
  readonly isWhole: () => boolean;
  readonly play: (tag: string, over?: { readonly minUp?: MinUp; readonly serial?: number }) => Play;
}

export function frontServer(at: string, name: string): Server {
  return { balancer: { host: at, socket: SOCKET }, backend: 'pxapp_cluster', name };
}

export async function frontPair({ servers = 1 } = {}): Promise<FrontPair> {
  const fleet = await FakeFleet.up(['fe1', 'fe2', ...FRONTS]);
  const fronts = new Map(FRONTS.map((name) => [name, frontAt(name, fleet)]));
  for (const [name, front] of fronts) (await fleet.host(name)).balancer = () => front;
  const fe1 = await fleet.host('fe1');
  const weights = (): Record<string, Readonly<Record<string, string>>> =>
    Object.fromEntries([...fronts].map(([name, front]) => [name, front.weights()]));
  const failures = (): readonly string[] => [
    ...fleet.failures(),
    ...[...fronts].flatMap(([name, front]) => front.failures.map((failure) => `${name}: ${failure}`)),
  ];
  const isWhole = (): boolean =>
    fleet.isWhole() && FRONTS.every((name) => JSON.stringify(weights()[name]) === JSON.stringify(FRONT_WHOLE));
  const play: FrontPair['play'] = (tag, { minUp = { servers: 1 }, serial = 1 } = {}) => {
    const whole = fleet.play(tag, { serial: [{ hosts: serial }], each: { minUp: { servers: 1 } } });
    const hosts = whole.hosts.slice(0, 2).map(({ host, instances }): HostPlay => ({
      ...{ host, instances: instances.slice(0, servers) },
      front: {
        servers: FRONTS.map((at) => frontServer(at, host)),
        drain: { timeoutMs: 60_000, onTimeout: 'fail' },
        minUp,
      },
    }));
    return { ...whole, hosts };
  };
  return { fleet, fe1, fronts, weights, failures, isWhole, play };
}

/** The same play, with the names of the servers in front to be found. */
export function namelessInFront(play: Play): Play {
  return {
    ...play,
    hosts: play.hosts.map(({ front, ...host }) => ({
      ...host,
      ...(front && { front: { ...front, servers: front.servers.map((one) => ({ ...one, name: TO_BE_FOUND })) } }),
    })),
  };
}

function frontAt(name: string, fleet: FakeFleet): FakeBalancer {
  const front = new FakeBalancer(
    fleet.clock,
    { host: name, socket: SOCKET },
    {
      weights: new Map([
        ['fe1', 100],
        ['fe2', 50],
      ]),
      answers: (server) => {
        const own = fleet.hosts.get(server)?.haproxy.weights() ?? {};
        return Object.values(own).some((standing) => standing.endsWith('ready UP') && !standing.startsWith('0 '));
      },
    },
  );
  fleet.clock.onAdvance((nowMs) => {
    front.tick();
    if (nowMs % REQUEST_EVERY_MS === 0) front.open(REQUEST_TAKES_MS);
  });
  return front;
}
