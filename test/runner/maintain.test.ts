import { describe, expect, it } from 'vitest';
import { drainHosts } from '../../src/runner/maintenance/drain-hosts.ts';
import { maintainHosts } from '../../src/runner/maintenance/maintain-hosts.ts';
import { planMaintenance, type MaintainRequest } from '../../src/runner/maintenance/maintain-plan.ts';
import { recoverHosts } from '../../src/runner/recovery/recover-hosts.ts';
import { rollout } from '../../src/runner/rollout.ts';
import type { RunContext, RunResult } from '../../src/runner/run.ts';
import { aServer } from '../support/builders.ts';
import { FakeFleet, type FakeHost } from '../support/fake-fleet.ts';
import { MortalFleet, type Death } from '../support/mortal-fleet.ts';

const REBOOT = 'sleep 1; reboot';

function aRequest(over: Partial<MaintainRequest> = {}): MaintainRequest {
  return {
    ...{ hosts: ['fe1'], balancers: undefined, place: { socket: undefined, container: undefined } },
    ...{ serial: [{ hosts: 1 }], needsRoot: false, policy: { timeoutMs: 10_000, onTimeout: 'fail' } },
    work: { command: 'echo upgraded', reboot: undefined, containers: 'keep' },
    ...{ minUp: { servers: 1 }, commandWithinMs: 60_000, backWithinMs: 120_000, onFailure: 'stop' },
    ...{ onPlanned: () => undefined, confirm: async () => true },
    ...over,
  };
}

function maintain(
  fleet: FakeFleet,
  over: Partial<MaintainRequest> = {},
  context = fleet.context(),
): Promise<RunResult> {
  return maintainHosts(aRequest(over), context);
}

const rebooting = { command: undefined, reboot: 'reboot', containers: 'keep' } as const;

/** `reboot` takes it down for so long: nothing of HAProxy's runtime is left, containers start again by their policy. */
function rebootsFor(fleet: FakeFleet, host: FakeHost, ms: number): void {
  host.jobs.programs.set(REBOOT, () => {
    void (async () => {
      await fleet.clock.sleep(1_000, new AbortController().signal);
      host.isUnreachable = true;
      host.jobs.cutOff();
      host.lock.die();
      await fleet.clock.sleep(ms, new AbortController().signal);
      host.bootId = 'second-boot';
      host.haproxy.restart();
      host.isUnreachable = false;
    })();
  });
}

/** Of requests that were sent somewhere: who asks a host that has taken all of its servers out gets 503. */
function failuresOf(fleet: FakeFleet): string[] {
  return fleet.failures().filter((failure) => !failure.endsWith('503, no server'));
}

function stepsOf(fleet: FakeFleet): string[] {
  return fleet.events.flatMap((event) =>
    event.type === 'step-ended' || event.type === 'step-failed'
      ? [`${event.subject.name} ${event.step}${event.type === 'step-failed' ? ' failed' : ''}`]
      : [],
  );
}

