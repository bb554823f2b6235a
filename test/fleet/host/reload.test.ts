import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { kill, reload, runtime, start as startDaemon } from '../../../lab/lab.ts';
import { bridge } from '../../../lab/settings.ts';
import { parseServersState } from '../../../src/adapters/haproxy/answers.ts';
import type { Remark, RunEvent } from '../../../src/rollout/events.ts';
import type { Step } from '../../../src/rollout/lifecycle.ts';
import { folderWith } from '../../support/command-line.ts';
import { ALL_IN_SERVICE, containersOf, containersOn, hostNamed, serversOf } from '../../support/fleet.ts';
import { occupied } from '../../support/long-requests.ts';
import { loadOwn, own, ownHost, resetOwn } from '../../support/own-host.ts';
import { rolloutTo, sluice, start, type Ended } from '../../support/sluice.ts';

interface Change {
  readonly at: Step;
  /** A request to pxApp_1 takes so long, and is in hand when the run comes to its first step. */
  readonly longMs?: number;
  readonly then?: () => Promise<void>;
}

interface Rolled extends Ended {
  readonly about: readonly string[];
  /** To the long requests. */
  readonly answers: ReadonlySet<number>;
}

/** Rolls one host out; `then` happens once, when `at` begins first. */
async function rollWith(host: string, { at, longMs, then }: Change): Promise<Rolled> {
  const remarks: Remark[] = [];
  let done: Promise<void> | undefined;
  let long: ReturnType<typeof occupied> | undefined;
  const onEvent = (event: RunEvent, child: ChildProcess): void => {
    if (event.type === 'remark') remarks.push(event.remark);
    if (event.type === 'step-started' && event.step === at) done ??= then?.();
    if (event.type !== 'planned' || longMs === undefined) return;
    // It stands still meanwhile: however busy the machine is, the request does not end before the drain begins.
    child.kill('SIGSTOP');
    long = occupied({ host, server: 'pxApp_1', ms: longMs }).finally(() => child.kill('SIGCONT'));
  };
  const ended = await start(rolloutTo('v2', '--limit', host, '--json'), { onEvent }).ended;
  await done;
  const answers = new Set(await Promise.all((await long) ?? []));
  return { ...ended, answers, about: [...new Set(remarks.map(({ about }) => about))] };
}

/** Until pxApp_1 has weight 0. */
async function untilWeightless(): Promise<void> {
  const weight = (): Promise<string> => runtime(ownHost(), 'get weight pxapp_cluster/pxApp_1');
  await expect.poll(weight, { timeout: 30_000, interval: 20 }).toMatch(/^0 /);
}

