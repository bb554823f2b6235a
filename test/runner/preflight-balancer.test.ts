import { describe, expect, it } from 'vitest';
import type { ServerState } from '../../src/rollout/observed.ts';
import { serverRemarks } from '../../src/runner/preflight/preflight-balancer.ts';
import { aBackend, aServer, aServerState, anInstance } from '../support/builders.ts';

const FREE = aServer('pxApp_1b');
const LEFT = aServer('pxApp_1a');

/** What is said of an instance in slot a, which is to go on in slot b. */
function remarks(free: Partial<ServerState>, left: Partial<ServerState> = {}): string[] {
  const ready = { probe: undefined, withinMs: 1_000, everyMs: 250 };
  const instance = anInstance({ servers: [FREE], slot: 'b', leaving: { name: 'a', servers: [LEFT], ready } });
  const states = [
    aServerState({ server: FREE, isUp: false, status: 'DOWN', lastCheck: 'L4CON', ...free }),
    aServerState({ server: LEFT, ...left }),
  ];
  return serverRemarks(instance, [aBackend(states)]).map(({ kind, host, text }) => {
    return `${kind} ${host}: ${text}`;
  });
}

describe('the servers of two slots', () => {
  it('are as they should be when the free one is DOWN by its check', () => {
    expect(remarks({})).toEqual([]);
  });

  // prettier-ignore
  it.each<{ why: string; free: Partial<ServerState>; says: string }>([
    { why: 'has no check', free: { hasCheck: false },
      says: 'pxapp_cluster/pxApp_1b, which pxApp_1 is to begin in (slot b), has no check: HAProxy would send requests there before anything runs' },
    { why: 'is UP', free: { isUp: true, status: 'UP' },
      says: 'pxapp_cluster/pxApp_1b, which pxApp_1 is to begin in (slot b), is UP: something else answers there already' },
    { why: 'is in maintenance', free: { admin: 'maint' },
      says: 'pxapp_cluster/pxApp_1b, which pxApp_1 is to begin in (slot b), is in maint: somebody keeps it out of service' },
  ])('are refused when the free one $why', ({ free, says }) => {
    expect(remarks(free)).toEqual([`problem fe1: ${says}`]);
  });
});
