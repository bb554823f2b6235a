import { describe, expect, it, vi } from 'vitest';
import { Failure } from '../../src/errors.ts';
import type { RunEvent } from '../../src/rollout/events.ts';
import type { Step } from '../../src/rollout/lifecycle.ts';
import { TO_BE_FOUND, type Strategy } from '../../src/rollout/model.ts';
import type { HostPlay, Play } from '../../src/rollout/play.ts';
import { replay } from '../../src/rollout/history.ts';
import { playsBack } from '../../src/rollout/rollback.ts';
import { Monitors } from '../../src/runner/play/monitors.ts';
import { rollout } from '../../src/runner/rollout.ts';
import { balancerPair, playOf, warnings, WHOLE, type BalancerPair } from '../support/balancer-pair.ts';
import { aLockOwner } from '../support/builders.ts';
import { IMAGE, type FakeFleet } from '../support/fake-fleet.ts';
import { backContext, RUN } from '../support/rollback.ts';

const options = { force: false, onPlanned: () => undefined, confirm: async () => true };

/** Has lb2 answer again as soon as a step is begun, the first of its kind. */
function backAt(step: Step, setDead: (isDead: boolean) => void): (event: RunEvent) => void {
  return (event) => {
    if (event.type === 'step-started' && event.step === step) setDead(false);
  };
}

function takenAt(fleet: FakeFleet, balancer: string): readonly string[] {
  const found = fleet.events.flatMap((event) => (event.type === 'found' ? event.servers : []));
  return found.filter(({ server }) => server.balancer.host === balancer).map(({ server }) => server.name);
}

/** The names of all servers are to be found, by the ports that the containers publish at the address of their host. */
function nameless(fleet: FakeFleet, { lb1, lb2 }: Pick<BalancerPair, 'lb1' | 'lb2'>): Play {
  for (const { haproxy } of [lb1, lb2]) haproxy.address = '10.0.0.1';
  const play = playOf(fleet, 'skip');
  const published = (index: number) =>
    [{ hostIp: '', hostPort: 8081 + index, containerPort: 8080, protocol: 'tcp' as const }] as const;
  const hosts = play.hosts.map(({ host, instances }) => ({
    host,
    instances: instances.map((one, index) => ({
      ...one,
      servers: one.servers.map((server) => ({ ...server, name: TO_BE_FOUND })),
      spec: { ...one.spec, ports: published(index) },
    })),
  }));
  return { ...play, hosts };
}

const BACK = 'lb2: lb2 answers again: its HAProxy is brought in line, and belongs to the run from here on';

