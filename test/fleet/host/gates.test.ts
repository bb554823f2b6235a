import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { RunEvent } from '../../../src/rollout/events.ts';
import { folderWith } from '../../support/command-line.ts';
import { ALL_IN_SERVICE, containersOf, containersOn, serversOf } from '../../support/fleet.ts';
import { loadOwn, own, resetOwn } from '../../support/own-host.ts';
import { start, type Ended } from '../../support/sluice.ts';

const WHOLE = readFileSync('playbooks/gates.yml', 'utf8');

/** To be rolled out with one of its tags: one container for each kind of gate that needs no metric. */
const EXAMPLE = WHOLE.replace('for: 2m', 'for: 3s').replace(
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

interface Play {
  readonly apps: readonly { readonly tags: readonly string[]; readonly ready: Readonly<Record<string, unknown>> }[];
}

/** The example with that app only, which is ready by its own condition, or by another one, and with nothing else to wait for. */
function readyBy(tag: string, other: Readonly<Record<string, unknown>> = {}): string {
  const [play] = parse(WHOLE) as readonly Play[];
  const apps = (play?.apps ?? [])
    .filter(({ tags }) => tags.includes(tag))
    .map((app) => ({ ...app, hooks: undefined, ready: { ...app.ready, ...other } }));
  expect(apps).toHaveLength(1);
  // JSON is YAML, too.
  const text = JSON.stringify([{ ...play, hooks: undefined, monitor: undefined, apps }]);
  return join(folderWith({ 'ready.yml': text }), 'ready.yml');
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
    return begin(playbook, '--tags', 'http', '-e', address);
  }

  async function begin(playbook: string, ...more: readonly string[]): Promise<Ended> {
    const words = ['rollout', playbook, '-e', 'pxapp_version=v2', '--yes', '--limit', own, '--json', ...more];
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

  it.each([
    {
      ...{ kind: 'status', tag: 'http', id: 1, wrong: { status: 204 } },
      why: /http:\/\/127\.0\.0\.1:8081\/health answers 200$/,
    },
    {
      ...{ kind: 'body', tag: 'http', id: 1, wrong: { body: '/ready: [1-9]/' } },
      why: /:8081\/health answers without \/ready: \[1-9\]\/: "\{\\"healthy\\":true,\\"version\\":\\"v2\\"/,
    },
    {
      ...{ kind: 'header', tag: 'http', id: 1, wrong: { header: { 'X-App-Version': 'v3' } } },
      why: /:8081\/health answers with x-app-version: v2, without "v3"$/,
    },
    {
      ...{ kind: 'tcp', tag: 'tcp', id: 2, wrong: { tcp: '127.0.0.1:8092' } },
      why: /127\.0\.0\.1:8092: \S/,
    },
    {
      ...{ kind: 'command', tag: 'command', id: 3, wrong: { command: 'cat /app/VERSION; exit 3' } },
      why: /the command exits with 3: v2$/,
    },
  ])('by its $kind a new container is ready, or put back, and why is told', async ({ tag, id, wrong, why }) => {
    const container = `pxApp_${id}`;
    const traffic = loadOwn();

    const bad = await begin(readyBy(tag, { ...wrong, within: '10s' }));
    const failed = events.find((event) => event.type === 'step-failed');
    const putBack = await containersOf(own);
    const afterBad = await serversOf(own);
    const good = await begin(readyBy(tag));

    const report = await traffic.stop();
    expect(bad.status, bad.stderr).toBe(2);
    expect(failed).toMatchObject({ step: 'check', subject: { name: container } });
    expect(failed?.reason).toMatch(/^pxApp_\d on fe\d \(registry\.lab:5000\/pxapp:v2\) is not ready after 10 s: /);
    expect(failed?.reason).toMatch(why);
    expect(putBack).toEqual(containersOn('v1'));
    expect(afterBad).toEqual(ALL_IN_SERVICE);
    expect(good.status, good.stderr).toBe(0);
    expect(await containersOf(own)).toEqual([1, 2, 3].map((one) => `pxApp_${one} ${one === id ? 'v2' : 'v1'}`));
    expect(await serversOf(own)).toEqual(ALL_IN_SERVICE);
    expect(report.failures).toEqual([]);
  });
});
