import { describe, expect, it } from 'vitest';
import { Failure } from '../../src/errors.ts';
import type { Container } from '../../src/rollout/observed.ts';
import type { Fleet, HostAccess, HostLock } from '../../src/runner/ports/ports.ts';
import { rowsOf, survey } from '../../src/runner/preflight/survey.ts';
import { aContainer, aLockOwner, aServer, aServerState } from '../support/builders.ts';
import { changed } from '../support/changed.ts';
import { FakeFleet } from '../support/fake-fleet.ts';

const words = (rows: ReturnType<typeof rowsOf>): string[] =>
  rows.map(({ container, servers }) => {
    const behind = servers.map(({ server }) => `${server.backend}/${server.name}`).join(' ');
    return `${container?.name ?? 'nobody'}: ${behind}`;
  });

function named(name: string, over: Partial<Container> = {}): Container {
  return aContainer({ name, published: [], ...over });
}

describe('rowsOf()', () => {
  it('puts a server with the container of its name', () => {
    const servers = [aServerState({ server: aServer('pxApp_2') }), aServerState({ server: aServer('pxApp_1') })];

    expect(words(rowsOf([named('pxApp_1'), named('pxApp_2')], servers))).toEqual([
      'pxApp_1: pxapp_cluster/pxApp_1',
      'pxApp_2: pxapp_cluster/pxApp_2',
    ]);
  });

  it('else with the one that publishes the port it points at', () => {
    const servers = [aServerState({ server: aServer('web1'), port: 9_001 })];

    expect(
      words(
        rowsOf(
          [
            named('api'),
            named('web', {
              published: [
                { hostIp: '', hostPort: 9_000 },
                { hostIp: '', hostPort: 9_001 },
              ],
            }),
          ],
          servers,
        ),
      ),
    ).toEqual(['api: ', 'web: pxapp_cluster/web1']);
  });

  it('takes the name for more than the port', () => {
    const servers = [aServerState({ server: aServer('web1'), port: 9_001 })];
    const containers = [
      named('other', { published: [{ hostIp: '', hostPort: 9_001 }] }),
      named('web1', { running: false }),
    ];

    expect(words(rowsOf(containers, servers))).toEqual(['other: ', 'web1: pxapp_cluster/web1']);
  });

  it('does not take the port of a container that does not run for a reason', () => {
    const servers = [aServerState({ server: aServer('web1'), port: 9_001 })];
    const containers = [
      named('new', { published: [{ hostIp: '', hostPort: 9_001 }] }),
      named('a-old', { published: [{ hostIp: '', hostPort: 9_001 }], running: false }),
    ];

    expect(words(rowsOf(containers, servers))).toEqual(['a-old: ', 'new: pxapp_cluster/web1']);
  });

  it('puts servers of several backends with one container', () => {
    const api = { ...aServer(), backend: 'api' };
    const servers = [aServerState(), aServerState({ server: api })];

    expect(words(rowsOf([named('pxApp_1')], servers))).toEqual(['pxApp_1: pxapp_cluster/pxApp_1 api/pxApp_1']);
  });

  it('counts as people do, and has the servers of nobody last', () => {
    const strays = ['s2', 's1'].map((name) => aServerState({ server: aServer(name), port: 1 }));
    const containers = ['app_10', 'app_9', 'app_1'].map((name) => named(name));

    expect(words(rowsOf(containers, strays))).toEqual([
      ...['app_1: ', 'app_9: ', 'app_10: '],
      ...['nobody: pxapp_cluster/s1', 'nobody: pxapp_cluster/s2'],
    ]);
  });
});

