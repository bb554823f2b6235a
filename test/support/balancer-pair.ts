import { Failure } from '../../src/errors.ts';
import type { Play } from '../../src/rollout/play.ts';
import { aServer } from './builders.ts';
import { FakeFleet, type FakeHost } from './fake-fleet.ts';

/** How the servers of fe1 stand when nothing is wrong, at either. */
export const WHOLE = { pxApp_1: '10 ready UP', pxApp_2: '20 ready UP', pxApp_3: '30 ready UP' };

export interface BalancerPair {
  readonly fleet: FakeFleet;
  readonly fe1: FakeHost;
  readonly lb1: FakeHost;
  readonly lb2: FakeHost;
  /** Whether lb2 can be reached; who has it in hand finds out, too. */
  readonly setDead: (isDead: boolean) => void;
  /** The HAProxy of lb2 answers nothing any more, while its host does. */
  readonly hang: () => void;
}

/** The containers of fe1 are behind the HAProxys of lb1 and lb2, of which the latter may die. */
export async function balancerPair(): Promise<BalancerPair> {
  const fleet = await FakeFleet.up(['fe1', 'lb1', 'lb2']);
  const [fe1, lb1, lb2] = await Promise.all(['fe1', 'lb1', 'lb2'].map((name) => fleet.host(name)));
  if (!fe1 || !lb1 || !lb2) throw new Error('they are up');
  const { haproxy } = lb2;
  let isHung = false;
  lb2.balancer = () =>
    new Proxy(haproxy, {
      get: (target, key): unknown => {
        const value: unknown = Reflect.get(target, key);
        if (typeof value !== 'function') return value;
        if (lb2.isUnreachable)
          return () => Promise.reject(new Failure('unreachable', 'Cannot reach lb2: connection refused'));
        if (isHung)
          return () => Promise.reject(new Failure('late', 'Cannot ask HAProxy on lb2: no answer within 10 s'));
        return value.bind(target) as unknown;
      },
    });
  return { fleet, fe1, lb1, lb2, setDead: (isDead) => (lb2.isUnreachable = isDead), hang: () => (isHung = true) };
}

/** A play that replaces the three containers of fe1. */
export function playOf(fleet: FakeFleet, unreachableBalancer: 'fail' | 'skip', balancers = ['lb1', 'lb2']): Play {
  const play = fleet.play('v2', { each: { minUp: { servers: 1 } }, policy: { unreachableBalancer } });
  const instances = (play.hosts[0]?.instances ?? []).map((one) => ({
    ...one,
    servers: balancers.map((host) => aServer(one.container, host)),
  }));
  return { ...play, hosts: [{ host: 'fe1', instances }] };
}

/** As `host: text`. */
export function warnings(fleet: FakeFleet): readonly string[] {
  return fleet.events.flatMap((event) => (event.type === 'warning' ? [`${event.host}: ${event.text}`] : []));
}
