import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { kinds, send } from '../../../lab/load/request.ts';
import type { DrainPolicy } from '../../../src/rollout/model.ts';
import { askingOn } from '../../support/asking-on.ts';
import { atStep } from '../../support/at-step.ts';
import { changedCopy } from '../../support/changed-copy.ts';
import { folderWith } from '../../support/command-line.ts';
import { edited } from '../../support/edited.ts';
import { streamsUntil } from '../../support/event-streams.ts';
import { ALL_IN_SERVICE, containersOf, containersOn, serversOf } from '../../support/fleet.ts';
import { IN_TCP_MODE, LAB } from '../../support/haproxy-templates.ts';
import { loadOwn, own, ownHost, resetOwn } from '../../support/own-host.ts';
import { shortPlaybook } from '../../support/short-playbook.ts';
import { socketsUntil } from '../../support/web-sockets.ts';

/** Longer than the load's own longest request takes on a busy machine. */
const TIMEOUT_MS = 4_000;

type Policy = DrainPolicy['onTimeout'];

/** What it has in common whatever it is. */
interface Long {
  readonly server: string;
  readonly fate: () => Promise<string>;
  readonly endedAt: () => number | undefined;
  readonly close: () => void;
}

interface Row {
  readonly what: string;
  readonly haproxyTemplate: string;
  readonly open: () => Promise<readonly Long[]>;
  /** What else is going on, until it is stopped: what failed of it. */
  readonly load: () => () => Promise<readonly unknown[]>;
  readonly fates: Readonly<Record<Policy, string>>;
}

const ROWS: readonly Row[] = [
  {
    what: 'server-sent events',
    haproxyTemplate: LAB,
    open: () => streamsUntil(own, 'pxApp_1'),
    load: () => {
      const traffic = loadOwn();
      return async () => (await traffic.stop()).failures;
    },
    fates: { fail: 'open', continue: 'ended', shutdown_sessions: 'cut' },
  },
  {
    what: 'connections in mode tcp',
    haproxyTemplate: changedCopy(LAB, IN_TCP_MODE),
    open: () => socketsUntil(own, 'pxApp_1'),
    // Of connections that end with their request.
    load: () => {
      const clients = [kinds.get, kinds.post, kinds.slow].map((kind) => askingOn(() => send(ownHost(), kind)));
      return async () => (await Promise.all(clients.map((stop) => stop()))).flat();
    },
    fates: { fail: 'open', continue: 'going-away', shutdown_sessions: 'cut' },
  },
];

const ENDS: Readonly<Record<Policy, { readonly status: number; readonly version: string; readonly says: RegExp }>> = {
  fail: { status: 2, version: 'v1', says: /still in hand after 4 s/ },
  continue: { status: 0, version: 'v2', says: /"about":"not-drained",.*"then":"continue"/ },
  shutdown_sessions: { status: 0, version: 'v2', says: /"about":"not-drained",.*"then":"shutdown_sessions"/ },
};

function playbook(policy: Policy): string {
  const text = readFileSync(shortPlaybook(folderWith({})), 'utf8');
  const drain = `timeout: ${TIMEOUT_MS}ms\n    on_timeout: ${policy}`;
  const changed = edited(text, [['timeout: 5s\n    on_timeout: shutdown_sessions', drain]]);
  return join(folderWith({ 'policy.yml': changed }), 'policy.yml');
}

describe.each(ROWS)('$what that stay past drain.timeout', ({ haproxyTemplate, open, load, fates }) => {
  let all: readonly Long[] = [];
  afterEach(() => {
    for (const one of all) one.close();
  });
  afterAll(async () => {
    await resetOwn();
  });

  describe.each(['fail', 'continue', 'shutdown_sessions'] as const)('on_timeout: %s', (policy) => {
    beforeAll(async () => {
      await resetOwn({ haproxyTemplate });
    });

    it(`are ${fates[policy]} then, and all others stay`, async () => {
      const stop = load();
      all = await open();
      let drainedFrom = Infinity;

      const args = ['rollout', playbook(policy), '-e', 'pxapp_version=v2', '--limit', own, '--yes'];
      const ended = await atStep(args, 'drain', () => (drainedFrom = performance.now()));

      const failures = await stop();
      const becameOf = await Promise.all(all.map(async (one) => `${one.server} ${await one.fate()}`));
      const last = all.at(-1)?.endedAt();
      const { status, version, says } = ENDS[policy];
      expect(ended.status, ended.stdout + ended.stderr).toBe(status);
      expect(ended.stdout + ended.stderr).toMatch(says);
      expect(becameOf.at(-1)).toBe(`pxApp_1 ${fates[policy]}`);
      expect(becameOf.slice(0, -1).filter((one) => !one.endsWith(' open'))).toEqual([]);
      if (last !== undefined) expect(last - drainedFrom).toBeGreaterThan(TIMEOUT_MS);
      expect(failures).toEqual([]);
      expect(await serversOf(own)).toEqual(ALL_IN_SERVICE);
      expect(await containersOf(own)).toEqual([`pxApp_1 ${version}`, ...containersOn('v1').slice(1)]);
    });
  });
});