describe('survey()', () => {
  it('shows what runs on each host and what was taken out of service', async () => {
    const fleet = await FakeFleet.up(['fe1', 'fe2']);
    const fe1 = await fleet.host('fe1');
    const entry = {
      ...{ kind: 'drain' as const, server: aServer(), standing: { weight: 10, admin: 'ready' as const }, wasUp: true },
      ...{ by: 'ann@desk', note: '', at: '', run: '' },
    };
    fe1.entries = [entry];

    const [first, second] = await survey(
      { hosts: ['fe1', 'fe2'], place: { socket: undefined, container: undefined }, balancers: undefined, forks: 1 },
      fleet,
    );

    expect(first).toMatchObject({ host: 'fe1', failures: [], engine: '20.10.24', balancer: '2.6.12' });
    expect(first?.record).toEqual([entry]);
    expect(words([...(second?.rows ?? [])])).toEqual(
      ['1', '2', '3'].map((id) => `pxApp_${id}: pxapp_cluster/pxApp_${id}`),
    );
    expect(fleet.isWhole()).toBe(false);
    expect(fleet.events).toEqual([]);
  });

  it('shows who holds each host, and takes no lock to find out', async () => {
    const fleet = await FakeFleet.up(['fe1', 'fe2', 'fe3']);
    const [fe1, fe2] = fleet.hosts.values();
    fe1?.lock.heldBy(aLockOwner());
    fe2?.lock.heldBy(aLockOwner());
    fe2?.lock.die();

    const surveys = await survey(
      {
        hosts: ['fe1', 'fe2', 'fe3'],
        place: { socket: undefined, container: undefined },
        balancers: undefined,
        forks: 8,
      },
      fleet,
    );

    expect(surveys.map(({ lock }) => lock?.state)).toEqual(['live', 'dead', undefined]);
    expect(surveys[0]?.lock?.owner).toEqual(aLockOwner());
    expect([...fleet.hosts.values()].map(({ lock }) => lock.asked)).toEqual([0, 0, 0]);
  });

  it('shows the rest of a host whose lock cannot be looked at', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const fe1 = await fleet.host('fe1');
    const failure = new Failure('error', 'Cannot lock fe1: /run/sluice cannot be entered by ann');
    const odd = changed<Fleet>(fleet, {
      host: async () =>
        changed<HostAccess>(fe1, { lock: changed<HostLock>(fe1.lock, { look: () => Promise.reject(failure) }) }),
    });

    const [one] = await survey(
      { hosts: ['fe1'], place: { socket: undefined, container: undefined }, balancers: undefined, forks: 1 },
      odd,
    );

    expect(one).toMatchObject({ failures: [failure], lock: undefined, engine: '20.10.24' });
    expect(one?.rows).toHaveLength(3);
  });

  it('goes on past a host that cannot be reached', async () => {
    const fleet = await FakeFleet.up(['fe1', 'fe2']);
    (await fleet.host('fe1')).isUnreachable = true;

    const surveys = await survey(
      { hosts: ['fe1', 'fe2'], place: { socket: undefined, container: undefined }, balancers: undefined, forks: 8 },
      fleet,
    );

    expect(
      surveys.map(({ host, failures, rows }) => ({ host, codes: failures.map(({ code }) => code), rows: rows.length })),
    ).toEqual([
      { host: 'fe1', codes: ['unreachable'], rows: 0 },
      { host: 'fe2', codes: [], rows: 3 },
    ]);
  });

  it('says what is wrong with a host that has no HAProxy where it should be', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const odd = changed<Fleet>(fleet, {
      host: async (name) => changed<HostAccess>(await fleet.host(name), { firstSocket: async () => undefined }),
    });

    const [one] = await survey(
      { hosts: ['fe1'], place: { socket: undefined, container: undefined }, balancers: undefined, forks: 1 },
      odd,
    );
    expect(one?.failures).toMatchObject([{ code: 'haproxy', message: expect.stringContaining('--socket') as unknown }]);
    expect(words([...(one?.rows ?? [])])).toEqual(['pxApp_1: ', 'pxApp_2: ', 'pxApp_3: ']);

    const [named] = await survey(
      { hosts: ['fe1'], place: { socket: '/run/mine.sock', container: undefined }, balancers: undefined, forks: 1 },
      odd,
    );
    expect(named?.failures).toEqual([]);
  });

  it.each(['version', 'list'] as const)(
    'shows what HAProxy says of a host whose Docker does not answer %s()',
    async (what) => {
      const fleet = await FakeFleet.up(['fe1']);
      const fe1 = await fleet.host('fe1');
      const failure = new Failure('docker', 'Cannot use Docker on fe1: refused');
      const containers = changed(fe1.containers, { [what]: () => Promise.reject(failure) });
      const odd = changed(fleet, { host: async () => changed(fe1, { containers }) });

      const surveys = await survey(
        { hosts: ['fe1'], place: { socket: undefined, container: undefined }, balancers: undefined, forks: 1 },
        odd,
      );

      expect(surveys).toMatchObject([{ host: 'fe1', failures: [failure], engine: '', balancer: '2.6.12', record: [] }]);
      expect(words([...(surveys[0]?.rows ?? [])])).toEqual([1, 2, 3].map((id) => `nobody: pxapp_cluster/pxApp_${id}`));
    },
  );

  it('does not take a bug for a host in trouble', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const bug = new TypeError('a bug');
    const odd = changed(fleet, { host: () => Promise.reject(bug) });

    await expect(
      survey(
        { hosts: ['fe1'], place: { socket: undefined, container: undefined }, balancers: undefined, forks: 1 },
        odd,
      ),
    ).rejects.toBe(bug);
  });
});
