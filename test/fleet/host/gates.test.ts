import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunEvent } from '../../../src/rollout/events.ts';
import { folderWith } from '../../support/command-line.ts';
import { ALL_IN_SERVICE, containersOf, containersOn, serversOf } from '../../support/fleet.ts';
import { loadOwn, own, resetOwn } from '../../support/own-host.ts';
import { start, type Ended } from '../../support/sluice.ts';

const EXAMPLE = readFileSync('playbooks/gates.yml', 'utf8')
  .replace('instances: 3', 'instances: 1')
  .replaceAll('pxApp_{{ id }}', 'pxApp_1')
  .replace('for: 2m', 'for: 3s')
  .replace(
    'below: 0.01\n          for: 1m\n        timeout: 5m',
    'below: 0.01\n          for: 2s\n          every: 200ms\n        timeout: 8s',
  );

/** Answers as Prometheus does: what a query is, by what is in it; undefined: no series. */
async function prometheus(valueOf: (query: string) => number | undefined): Promise<Server> {
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://x');
    const value = pathname === '/api/v1/query' ? valueOf(searchParams.get('query') ?? '') : undefined;
    const result = value === undefined ? [] : [{ metric: {}, value: [Date.now() / 1000, String(value)] }];
    response.end(JSON.stringify({ status: 'success', data: { resultType: 'vector', result } }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

const isRate = (query: string): boolean => query.includes('/');

describe('gates on a real host', () => {
  let server: Server | undefined;
  const events: RunEvent[] = [];

  beforeEach(async () => {
    events.length = 0;
    await resetOwn();
  });

  afterEach(() => {
    server?.close();
  });

  async function rollout(valueOf: (query: string) => number | undefined, changed = EXAMPLE): Promise<Ended> {
    server = await prometheus(valueOf);
    const address = `prometheus=http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const playbook = join(folderWith({ 'gates.yml': changed }), 'gates.yml');
    const words = ['rollout', playbook, '-e', 'pxapp_version=v2', '-e', address, '--yes', '--limit', own, '--json'];
    return start(words, { onEvent: (event) => events.push(event) }).ended;
  }

  it('are waited for before traffic, in service and after a batch, and fail no request', async () => {
    const traffic = loadOwn();

    const ended = await rollout((query) => (isRate(query) ? 0.002 : 0.1));

    const report = await traffic.stop();
    expect(ended, ended.stderr).toMatchObject({ status: 0 });
    const gates = events.filter((event) => event.type === 'hook-ended');
    expect(gates.map(({ hook: { name }, result }) => [name, result])).toEqual([
      ['warm', 'ok'],
      ['errors', 'ok'],
    ]);
    expect(gates[0]?.value).toBeGreaterThan(3);
    expect(gates[1]).toMatchObject({ value: 0.002 });
    expect(gates[1]?.ms).toBeGreaterThanOrEqual(2_000);
    expect(events.find((event) => event.type === 'monitor-ended')).toMatchObject({ value: 0.1 });
    expect(report.failures).toEqual([]);
    expect(await containersOf(own)).toEqual([...containersOn('v2').slice(0, 1), ...containersOn('v1').slice(1)]);
  });

  it('that have no number after a batch take back what the run has done', async () => {
    const traffic = loadOwn();

    const ended = await rollout((query) => (isRate(query) ? undefined : 0));

    const report = await traffic.stop();
    expect(ended.status, ended.stderr).toBe(8);
    const gate = events.findLast((event) => event.type === 'hook-ended');
    expect(gate?.why).toMatch(/^was not passed within 8s: \S+ has no series for it/);
    expect(report.failures).toEqual([]);
    expect(await serversOf(own)).toEqual(ALL_IN_SERVICE);
    expect(await containersOf(own)).toEqual(containersOn('v1'));
  });

  it('that a new container does not pass keep requests from it', async () => {
    const traffic = loadOwn();

    const ended = await rollout(
      () => 0,
      EXAMPLE.replace('above: 3', 'above: 3000').replace('timeout: 10s', 'timeout: 2s'),
    );

    const report = await traffic.stop();
    expect(ended.status, ended.stderr).toBe(2);
    const failed = events.find((event) => event.type === 'step-failed');
    expect(failed).toMatchObject({
      step: 'check',
      reason: expect.stringMatching(
        /hook warm .* was not passed within 2s: \S+ uptime is [\d.]+, not above 3000$/,
      ) as unknown,
    });
    expect(report.failures).toEqual([]);
    expect(await containersOf(own)).toEqual(containersOn('v1'));
  });
});
