import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DrainPolicy } from '../../../src/rollout/model.ts';
import { changedCopy } from '../../support/changed-copy.ts';
import { edited, type Change } from '../../support/edited.ts';
import { folderWith } from '../../support/command-line.ts';
import { ALL_IN_SERVICE } from '../../support/fleet.ts';
import { UNFORGIVING_SLOTS } from '../../support/haproxy-templates.ts';
import { loadOwn, own, resetOwn } from '../../support/own-host.ts';
import { inSlots, ownServers, resetOwnSlots } from '../../support/own-slots.ts';
import { sluice } from '../../support/sluice.ts';
import { playbook as twoTogether } from '../../support/two-together.ts';
import { socketsUntil, type Fate, type OpenSocket } from '../../support/web-sockets.ts';

type Policy = DrainPolicy['onTimeout'];

interface Row {
  readonly strategy: string;
  readonly playbook: () => string;
  /** Of the servers that are drained. */
  readonly drained: RegExp;
  readonly isInSlots?: true;
  /** What becomes of a socket that stays past the timeout; with `fail` it stays, and so does its container. */
  readonly fates: Readonly<Record<Exclude<Policy, 'fail'>, Fate>>;
  readonly before: readonly string[];
  readonly after: readonly string[];
}

const OF_ONE: Change = ['instances: 3', 'instances: 1'];
const example = (file: string) => () => changedCopy(`playbooks/${file}`, [OF_ONE]);

/** Its old container is there still, out of service. */
const KEPT = inSlots('b', 'a').map((line) => (line.startsWith('pxApp_1a ') ? 'pxApp_1a 0 1 DOWN' : line));
const IN_PLACE = { before: ALL_IN_SERVICE, after: ALL_IN_SERVICE };
const IN_SLOTS = { before: inSlots('a'), isInSlots: true } as const;
const TOLD_OR_CUT = { continue: 'going-away', shutdown_sessions: 'cut' } as const;
/** Nothing ends what the sockets go to. */
const STAYS_OR_CUT = { continue: 'open', shutdown_sessions: 'cut' } as const;

const ROWS: readonly Row[] = [
  { strategy: 'restart', playbook: example('restart.yml'), drained: /^pxApp_1 /, fates: TOLD_OR_CUT, ...IN_PLACE },
  { strategy: 'run', playbook: example('run.yml'), drained: /^pxApp_1 /, fates: STAYS_OR_CUT, ...IN_PLACE },
  { strategy: 'recreate-host', playbook: twoTogether, drained: /^pxApp_[12] /, fates: TOLD_OR_CUT, ...IN_PLACE },
  {
    ...{ strategy: 'start-first', playbook: example('start-first.yml'), drained: /^pxApp_1a /, fates: TOLD_OR_CUT },
    ...{ ...IN_SLOTS, after: inSlots('b', 'a') },
  },
  {
    ...{ strategy: 'blue-green', playbook: example('blue-green.yml'), drained: /^pxApp_1a /, fates: STAYS_OR_CUT },
    ...{ ...IN_SLOTS, after: KEPT },
  },
];

/** The same with another policy. */
function withPolicy(path: string, policy: Policy): string {
  const change: Change = ['timeout: 5s\n    on_timeout: shutdown_sessions', `timeout: 4s\n    on_timeout: ${policy}`];
  return join(folderWith({ 'policy.yml': edited(readFileSync(path, 'utf8'), [change]) }), 'policy.yml');
}

describe('web sockets to a container that is to be drained', () => {
  let sockets: readonly OpenSocket[] = [];
  afterEach(() => {
    for (const socket of sockets) socket.close();
  });

  describe.each(ROWS)('strategy: $strategy', ({ playbook, drained, isInSlots, fates, before, after }) => {
    beforeEach(async () => {
      await (isInSlots ? resetOwnSlots(UNFORGIVING_SLOTS) : resetOwn());
    });
    afterAll(async () => {
      if (isInSlots) await resetOwn();
    });

    it.each(['fail', 'continue', 'shutdown_sessions'] as const)('on_timeout: %s', async (policy) => {
      const traffic = loadOwn();
      sockets = await socketsUntil(own, isInSlots ? 'pxApp_1a' : 'pxApp_1');
      const args = [withPolicy(playbook(), policy), '-e', 'pxapp_version=v2', '--limit', own, '--yes'];

      const ended = await sluice('rollout', ...args);

      const report = await traffic.stop();
      const all = await Promise.all(sockets.map(async (socket) => `${socket.server} ${await socket.fate()}`));
      expect(ended.status, ended.stdout + ended.stderr).toBe(policy === 'fail' ? 2 : 0);
      expect(all.at(-1)).toMatch(new RegExp(` ${policy === 'fail' ? 'open' : fates[policy]}$`));
      expect(all.filter((one) => !drained.test(one) && !one.endsWith(' open'))).toEqual([]);
      expect(report.failures).toEqual([]);
      expect(await ownServers()).toEqual([...(policy === 'fail' ? before : after)].toSorted());
    });
  });
});
