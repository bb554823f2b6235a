import { describe, expect, it } from 'vitest';
import type { ServerState } from '../../src/rollout/observed.ts';
import type { Weights } from '../../src/runner/ports/ports.ts';
import { weightProblems } from '../../src/runner/preflight/preflight-weights.ts';
import { rollout } from '../../src/runner/rollout.ts';
import { balancerPair, playOf, warnings } from '../support/balancer-pair.ts';
import { aBackend, aServer, aServerState, anInstance } from '../support/builders.ts';
import { changed } from '../support/changed.ts';
import { FakeFleet } from '../support/fake-fleet.ts';
import { frontPair, frontServer } from '../support/front-pair.ts';

const FREE = aServer('pxApp_1b');
const LEFT = aServer('pxApp_1a');
const options = { force: false, onPlanned: () => undefined, confirm: async () => true };

interface Slots {
  readonly free?: Partial<ServerState>;
  readonly left?: Partial<ServerState>;
  readonly algorithm: string;
  /** What HAProxy answers; undefined: it does not answer at all, so that nobody may ask. */
  readonly weights?: Weights;
}

/** What is said of an instance in slot a, which is to go on in slot b. */
async function said({ free, left, algorithm, weights }: Slots): Promise<string[]> {
  const fleet = await FakeFleet.up(['fe1']);
  const fe1 = await fleet.host('fe1');
  if (weights === undefined) fe1.isUnreachable = true;
  const haproxy = changed(fe1.haproxy, { takesWeights: async () => weights ?? 'unknown' });
  fe1.balancer = () => haproxy;
  const ready = { probe: undefined, withinMs: 1_000, everyMs: 250 };
  const instance = anInstance({ servers: [FREE], slot: 'b', leaving: { name: 'a', servers: [LEFT], ready } });
  const states = [aServerState({ server: FREE, ...free }), aServerState({ server: LEFT, ...left })];
  const backends = [aBackend(states, { algorithm })];
  return (await weightProblems(instance, { backends, fleet })).map(
    ({ kind, host, text }) => `${kind} ${host}: ${text}`,
  );
}

describe('the weights of two slots', () => {
  const free = { weight: 5, initialWeight: 5 };
  const paths = 'problem fe1: pxapp_cluster/pxApp_1b is configured with weight 5 and pxApp_1a with 10';

  // prettier-ignore
  it.each<Slots & { says: readonly string[] }>([
    { free, algorithm: 'roundrobin',                   says: [] },
    { free, algorithm: 'uri',       weights: 'any',     says: [] },
    { free, algorithm: 'hash',      weights: 'fixed',   says: [`${paths}, and balance hash cannot exchange them: give both slots the same weight`] },
    { free, algorithm: 'static-rr',                    says: [`${paths}, and balance static-rr cannot exchange them: give both slots the same weight`] },
    { free, algorithm: 'source',    weights: 'unknown', says: [`${paths}, and balance source may not exchange them, of which HAProxy does not tell: give both slots the same weight`] },
    {       algorithm: 'source',                       says: [] },
  ])('are exchanged where HAProxy takes them: balance $algorithm, $weights', async ({ says, ...slots }) => {
    expect(await said(slots)).toEqual(says);
  });

  it('are refused where one stands at a weight that it could not have again', async () => {
    const left = { weight: 7 };

    expect(await said({ left, algorithm: 'hash', weights: 'fixed' })).toEqual([
      'problem fe1: pxapp_cluster/pxApp_1a has weight 7, and balance hash can only go back to 10',
    ]);
    expect(await said({ left, algorithm: 'hash', weights: 'any' })).toEqual([]);
  });

  it('are not known where HAProxy does not answer, which is said', async () => {
    expect(await said({ free, algorithm: 'hash' })).toEqual([expect.stringMatching(/^problem fe1: Cannot reach fe1/)]);
  });
});

describe('a weight that could not be had again', () => {
  it('is refused in front of hosts, too', async () => {
    const { fleet, fronts, play } = await frontPair();
    await fronts.get('lb2')?.setWeight(frontServer('lb2', 'fe1'), 7);
    for (const front of fronts.values()) front.weightsAre = 'fixed';

    await expect(rollout([play('v2')], options, fleet.context())).rejects.toMatchObject({ code: 'error' });

    const problems = fleet.events.flatMap((event) => (event.type === 'problem' ? [event.text] : []));
    expect(problems).toEqual(['pxapp_cluster/fe1 has weight 7, and balance static-rr can only go back to 100']);
  });

  it('has an HAProxy stay left out that answers only later', async () => {
    const { fleet, lb2, setDead } = await balancerPair();
    setDead(true);
    await lb2.haproxy.setWeight(aServer('pxApp_1', 'lb2'), 7);
    lb2.haproxy.weightsAre = 'unknown';

    const result = await rollout(
      [playOf(fleet, 'skip')],
      options,
      fleet.context((event) => {
        if (event.type === 'step-started') setDead(false);
      }),
    );

    expect(result.end).toBe('done');
    expect(warnings(fleet).filter((text) => text.includes('stays left out'))).toEqual([
      expect.stringContaining('pxApp_1 has weight 7, which balance uri may not take again, and HAProxy does not tell'),
    ]);
  });
});
