import { aGate } from '../support/hooks.ts';
import { describe, expect, it } from 'vitest';
import { paintFor } from '../../src/report/paint.ts';
import { planText } from '../../src/report/plan.ts';
import type { InstancePlan, PlayPlan } from '../../src/rollout/plan.ts';
import { oneByOne } from '../../src/rollout/at-once.ts';
import { defaultPolicy } from '../../src/rollout/policy.ts';
import { aServer, anInstance } from '../support/builders.ts';

const v1 = { reference: 'lab/app:v1', digest: 'sha256:aaaaaaaaaaaaaaaaaaaa' };
const v2 = { reference: 'lab/app:v2', digest: 'sha256:bbbbbbbbbbbbbbbbbbbb' };

function serverOn(host: string): InstancePlan['servers'][number] {
  const server = { ...aServer(), balancer: { ...aServer().balancer, host } };
  return { server, weight: 10, status: 'UP', sessions: 2 };
}

function anInstancePlan(over: Partial<InstancePlan> = {}): InstancePlan {
  const servers = [{ server: aServer(), weight: 10, status: 'UP', sessions: 2 }];
  return { instance: anInstance(), action: 'replace', from: v1, to: v2, changes: [], because: '', servers, ...over };
}

function aPlan(over: Partial<PlayPlan> = {}): PlayPlan {
  const hosts = [{ host: 'fe1', instances: [anInstancePlan()] }];
  return {
    name: 'Front',
    maxFailPercentage: 0,
    policy: defaultPolicy,
    batches: [{ number: 1, hosts }],
    capacity: [],
    ...over,
  };
}

function textOf(plan: PlayPlan, diff = false): string[] {
  return planText(plan, { paint: paintFor(false), diff });
}

function rowsOf(...instances: InstancePlan[]): string[] {
  return textOf(aPlan({ batches: [{ number: 1, hosts: [{ host: 'fe1', instances }] }] })).slice(2, -1);
}

