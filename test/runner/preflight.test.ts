import pLimit from 'p-limit';
import { describe, expect, it } from 'vitest';
import { Failure } from '../../src/errors.ts';
import type { Instance } from '../../src/rollout/model.ts';
import type { BackendState, ServerState } from '../../src/rollout/observed.ts';
import type { Finding } from '../../src/runner/hosts/findings.ts';
import type { BalancerFacts, RecordEntry, Weights } from '../../src/runner/ports/ports.ts';
import { inspectFleet, type Inspection } from '../../src/runner/preflight/preflight.ts';
import { plan } from '../../src/runner/rollout.ts';
import { aServer, anInstance } from '../support/builders.ts';
import { changed } from '../support/changed.ts';
import { FakeFleet, IMAGE } from '../support/fake-fleet.ts';

interface Oddity {
  readonly server?: Partial<ServerState>;
  readonly backend?: Partial<BackendState>;
  readonly facts?: Partial<BalancerFacts>;
  readonly instance?: Partial<Instance>;
  /** What HAProxy answers when it is asked about a hash. */
  readonly weights?: Weights;
}

/** Looks at the second instance of fe1, whose HAProxy shows it so. */
async function inspect(fleet: FakeFleet, odd: Oddity = {}): Promise<Inspection> {
  const { server, backend, facts, instance, weights = 'unknown' } = odd;
  const fe1 = await fleet.host('fe1');
  const balancer = changed(fe1.haproxy, {
    facts: async () => ({ ...(await fe1.haproxy.facts()), ...facts }),
    backends: async (name) =>
      (await fe1.haproxy.backends(name)).map((one) => ({
        ...one,
        servers: one.servers.map((state) => (state.server.name === 'pxApp_2' ? { ...state, ...server } : state)),
        ...backend,
      })),
    takesWeights: async () => weights,
  });
  const there = changed(fleet, { host: async () => changed(fe1, { balancer: () => balancer }) });
  const play = { host: 'fe1', instances: [anInstance({ container: 'pxApp_2', ...instance })] };
  return inspectFleet([play], { ...fleet.context(), fleet: there, limit: pLimit(4) });
}

function textsOf(findings: readonly Finding[]): string[] {
  return findings.map(({ kind, host, text }) => `${kind} ${host}: ${text}`);
}

const entry: RecordEntry = {
  ...{ kind: 'drain', server: aServer('pxApp_3'), standing: { weight: 30, admin: 'ready' }, wasUp: true },
  ...{ by: 'bob@laptop', note: 'disk swap', at: '2026-11-20T08:00:00Z', run: 'earlier' },
};

