import { describe, expect, it } from 'vitest';
import type { Instance, Probe } from '../../src/rollout/model.ts';
import { rollout } from '../../src/runner/rollout.ts';
import { changed } from '../support/changed.ts';
import { FakeFleet, IMAGE } from '../support/fake-fleet.ts';

const http: Probe = { kind: 'http', url: 'http://127.0.0.1:8081/', status: [200, 399] };
const tcp: Probe = { kind: 'tcp', host: '127.0.0.1', port: 8081 };
const command: Probe = { kind: 'command', command: ['true'] };

interface Seen {
  readonly probe?: Probe;
  readonly healthcheck?: Instance['spec']['healthcheck'];
  readonly lastCheck?: string;
  readonly hasHealthcheck?: boolean;
}

interface Told {
  /** `refused`, or how the run ended. */
  readonly end: string;
  readonly findings: readonly string[];
  readonly isTouched: boolean;
}

/** Rolls out to fe1 what nothing proves but what is given. */
async function rollOut({ probe, healthcheck, lastCheck = 'L4OK', hasHealthcheck = false }: Seen): Promise<Told> {
  const fleet = await FakeFleet.up(['fe1']);
  const fe1 = await fleet.host('fe1');
  const image = fleet.registry.get(`${IMAGE}:v2`);
  if (!image) throw new Error('there is a v2');
  fleet.registry.set(`${IMAGE}:v2`, { ...image, healthcheck: hasHealthcheck ? { intervalMs: 100 } : undefined });
  const balancer = changed(fe1.haproxy, {
    backends: async (name) =>
      (await fe1.haproxy.backends(name)).map((one) => ({
        ...one,
        servers: one.servers.map((state) => ({ ...state, lastCheck })),
      })),
  });
  const odd = changed(fleet, { host: async () => changed(fe1, { balancer: () => balancer }) });
  const spec = { image: `${IMAGE}:v2`, pullPolicy: 'always' as const, healthcheck };
  const ready = { probe, withinMs: 10_000, everyMs: 100 };
  const play = fleet.play('v2', { each: { spec, ready } });
  const options = { force: false, onPlanned: () => undefined, confirm: async () => true };
  const first = { ...play, hosts: play.hosts.map((one) => ({ ...one, instances: one.instances.slice(0, 1) })) };
  const end = await rollout([first], options, { ...fleet.context(), fleet: odd }).then(
    (result) => result.end,
    () => 'refused',
  );
  const findings = fleet.events.flatMap((one) =>
    one.type === 'problem' || one.type === 'warning' ? [`${one.type}: ${one.text}`] : [],
  );
  return { end, findings, isTouched: fleet.events.some(({ type }) => type === 'step-started') };
}

const warning = 'warning: pxApp_1 has no ready check: only a healthcheck in its image can prove that it answers';

describe('a rollout goes on when something proves that the application answers:', () => {
  // prettier-ignore
  it.each<{ what: string; seen: Seen; findings: string[] }>([
    { what: 'an HTTP probe',                        seen: { probe: http },                               findings: [] },
    { what: 'a command',                            seen: { probe: command },                            findings: [] },
    { what: 'a healthcheck in the playbook',        seen: { healthcheck: { test: ['CMD', 'true'] } },    findings: [] },
    { what: "HAProxy's own check of what it says",  seen: { lastCheck: 'L7OK/200' },                     findings: [] },
    { what: 'also when that does not pass now',     seen: { lastCheck: 'L7STS/503' },                    findings: [] },
    { what: 'a healthcheck in the image',           seen: { hasHealthcheck: true },                      findings: [warning] },
    { what: 'also at another interval',             seen: { hasHealthcheck: true, healthcheck: { intervalMs: 500 } }, findings: [warning] },
  ])('$what', async ({ seen, findings }) => {
    expect(await rollOut(seen)).toEqual({ end: 'done', findings, isTouched: true });
  });
});

describe('a rollout touches nothing when all that could prove the application is', () => {
  // prettier-ignore
  it.each<{ what: string; seen: Seen }>([
    { what: 'nothing at all',                             seen: {} },
    { what: 'an open port',                               seen: { probe: tcp } },
    { what: 'an interval without a healthcheck',          seen: { healthcheck: { intervalMs: 500 } } },
    { what: "HAProxy's check of the connection",          seen: { lastCheck: 'L4OK in 0ms' } },
    { what: 'no check of HAProxy',                        seen: { lastCheck: '' } },
  ])('$what', async ({ seen }) => {
    const problem =
      "problem: Nothing proves that pxApp_1 answers: add ready: { http: … } or a healthcheck (an open port proves nothing, Docker's proxy opens it at once)";
    expect(await rollOut(seen)).toEqual({ end: 'refused', findings: [warning, problem], isTouched: false });
  });
});

it('a rollout refuses a container that would be gone once it is stopped', async () => {
  const fleet = await FakeFleet.up(['fe1']);
  const fe1 = await fleet.host('fe1');
  const containers = changed(fe1.containers, {
    inspect: async (name) => {
      const container = await fe1.containers.inspect(name);
      return container && { ...container, isAutoRemoved: name === 'pxApp_2' };
    },
  });
  const odd = changed(fleet, { host: async () => changed(fe1, { containers }) });
  const options = { force: false, onPlanned: () => undefined, confirm: async () => true };

  await expect(rollout([fleet.play('v2')], options, { ...fleet.context(), fleet: odd })).rejects.toThrow(
    /nothing was touched/,
  );

  const text = 'pxApp_2 was started with --rm and would be gone once it is stopped: start it anew without';
  expect(fleet.events).toContainEqual({ type: 'problem', host: 'fe1', text });
});