describe('planText()', () => {
  it('says on which host a balancer is that is not on the own one, or not alone', () => {
    const [row = ''] = rowsOf(anInstancePlan({ servers: [serverOn('lb1'), serverOn('lb2')] }));
    expect(row).toMatch(/ pxapp_cluster\/pxApp_1 on lb1 weight 10 UP .*, pxapp_cluster\/pxApp_1 on lb2 weight 10 UP /);
  });

  it('says how much is in work at once, where that is more than one instance of each host of a batch', () => {
    const atOnce = { perHost: 2, inAll: 8, window: 5, isLockstep: false };
    expect(textOf(aPlan({ atOnce }))[1]).toBe(
      '  at once: 5 hosts in a window, 2 instances of a host, 8 instances in all',
    );
    const lockstep = { ...oneByOne, isLockstep: true };
    expect(textOf(aPlan({ atOnce: lockstep }))[1]).toBe('  at once: the hosts of a batch in lockstep');
    expect(textOf(aPlan())[1]).toMatch(/^ {2}batch 1/);
  });

  describe('of a play with a pause', () => {
    const one = { host: 'fe1', instances: [anInstancePlan()] };
    const idle = { host: 'fe2', instances: [anInstancePlan({ action: 'leave' })] };
    const batchesOf = (...hosts: (typeof one)[]): PlayPlan['batches'] =>
      hosts.map((host, index) => ({ number: index + 1, hosts: [host] }));
    const lines = (over: Partial<PlayPlan>, pause: number | 'ask'): string[] =>
      textOf(aPlan({ batches: batchesOf(one, one), policy: { ...defaultPolicy, pause }, ...over })).filter((line) =>
        line.includes('pause'),
      );

    it('says for how long, or that somebody is asked', () => {
      expect(lines({}, 600_000)).toEqual(['  pause: 10m between batches']);
      expect(lines({}, 'ask')).toEqual(['  pause: ask between batches']);
      const atOnce = { ...oneByOne, window: 5 };
      expect(lines({ atOnce }, 'ask')).toEqual(['  pause: ask before each host that begins when another has ended']);
    });

    it('says nothing where there is none', () => {
      expect(lines({}, 0)).toEqual([]);
      expect(lines({ batches: batchesOf(one) }, 'ask')).toEqual([]);
      expect(lines({ batches: batchesOf(one, idle) }, 'ask')).toEqual([]);
    });
  });

  it('says what the hosts of a batch have in common', () => {
    const hosts = [{ host: 'fe1', instances: [anInstancePlan()] }];
    expect(textOf(aPlan({ batches: [{ number: 1, group: 'zone a', hosts }] }))[1]).toBe('  batch 1 of 1, zone a: fe1');
  });

  it('tells the weights of a ramp, and where there is none', () => {
    const ramp = { percents: [10, 50], everyMs: 30_000 };
    const weighing = (weight: number): InstancePlan['servers'] => [
      { server: aServer(), weight, status: 'UP', sessions: 0 },
    ];
    const [ten, one, left] = rowsOf(
      anInstancePlan({ instance: anInstance({ ramp }) }),
      anInstancePlan({ instance: anInstance({ ramp }), servers: weighing(1) }),
      anInstancePlan({ instance: anInstance({ ramp }), action: 'leave' }),
    );
    expect(ten).toMatch(/ramp: weight 1, 5, then 10, 30s each$/);
    expect(one).toMatch(/no ramp: weight 1 has no smaller step$/);
    expect(left).not.toMatch(/ramp/);
  });

  it('says of one that is only restarted what a rollout would change, and what stays so', () => {
    const changes = [{ setting: 'ports', from: '80', to: '81' }];
    const one = anInstancePlan({
      instance: anInstance({ strategy: 'restart' }),
      action: 'restart',
      to: v1,
      stays: { image: v2, changes },
    });
    const plan = aPlan({ batches: [{ number: 1, hosts: [{ host: 'fe1', instances: [one] }] }] });

    expect(rowsOf(one)[0]?.replaceAll(/  +/g, '  ')).toBe(
      '  ~ fe1  pxApp_1  lab/app:v1 (aaaaaaaaaaaa), restart only  pxapp_cluster/pxApp_1 weight 10 UP 2 sessions  image lab/app:v2 (bbbbbbbbbbbb) differs and stays; settings ports differ and stay',
    );
    expect(textOf(plan, true).slice(3)).toEqual([
      '        - ports: 80',
      '        + ports: 81',
      '  0 to replace, 0 to create, 1 to restart, 0 to leave alone',
    ]);
  });

  it('says of one that a command is run for which, and where, and not what it is', () => {
    const run = { name: 'clear', where: 'container', timeoutMs: 1_000, spec: { command: ['secret'] } } as const;
    const instance = anInstance({ strategy: 'run', run });
    const one = anInstancePlan({ action: 'run', to: v1, instance });

    expect(rowsOf(one)[0]).toMatch(/ lab\/app:v1 \(a{12}\), clear only, in the container /);
    expect(textOf(aPlan({ batches: [{ number: 1, hosts: [{ host: 'fe1', instances: [one] }] }] })).join()).not.toMatch(
      'secret',
    );
  });

  it('says what gates and monitors ask for, and nothing of their headers', () => {
    const spec = { headers: { authorization: 'Bearer abcd' } };
    const asked = { url: 'http://prom', limits: { below: 0.5 }, everyMs: 5_000, spec };
    const gate = aGate({ name: 'errors', ...asked, query: 'sum(errors)', forMs: 60_000, timeoutMs: 300_000 });
    const metric = { ...asked, json: ['a', 'b'], where: 'host' } as const;
    const monitor = { forMs: 120_000, everyMs: 1_000, maxErrors: { percent: 5 }, compare: undefined, metric };
    const one = anInstancePlan({ action: 'replace', instance: anInstance({ monitor }) });
    const plan = aPlan({
      ...{ batches: [{ number: 1, hosts: [{ host: 'fe1', instances: [one] }] }], hooks: { after_batch: [gate] } },
    });

    const text = textOf(plan);

    expect(text.map((line) => line.replaceAll(/  +/g, '  '))).toEqual(
      expect.arrayContaining([
        '  after_batch  errors  controller, each batch  5m at most  until sum(errors) is below 0.5 for 1m',
        '  monitor: each instance for 2m, http://prom a.b below 0.5, from the host',
      ]),
    );
    expect(text.join()).not.toMatch('abcd');
  });

  it('shows batch by batch what happens to each instance, then what that costs', () => {
    const second = {
      number: 2,
      hosts: ['fe2', 'fe3'].map((host) => ({
        host,
        instances: [
          anInstancePlan({ instance: anInstance({ host }), action: 'leave', from: v2, servers: [serverOn(host)] }),
        ],
      })),
    };
    const capacity = [
      { host: 'fe1', socket: '/s', backend: 'web', servers: 3, usable: 3, usableAtWorst: 2, floor: 2 },
      { host: 'fe10', socket: '/s', backend: 'api', servers: 12, usable: 11, usableAtWorst: 11, floor: 6 },
    ];

    expect(textOf(aPlan({ batches: [...aPlan().batches, second], capacity }))).toEqual([
      'Play: Front',
      '  batch 1 of 2: fe1',
      '    ~ fe1  pxApp_1  lab/app:v1 → v2 (aaaaaaaaaaaa → bbbbbbbbbbbb)  pxapp_cluster/pxApp_1 weight 10 UP 2 sessions',
      '  batch 2 of 2: fe2, fe3',
      '    = fe2  pxApp_1  lab/app:v2 (bbbbbbbbbbbb), nothing to change  pxapp_cluster/pxApp_1 weight 10 UP 2 sessions',
      '    = fe3  pxApp_1  lab/app:v2 (bbbbbbbbbbbb), nothing to change  pxapp_cluster/pxApp_1 weight 10 UP 2 sessions',
      '  capacity:',
      '    fe1 web   3 of 3 usable now    2 at the worst moment   min_up 2',
      '    fe10 api  11 of 12 usable now  11 at the worst moment  min_up 6',
      '  1 to replace, 0 to create, 2 to leave alone',
    ]);
  });

  it('tells a new container from one that is replaced', () => {
    expect(rowsOf(anInstancePlan({ action: 'create', from: undefined, servers: [] }))).toEqual([
      '    + fe1  pxApp_1  lab/app:v2 (bbbbbbbbbbbb), new',
    ]);
  });

  it('says that a digest is unknown', () => {
    const from = { reference: 'local:1', digest: undefined };
    const to = { reference: 'local:2', digest: undefined };

    expect(rowsOf(anInstancePlan({ from, to, servers: [] }))).toEqual([
      '    ~ fe1  pxApp_1  local:1 → 2 (unknown → unknown)',
    ]);
  });

  it('names every server of an instance, and a single session as one', () => {
    const servers = [
      { server: aServer('pxApp_1'), weight: 10, status: 'UP', sessions: 1 },
      { server: { ...aServer('pxApp_1'), backend: 'api' }, weight: 0, status: 'MAINT', sessions: 0 },
    ];

    expect(rowsOf(anInstancePlan({ servers }))[0]).toMatch(
      / {2}pxapp_cluster\/pxApp_1 weight 10 UP 1 session, api\/pxApp_1 weight 0 MAINT 0 sessions$/,
    );
  });

  it('names changed settings, and shows old and new only when asked for', () => {
    const changes = [
      { setting: 'user', from: 'root', to: 'app' },
      { setting: 'environment.A', from: '', to: '1' },
    ];
    const plan = aPlan({
      batches: [{ number: 1, hosts: [{ host: 'fe1', instances: [anInstancePlan({ changes })] }] }],
    });

    expect(textOf(plan)[2]).toMatch(/ {2}settings: user, environment\.A$/);
    expect(textOf(plan)).toHaveLength(4);
    expect(textOf(plan, true).slice(3, -1)).toEqual([
      '        - user: root',
      '        + user: app',
      '        - environment.A: ',
      '        + environment.A: 1',
    ]);
  });

  it('says once what becomes of the two sets of a host, and which slots they are in', () => {
    const slot = (name: string, of: string) => ({ name, servers: [aServer(of)], ready: anInstance().ready });
    const switching = { order: 'together' as const, keepMs: 600_000 };
    const instance = anInstance({ slot: 'b', leaving: slot('a', 'pxApp_1a'), switching, strategy: 'blue-green' });
    const planned = (how: typeof switching | { order: 'pair-by-pair'; keepMs: number }): string[] => {
      const instances = [1, 2].map(() => anInstancePlan({ instance: { ...instance, switching: how } }));
      return textOf(aPlan({ batches: [{ number: 1, hosts: [{ host: 'fe1', instances }] }] }));
    };

    expect(planned(switching).slice(1, 4)).toEqual([
      '  blue-green: all new containers of a host are started and proven first, and serve before the first old one is drained',
      '    kept: the old ones run on for 10m, out of traffic: "sluice switch-back HOST" has them serve again',
      '    after that, the next run on the host or "sluice restore --expired" stops them; this run does not wait for it',
    ]);
    expect(planned(switching)[5]).toMatch(/ {2}blue-green, slot a → b$/);
    expect(planned({ order: 'pair-by-pair', keepMs: 0 }).slice(1, 3)).toEqual([
      '  blue-green: all new containers of a host are started and proven first, then take over one after the other; the old ones stop at once',
      '  batch 1 of 1: fe1',
    ]);
  });

  it.each(['forced', 'is exited'])('says why it replaces what has nothing to change: %s', (because) => {
    expect(rowsOf(anInstancePlan({ from: v2, because }))[0]).toMatch(new RegExp(` {2}${because}$`));
  });

  it('has a line for a play of no hosts', () => {
    expect(textOf(aPlan({ batches: [] }))).toEqual(['Play: Front', '  0 to replace, 0 to create, 0 to leave alone']);
  });

  it('colours a row by what happens', () => {
    const instances = [
      anInstancePlan({ action: 'create', from: undefined }),
      anInstancePlan(),
      anInstancePlan({ action: 'leave' }),
    ];
    const plan = aPlan({ batches: [{ number: 1, hosts: [{ host: 'fe1', instances }] }] });

    const lines = planText(plan, { paint: (tone, text) => `${tone}|${text}`, diff: false });

    expect(lines.map((line) => /^(\w+)\|/.exec(line)?.[1])).toEqual([
      ...['strong', 'strong', 'good', 'warning', 'quiet', undefined],
    ]);
  });
});
