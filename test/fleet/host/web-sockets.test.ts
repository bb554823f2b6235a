import { readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DrainPolicy } from '../../../src/rollout/model.ts';
import { atStep } from '../../support/at-step.ts';
import { folderWith } from '../../support/command-line.ts';
import { ALL_IN_SERVICE, containersOf, containersOn, serversOf } from '../../support/fleet.ts';
import { loadOwn, own, resetOwn } from '../../support/own-host.ts';
import { shortPlaybook } from '../../support/short-playbook.ts';
import { socketsUntil, type Fate, type OpenSocket } from '../../support/web-sockets.ts';

const TIMEOUT_MS = 2_000;

function playbook(onTimeout: DrainPolicy['onTimeout']): string {
  const path = shortPlaybook(folderWith({}));
  const policy = /timeout: 5s\n( +)on_timeout: \w+/;
  const text = readFileSync(path, 'utf8').replace(policy, `timeout: ${TIMEOUT_MS}ms\n$1on_timeout: ${onTimeout}`);
  writeFileSync(path, text);
  return path;
}

describe('web sockets to a container that is to be replaced', () => {
  let sockets: readonly OpenSocket[] = [];
  beforeEach(async () => {
    await resetOwn();
  });
  afterEach(() => {
    for (const socket of sockets) socket.close();
  });

  // prettier-ignore
  it.each<{ policy: DrainPolicy['onTimeout']; comes: string; fate: Fate; status: number; version: string; says: RegExp }>([
    { policy: 'fail',              comes: 'stay, and so does it',              fate: 'open',       status: 2, version: 'v1', says: /still in hand after 2 s/ },
    { policy: 'continue',          comes: 'are told by it that it is going',   fate: 'going-away', status: 0, version: 'v2', says: /"about":"not-drained",.*"then":"continue"/ },
    { policy: 'shutdown_sessions', comes: 'are cut by HAProxy before it goes', fate: 'cut',        status: 0, version: 'v2', says: /"about":"not-drained",.*"then":"shutdown_sessions"/ },
  ])('on_timeout: $policy: $comes, once the timeout is over; all others stay', async ({ policy, fate, status, version, says }) => {
    const traffic = loadOwn();
    sockets = await socketsUntil(own, 'pxApp_1');
    let drainedFrom = Infinity;

    const args = ['rollout', playbook(policy), '-e', 'pxapp_version=v2', '--limit', own, '--yes'];
    const ended = await atStep(args, 'drain', () => (drainedFrom = performance.now()));

    const report = await traffic.stop();
    const fates = await Promise.all(sockets.map(async (socket) => `${socket.server} ${await socket.fate()}`));
    const last = sockets.at(-1)?.endedAt();
    expect(ended.status, ended.stderr).toBe(status);
    expect(ended.stdout + ended.stderr).toMatch(says);
    expect(fates.at(-1)).toBe(`pxApp_1 ${fate}`);
    expect(fates.slice(0, -1).filter((one) => !one.endsWith(' open'))).toEqual([]);
    expect(last === undefined).toBe(fate === 'open');
    if (last !== undefined) expect(last - drainedFrom).toBeGreaterThan(TIMEOUT_MS);
    expect(report.failures).toEqual([]);
    expect(await serversOf(own)).toEqual(ALL_IN_SERVICE);
    expect(await containersOf(own)).toEqual([`pxApp_1 ${version}`, ...containersOn('v1').slice(1)]);
  });
});
