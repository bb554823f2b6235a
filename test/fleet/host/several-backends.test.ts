import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { edited } from '../../support/edited.ts';
import { folderWith } from '../../support/command-line.ts';
import { ALL_IN_SERVICE, containersOf, containersOn, serversIn, serversOf } from '../../support/fleet.ts';
import { loadOwn, own, resetOwn } from '../../support/own-host.ts';
import { sluice } from '../../support/sluice.ts';

const folder = folderWith({});
const example = readFileSync('playbooks/several-backends.yml', 'utf8');

const POSTS = `
backend pxapp_posts
    option httpchk GET /health
    default-server check inter 500ms rise 2 fall 2
    server post_{id} 127.0.0.1:908{id} weight {weight}
`;

/** What is posted goes to the second port of the containers, everything else to the first. */
function template(): string {
  const path = join(folder, 'haproxy.cfg');
  const lab = readFileSync('haproxy/haproxy.cfg.example', 'utf8');
  const frontend = '    default_backend pxapp_cluster';
  writeFileSync(path, edited(lab, [[frontend, `    use_backend pxapp_posts if METH_POST\n${frontend}`]]) + POSTS);
  return path;
}

type Ended = Awaited<ReturnType<typeof sluice>>;

async function rollOut(version: string, changes: readonly (readonly [string, string])[] = []): Promise<Ended> {
  const path = join(folder, 'play.yml');
  writeFileSync(path, edited(example, changes));
  return sluice('rollout', path, '-e', `pxapp_version=${version}`, '--limit', own, '--yes');
}

describe('a container behind two backends, at two ports and under two names', () => {
  beforeAll(async () => {
    await resetOwn({ haproxyTemplate: template() });
  });
  afterAll(async () => {
    await resetOwn();
  });

  it('is not touched while the playbook names one of them', async () => {
    const ended = await rollOut('v1', [
      ['[pxapp_cluster, pxapp_posts]', 'pxapp_cluster'],
      ['        pxapp_posts: post_{{ id }}\n', ''],
    ]);

    expect(ended.status).toBe(1);
    expect(ended.stderr).toContain('pxapp_posts/post_1 goes to 127.0.0.1:9081, where pxApp_1 is, too');
    expect(await containersOf(own)).toEqual(containersOn('v1'));
  });

  it('is drained and put back in both: no request fails, and every weight is exact', async () => {
    // The containers of the lab have one port. Before they get their second, nothing serves what is posted.
    const first = await rollOut('v1', [['min_up: 50%', 'min_up: 0']]);
    expect(first.status, first.stdout + first.stderr).toBe(0);
    const traffic = loadOwn();

    const ended = await rollOut('v2');

    const report = await traffic.stop();
    expect(ended.status, ended.stdout + ended.stderr).toBe(0);
    expect(report.failures).toEqual([]);
    expect(await serversOf(own)).toEqual(ALL_IN_SERVICE);
    expect(await serversIn('pxapp_posts', own)).toEqual(ALL_IN_SERVICE.map((text) => text.replace('pxApp', 'post')));
    expect(await containersOf(own)).toEqual(containersOn('v2'));
  });
});
