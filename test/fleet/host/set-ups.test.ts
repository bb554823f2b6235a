import { request } from 'node:http';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { reload } from '../../../lab/lab.ts';
import { kinds, send } from '../../../lab/load/request.ts';
import type { Outcome } from '../../../lab/load/tally.ts';
import { askingOn } from '../../support/asking-on.ts';
import { folderWith } from '../../support/command-line.ts';
import { edited, type Change } from '../../support/edited.ts';
import { ALL_IN_SERVICE, containersOf, containersOn, serversOf, untilServers } from '../../support/fleet.ts';
import type { RunEvent } from '../../../src/rollout/events.ts';
import { IN_TCP_MODE, WITH_RETRIES } from '../../support/haproxy-templates.ts';
import { loadOwn, own, ownHost, resetOwn } from '../../support/own-host.ts';
import { shortPlaybook } from '../../support/short-playbook.ts';
import { sluice, start } from '../../support/sluice.ts';

const folder = folderWith({});
const BACKEND = '\nbackend pxapp_cluster';
const SERVER = 'weight {weight}';

/** The configuration of the lab with these changes, as a template of its own. */
function template(changes: readonly Change[]): string {
  const path = join(folder, 'haproxy.cfg');
  writeFileSync(path, edited(readFileSync('haproxy/haproxy.cfg.example', 'utf8'), changes));
  return path;
}

/** The example playbook, for one container or all, with enough time for what ends by itself and a limit for the rest. */
function playbook(instances: 1 | 3): string {
  const path = shortPlaybook(folder, { instances });
  const policy: Change = ['timeout: 5s\n    on_timeout: shutdown_sessions', 'timeout: 3s\n    on_timeout: continue'];
  writeFileSync(path, edited(readFileSync(path, 'utf8'), [policy]));
  return path;
}

async function rollOut(
  instances: 1 | 3,
): Promise<{ readonly status: number | null; readonly stdout: string; readonly stderr: string }> {
  return sluice('rollout', playbook(instances), '-e', 'pxapp_version=v2', '--limit', own, '--yes', '--json');
}

/** One request of a client that HAProxy has given the cookie of pxApp_1. */
async function askWithCookie(): Promise<Outcome> {
  return new Promise((resolve) => {
    const outcome = { host: own, request: 'with a cookie', latencyMs: 0, version: undefined };
    const asked = request({
      host: ownHost().address,
      path: '/slow?ms=300',
      agent: false,
      headers: { cookie: 'SRV=pxApp_1' },
    });
    asked.on('error', (error) => {
      resolve({ ...outcome, error: error.message });
    });
    asked.on('response', (answer) => {
      answer.resume().on('end', () => {
        resolve({ ...outcome, status: answer.statusCode });
      });
    });
    asked.end();
  });
}