describe('inspectFleet()', () => {
  it('finds nothing wrong with a fleet that is whole, and tells that each host is ready', async () => {
    const fleet = await FakeFleet.up();
    const { hosts } = fleet.play('v2');

    const { facts, findings } = await inspectFleet(hosts, { ...fleet.context(), limit: pLimit(4) });

    expect(findings).toEqual([]);
    expect(facts.instances.size).toBe(9);
    expect(facts.backends.map(({ balancer, servers }) => `${balancer.host} ${servers.length}`)).toEqual([
      'fe1 3',
      'fe2 3',
      'fe3 3',
    ]);
    expect(fleet.events).toEqual(
      ['fe1', 'fe2', 'fe3'].map((host) => {
        return { type: 'host-ready', host, engine: '20.10.24', balancers: ['2.6.12 (/var/run/haproxy.sock)'] };
      }),
    );
  });

  // prettier-ignore
  it.each<{ why: string; odd: Oddity; says: string }>([
    { why: 'HAProxy does not have the backend', odd: { instance: { servers: [{ ...aServer('pxApp_2'), backend: 'api' }] } },
      says: 'HAProxy (/var/run/haproxy.sock) has no backend api with servers' },
    { why: 'the backend does not have the server', odd: { instance: { servers: [aServer('web')] } },
      says: "HAProxy's backend pxapp_cluster has no server web; it has pxApp_1, pxApp_2, pxApp_3" },
    { why: 'the socket is at level operator', odd: { facts: { level: 'operator' } },
      says: 'HAProxy\'s socket /var/run/haproxy.sock is at level operator: weights can only be set at "level admin" of its stats socket' },
    { why: 'the socket is at level user', odd: { facts: { level: 'user' } },
      says: 'HAProxy\'s socket /var/run/haproxy.sock is at level user: weights can only be set at "level admin" of its stats socket' },
    { why: 'the server follows another', odd: { server: { tracks: 'api/pxApp_2' } },
      says: "pxapp_cluster/pxApp_2 tracks api/pxApp_2: its state is that one's, and says nothing of the container: give it a check of its own" },
    { why: 'the algorithm could not go back to the weight', odd: { backend: { algorithm: 'static-rr' }, server: { weight: 7, initialWeight: 20 } },
      says: 'pxapp_cluster/pxApp_2 has weight 7, and balance static-rr can only go back to 20' },
    { why: 'a hash could not', odd: { backend: { algorithm: 'hash' }, server: { weight: 7, initialWeight: 20 }, weights: 'fixed' },
      says: 'pxapp_cluster/pxApp_2 has weight 7, and balance hash can only go back to 20' },
    { why: 'HAProxy does not tell whether a hash could', odd: { backend: { algorithm: 'hdr(host)' }, server: { weight: 7, initialWeight: 20 }, weights: 'unknown' },
      says: 'pxapp_cluster/pxApp_2 has weight 7, which balance hdr(host) may not take again, and HAProxy does not tell: set it to 20 first' },
    { why: 'the image is not there and must not be pulled', odd: { instance: { spec: { image: `${IMAGE}:v2`, pullPolicy: 'never' } } },
      says: `Cannot use ${IMAGE}:v2 on fe1: it is not there, and pull_policy is never` },
    { why: 'the registry does not have the image', odd: { instance: { spec: { image: `${IMAGE}:v9`, pullPolicy: 'missing' } } },
      says: `Cannot find ${IMAGE}:v9: manifest unknown` },
  ])('refuses to start when $why', async ({ odd, says }) => {
    const fleet = await FakeFleet.up(['fe1']);

    const { findings } = await inspect(fleet, odd);

    expect(textsOf(findings)).toEqual([`problem fe1: ${says}`]);
  });

  // prettier-ignore
  it.each<{ why: string; odd: Oddity; says: string }>([
    { why: 'weight 0',          odd: { server: { weight: 0 } },
      says: 'pxapp_cluster/pxApp_2 is at weight 0 already and will stay so' },
    { why: 'maintenance',       odd: { server: { admin: 'maint', isUp: false, status: 'MAINT', weight: 0 } },
      says: 'pxapp_cluster/pxApp_2 is in maint already and will stay so' },
    { why: 'drain',             odd: { server: { admin: 'drain', isUp: false, status: 'DRAIN' } },
      says: 'pxapp_cluster/pxApp_2 is in drain already and will stay so' },
    { why: 'a server DOWN',     odd: { server: { isUp: false, status: 'DOWN', lastCheck: 'L4CON' } },
      says: 'pxapp_cluster/pxApp_2 is DOWN now (last check L4CON)' },
    { why: 'one by its agent',  odd: { server: { isUp: false, status: 'DOWN (agent)', lastCheck: '' } },
      says: 'pxapp_cluster/pxApp_2 is DOWN (agent) now' },
    { why: 'no check',          odd: { server: { hasCheck: false, status: 'no check' } },
      says: 'pxapp_cluster/pxApp_2 has no check: HAProxy will not notice when it fails' },
    { why: 'a single request',  odd: { backend: { queued: 1 } },
      says: 'pxapp_cluster has 1 request queued: it has no capacity to spare' },
    { why: 'a queue',           odd: { backend: { queued: 4 } },
      says: 'pxapp_cluster has 4 requests queued: it has no capacity to spare' },
  ])('only warns of $why', async ({ odd, says }) => {
    const fleet = await FakeFleet.up(['fe1']);

    const { findings } = await inspect(fleet, odd);

    expect(textsOf(findings)).toEqual([`warning fe1: ${says}`]);
  });

  // prettier-ignore
  it.each<{ algorithm: string; weight: number; weights?: Weights }>([
    { algorithm: 'source',     weight: 20 },
    { algorithm: 'static-rr',  weight: 0 },
    { algorithm: 'roundrobin', weight: 7 },
    { algorithm: 'leastconn',  weight: 7 },
    { algorithm: 'random(2)',  weight: 7 },
    { algorithm: '',           weight: 7 },
    { algorithm: 'uri',        weight: 7,  weights: 'any' },
    { algorithm: 'unknown',    weight: 7,  weights: 'any' },
  ])('sees no problem in weight $weight with balance $algorithm', async ({ algorithm, weight, weights = 'fixed' }) => {
    const fleet = await FakeFleet.up(['fe1']);
    const server = { weight, initialWeight: 20 };

    const { findings } = await inspect(fleet, { backend: { algorithm }, server, weights });

    expect(findings.filter(({ kind }) => kind === 'problem')).toEqual([]);
  });

  it('says all that is wrong with a host at once, and each thing once', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const server = aServer('pxApp_2');
    const instance = { servers: [server, server], spec: { image: `${IMAGE}:v9`, pullPolicy: 'always' as const } };

    const { findings } = await inspect(fleet, {
      server: { tracks: 'other/one', weight: 0 },
      facts: { level: 'user' },
      instance,
    });

    expect(findings.map(({ kind, text }) => `${kind} ${text.slice(0, 30)}`)).toEqual([
      "problem HAProxy's socket /var/run/hapr",
      'problem pxapp_cluster/pxApp_2 tracks o',
      'warning pxapp_cluster/pxApp_2 is at we',
      `problem Cannot find ${IMAGE}:v9`.slice(0, 38),
    ]);
  });

  it('tells of a host that cannot be reached, and looks at the others', async () => {
    const fleet = await FakeFleet.up();
    (await fleet.host('fe2')).isUnreachable = true;

    const { facts, findings } = await inspectFleet(fleet.play('v2').hosts, { ...fleet.context(), limit: pLimit(4) });

    expect(findings).toEqual([
      { kind: 'problem', host: 'fe2', text: 'Cannot reach fe2: connection refused', isUnreachable: true },
    ]);
    expect(facts.instances.size).toBe(6);
  });

  it('tells of an HAProxy that does not answer, and looks at the rest of the host', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const fe1 = await fleet.host('fe1');
    const failure = new Failure('haproxy', 'Cannot ask HAProxy on fe1: refused');
    const balancer = changed(fe1.haproxy, { facts: () => Promise.reject(failure) });
    const odd = changed(fleet, { host: async () => changed(fe1, { balancer: () => balancer }) });

    const { findings } = await inspectFleet(fleet.play('v9').hosts, {
      ...fleet.context(),
      fleet: odd,
      limit: pLimit(4),
    });

    expect(textsOf(findings)).toEqual([
      'problem fe1: Cannot ask HAProxy on fe1: refused',
      `problem fe1: Cannot find ${IMAGE}:v9: manifest unknown`,
    ]);
  });

  it('lets a bug through', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const bug = new TypeError('a bug');
    const odd = changed(fleet, { host: () => Promise.reject(bug) });

    await expect(
      inspectFleet(fleet.play('v2').hosts, { ...fleet.context(), fleet: odd, limit: pLimit(4) }),
    ).rejects.toBe(bug);
  });
});

