import { describe, expect, it } from 'vitest';
import { Failure } from '../../src/errors.ts';
import { paintFor } from '../../src/report/paint.ts';
import { statusText, type StatusOfHost } from '../../src/report/status.ts';
import type { FoundLock } from '../../src/rollout/lock.ts';
import { aContainer, aLockOwner, aServer, aServerState } from '../support/builders.ts';

function aHost(over: Partial<StatusOfHost> = {}): StatusOfHost {
  return {
    host: 'fe1',
    failures: [],
    engine: '20.10',
    balancer: '2.6',
    rows: [],
    lock: undefined,
    ...{ record: [], pushes: [] },
    ...over,
  };
}

const textOf = (...hosts: StatusOfHost[]): string[] =>
  statusText(hosts, paintFor(false), new Date('2026-11-21T09:00:00Z'));

describe('statusText()', () => {
  it('shows containers with their servers, a line for each server', () => {
    const digests = ['sha256:0123456789abcdef', 'sha256:another'];
    const image = { reference: 'lab/app:v1', id: 'sha256:1', digests, healthcheck: { intervalMs: 100 } };
    const container = aContainer({ image });
    const api = { ...aServer(), backend: 'api' };
    const servers = [
      aServerState({ current: 2, queued: 1 }),
      aServerState({ server: api, weight: 256, status: 'DOWN 1/2', isUp: false }),
    ];

    expect(textOf(aHost({ rows: [{ container, servers }] }), aHost({ host: 'fe20' }))).toEqual([
      'HOST  CONTAINER  IMAGE       DIGEST        HEALTH   SERVER                 STATE     WEIGHT  SESSIONS',
      'fe1   pxApp_1    lab/app:v1  0123456789ab  healthy  pxapp_cluster/pxApp_1  UP        10      3',
      'fe1   pxApp_1    lab/app:v1  0123456789ab  healthy  api/pxApp_1            DOWN 1/2  256     0',
    ]);
  });

  // prettier-ignore
  it.each([
    { container: aContainer({ health: 'unhealthy' }),                                  shows: 'unhealthy' },
    { container: aContainer({ health: 'none' }),                                       shows: 'running' },
    { container: aContainer({ health: 'healthy', running: false, status: 'exited' }),  shows: 'exited' },
  ])('shows "$shows" for the health of a container', ({ container, shows }) => {
    const [, line = ''] = textOf(aHost({ rows: [{ container, servers: [] }] }));

    expect(line.split(/ {2,}/)[4]).toBe(shows);
  });

  it('shows an image without a digest by its id', () => {
    const image = { reference: 'local', id: 'sha256:fedcba9876543210', digests: [], healthcheck: { intervalMs: 100 } };
    const [, line] = textOf(aHost({ rows: [{ container: aContainer({ image }), servers: [] }] }));

    expect(line).toBe('fe1   pxApp_1    local  fedcba987654  healthy');
  });

  it('shows a server that no container stands behind', () => {
    const [, line] = textOf(aHost({ rows: [{ container: undefined, servers: [aServerState()] }] }));

    expect(line).toBe('fe1   -          -      -       -       pxapp_cluster/pxApp_1  UP     10      0');
  });

  // prettier-ignore
  it.each([
    { state: aServerState({ weight: 0 }),                                              shows: 'UP (weight 0)' },
    { state: aServerState({ weight: 0, admin: 'maint', status: 'MAINT', isUp: false }), shows: 'MAINT' },
    { state: aServerState({ status: 'no check' }),                                     shows: 'no check' },
  ])('shows "$shows" for the state of a server', ({ state, shows }) => {
    const [, line = ''] = textOf(aHost({ rows: [{ container: undefined, servers: [state] }] }));

    expect(line.split(/ {2,}/)[6]).toBe(shows);
  });

  it('tells of hosts that cannot be looked at, and of what was taken out by whom and why', () => {
    const entry = { server: aServer(), standing: { weight: 10 }, by: 'ann@desk', at: '2026-11-21T09:00:00Z', run: 'r' };

    const lines = textOf(
      aHost({ record: [{ ...entry, kind: 'drain', note: 'disk swap' }] }),
      aHost({
        host: 'fe2',
        failures: ['no route', 'no way'].map((why) => new Failure('unreachable', `Cannot reach fe2: ${why}`)),
      }),
      aHost({ host: 'fe3', record: [{ ...entry, kind: 'rollout', note: '' }] }),
    );

    expect(lines).toEqual([
      'Cannot reach fe2: no route',
      'Cannot reach fe2: no way',
      'fe1 pxapp_cluster/pxApp_1 was drained by ann@desk at 2026-11-21T09:00:00Z: "disk swap"; restore puts back weight 10',
      'fe3 pxapp_cluster/pxApp_1 was left in work by a rollout by ann@desk at 2026-11-21T09:00:00Z; recover puts back weight 10',
    ]);
  });

  it('tells of old containers that are kept, in one line for all of a host, and what can be done', () => {
    const keptUntil = new Date('2026-11-21T09:10:00Z').toISOString();
    const entry = { kind: 'kept' as const, by: 'ann@desk', at: '2026-11-21T09:00:00Z', run: 'r', note: '', keptUntil };
    const entries = ['pxApp_1', 'pxApp_2'].map((container) => ({
      ...{ ...entry, container, server: aServer(container), standing: { weight: 10 } },
    }));
    const [hours, minutes] = [new Date(keptUntil).getHours(), new Date(keptUntil).getMinutes()];
    const time = `${String(hours).padStart(2, '0')}:${String(minutes).padStart(2, '0')}`;

    expect(textOf(aHost({ record: entries, now: new Date('2026-11-21T09:00:00Z') }))).toEqual([
      `fe1: the old pxApp_1 and pxApp_2 are kept until ${time} by ann@desk (in 10 min); "sluice switch-back fe1" has what is kept serve again, "sluice retire fe1" ends it`,
    ]);
  });

  it('tells of old containers that are kept and in service again all the same', () => {
    const keptUntil = new Date('2026-11-21T09:10:00Z').toISOString();
    const entry = { kind: 'kept' as const, by: 'ann@desk', at: '2026-11-21T09:00:00Z', run: 'r', note: '', keptUntil };
    const record = (['next', 'leaving'] as const).map((slot) => ({
      ...{ ...entry, slot, container: 'pxApp_1', server: aServer(`pxApp_1 ${slot}`), standing: { weight: 10 } },
    }));
    const servers = record.map(({ server }) => aServerState({ server }));
    const told = (which: typeof servers) =>
      textOf(aHost({ record, rows: [{ container: undefined, servers: which }] })).slice(-1)[0];

    expect(told(servers)).toBe(
      'fe1: pxapp_cluster/pxApp_1 leaving is in service again beside the new version, though kept out: by a reload of HAProxy, or by somebody; "sluice restore fe1 --expired" takes it out, as the next run there does',
    );
    expect(told(servers.map((one) => ({ ...one, admin: 'maint' })))).toMatch(/"sluice retire fe1" ends it$/);
  });

  // prettier-ignore
  it.each<{ lock: Partial<FoundLock>; says: string }>([
    { lock: { state: 'live', ageMs: 3_000 },   says: 'fe1: it is held by bob@laptop, run 20261121-085900-bob, pid 4711 on laptop ("rollout shop.yml"), since 2026-11-21T08:59:00.000Z, last heartbeat 3 s ago' },
    { lock: { state: 'dead', ageMs: 120_000 }, says: 'fe1: a lock was left by bob@laptop, run 20261121-085900-bob, pid 4711 on laptop ("rollout shop.yml"), died about 2026-11-21T08:58Z' },
    { lock: { state: 'dead', owner: undefined }, says: 'fe1: a lock was left by somebody who does not say who it is (no legible lock.json)' },
    { lock: { state: 'held', owner: aLockOwner({ kind: 'hold', reason: 'disk swap' }) }, says: 'fe1: it is held on purpose by bob@laptop ("disk swap"), since 2026-11-21T08:59:00.000Z' },
  ])('tells of a lock that is $lock.state', ({ lock, says }) => {
    const found: FoundLock = { state: 'live', owner: aLockOwner(), ageMs: undefined, ...lock };

    expect(textOf(aHost({ lock: found }))).toEqual([says]);
  });

  it('tells of a push that has not ended', () => {
    const push = { path: '/h.cfg', by: 'bob@laptop', at: '2026-11-21T08:59:00.000Z', run: 'r1' };

    expect(textOf(aHost({ pushes: [push] }))).toEqual([
      'fe1: the push of /h.cfg by bob@laptop at 2026-11-21T08:59:00.000Z (run r1) has not ended: bring it to its end with "sluice haproxy push"',
    ]);
  });

  it('is empty when there is nothing to show', () => {
    expect(textOf(aHost())).toEqual([]);
  });
});
