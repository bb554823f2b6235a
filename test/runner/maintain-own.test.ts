import { describe, expect, it } from 'vitest';
import { Absent, Failure } from '../../src/errors.ts';
import { maintainHosts } from '../../src/runner/maintenance/maintain-hosts.ts';
import { planMaintenance, type MaintainRequest } from '../../src/runner/maintenance/maintain-plan.ts';
import { changed } from '../support/changed.ts';
import { FakeFleet } from '../support/fake-fleet.ts';

const request: MaintainRequest = {
  ...{ hosts: ['fe1'], balancers: ['lb1'], place: { socket: undefined, container: undefined } },
  ...{ serial: [{ hosts: 1 }], needsRoot: false, policy: { timeoutMs: 10_000, onTimeout: 'fail' } },
  work: { command: 'echo upgraded', reboot: undefined, containers: 'keep' },
  ...{ minUp: { servers: 0 }, commandWithinMs: 60_000, backWithinMs: 120_000, onFailure: 'stop' },
  ...{ onPlanned: () => undefined, confirm: async () => true },
};

describe('a maintenance behind central HAProxys', () => {
  /** fe1 is behind lb1, and its own HAProxy answers only with this. */
  async function behindCentral(answer: Failure): Promise<FakeFleet> {
    const fleet = await FakeFleet.up(['fe1', 'lb1']);
    const [fe1, lb1] = [await fleet.host('fe1'), await fleet.host('lb1')];
    lb1.haproxy.address = '10.0.0.1';
    const silent = changed(fe1.haproxy, { facts: () => Promise.reject(answer) });
    fe1.balancer = () => silent;
    return fleet;
  }

  it.each<{ why: string; answer: Failure }>([
    { why: 'no such file', answer: new Absent('refused', 'Cannot open /run/a.sock on fe1: there is no such file') },
    { why: 'nobody who listens', answer: new Absent('error', 'Cannot connect to 127.0.0.1:9 from fe1: refused') },
  ])(
    'goes without an HAProxy of the host behind central ones, which it says, where there is $why',
    async ({ answer }) => {
      const fleet = await behindCentral(answer);

      const plan = await planMaintenance(request, fleet.context());

      expect(plan.batches.flat().map(({ central, own }) => [central.length, own.length])).toEqual([[3, 0]]);
      const text = `No HAProxy of its own is seen to: ${answer.message}`;
      expect(fleet.events).toContainEqual({ type: 'warning', host: 'fe1', text });
    },
  );

  it('goes without one where no socket was named and none is where it is by custom', async () => {
    const fleet = await behindCentral(new Failure('error', 'it is not asked'));
    const fe1 = await fleet.host('fe1');
    Object.assign(fe1, { firstSocket: async () => undefined });

    const plan = await planMaintenance(request, fleet.context());

    expect(plan.batches.flat().map(({ central, own }) => [central.length, own.length])).toEqual([[3, 0]]);
    const none = "Cannot find HAProxy's socket on fe1: there is none";
    const text: unknown = expect.stringContaining(`No HAProxy of its own is seen to: ${none}`);
    expect(fleet.events).toContainEqual({ type: 'warning', host: 'fe1', text });
  });

  it.each(['unreachable', 'haproxy', 'refused', 'docker', 'error'] as const)(
    'does not begin where an HAProxy of the host may serve, which it cannot drain: %s',
    async (code) => {
      const answer = new Failure(code, 'Cannot ask HAProxy on fe1 (/run/a.sock) to "show info": no answer within 10 s');
      const fleet = await behindCentral(answer);

      const ended = maintainHosts(request, fleet.context());

      await expect(ended).rejects.toMatchObject({ code: code === 'unreachable' ? code : 'error' });
      const problems = fleet.events.flatMap((event) => (event.type === 'problem' ? [event.text] : []));
      expect(problems).toEqual([
        `Cannot take fe1 out of service at an HAProxy of its own, which may serve: ${answer.message}`,
      ]);
      expect(fleet.events.filter(({ type }) => type === 'step-started')).toEqual([]);
      expect(fleet.isWhole()).toBe(true);
    },
  );
});
