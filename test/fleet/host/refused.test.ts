import { afterAll, describe, expect, it } from 'vitest';
import { changedCopy } from '../../support/changed-copy.ts';
import type { Change } from '../../support/edited.ts';
import { containersOf, containersOn, serversOf } from '../../support/fleet.ts';
import { LAB } from '../../support/haproxy-templates.ts';
import { loadOwn, own, resetOwn } from '../../support/own-host.ts';
import { sluice } from '../../support/sluice.ts';

describe('what HAProxy would not let be undone is refused before anything is touched:', () => {
  afterAll(async () => {
    await resetOwn();
  });

  // prettier-ignore
  it.each<{ what: string; changes?: readonly Change[]; play?: readonly Change[]; says: RegExp }>([
    {
      what: 'a socket at level operator',
      changes: [['haproxy level admin', 'haproxy level admin\n    stats socket /run/watch.sock level operator']],
      play: [['backend: pxapp_cluster', 'backend: pxapp_cluster\n    socket: /run/watch.sock']],
      says: /socket \/run\/watch\.sock is at level operator: weights can only be set at "level admin"/,
    },
    {
      what: 'a backend without the server',
      play: [['server: pxApp_{{ id }}', 'server: app_{{ id }}']],
      says: /backend pxapp_cluster has no server app_1; it has pxApp_1, pxApp_2, pxApp_3/,
    },
    { what: 'no such backend', play: [['backend: pxapp_cluster', 'backend: shop']], says: /has no backend shop with servers/ },
    {
      what: 'a server that tracks another',
      changes: [
        ['\nbackend pxapp_cluster', '\nbackend watched\n    server w 127.0.0.1:8081 check\n\nbackend pxapp_cluster'],
        ['default-server check inter 500ms rise 2 fall 2', 'default-server track watched/w'],
      ],
      says: /tracks watched\/w/,
    },
  ])('$what', async ({ changes = [], play = [], says }) => {
    await resetOwn({ haproxyTemplate: changedCopy(LAB, changes) });
    const before = await serversOf(own);
    const traffic = loadOwn();

    const playbook = changedCopy('playbooks/pxapp.yml', play);
    const ended = await sluice('rollout', playbook, '-e', 'pxapp_version=v2', '--limit', own, '--yes');

    const { failures } = await traffic.stop();
    expect(ended.status, ended.stdout + ended.stderr).toBe(1);
    expect(ended.stdout + ended.stderr).toMatch(says);
    expect(await serversOf(own)).toEqual(before);
    expect(await containersOf(own)).toEqual(containersOn('v1'));
    expect(failures).toEqual([]);
  });
});