describe('with HAProxy set up otherwise, no request fails and every weight is exact afterwards:', () => {
  afterAll(async () => {
    await resetOwn();
  });

  const COOKIES: readonly Change[] = [
    [BACKEND, `${BACKEND}\n    cookie SRV insert indirect nocache`],
    [SERVER, `${SERVER} cookie pxApp_{id} slowstart 2s`],
  ];
  const CHECKS = 'fall 2';
  const BACKUP: readonly Change[] = [[CHECKS, `${CHECKS}\n    server spare 127.0.0.1:8083 backup`]];
  const STICK_TABLE: readonly Change[] = [
    [BACKEND, `${BACKEND}\n    stick-table type ip size 1k expire 10m\n    stick on src`],
    ['timeout tunnel 1h', 'timeout tunnel 1h\n    option redispatch'],
  ];

  it.each<{ what: string; changes: readonly Change[]; instances: 1 | 3; waits: boolean }>([
    {
      what: 'cookies, whose client comes on at weight 0 and leaves with the maintenance, and slowstart',
      changes: COOKIES,
      instances: 1,
      waits: true,
    },
    { what: 'a stick table, by which all clients are of one server', changes: STICK_TABLE, instances: 3, waits: true },
    { what: 'balance static-rr', changes: [['balance roundrobin', 'balance static-rr']], instances: 1, waits: false },
    {
      what: 'balance source, by which all clients are of one server',
      changes: [['balance roundrobin', 'balance source']],
      instances: 3,
      waits: false,
    },
    {
      what: 'balance uri with hash-type consistent',
      changes: [['balance roundrobin', 'balance uri whole\n    hash-type consistent']],
      instances: 1,
      waits: false,
    },
    {
      what: 'a backup server beside those that serve',
      changes: BACKUP,
      instances: 1,
      waits: false,
    },
  ])('$what', async ({ changes, instances, waits }) => {
    await resetOwn({ haproxyTemplate: template(changes) });
    const before = await serversOf(own);
    const traffic = loadOwn();
    // Several, so that one of them always has a request in hand, whenever that is looked at.
    const asks = changes === COOKIES ? Array(3).fill(askWithCookie) : [() => send(ownHost(), kinds.get)];
    const clients = asks.map((ask: () => Promise<Outcome>) => askingOn(ask));

    const ended = await rollOut(instances);

    const [report, failed] = [await traffic.stop(), await Promise.all(clients.map((stop) => stop()))];
    expect(ended.status, ended.stdout + ended.stderr).toBe(0);
    expect([...report.failures, ...failed.flat()]).toEqual([]);
    if (waits) expect(ended.stdout).toContain('"about":"not-drained"');
    // With slowstart it is "starting" for a while, and UP all the same.
    await untilServers(ownHost(), (servers) => servers.join() === before.join());
    expect(await containersOf(own)).toEqual([
      ...containersOn('v2').slice(0, instances),
      ...containersOn('v1').slice(instances),
    ]);
  });

  it('balance static-rr, which takes none but the new weight when that is configured meanwhile', async () => {
    const haproxyTemplate = template([['balance roundrobin', 'balance static-rr'], ...WITH_RETRIES]);
    await resetOwn({ haproxyTemplate });
    const traffic = loadOwn();
    let reloaded: Promise<void> | undefined;
    const onEvent = (event: RunEvent): void => {
      if (reloaded || event.type !== 'step-started' || event.step !== 'check') return;
      const config = join(ownHost().dir, 'haproxy/haproxy.cfg');
      writeFileSync(config, edited(readFileSync(config, 'utf8'), [['weight 10', 'weight 15']]));
      reloaded = reload(ownHost());
    };
    const args = [playbook(1), '-e', 'pxapp_version=v2', '--limit', own, '--yes', '--json'];

    const ended = await start(['rollout', ...args], { onEvent }).ended;

    await reloaded;
    const report = await traffic.stop();
    expect(ended.status, ended.stdout + ended.stderr).toBe(0);
    expect(ended.stdout).toContain('"about":"fixed-weight"');
    expect(report.failures).toEqual([]);
    expect(await serversOf(own)).toEqual(ALL_IN_SERVICE.map((text) => text.replace(/\b10\b/, '15')));
    expect(await containersOf(own)).toEqual(['pxApp_1 v2', ...containersOn('v1').slice(1)]);
  });

  it('mode tcp, of connections that end by themselves', async () => {
    await resetOwn({ haproxyTemplate: template(IN_TCP_MODE) });
    const before = await serversOf(own);
    const clients = [kinds.get, kinds.post, kinds.slow].map((kind) => askingOn(() => send(ownHost(), kind)));

    const ended = await rollOut(1);

    const failed = await Promise.all(clients.map((stop) => stop()));
    expect(ended.status, ended.stdout + ended.stderr).toBe(0);
    expect(failed.flat()).toEqual([]);
    expect(await serversOf(own)).toEqual(before);
    expect(await containersOf(own)).toEqual(['pxApp_1 v2', ...containersOn('v1').slice(1)]);
  });

  it('a server that follows one of ours by track is refused, with the reason', async () => {
    const tracking = `${BACKEND}\n    server spare 127.0.0.1:8099 track pxapp_cluster/pxApp_1`;
    await resetOwn({ haproxyTemplate: template([[BACKEND, tracking]]) });

    const ended = await rollOut(1);

    expect(ended.status).toBe(1);
    expect(ended.stdout + ended.stderr).toMatch(
      /spare \(\S+\) tracks pxapp_cluster\/pxApp_1 and would be in maintenance with it/,
    );
    expect(await containersOf(own)).toEqual(containersOn('v1'));
  });
});
