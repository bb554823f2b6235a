import { beforeEach, describe, expect, it } from 'vitest';
import type { RunEvent } from '../../src/rollout/events.ts';
import type { MonitorPolicy } from '../../src/rollout/model.ts';
import type { AddressAnswer } from '../../src/runner/ports/commands.ts';
import { rollout } from '../../src/runner/rollout.ts';
import { FakeFleet } from '../support/fake-fleet.ts';

const URL_OF_ERRORS = 'http://metrics/errors';
const never = new AbortController().signal;

let fleet: FakeFleet;

beforeEach(async () => {
  fleet = await FakeFleet.up(['fe1']);
});

interface Monitored {
  readonly monitor?: Partial<MonitorPolicy>;
  readonly soakMs?: number;
  readonly onEvent?: (event: RunEvent) => void;
}

async function roll({ monitor, soakMs, onEvent }: Monitored): Promise<void> {
  const metric = {
    ...{ url: URL_OF_ERRORS, limits: { below: 1 }, everyMs: 5_000, spec: { headers: {} } },
    where: 'controller' as const,
  };
  const defaults: MonitorPolicy = {
    ...{ forMs: 60_000, everyMs: 1_000, maxErrors: { errors: 3 }, compare: undefined, metric },
  };
  const each = { monitor: { ...defaults, ...monitor }, ...(soakMs !== undefined && { soakMs }) };
  const play = fleet.play('v2', { each });
  const hosts = play.hosts.map((host) => ({ ...host, instances: host.instances.slice(0, 1) }));
  const options = { force: false, onPlanned: () => undefined, confirm: async () => true };
  await rollout([{ ...play, hosts }], options, fleet.context(onEvent));
}

/** The address takes so long to answer. */
function answersAfter(ms: number, answer: () => AddressAnswer): { readonly mostAtOnce: () => number } {
  let [underWay, most] = [0, 0];
  fleet.commands.ask = async () => {
    underWay += 1;
    most = Math.max(most, underWay);
    await fleet.clock.sleep(ms, never);
    underWay -= 1;
    return answer();
  };
  return { mostAtOnce: () => most };
}

describe('a metric that answers slowly', () => {
  it('does not keep the errors of the server from being judged', async () => {
    fleet.addImage('v2', { errsAfterMs: 12_300 });
    const { mostAtOnce } = answersAfter(9_000, () => ({ why: 'cannot be asked: no answer within 5 s' }));

    await roll({});

    const failed = fleet.events.find((event) => event.type === 'monitor-failed');
    expect(failed?.reason).toMatch(/max_errors allows 3/);
    // As fast as without a metric: with the look that comes after them.
    expect(failed?.ms).toBeLessThan(15_000);
    expect(mostAtOnce()).toBe(1);
    expect(fleet.failures()).toEqual([]);
  });

  it('is waited for at the end, and judged', async () => {
    answersAfter(9_000, () => ({ status: 200, body: fleet.clock.now() > end ? '7' : '0' }));
    let end = Infinity;

    await roll({
      onEvent: (event) => {
        if (event.type === 'monitor-started') end = fleet.clock.now() + 55_000;
      },
    });

    const failed = fleet.events.find((event) => event.type === 'monitor-failed');
    expect(failed).toMatchObject({ value: 7 });
    expect((await fleet.host('fe1')).containers.imageOf('pxApp_1')).toMatch(/:v1$/);
  });
});

describe('the soak of an instance that has a monitor with a metric', () => {
  const soakMs = 20_000;

  it('looks at the counters as often as the monitor says, and asks for the number', async () => {
    fleet.commands.addresses.set(URL_OF_ERRORS, () => '0');
    const { haproxy } = await fleet.host('fe1');
    const read = haproxy.counters.bind(haproxy);
    let isSoaking = false;
    let looks = 0;
    let asked = 0;
    haproxy.counters = async (backend) => {
      if (isSoaking) looks += 1;
      return read(backend);
    };

    await roll({
      soakMs,
      monitor: { everyMs: 5_000 },
      onEvent: (event) => {
        if (event.type === 'step-started') isSoaking = event.step === 'soak';
        if (event.type === 'step-ended' && event.step === 'soak') asked = fleet.commands.asked.length;
        if (event.type === 'step-ended') isSoaking = false;
      },
    });

    // At once, and every five seconds.
    expect(looks).toBeLessThanOrEqual(5);
    expect(asked).toBeGreaterThanOrEqual(4);
  });

  it('fails when the number is wrong: the old container is at hand', async () => {
    fleet.commands.addresses.set(URL_OF_ERRORS, () => '7');

    await roll({ soakMs });

    expect(fleet.events.filter((event) => event.type === 'step-failed')).toMatchObject([
      { step: 'soak', reason: expect.stringMatching(/does not serve well: \S+ is 7, not below 1$/) as unknown },
    ]);
    expect((await fleet.host('fe1')).containers.imageOf('pxApp_1')).toMatch(/:v1$/);
    expect(fleet.failures()).toEqual([]);
  });
});