describe('an HAProxy that changes during a rollout of the real fleet', () => {
  beforeEach(async () => {
    await resetOwn();
  });

  it.each(['with', 'without'])(
    'by a reload, with a long request in the old worker, %s a master socket',
    async (how) => {
      const host = ownHost();
      await kill(host, 'haproxy');
      await startDaemon(host, 'haproxy');
      if (how === 'without') rmSync(join(host.dir, 'run/haproxy-master.sock'));
      await resetOwn();
      const traffic = loadOwn();

      const ended = await rollWith(own, {
        at: 'drain',
        longMs: 6_000,
        then: async () => {
          await untilWeightless();
          await reload(host);
        },
      });

      const report = await traffic.stop();
      expect(ended.status, ended.stderr).toBe(0);
      expect(ended.about).toContain('balancer-reloaded');
      expect(ended.answers).toEqual(new Set([200]));
      expect(report.failures).toEqual([]);
      expect(await serversOf(own)).toEqual(ALL_IN_SERVICE);
      expect(await containersOf(own)).toEqual(containersOn('v2'));
    },
  );
  // Whoever has the host next has a master socket.
  afterAll(async () => {
    await kill(ownHost(), 'haproxy');
    await startDaemon(ownHost(), 'haproxy');
  });

  it('by somebody who sets a weight during the drain', async () => {
    const host = ownHost();
    const traffic = loadOwn();

    const ended = await rollWith(own, {
      at: 'drain',
      longMs: 3_000,
      then: async () => {
        await untilWeightless();
        await runtime(host, 'set weight pxapp_cluster/pxApp_1 7');
      },
    });

    const report = await traffic.stop();
    expect(ended.status, ended.stderr).toBe(0);
    expect(ended.about).toContain('changed-by-another');
    expect(ended.answers).toEqual(new Set([200]));
    expect(report.failures).toEqual([]);
    expect(await serversOf(own)).toEqual(ALL_IN_SERVICE);
  });

  it('by a restart while a new container is checked, which puts its server into traffic', async () => {
    const host = ownHost();
    await resetOwn({ appDelayMs: 3_000 });
    let weight = '';

    const ended = await rollWith(own, {
      at: 'check',
      then: async () => {
        await kill(host, 'haproxy');
        await startDaemon(host, 'haproxy');
        const first = async (): Promise<string> => (weight = (await serversOf(own))[0] ?? '');
        await expect.poll(first, { timeout: 30_000, interval: 20 }).toMatch(/^pxApp_1 0 1 /);
      },
    });

    expect(weight).toMatch(/^pxApp_1 0 1 DOWN$/);
    expect(ended.status, ended.stderr).toBe(0);
    expect(ended.about).toContain('balancer-restarted');
    expect(await serversOf(own)).toEqual(ALL_IN_SERVICE);
    expect(await containersOf(own)).toEqual(containersOn('v2'));
  });

  it('by a reload during the drain, to a configuration without the server, sends the old container home', async () => {
    const host = ownHost();
    const config = join(host.dir, 'haproxy/haproxy.cfg');
    const traffic = loadOwn();

    const ended = await rollWith(own, {
      at: 'drain',
      longMs: 3_000,
      then: async () => {
        // Before that nothing is taken, and there is nothing to send home.
        await untilWeightless();
        writeFileSync(config, readFileSync(config, 'utf8').replace(/^ *server pxApp_1 .*\n/m, ''));
        await reload(host);
      },
    });

    const report = await traffic.stop();
    expect(ended.status, ended.stderr).toBe(2);
    expect(ended.about).toContain('gone');
    expect(ended.answers).toEqual(new Set([200]));
    expect(report.failures).toEqual([]);
    expect(await serversOf(own)).toEqual(ALL_IN_SERVICE.slice(1));
    expect(await containersOf(own)).toEqual(containersOn('v1'));
    expect((await sluice('status', own)).stdout).not.toContain('left in work');
  });

  it('by agent-checks, which are silent while their server is away, and speak again', async () => {
    const agent = await agentServer();
    try {
      const template = readFileSync('haproxy/haproxy.cfg.example', 'utf8').replace(
        / weight \{weight\}$/m,
        (weight) => `${weight} agent-check agent-addr ${bridge.address} agent-port ${agent.port} agent-inter 200ms`,
      );
      const folder = folderWith({ 'haproxy.cfg': template });
      await resetOwn({ haproxyTemplate: join(folder, 'haproxy.cfg') });
      const traffic = loadOwn();

      const ended = await rollWith(own, { at: 'drain', longMs: 3_000 });

      const report = await traffic.stop();
      expect(ended.status, ended.stderr).toBe(0);
      expect(ended.about).not.toContain('changed-by-another');
      expect(ended.answers).toEqual(new Set([200]));
      expect(report.failures).toEqual([]);
      expect(await serversOf(own)).toEqual(ALL_IN_SERVICE);
      expect(await enabledAgents(own)).toEqual(['pxApp_1', 'pxApp_2', 'pxApp_3']);
      const asked = agent.asked();
      await expect.poll(agent.asked, { timeout: 30_000 }).toBeGreaterThan(asked);
    } finally {
      await resetOwn();
      agent.server.close();
    }
  });
});

/** Says to every agent-check that the server may have all of its weight. */
async function agentServer(): Promise<{ server: Server; port: number; asked: () => number }> {
  let asked = 0;
  const server = createServer((socket) => {
    asked += 1;
    socket.on('error', () => undefined).end('ready up 100%\n');
  });
  server.listen(0, bridge.address);
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the agent has no port');
  return { server, port: address.port, asked: () => asked };
}

/** The servers whose agent-check is enabled: bit 0x04 of `srv_agent_state` (management guide, "show servers state"). */
async function enabledAgents(name: string): Promise<string[]> {
  const rows = parseServersState(await runtime(hostNamed(name), 'show servers state pxapp_cluster'));
  return rows
    .filter((row) => (Number(row.get('srv_agent_state')) & 0x04) !== 0)
    .map((row) => row.get('srv_name') ?? '');
}
