import { expect, it } from 'vitest';
import { Failure } from '../../src/errors.ts';
import type { Containers, LoadBalancer, HostAccess } from '../../src/runner/ports/ports.ts';
import { outlastingHangs } from '../../src/runner/hosts/hung.ts';
import { changed } from '../support/changed.ts';
import { FakeFleet } from '../support/fake-fleet.ts';

const late = new Failure('late', 'it takes too long');

/** A host whose services say what they are asked, and fail as they are told to, once each. */
async function aHost() {
  const fleet = await FakeFleet.up(['fe1']);
  const fe1 = await fleet.host('fe1');
  const asked: string[] = [];
  const failing = new Map<string, Failure>();
  const saying = <T extends object>(service: T): T =>
    new Proxy(service, {
      get(target, key): unknown {
        const member: unknown = Reflect.get(target, key);
        if (typeof member !== 'function') return member;
        return async (...args: unknown[]): Promise<unknown> => {
          const name = String(key);
          asked.push(`${fleet.clock.now()} ${name}`);
          const failure = failing.get(name);
          failing.delete(name);
          if (failure) throw failure;
          return Reflect.apply(member, target, args) as Promise<unknown>;
        };
      },
    });
  const containers: Containers = saying(fe1.containers);
  const balancer: LoadBalancer = saying(fe1.haproxy);
  const access: HostAccess = changed<HostAccess>(fe1, { containers, balancer: () => balancer });
  const patient = outlastingHangs({ host: async () => access, close: async () => undefined }, fleet.clock);
  return { host: await patient.host('fe1'), asked, failing, clock: fleet.clock };
}

it('asks a service that was given up on for nothing until it answers, and what was asked before is over', async () => {
  const { host, asked, failing, clock } = await aHost();
  failing.set('stop', late);
  await expect(host.containers.stop('pxApp_1')).rejects.toBe(late);
  const before = clock.now();
  asked.length = 0;

  await Promise.all([host.containers.inspect('pxApp_1'), host.containers.list()]);

  expect(asked.map((one) => one.split(' ')[1])).toEqual(['version', 'inspect', 'list']);
  expect(clock.now() - before).toBeGreaterThanOrEqual(1_000);
});

it('asks for nothing while it does not answer, and says so', async () => {
  const { host, asked, failing } = await aHost();
  failing.set('inspect', late);
  failing.set('version', late);
  await expect(host.containers.inspect('pxApp_1')).rejects.toBe(late);
  asked.length = 0;

  await expect(host.containers.remove('pxApp_1')).rejects.toBe(late);

  expect(asked.map((one) => one.split(' ')[1])).toEqual(['version']);
});

it('is about each service by itself, and about no other failure', async () => {
  const { host, asked, failing } = await aHost();
  const [place] = [{ host: 'fe1', socket: '/var/run/haproxy.sock' }];
  failing.set('backends', late);
  failing.set('list', new Failure('unreachable', 'gone'));
  await expect(host.balancer(place).backends()).rejects.toBe(late);
  await expect(host.containers.list()).rejects.toMatchObject({ code: 'unreachable' });
  asked.length = 0;

  await host.containers.list();
  await host.balancer(place).backends();

  expect(asked.map((one) => one.split(' ')[1])).toEqual(['list', 'facts', 'backends']);
});
