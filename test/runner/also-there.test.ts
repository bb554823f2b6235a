import { describe, expect, it } from 'vitest';
import type { ServerState } from '../../src/rollout/observed.ts';
import { alsoThere } from '../../src/runner/preflight/also-there.ts';
import { aBackend, aServer, aServerState, anInstance } from '../support/builders.ts';

const api = { ...aServer('app1'), backend: 'api' };

/** What is said when the HAProxy has this server, too, in a backend of its own. */
function said(other: Partial<ServerState>, servers = [aServer()]): string[] {
  const own = aBackend([aServerState()]);
  const odd = aBackend([aServerState({ server: api, ...other })], { name: other.server?.backend ?? 'api' });
  return alsoThere(anInstance({ servers }), [own, odd]).map(({ kind, host, text }) => `${kind} ${host}: ${text}`);
}

describe('a server of another backend', () => {
  it('that sends requests to the same container is refused: nobody would drain it', () => {
    expect(said({})).toEqual([
      'problem fe1: api/app1 goes to 127.0.0.1:8081 as pxapp_cluster/pxApp_1 does: its requests to pxApp_1 would fail, since it would not be drained: give it the same name and name its backend in the playbook, too, or set it to maint',
    ]);
    // Whatever else is wrong with it, it may be UP the next moment.
    expect(said({ isUp: false, status: 'DOWN' })).toHaveLength(1);
    expect(said({ weight: 0 })).toHaveLength(1);
  });

  it.each<{ why: string; other: Partial<ServerState> }>([
    { why: 'goes elsewhere', other: { port: 8082 } },
    { why: 'goes to another host', other: { address: '10.0.0.2' } },
    { why: 'is in maintenance', other: { admin: 'maint' } },
    { why: 'is of another HAProxy', other: { server: { ...api, balancer: { ...api.balancer, host: 'lb1' } } } },
  ])('is no matter when it $why', ({ other }) => {
    const foreign = other.server ? [aBackend([aServerState(other)], { name: 'api' })] : undefined;

    expect(foreign ? alsoThere(anInstance(), [aBackend([aServerState()]), ...foreign]) : said(other)).toEqual([]);
  });

  it('that tracks the server of the container is refused: it would go into maintenance with it', () => {
    const tracks = 'pxapp_cluster/pxApp_1';

    expect(said({ tracks, port: 9 })).toEqual([
      'problem fe1: api/app1 tracks pxapp_cluster/pxApp_1 and would be in maintenance with it, although it goes elsewhere (127.0.0.1:9): give it a check of its own, or set it to maint',
    ]);
    expect(said({ tracks })).toHaveLength(1);
    expect(said({ tracks, port: 9, admin: 'maint' })).toEqual([]);
    expect(said({ tracks: 'pxapp_cluster/pxApp_2', port: 9 })).toEqual([]);
  });

  it('is no matter when the playbook names it', () => {
    expect(said({}, [aServer(), api])).toEqual([]);
  });

  it('is no matter when HAProxy does not say where either goes', () => {
    const own = aBackend([aServerState({ address: '', port: 0 })]);
    const odd = aBackend([aServerState({ server: api, address: '', port: 0 })], { name: 'api' });

    expect(alsoThere(anInstance(), [own, odd])).toEqual([]);
  });
});
