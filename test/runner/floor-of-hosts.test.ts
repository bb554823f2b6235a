import { describe, expect, it } from 'vitest';
import type { Remark, RunEvent } from '../../src/rollout/events.ts';
import { maintainHosts } from '../../src/runner/maintenance/maintain-hosts.ts';
import type { MaintainRequest } from '../../src/runner/maintenance/maintain-plan.ts';
import { rollout } from '../../src/runner/rollout.ts';
import type { RunContext, RunResult } from '../../src/runner/run.ts';
import { changed } from '../support/changed.ts';
import { SOCKET } from '../support/builders.ts';
import { FRONT_WHOLE, frontPair, frontServer, type FrontPair } from '../support/front-pair.ts';

const never = new AbortController().signal;
const SHORT = { about: 'floor', server: frontServer('lb1', 'fe1'), usable: 0, floor: 1 };

type Doing = (pair: FrontPair, context: RunContext) => Promise<RunResult>;

const aRollout: Doing = ({ play }, context) => {
  const whole = play('v2');
  const only = { ...whole, hosts: whole.hosts.slice(0, 1) };
  return rollout([only], { force: false, onPlanned: () => undefined, confirm: async () => true }, context);
};

const aMaintenance: Doing = async (pair, context) => {
  await tellApart(pair);
  const request: MaintainRequest = {
    ...{ hosts: ['fe1'], balancers: ['lb1', 'lb2'], place: { socket: SOCKET, container: undefined } },
    ...{ serial: [{ hosts: 1 }], needsRoot: false, policy: { timeoutMs: 60_000, onTimeout: 'fail' } },
    work: { command: 'sleep 3', reboot: undefined, containers: 'keep' },
    ...{ minUp: { servers: 1 }, commandWithinMs: 60_000, backWithinMs: 60_000, onFailure: 'stop' },
    ...{ onPlanned: () => undefined, confirm: async () => true },
  };
  return maintainHosts(request, context);
};

/** The HAProxys in front have each host at an address of its own. */
async function tellApart({ fleet, fronts }: FrontPair): Promise<void> {
  for (const name of ['fe1', 'fe2']) (await fleet.host(name)).addresses = async () => [name];
  for (const [name, front] of fronts) {
    const backends: typeof front.backends = async (backend) =>
      (await front.backends(backend)).map((one) => ({
        ...one,
        servers: one.servers.map((state) => ({ ...state, address: state.server.name })),
      }));
    (await fleet.host(name)).balancer = () => changed(front, { backends });
  }
}

interface Told {
  readonly pair: FrontPair;
  readonly result: RunResult;
  readonly remarks: readonly Remark[];
  /** How fe1 stands in front, a second after the other has failed. */
  readonly then: readonly (string | undefined)[];
}

/** fe2 fails in front, `afterMs` after this step of fe1 has begun, for three seconds; `before` happens first of all. */
async function failing(
  doing: Doing,
  { step, afterMs = 1_000, before }: { step: string; afterMs?: number; before: (pair: FrontPair) => void },
): Promise<Told> {
  const pair = await frontPair();
  const { fleet, fronts } = pair;
  before(pair);
  const remarks: Remark[] = [];
  const then: (string | undefined)[] = [];
  let isDone = false;
  const fail = async (): Promise<void> => {
    await fleet.clock.sleep(afterMs, never);
    const set = (admin: 'maint' | 'ready'): unknown =>
      Promise.all([...fronts].map(([name, front]) => front.setAdmin(frontServer(name, 'fe2'), admin)));
    await set('maint');
    await fleet.clock.sleep(1_000, never);
    then.push(...[...fronts.keys()].map((name) => pair.weights()[name]?.['fe1']));
    await fleet.clock.sleep(2_000, never);
    await set('ready');
  };
  const onEvent = (event: RunEvent): void => {
    if (event.type === 'remark') remarks.push(event.remark);
    if (isDone || event.type !== 'step-started' || event.step !== step) return;
    isDone = true;
    void fail();
  };
  const result = await doing(pair, fleet.context(onEvent));
  return { pair, result, remarks: remarks.filter(({ about }) => about === 'floor'), then };
}

/** A request that takes long, at the server of fe1 at this HAProxy in front. */
function occupy({ fronts }: FrontPair, at: string, ms = 8_000): void {
  while (fronts.get(at)?.open(ms) !== 'fe1');
}

/** Of requests that were sent somewhere: with the other one out too, nobody is left where this one is away. */
function lost(pair: FrontPair): readonly string[] {
  return pair.failures().filter((failure) => !failure.endsWith('503, no server'));
}