describe('leftovers of an earlier run', () => {
  // prettier-ignore
  it.each([
    { of: { ...entry },                                        says: 'pxapp_cluster/pxApp_3 was drained by bob@laptop at 2026-11-20T08:00:00Z ("disk swap"): see to it with "sluice restore fe1"' },
    { of: { ...entry, kind: 'rollout' as const, note: '' },    says: 'pxapp_cluster/pxApp_3 was left in work by bob@laptop at 2026-11-20T08:00:00Z: see to it with "sluice recover fe1"' },
  ])('keep a rollout from starting when they are recorded: $of.kind', async ({ of, says }) => {
    const fleet = await FakeFleet.up(['fe1']);
    (await fleet.host('fe1')).entries = [of];

    const { findings } = await inspect(fleet);

    expect(textsOf(findings)).toEqual([`problem fe1: ${says}`]);
  });

  // prettier-ignore
  it.each([
    { what: 'an old container that still runs', isStarted: true,  from: 'pxApp_2', isMoved: false,
      says: ['pxApp_2.replaced-20261101-080000-ab12, an old container of pxApp_2, still runs: see that no server sends requests to it, then stop and remove it'] },
    { what: 'an old container without a new one', isStarted: false, from: 'pxApp_2', isMoved: true,
      says: ['pxApp_2 is gone and its old container waits as pxApp_2.replaced-20261101-080000-ab12: rename it back, or remove it'] },
    { what: 'nothing in an old container that was kept', isStarted: false, from: 'pxApp_2', isMoved: false, says: [] },
    { what: 'nothing in one of an app that is not in the play', isStarted: true, from: 'gone', isMoved: false, says: [] },
    { what: 'nothing in a name of another kind', isStarted: true, from: 'replaced', isMoved: false, says: [] },
  ])('are $what', async ({ isStarted, from, isMoved, says }) => {
    const fleet = await FakeFleet.up(['fe1']);
    const { containers } = await fleet.host('fe1');
    const name = from === 'replaced' ? 'replaced-by-hand' : `${from}.replaced-20261101-080000-ab12`;
    await containers.create(name, { image: `${IMAGE}:v1`, pullPolicy: 'never' }, undefined);
    if (isStarted) await containers.start(name);
    if (isMoved) await containers.remove(from);

    const { findings } = await inspect(fleet);

    expect(textsOf(findings)).toEqual(says.map((text) => `problem fe1: ${text}`));
  });
});

