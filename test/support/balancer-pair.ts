import { Failure } from '../../src/errors.ts';
import { FakeFleet, type FakeHost } from './fake-fleet.ts';

export interface BalancerPair {
  readonly fleet: FakeFleet;
  readonly fe1: FakeHost;
  readonly lb1: FakeHost;
  readonly lb2: FakeHost;
  /** Whether lb2 can be reached; who has it in hand finds out, too. */
  readonly setDead: (isDead: boolean) => void;
}

/** The containers of fe1 are behind the HAProxys of lb1 and lb2, of which the latter may die. */
export async function balancerPair(): Promise<BalancerPair> {
  const fleet = await FakeFleet.up(['fe1', 'lb1', 'lb2']);
  const [fe1, lb1, lb2] = await Promise.all(['fe1', 'lb1', 'lb2'].map((name) => fleet.host(name)));
  if (!fe1 || !lb1 || !lb2) throw new Error('they are up');
  const { haproxy } = lb2;
  lb2.balancer = () =>
    new Proxy(haproxy, {
      get: (target, key): unknown => {
        const value: unknown = Reflect.get(target, key);
        if (typeof value !== 'function') return value;
        if (lb2.isUnreachable)
          return () => Promise.reject(new Failure('unreachable', 'Cannot reach lb2: connection refused'));
        return value.bind(target) as unknown;
      },
    });
  return { fleet, fe1, lb1, lb2, setDead: (isDead) => (lb2.isUnreachable = isDead) };
}