describe('a central HAProxy that was left out and answers again', () => {
  it.each<Step>(['drain', 'replace', 'check', 'restore', 'soak', 'retire'])(
    'in the step %s belongs to the run from then on, and has its weights in the end',
    async (step) => {
      const { fleet, fe1, lb1, lb2, setDead } = await balancerPair();
      setDead(true);

      const result = await rollout([playOf(fleet, 'skip')], options, fleet.context(backAt(step, setDead)));

      expect(result).toMatchObject({ end: 'done', hosts: [{ host: 'fe1', updated: 3 }] });
      expect(warnings(fleet).filter((text) => text === BACK)).toHaveLength(1);
      expect(takenAt(fleet, 'lb2')).toEqual(expect.arrayContaining(['pxApp_2', 'pxApp_3']));
      expect([lb1.haproxy.weights(), lb2.haproxy.weights()]).toEqual([WHOLE, WHOLE]);
      expect(fe1.entries).toEqual([]);
      expect(lb2.lock.isFree).toBe(true);
    },
  );

  it.each<{ strategy: Strategy; step: Step }>([
    { strategy: 'recreate-host', step: 'stop' },
    { strategy: 'recreate-host', step: 'start' },
    { strategy: 'recreate-host', step: 'soak' },
    { strategy: 'restart', step: 'restart' },
    { strategy: 'restart', step: 'soak' },
    { strategy: 'run', step: 'run' },
  ])('in the step $step of $strategy has its weights in the end', async ({ strategy, step }) => {
    const { fleet, fe1, lb1, lb2, setDead } = await balancerPair();
    setDead(true);
    const play = playOf(fleet, 'skip');
    const run = { name: 'migrate', where: 'host', timeoutMs: 60_000, spec: { command: ['true'] } } as const;
    const each = { strategy, minUp: { servers: 0 }, ...(strategy === 'run' && { run }) };
    const hosts = play.hosts.map(({ host, instances }) => ({
      host,
      instances: instances.map((one) => ({ ...one, ...each })),
    }));

    const result = await rollout([{ ...play, hosts }], options, fleet.context(backAt(step, setDead)));

    expect(result).toMatchObject({ end: 'done', hosts: [{ host: 'fe1', updated: 3 }] });
    expect(warnings(fleet).filter((text) => text === BACK)).toHaveLength(1);
    expect([lb1.haproxy.weights(), lb2.haproxy.weights()]).toEqual([WHOLE, WHOLE]);
    expect(fe1.entries).toEqual([]);
  });

  it('is taken out there also when that fails at first', async () => {
    const { fleet, lb2, setDead } = await balancerPair();
    setDead(true);
    fleet.addImage('slow', { answersAfterMs: 5_000 });
    const play = playOf(fleet, 'skip');
    const [one] = play.hosts.flatMap((host) => host.instances);
    if (!one) throw new Error('there are three');
    const slow = { ...one, spec: { ...one.spec, image: `${IMAGE}:slow` } };
    const setAdmin = lb2.haproxy.setAdmin.bind(lb2.haproxy);
    let asked = 0;
    lb2.haproxy.setAdmin = async (server, admin) => {
      asked += 1;
      if (asked === 1) throw new Failure('unreachable', 'Cannot reach lb2: the connection was lost');
      await setAdmin(server, admin);
    };
    let atTheEnd: string | undefined;
    const back = backAt('check', setDead);
    const onEvent = (event: RunEvent): void => {
      back(event);
      if (event.type === 'step-ended' && event.step === 'check') atTheEnd = lb2.haproxy.weights()['pxApp_1'];
    };

    const hosts = [{ host: 'fe1', instances: [slow] }];
    const result = await rollout([{ ...play, hosts }], options, fleet.context(onEvent));

    expect(result.end).toBe('done');
    expect(asked).toBeGreaterThan(1);
    expect(atTheEnd).toMatch(/^0 maint/);
    expect(lb2.haproxy.weights()).toEqual(WHOLE);
  });

  it('sends nothing to the container that is away at that moment, and is recorded so before', async () => {
    const { fleet, fe1, lb2, setDead } = await balancerPair();
    setDead(true);
    fleet.addImage('slow', { answersAfterMs: 5_000 });
    const play = playOf(fleet, 'skip');
    const instances = play.hosts.flatMap((host) => host.instances);
    const slow = instances.map((one) => ({ ...one, spec: { ...one.spec, image: `${IMAGE}:slow` } }));
    const seen: unknown[] = [];
    const onEvent = (event: RunEvent): void => {
      if (event.type === 'step-started' && event.step === 'check' && event.subject.name === 'pxApp_1') setDead(false);
      if (event.type === 'step-ended' && event.step === 'check' && event.subject.name === 'pxApp_1') {
        const recorded = fe1.entries.filter(({ server }) => server.balancer.host === 'lb2');
        seen.push(
          lb2.haproxy.weights()['pxApp_1'],
          recorded.map(({ standing }) => standing),
        );
      }
    };

    const result = await rollout(
      [{ ...play, hosts: [{ host: 'fe1', instances: slow }] }],
      options,
      fleet.context(onEvent),
    );

    expect(result.end).toBe('done');
    expect(seen).toEqual([expect.stringMatching(/^0 maint/), [{ weight: 10, admin: 'ready' }]]);
    expect(lb2.haproxy.weights()).toEqual(WHOLE);
  });

  it('goes home with an instance that fails', async () => {
    const { fleet, fe1, lb1, lb2, setDead } = await balancerPair();
    setDead(true);
    fleet.addImage('bad', { exitsAfterMs: 3_000 });
    const play = playOf(fleet, 'skip');
    const instances = play.hosts.flatMap((host) => host.instances);
    const bad = instances.map((one) => ({ ...one, spec: { ...one.spec, image: `${IMAGE}:bad` } }));

    const result = await rollout(
      [{ ...play, hosts: [{ host: 'fe1', instances: bad }] }],
      options,
      fleet.context(backAt('replace', setDead)),
    );

    expect(result).toMatchObject({ end: 'someFailed', hosts: [{ host: 'fe1', unchanged: 1 }] });
    expect(takenAt(fleet, 'lb2')).toEqual(['pxApp_1']);
    expect([lb1.haproxy.weights(), lb2.haproxy.weights()]).toEqual([WHOLE, WHOLE]);
    expect(fe1.entries).toEqual([]);
  });

  it('has the servers found there that the playbook does not name', async () => {
    const { fleet, fe1, lb1, lb2, setDead } = await balancerPair();
    setDead(true);

    const result = await rollout([nameless(fleet, { lb1, lb2 })], options, fleet.context(backAt('replace', setDead)));

    expect(result).toMatchObject({ end: 'done', hosts: [{ host: 'fe1', updated: 3 }] });
    expect(warnings(fleet).filter((text) => text === BACK)).toHaveLength(1);
    expect(takenAt(fleet, 'lb2')).toEqual(['pxApp_1', 'pxApp_2', 'pxApp_3']);
    expect([lb1.haproxy.weights(), lb2.haproxy.weights()]).toEqual([WHOLE, WHOLE]);
    expect(fe1.entries).toEqual([]);
  });

  it('has no instance compared with those whose servers it has found only now, and that are updated', async () => {
    const { fleet, lb1, lb2, setDead } = await balancerPair();
    setDead(true);
    const play = nameless(fleet, { lb1, lb2 });
    const monitor = { forMs: 10_000, everyMs: 1_000, maxErrors: { errors: 0 }, compare: 3 };
    const each = ({ host, instances }: HostPlay): HostPlay => ({
      ...{ host, instances: instances.map((one) => ({ ...one, monitor })) },
    });
    const asked = vi.spyOn(Monitors.prototype, 'isTouched');
    const back = (event: RunEvent): void => {
      if (event.type === 'instance-started' && event.subject.name === 'pxApp_2') setDead(false);
    };

    await rollout([{ ...play, hosts: play.hosts.map(each) }], options, fleet.context(back));

    const answers = asked.mock.calls.map(([{ name, balancer }], index) => {
      return `${balancer.host} ${name} ${String(asked.mock.results[index]?.value)}`;
    });
    asked.mockRestore();
    expect(answers).toContain('lb2 pxApp_1 true');
    expect(answers).not.toContain('lb2 pxApp_1 false');
  });

  it('has them found by a rollback, too, which the run went without', async () => {
    const { fleet, fe1, lb1, lb2, setDead } = await balancerPair();
    setDead(true);
    await rollout([nameless(fleet, { lb1, lb2 })], options, fleet.context());
    setDead(false);
    const started = { command: 'rollout', hosts: ['fe1'], by: 'ann@desk', version: '0', machine: 'desk', pid: 1 };
    const stamp = { schema: 1 as const, ts: '2026-11-21T09:00:00Z', run: RUN };
    const events = [{ type: 'run-started' as const, ...started }, ...fleet.events].map((event, seq) => ({
      ...{ ...stamp, seq },
      ...event,
    }));
    const history = replay(events);
    if (!history) throw new Error('there was a run');
    const plays = playsBack(events, history, { isWanted: () => true, serial: undefined });

    const result = await rollout(plays, options, backContext(fleet));

    expect(result).toMatchObject({ end: 'done', hosts: [{ host: 'fe1', updated: 3 }] });
    expect(takenAt(fleet, 'lb2').toSorted()).toEqual(['pxApp_1', 'pxApp_2', 'pxApp_3']);
    expect([lb1.haproxy.weights(), lb2.haproxy.weights()]).toEqual([WHOLE, WHOLE]);
    expect(fe1.entries).toEqual([]);
  });

  it('stays left out where none of its servers goes to a container', async () => {
    const { fleet, lb1, lb2, setDead } = await balancerPair();
    setDead(true);
    const play = nameless(fleet, { lb1, lb2 });
    lb2.haproxy.address = '10.0.0.99';

    const result = await rollout([play], options, fleet.context(backAt('drain', setDead)));

    expect(result.end).toBe('done');
    const told = warnings(fleet).filter((text) => text.includes('stays left out'));
    expect(told).toEqual([
      expect.stringMatching(/Cannot find the server of pxApp_1 on fe1 in .* on lb2 .*: none goes to /),
    ]);
    expect(takenAt(fleet, 'lb2')).toEqual([]);
  });

  it('stays left out, which is said once, where it cannot be worked with', async () => {
    const { fleet, fe1, lb2, setDead } = await balancerPair();
    setDead(true);
    lb2.haproxy.level = 'user';

    const result = await rollout([playOf(fleet, 'skip')], options, fleet.context(backAt('drain', setDead)));

    expect(result.end).toBe('done');
    const told = warnings(fleet).filter((text) => text.includes('stays left out'));
    expect(told).toEqual([
      expect.stringMatching(/^lb2: lb2 answers again, but stays left out: HAProxy's socket .* is at level user: /),
    ]);
    expect(takenAt(fleet, 'lb2')).toEqual([]);
    expect(lb2.haproxy.weights()).toEqual(WHOLE);
    expect(fe1.entries).toEqual([]);
  });

  it('stays left out while somebody else has its host', async () => {
    const { fleet, lb2, setDead } = await balancerPair();
    setDead(true);
    lb2.lock.heldBy(aLockOwner({ run: '20261121-090000-ann', machine: 'desk', ttlMs: 45_000 }));

    const result = await rollout([playOf(fleet, 'skip')], options, fleet.context(backAt('drain', setDead)));

    expect(result.end).toBe('done');
    const told = warnings(fleet).filter((text) => text.includes('but stays left out: Cannot lock lb2: '));
    expect(told).toHaveLength(1);
    expect(takenAt(fleet, 'lb2')).toEqual([]);
  });
});
