import { rmSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { kill, labReset, reload, runtime, start as startDaemon } from '../../lab/lab.ts';
import type { Remark, RunEvent } from '../../src/rollout/events.ts';
import {
  ALL_IN_SERVICE,
  containersOf,
  containersOn,
  hostNamed,
  load,
  serverOfAddress,
  serversOf,
} from '../support/fleet.ts';
import { rolloutTo, start, type Ended } from '../support/sluice.ts';

/** A request that takes so long, and the server that has it. */
async function longRequest(name: string, ms: number): Promise<{ server: string; status: Promise<number> }> {
  const long = request({ host: hostNamed(name).address, path: `/slow?ms=${ms}`, agent: false });
  const status = new Promise<number>((resolve, reject) => {
    long.on('error', reject).on('response', (response) => {
      response.resume().on('end', () => {
        resolve(response.statusCode ?? 0);
      });
    });
  });
  long.end();
  // Of one that fails before it is asked about, the test is told by what it asks first.
  status.catch(() => undefined);
  return { server: await serverOfAddress(name, long), status };
}

/** Long requests, the last of them at pxApp_1. */
async function occupyFirst(name: string, ms: number): Promise<Promise<number>[]> {
  const all: Promise<number>[] = [];
  for (;;) {
    const { server, status } = await longRequest(name, ms);
    all.push(status);
    if (server === 'pxApp_1') return all;
  }
}

/** Rolls one host out; `then` happens once, when `step` begins first. */
async function rollWith(host: string, step: string, then: () => Promise<void>): Promise<Ended & { about: string[] }> {
  const remarks: Remark[] = [];
  let done: Promise<void> | undefined;
  const onEvent = (event: RunEvent): void => {
    if (event.type === 'remark') remarks.push(event.remark);
    if (event.type === 'step-started' && event.step === step) done ??= then();
  };
  const ended = await start(rolloutTo('v2', '--limit', host, '--json'), { onEvent }).ended;
  await done;
  return { ...ended, about: [...new Set(remarks.map(({ about }) => about))] };
}

describe('an HAProxy that changes during a rollout of the real fleet', () => {
  beforeEach(async () => {
    await labReset();
  });

  it.each(['with', 'without'])(
    'by a reload, with a long request in the old worker, %s a master socket',
    async (how) => {
      const fe1 = hostNamed('fe1');
      await kill(fe1, 'haproxy');
      await startDaemon(fe1, 'haproxy');
      if (how === 'without') rmSync(join(fe1.dir, 'run/haproxy-master.sock'));
      await labReset();
      const traffic = load();
      const long = await occupyFirst('fe1', 6_000);

      const ended = await rollWith('fe1', 'drain', () => reload(fe1));

      const report = await traffic.stop();
      expect(ended.status, ended.stderr).toBe(0);
      expect(ended.about).toContain('balancer-reloaded');
      expect(new Set(await Promise.all(long))).toEqual(new Set([200]));
      expect(report.failures).toEqual([]);
      expect(await serversOf('fe1')).toEqual(ALL_IN_SERVICE);
      expect(await containersOf('fe1')).toEqual(containersOn('v2'));
    },
  );

  it('by somebody who sets a weight during the drain', async () => {
    const fe1 = hostNamed('fe1');
    const traffic = load();
    const long = await occupyFirst('fe1', 3_000);

    const ended = await rollWith('fe1', 'drain', async () => {
      const isDrained = async (): Promise<boolean> =>
        (await runtime(fe1, 'get weight pxapp_cluster/pxApp_1')).startsWith('0 ');
      await expect.poll(isDrained, { timeout: 5_000, interval: 20 }).toBe(true);
      await runtime(fe1, 'set weight pxapp_cluster/pxApp_1 7');
    });

    const report = await traffic.stop();
    expect(ended.status, ended.stderr).toBe(0);
    expect(ended.about).toContain('changed-by-another');
    expect(new Set(await Promise.all(long))).toEqual(new Set([200]));
    expect(report.failures).toEqual([]);
    expect(await serversOf('fe1')).toEqual(ALL_IN_SERVICE);
  });
});