describe.each([
  { what: 'a rollout behind a tier in front', doing: aRollout },
  { what: 'a maintenance behind central HAProxys', doing: aMaintenance },
])('the floor of $what', ({ doing }) => {
  it('gets a host that nothing was done on back at once, which is drained anew when there is capacity again', async () => {
    const { pair, result, remarks, then } = await failing(doing, {
      step: 'drain',
      before: (one) => {
        occupy(one, 'lb1');
        occupy(one, 'lb2');
      },
    });

    expect(then).toEqual([FRONT_WHOLE.fe1, FRONT_WHOLE.fe1]);
    expect(remarks).toEqual([{ ...SHORT, then: 'given back' }]);
    expect(result).toMatchObject({ end: 'done', hosts: [{ host: 'fe1', updated: 1 }] });
    expect(lost(pair)).toEqual([]);
    expect(pair.weights()).toEqual({ lb1: FRONT_WHOLE, lb2: FRONT_WHOLE });
    expect(pair.fe1.entries).toEqual([]);
  });

  it('gets one back that is in maintenance at one of them already, by checks made since', async () => {
    const { pair, result, remarks, then } = await failing(doing, {
      step: 'drain',
      before: (one) => occupy(one, 'lb2'),
    });

    expect(then).toEqual([expect.stringMatching(/^100 ready/), FRONT_WHOLE.fe1]);
    expect(remarks).toMatchObject([{ then: 'given back' }]);
    expect(result.end).toBe('done');
    expect(lost(pair)).toEqual([]);
    expect(pair.weights()).toEqual({ lb1: FRONT_WHOLE, lb2: FRONT_WHOLE });
  });

  it('has its agent-check as it was in the end', async () => {
    const { pair, result } = await failing(doing, {
      step: 'drain',
      before: (one) => {
        one.fronts.get('lb1')?.giveAgent('fe1');
        occupy(one, 'lb1');
      },
    });

    const [backend] = (await pair.fronts.get('lb1')?.backends()) ?? [];
    expect(result.end).toBe('done');
    expect(backend?.servers.map(({ hasAgent }) => hasAgent)).toEqual([true, false]);
    expect(pair.weights()['lb1']).toEqual(FRONT_WHOLE);
  });

  it('is told of while the host is worked on, and cannot be given back', async () => {
    const step = doing === aRollout ? 'check' : 'command';
    const { result, remarks, then } = await failing(doing, { step, afterMs: 100, before: () => undefined });

    expect(then).toEqual([0, 0].map(() => expect.stringMatching(/^0 maint/) as unknown));
    expect(remarks).toEqual([{ ...SHORT, then: 'worked on' }]);
    expect(result.end).toBe('done');
  });
});

describe('the floor in front of a host', () => {
  it('that stays broken fails the drain in time, with the host as it was', async () => {
    const pair = await frontPair();
    occupy(pair, 'lb1', 120_000);
    const context = pair.fleet.context((event) => {
      if (event.type === 'step-started' && event.step === 'drain') void breaking();
    });
    const breaking = async (): Promise<void> => {
      await pair.fleet.clock.sleep(1_000, never);
      await pair.fronts.get('lb1')?.setAdmin(frontServer('lb1', 'fe2'), 'maint');
    };

    const result = await aRollout(pair, context);

    expect(result.hosts).toMatchObject([{ host: 'fe1', end: 'failed' }]);
    expect(result.hosts[0]?.reason).toContain(
      'it would leave 0 usable servers in pxapp_cluster, and min_up asks for 1',
    );
    expect(pair.weights()['lb1']).toMatchObject({ fe1: FRONT_WHOLE.fe1 });
    expect(pair.fe1.entries).toEqual([]);
    expect(lost(pair)).toEqual([]);
  });

  it('leaves a weight that somebody sets while the host is given back', async () => {
    const { pair, result } = await failing(aRollout, {
      step: 'drain',
      before: (one) => {
        occupy(one, 'lb1');
        one.fleet.clock.onAdvance(() => {
          const { fe1, fe2 } = one.weights()['lb1'] ?? {};
          if (fe1 !== FRONT_WHOLE.fe1 || !fe2?.startsWith('50 maint')) return;
          void one.fronts.get('lb1')?.setWeight(frontServer('lb1', 'fe1'), 70);
        });
      },
    });

    expect(result.end).toBe('done');
    expect(pair.weights()['lb1']).toMatchObject({ fe1: '70 ready UP' });
  });
});