describe('maintainHosts()', () => {
  it('drains the host, runs the command while nothing reaches it, and puts back exactly what its servers had', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const fe1 = await fleet.host('fe1');
    await fe1.haproxy.setWeight(aServer('pxApp_2'), 77);
    await fe1.haproxy.setAdmin(aServer('pxApp_3'), 'maint');
    const before = fe1.haproxy.weights();
    let during: unknown;
    fe1.jobs.programs.set('echo upgraded', () => void (during = fe1.haproxy.weights()));

    const result = await maintain(fleet);

    expect(result).toMatchObject({ end: 'done', hosts: [{ host: 'fe1', end: 'updated', updated: 1, reason: '' }] });
    expect(Object.values(during as object)).toEqual([0, 1, 2].map(() => expect.stringMatching(/^0 maint/) as unknown));
    expect(fe1.haproxy.weights()).toEqual(before);
    expect(fe1.entries).toEqual([]);
    expect(fleet.events).toContainEqual(expect.objectContaining({ type: 'output', details: ['upgraded'] }));
    expect(fe1.lock.isFree).toBe(true);
  });

  it('goes on with the next host when one is back, and says what it does', async () => {
    const fleet = await FakeFleet.up(['fe1', 'fe2']);

    const result = await maintain(fleet, { hosts: ['fe1', 'fe2'] });

    expect(result.hosts.map(({ host, end }) => `${host} ${end}`)).toEqual(['fe1 updated', 'fe2 updated']);
    expect(stepsOf(fleet).slice(0, 3)).toEqual(['the host drain', 'the host command', 'the host comeBack']);
    expect(fleet.events.filter(({ type }) => type === 'batch-started')).toHaveLength(2);
    expect(fleet.isWhole()).toBe(true);
  });

  it('stops the containers behind the servers meanwhile when it is told to, and starts them again', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const fe1 = await fleet.host('fe1');
    let running: readonly boolean[] = [];
    fe1.jobs.programs.set('echo upgraded', async () => {
      running = (await fe1.containers.list()).map((one) => one.running);
    });

    const result = await maintain(fleet, { work: { command: 'echo upgraded', reboot: undefined, containers: 'stop' } });

    expect(result.end).toBe('done');
    expect(running).toEqual([false, false, false]);
    expect(fleet.isWhole()).toBe(true);
    expect(failuresOf(fleet)).toEqual([]);
  });

  it('reboots, waits for another boot, and sets the weights that HAProxy has forgotten', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const fe1 = await fleet.host('fe1');
    await fe1.haproxy.setWeight(aServer('pxApp_2'), 77);
    const before = fe1.haproxy.weights();
    rebootsFor(fleet, fe1, 40_000);

    const result = await maintain(fleet, { work: rebooting });

    expect(result).toMatchObject({ end: 'done', hosts: [{ end: 'updated' }] });
    expect(fe1.haproxy.weights()).toEqual(before);
    expect(fe1.entries).toEqual([]);
    expect(fe1.lock.isFree).toBe(true);
  });

  it('puts the host back in service when the command fails, says so, and begins no other', async () => {
    const fleet = await FakeFleet.up(['fe1', 'fe2']);

    const result = await maintain(fleet, {
      hosts: ['fe1', 'fe2'],
      work: { command: 'echo no; exit 3', reboot: undefined, containers: 'keep' },
    });

    expect(result).toMatchObject({
      end: 'stopped',
      hosts: [
        { end: 'failed', reason: '"echo no; exit 3" on fe1 ended with status 3; it is in service again' },
        { end: 'notReached', notReached: 1 },
      ],
    });
    expect(fleet.events).toContainEqual(
      expect.objectContaining({ type: 'step-failed', step: 'command', details: ['no'] }),
    );
    expect(fleet.isWhole()).toBe(true);
  });

  it('goes on after a failed command with on_failure continue', async () => {
    const fleet = await FakeFleet.up(['fe1', 'fe2']);

    const result = await maintain(fleet, {
      ...{ hosts: ['fe1', 'fe2'], onFailure: 'continue' },
      work: { command: 'exit 3', reboot: undefined, containers: 'keep' },
    });

    expect(result).toMatchObject({ end: 'someFailed', hosts: [{ end: 'failed' }, { end: 'failed' }] });
  });

  it('ends a command that takes too long', async () => {
    const fleet = await FakeFleet.up(['fe1']);

    const result = await maintain(fleet, { work: { command: 'sleep 600', reboot: undefined, containers: 'keep' } });

    expect(result.hosts).toMatchObject([
      { end: 'failed', reason: '"sleep 600" on fe1 takes longer than 60 s, and was ended; it is in service again' },
    ]);
    expect(fleet.isWhole()).toBe(true);
  });

  it('leaves a host out of service that does not come back, recorded, and begins no other', async () => {
    const fleet = await FakeFleet.up(['fe1', 'fe2']);
    const fe1 = await fleet.host('fe1');
    rebootsFor(fleet, fe1, 3_600_000);

    const result = await maintain(fleet, { hosts: ['fe1', 'fe2'], work: rebooting, onFailure: 'continue' });

    expect(result).toMatchObject({ end: 'outOfService', hosts: [{ end: 'outOfService' }, { end: 'notReached' }] });
    expect(fe1.entries).toMatchObject([{ kind: 'maintain' }, { kind: 'maintain' }, { kind: 'maintain' }]);
  });

  it('says when the host does not go down, and has it in service again', async () => {
    const fleet = await FakeFleet.up(['fe1']);

    const result = await maintain(fleet, { work: { ...rebooting, reboot: 'exit 1' } });

    expect(result.hosts).toMatchObject([
      {
        end: 'failed',
        reason: expect.stringMatching(/^Cannot reboot fe1: status 1.*; it is in service again$/) as unknown,
      },
    ]);
    expect(fleet.isWhole()).toBe(true);
  });

  it('touches nothing while somebody has drained a server of the host', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const request = { ...aRequest(), servers: ['pxApp_2'], note: 'disk swap', confirm: async () => true };
    await drainHosts(request, fleet.context());
    const { entries } = await fleet.host('fe1');

    await expect(maintain(fleet)).rejects.toMatchObject({ code: 'error' });

    expect((await fleet.host('fe1')).entries).toEqual(entries);
  });

  it('touches nothing when it is not confirmed', async () => {
    const fleet = await FakeFleet.up(['fe1']);

    await expect(maintain(fleet, { confirm: async () => false })).rejects.toMatchObject({ code: 'interrupted' });

    expect(fleet.isWhole()).toBe(true);
  });

  it('lets the host in work come to its end at the first Ctrl-C, and begins no other', async () => {
    const fleet = await FakeFleet.up(['fe1', 'fe2']);
    const fe1 = await fleet.host('fe1');
    fe1.jobs.programs.set('echo upgraded', () => {
      fleet.stop(1);
    });

    const result = await maintain(fleet, { hosts: ['fe1', 'fe2'] });

    expect(result).toMatchObject({ end: 'interrupted', hosts: [{ end: 'updated' }, { end: 'notReached' }] });
    expect(fleet.isWhole()).toBe(true);
  });

  it('ends the command at the second Ctrl-C, and puts the host back', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const fe1 = await fleet.host('fe1');
    fe1.jobs.programs.set('sleep 30', () => {
      fleet.stop(2);
    });

    const result = await maintain(fleet, { work: { command: 'sleep 30', reboot: undefined, containers: 'keep' } });

    expect(result).toMatchObject({ end: 'interrupted', hosts: [{ end: 'interrupted' }] });
    expect((await fe1.jobs.look('20261121-090000-test', 0)).state).toBe('gone');
    expect(fleet.isWhole()).toBe(true);
  });
});