describe('plan()', () => {
  it('refuses a play that would leave too few usable servers, after it has said so', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const context = fleet.context();
    await (await fleet.host('fe1')).haproxy.setWeight(aServer('pxApp_3'), 0);

    await expect(plan([fleet.play('v2', { each: { minUp: { percent: 50 } } })], false, context)).rejects.toMatchObject({
      ...{ code: 'error', message: 'Cannot start: there is a problem (above); nothing was touched' },
    });

    expect(fleet.events.filter(({ type }) => type === 'problem')).toEqual([
      {
        type: 'problem',
        host: 'fe1',
        text: 'The play "Front ends" would leave 1 of 2 usable servers in backend pxapp_cluster, and min_up asks for 2',
      },
    ]);
    expect(fleet.events.filter(({ type }) => type === 'planned')).toEqual([]);
  });

  it('allows what has nothing to take, whatever the floor', async () => {
    const fleet = await FakeFleet.up(['fe1']);

    const [only] = await plan([fleet.play('v1', { each: { minUp: { servers: 9 } } })], false, fleet.context());

    expect(only?.capacity).toMatchObject([{ usable: 3, usableAtWorst: 3, floor: 9 }]);
  });

  it('says "unreachable" before all else, since that has an exit status of its own', async () => {
    const fleet = await FakeFleet.up(['fe1', 'fe2']);
    (await fleet.host('fe2')).isUnreachable = true;

    await expect(plan([fleet.play('v9')], false, fleet.context())).rejects.toMatchObject({
      ...{ code: 'unreachable', message: 'Cannot start: there are 2 problems (above); nothing was touched' },
    });
  });

  it('does not call a host unreachable whose Docker or HAProxy hangs', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const { haproxy } = await fleet.host('fe1');
    haproxy.backends = () => Promise.reject(new Failure('late', 'Cannot ask HAProxy on fe1: no answer within 10 s'));

    await expect(plan([fleet.play('v2')], false, fleet.context())).rejects.toMatchObject({
      ...{ code: 'error', message: 'Cannot start: there is a problem (above); nothing was touched' },
    });
  });

  it('warns and goes on', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    await (await fleet.host('fe1')).haproxy.setWeight(aServer('pxApp_3'), 0);

    const plans = await plan([fleet.play('v2')], false, fleet.context());

    expect(plans).toHaveLength(1);
    expect(fleet.events.map(({ type }) => type)).toEqual(['host-ready', 'warning', 'planned']);
  });
});
