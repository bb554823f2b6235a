import { afterAll, describe, expect, it } from 'vitest';
import { changedCopy } from '../../support/changed-copy.ts';
import type { Change } from '../../support/edited.ts';
import { containersOf, containersOn, serversOf } from '../../support/fleet.ts';
import { LAB } from '../../support/haproxy-templates.ts';
import { loadOwn, own, resetOwn } from '../../support/own-host.ts';
import { rolloutTo, sluice } from '../../support/sluice.ts';

describe('what HAProxy would not let be undone is refused before anything is touched:', () => {
  afterAll(async () => {
    await resetOwn();
  });

  // prettier-ignore
  it.each<{ what: string; changes: readonly Change[]; says: RegExp }>([
    { what: 'a socket at level operator', changes: [['level admin', 'level operator']], says: /socket \S+ is at level operator: weights can only be set at "level admin"/ },
    { what: 'a backend without the server', changes: [['server pxApp_{id} ', 'server app_{id} ']], says: /backend pxapp_cluster has no server pxApp_1; it has app_1, app_2, app_3/ },
    { what: 'no such backend', changes: [['backend pxapp_cluster', 'backend other'], ['default_backend pxapp_cluster', 'default_backend other']], says: /has no backend pxapp_cluster/ },
    { what: 'a server that tracks another', changes: [['check inter 500ms rise 2 fall 2', ''], ['weight {weight}', 'weight {weight} track watched/w'], ['\nbackend pxapp_cluster', '\nbackend watched\n    server w 127.0.0.1:8081 check\n\nbackend pxapp_cluster']], says: /tracks watched\/w/ },
  ])('$what', async ({ changes, says }) => {
    await resetOwn({ haproxyTemplate: changedCopy(LAB, changes) });
    const before = await serversOf(own);
    const traffic = loadOwn();

    const ended = await sluice(...rolloutTo('v2', '--limit', own));

    const { failures } = await traffic.stop();
    expect(ended.status, ended.stdout + ended.stderr).toBe(1);
    expect(ended.stdout + ended.stderr).toMatch(says);
    expect(await serversOf(own)).toEqual(before);
    expect(await containersOf(own)).toEqual(containersOn('v1'));
    expect(failures).toEqual([]);
  });
});