describe('planMaintenance()', () => {
  it('says which servers are taken, what is run, and what clients see', async () => {
    const fleet = await FakeFleet.up(['fe1', 'fe2']);

    const plan = await planMaintenance(aRequest({ hosts: ['fe1', 'fe2'] }), fleet.context());

    expect(plan.batches.map((batch) => batch.map(({ host, own }) => `${host} ${own.length}`))).toEqual([
      ['fe1 3'],
      ['fe2 3'],
    ]);
    expect(plan.consequences).toEqual(
      ['fe1', 'fe2'].map((host) => `backend pxapp_cluster on ${host} will have no usable server: its clients get 503`),
    );
    expect(fleet.isWhole()).toBe(true);
  });
});

describe('a maintenance whose controller dies', () => {
  const work = { command: 'sleep 5', reboot: undefined, containers: 'stop' } as const;
  const never = new AbortController().signal;

  function others(fleet: FakeFleet): RunContext {
    return { ...fleet.context(), identity: { run: 'rescue', by: 'bob@laptop' } };
  }

  /** Until it has died, and a moment more. */
  async function dies(fleet: FakeFleet, death: Death): Promise<'killed' | 'ended'> {
    const mortal = new MortalFleet(fleet, death);
    const ended = maintainHosts(aRequest({ work }), mortal.context(fleet.context()));
    const how = await Promise.race([mortal.death.then(() => 'killed' as const), ended.then(() => 'ended' as const)]);
    await fleet.clock.sleep(1_000, never);
    return how;
  }

  it.each(['before', 'after'] as const)('%s any change is brought back by recover, with every weight', async (when) => {
    let deaths = 0;
    for (let at = 0; ; at += 1) {
      const fleet = await FakeFleet.up(['fe1']);
      const fe1 = await fleet.host('fe1');
      await fe1.haproxy.setWeight(aServer('pxApp_2'), 77);
      const before = fe1.haproxy.weights();
      if ((await dies(fleet, { at, when })) === 'ended') break;
      deaths += 1;

      const result = await recoverHosts({ hosts: ['fe1'] }, others(fleet));

      const running = (await fe1.containers.list()).map((one) => one.running);
      expect({ at, end: result.end, weights: fe1.haproxy.weights() }).toEqual({ at, end: 'done', weights: before });
      expect({ at, entries: fe1.entries, running }).toEqual({ at, entries: [], running: [true, true, true] });
      expect({ at, failures: failuresOf(fleet) }).toEqual({ at, failures: [] });
    }
    expect(deaths).toBeGreaterThan(20);
  });

  it('keeps others from beginning there', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    await dies(fleet, { at: 10, when: 'after' });

    const yes = { force: false, onPlanned: () => undefined, confirm: async () => true };
    await expect(rollout([fleet.play('v2')], yes, others(fleet))).rejects.toMatchObject({ code: 'locked' });
    await expect(maintain(fleet, {}, others(fleet))).rejects.toMatchObject({ code: 'locked' });
  });
});
