import { describe, expect, it } from 'vitest';
import type { PublishedPort } from '../../src/rollout/container-spec.ts';
import { discovered, foundTwice } from '../../src/rollout/discover.ts';
import { TO_BE_FOUND, type Instance } from '../../src/rollout/model.ts';
import type { BackendState } from '../../src/rollout/observed.ts';
import { aBackend, anInstance, aServer, aServerState } from '../support/builders.ts';

const nowhere = { addresses: [], published: [] };

function published(hostPort: number | undefined, hostIp = ''): PublishedPort {
  return { hostIp, hostPort, containerPort: 8080, protocol: 'tcp' };
}

/** An instance on fe1 whose server, at the HAProxy of `at`, is to be found. */
function wanting(spec: Partial<Instance['spec']>, at = 'fe1'): Instance {
  const server = { ...aServer(TO_BE_FOUND, at) };
  return anInstance({ servers: [server], spec: { image: 'shop', pullPolicy: 'always', ...spec } });
}

/** A backend of the HAProxy of `at` with servers `a`, `b` … at these addresses. */
function having(addresses: readonly string[], at = 'fe1'): BackendState {
  return aBackend(
    addresses.map((text, index) => {
      const [, address = '', port = ''] = /^(.*):(\d+)$/.exec(text) ?? [];
      return aServerState({ server: aServer('abc'[index], at), address, port: Number(port) });
    }),
  );
}

describe('discovered()', () => {
  it.each([
    { why: 'a port of the loopback', at: 'fe1', ports: [published(8081, '127.0.0.1')], found: '127.0.0.1:8081' },
    { why: 'a port at all addresses, by the loopback', at: 'fe1', ports: [published(8081)], found: '127.0.0.1:8081' },
    { why: 'a port at all addresses, by another', at: 'fe1', ports: [published(8081)], found: '10.0.0.1:8081' },
    { why: 'the same from another host', at: 'lb', ports: [published(8081, '0.0.0.0')], found: '10.0.0.1:8081' },
    { why: 'a port at one address', at: 'lb', ports: [published(8081, '10.0.0.9')], found: '10.0.0.9:8081' },
  ])('finds $why', ({ at, ports, found }) => {
    const backend = having(['10.0.0.1:9999', found], at);

    const { instance, problems } = discovered(wanting({ ports }, at), [backend], {
      ...{ addresses: ['10.0.0.1', '172.17.0.1'], published: [] },
    });

    expect(problems).toEqual([]);
    expect(instance.servers).toEqual([aServer('b', at)]);
  });

  it('finds an address in a Docker network, at whichever port', () => {
    const networks = [{ name: 'shop', aliases: [], ipv4Address: '172.30.0.7' }];

    const { instance } = discovered(wanting({ networks }), [having(['172.30.0.6:80', '172.30.0.7:80'])], nowhere);

    expect(instance.servers.map(({ name }) => name)).toEqual(['b']);
  });

  it('goes by the ports of the container that is there where none are declared', () => {
    const where = { addresses: [], published: [{ hostIp: '', hostPort: 8082 }] };

    const { instance } = discovered(wanting({}), [having(['127.0.0.1:8081', '127.0.0.1:8082'])], where);

    expect(instance.servers.map(({ name }) => name)).toEqual(['b']);
  });

  it('leaves a name that is said alone', () => {
    const instance = anInstance();

    expect(discovered(instance, [having(['127.0.0.1:8081'])], nowhere)).toEqual({ instance, problems: [] });
  });

  it('finds the server of each slot', () => {
    const ready = anInstance().ready;
    const [one, other] = [8081, 8181].map((port) => wanting({ ports: [published(port)] }));
    if (!one || !other) throw new Error('there are two');
    const slots = [
      { name: 'x', servers: one.servers, spec: one.spec, ready },
      { name: 'y', servers: other.servers, spec: other.spec, ready },
    ] as const;

    const { instance } = discovered({ ...one, slots }, [having(['127.0.0.1:8181', '127.0.0.1:8081'])], nowhere);

    expect(instance.servers).toEqual([aServer('b')]);
    expect(instance.slots?.map(({ servers }) => servers)).toEqual([[aServer('b')], [aServer('a')]]);
  });

  it('does not guess, of what is taken back, which slot it is of', () => {
    const { spec, servers, ready, ...one } = wanting({ ports: [published(8081)] });
    const back = { ...one, spec, servers, ready, slot: 'x', other: { name: 'y', servers, ready } };

    const { problems } = discovered(back, [having(['127.0.0.1:8081'])], nowhere);

    expect(problems).toEqual([
      'Cannot find the servers of pxApp_1 on fe1 in backend pxapp_cluster of HAProxy on fe1 (/var/run/haproxy.sock): its run went without that one, so nobody knows which slot they are of: roll out the older version instead',
    ]);
  });

  const cannot =
    'Cannot find the server of pxApp_1 on fe1 in backend pxapp_cluster of HAProxy on fe1 (/var/run/haproxy.sock): ';

  it.each([
    {
      why: 'none goes there, with what was looked for and what there is',
      ports: [published(8081)],
      servers: ['127.0.0.1:9001', '127.0.0.1:9002'],
      told: 'none goes to 127.0.0.1:8081, ::1:8081, 10.0.0.1:8081; it has a (127.0.0.1:9001), b (127.0.0.1:9002)',
    },
    {
      why: 'two go there',
      ports: [published(8081)],
      servers: ['127.0.0.1:8081', '10.0.0.1:8081'],
      told: 'a (127.0.0.1:8081) and b (10.0.0.1:8081) are both its own by their address: say which as server',
    },
    {
      why: 'the Engine chooses the port',
      ports: [published(undefined)],
      servers: ['127.0.0.1:8081'],
      told: 'the playbook names no port of the host that it publishes, nor an address in a Docker network: say server',
    },
    {
      why: 'there is no such backend',
      ports: [published(8081)],
      servers: [],
      told: 'there is no such backend with servers',
    },
  ])('says that $why', ({ ports, servers, told }) => {
    const backends = servers.length === 0 ? [] : [having(servers)];

    const { problems } = discovered(wanting({ ports }), backends, { addresses: ['10.0.0.1'], published: [] });

    expect(problems).toEqual([cannot + told]);
  });

  it('does not take the loopback of another host for the one of its own', () => {
    const { problems } = discovered(wanting({ ports: [published(8081)] }, 'lb'), [having(['127.0.0.1:8081'], 'lb')], {
      addresses: ['10.0.0.1'],
      published: [],
    });

    expect(problems).toHaveLength(1);
  });
});

describe('foundTwice()', () => {
  it('tells of a server that two containers would have, and not of the same container in two plays', () => {
    const one = anInstance({ container: 'shop', servers: [aServer('a')] });
    const other = anInstance({ container: 'api', servers: [aServer('a')] });

    expect(foundTwice([one, one])).toEqual([]);
    expect(foundTwice([one, other])).toEqual([
      {
        host: 'fe1',
        text: 'pxapp_cluster/a would be the server of shop on fe1 and of api on fe1: say server for each of them',
      },
    ]);
  });
});
