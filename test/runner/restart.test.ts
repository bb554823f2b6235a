import { describe, expect, it } from 'vitest';
import type { RunEvent } from '../../src/rollout/events.ts';
import { replay } from '../../src/rollout/history.ts';
import type { Instance } from '../../src/rollout/model.ts';
import type { Play } from '../../src/rollout/play.ts';
import { playsBack } from '../../src/rollout/rollback.ts';
import { recoverHosts } from '../../src/runner/recovery/recover-hosts.ts';
import { plan, rollout, type RolloutOptions } from '../../src/runner/rollout.ts';
import type { RunContext } from '../../src/runner/run.ts';
import type { Behaviour } from '../support/fake-image.ts';
import { FakeFleet, IMAGE, WEIGHTS } from '../support/fake-fleet.ts';
import { MortalFleet, type Death } from '../support/mortal-fleet.ts';
import { stepsOf } from '../support/steps.ts';

const options: RolloutOptions = { force: false, onPlanned: () => undefined, confirm: async () => true };
const never = new AbortController().signal;
const SECOND = 'pxApp_2';

/** A fleet of one host whose second container behaves so from its second start on. */
async function fleetWith(again: Behaviour = {}): Promise<FakeFleet> {
  const fleet = await FakeFleet.up(['fe1']);
  fleet.addImage('moody', { again });
  const { containers, haproxy } = await fleet.host('fe1');
  await containers.remove(SECOND);
  const restart = { name: 'always', maximumRetryCount: 0 };
  await containers.create(SECOND, { image: `${IMAGE}:moody`, pullPolicy: 'always', restart }, undefined);
  await containers.start(SECOND);
  await fleet.clock.sleep(5_000, never);
  haproxy.failures.length = 0;
  return fleet;
}

type Restarting = Readonly<{ tag?: string; only?: string; each?: Partial<Instance> }>;

/** Restarts all containers of fe1, or one of them; the playbook would have them on `tag`. */
function restarting(fleet: FakeFleet, { tag = 'v1', only, each = {} }: Restarting = {}): Play {
  const play = fleet.play(tag, { each: { strategy: 'restart', ...each } });
  const hosts = play.hosts.map(({ host, instances }) => ({
    host,
    instances: instances.filter(({ container }) => only === undefined || container === only),
  }));
  return { ...play, hosts };
}

/** Every container as `name id started`. */
async function startsOf(fleet: FakeFleet): Promise<string[]> {
  const { containers } = await fleet.host('fe1');
  return (await containers.list()).map(({ name, startedAt }) => `${name} ${startedAt}`).toSorted();
}

function idsIn(starts: readonly string[]): string[] {
  return starts.map((line) => line.replace(/ at .*/, ''));
}

describe('a rollout with strategy: restart', () => {
  it('restarts every container, changed or not, and leaves each as it was, without a failed request', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const before = await startsOf(fleet);

    const result = await rollout([restarting(fleet)], options, fleet.context());

    const after = await startsOf(fleet);
    expect(result).toMatchObject({ end: 'done', hosts: [{ end: 'updated', updated: 3, only: { restart: 3 } }] });
    expect(idsIn(after)).toEqual(idsIn(before));
    expect(after.filter((line) => before.includes(line))).toEqual([]);
    expect(stepsOf(fleet, 'fe1', SECOND)).toBe('drain restart check restore soak → updated');
    expect(fleet.isWhole()).toBe(true);
    expect(fleet.failures()).toEqual([]);
  });

  it('neither pulls nor archives anything, and tells in the plan what would have changed', async () => {
    const fleet = await FakeFleet.up(['fe1']);

    const [planned] = await plan([restarting(fleet, { tag: 'v2' })], false, fleet.context());
    await rollout([restarting(fleet, { tag: 'v2' })], options, fleet.context());

    expect(planned?.batches[0]?.hosts[0]?.instances[0]).toMatchObject({
      action: 'restart',
      to: { reference: `${IMAGE}:v1` },
      stays: { image: { reference: `${IMAGE}:v2`, digest: 'sha256:digest-v2' }, changes: [] },
    });
    expect(fleet.images()).toEqual([...WEIGHTS.keys()].map((name) => `fe1 ${name} v1`));
    expect(fleet.events.filter(({ type }) => type === 'image-pulled')).toEqual([]);
    expect(await (await fleet.host('fe1')).archive.runs()).toEqual([]);
  });

  it('is not kept from it by an image that the registry does not know, and says so', async () => {
    const fleet = await FakeFleet.up(['fe1']);

    const result = await rollout([restarting(fleet, { tag: 'unknown' })], options, fleet.context());

    expect(result.end).toBe('done');
    const texts = fleet.events.flatMap((event) => (event.type === 'warning' ? [event.text] : []));
    expect(texts[0]).toMatch(/^Whether pxApp_1 has the image that .*:unknown means by now is not known: /);
  });

  it('is refused before anything is touched where there is no container', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    await (await fleet.host('fe1')).containers.remove(SECOND);

    await expect(rollout([restarting(fleet)], options, fleet.context())).rejects.toThrow();

    const texts = fleet.events.flatMap((event) => (event.type === 'problem' ? [event.text] : []));
    expect(texts).toEqual([
      'Cannot restart pxApp_2 on fe1: there is no such container: roll it out with another strategy first',
    ]);
  });

  it.each([
    { again: {}, end: 'updated', server: '20 ready UP' },
    { again: { neverAnswers: true }, end: 'failed', server: '20 ready DOWN' },
  ])('starts one that had stopped: $end', async ({ again, end, server }) => {
    const fleet = await fleetWith(again);
    const { containers, haproxy } = await fleet.host('fe1');
    await containers.stop(SECOND);
    await fleet.clock.sleep(3_000, never);

    const result = await rollout([restarting(fleet, { only: SECOND })], options, fleet.context());

    expect(result.hosts[0]?.end).toBe(end);
    expect((await containers.inspect(SECOND))?.running).toBe(true);
    expect(haproxy.weights()[SECOND]).toBe(server);
    expect((await fleet.host('fe1')).entries).toEqual([]);
  });

  it('never stops one that had stopped, and serves by now, when its record is put right later', async () => {
    const fleet = await fleetWith();
    const fe1 = await fleet.host('fe1');
    await fe1.containers.stop(SECOND);
    await fleet.clock.sleep(3_000, never);
    // It is taken out anew in the step: there is nothing to be given back.
    expect(await diesAt(fleet, { at: CHANGES.length + 1, when: 'before' })).toBe('write');

    const result = await recoverHosts({ hosts: ['fe1'] }, fleet.context());

    expect(result.end).toBe('done');
    expect((await fe1.containers.inspect(SECOND))?.running).toBe(true);
    expect([fe1.haproxy.weights()[SECOND], fe1.entries]).toEqual(['20 ready UP', []]);
  });

  it.each<Behaviour>([{ neverAnswers: true }, { exitsAfterMs: 300 }])(
    'leaves one out of service, recorded, that does not come up again: %j',
    async (again) => {
      const fleet = await fleetWith(again);

      const result = await rollout([restarting(fleet, { only: SECOND })], options, fleet.context());

      expect(result).toMatchObject({ end: 'outOfService', hosts: [{ end: 'outOfService' }] });
      expect(result.hosts[0]?.reason).toMatch(/^pxApp_2 on fe1 \(\S+:moody\) /);
      expect(stepsOf(fleet, 'fe1', SECOND)).toBe('drain restart check! rollBack check! → outOfService');
      const fe1 = await fleet.host('fe1');
      expect(fe1.haproxy.weights()[SECOND]).toMatch(/^0 maint/);
      expect(fe1.entries).toMatchObject([
        { container: SECOND, only: { what: 'restart', progress: 'begun' }, standing: { weight: 20 } },
      ]);
      expect(fleet.failures()).toEqual([]);
    },
  );

  it('puts one back that comes up too late, which is the same container', async () => {
    const fleet = await fleetWith({ answersAfterMs: 12_000 });

    const result = await rollout([restarting(fleet, { only: SECOND })], options, fleet.context());

    expect(result).toMatchObject({ end: 'someFailed', hosts: [{ end: 'failed', unchanged: 1 }] });
    expect(stepsOf(fleet, 'fe1', SECOND)).toBe('drain restart check! rollBack check restore → unchanged');
    expect(fleet.isWhole()).toBe(true);
    expect(fleet.failures()).toEqual([]);
  });

  it('takes one that falls over in the soak out again, and starts it once more', async () => {
    const fleet = await fleetWith({ exitsAfterMs: 2_400 });
    const play = restarting(fleet, { only: SECOND, each: { soakMs: 5_000 } });

    await rollout([play], options, fleet.context());

    expect(stepsOf(fleet, 'fe1', SECOND)).toMatch(/^drain restart check restore soak! withdraw rollBack check/);
  });

  it('leaves one whose monitor fails in service, fails its host, and takes nothing back', async () => {
    const fleet = await fleetWith({ errsAfterMs: 4_000 });
    const play = restarting(fleet, { only: SECOND });
    const monitor = { forMs: 20_000, everyMs: 1_000, maxErrors: { errors: 0 }, compare: undefined };
    const each = { monitor, soakMs: 500 };
    const hosts = play.hosts.map((host) => ({
      ...host,
      instances: host.instances.map((one) => ({ ...one, ...each })),
    }));
    const policy = { ...play.policy, onFailure: 'rollback' as const };

    const result = await rollout([{ ...play, policy, hosts }], options, fleet.context());

    expect(result.hosts).toMatchObject([{ end: 'failed', updated: 1, only: { restart: 1 } }]);
    expect(result.hosts[0]?.reason).toMatch(/^pxApp_2 on fe1 \(\S+:moody\) does not serve well: /);
    expect(stepsOf(fleet, 'fe1', SECOND)).toBe('drain restart check restore soak → updated');
    expect(fleet.isWhole()).toBe(true);
  });

  it('leaves what it restarted where it is when the run is rolled back', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const stamped: RunEvent[] = [
      {
        type: 'run-started',
        command: 'rollout',
        hosts: ['fe1'],
        by: 'ann@desk',
        version: '0',
        machine: 'desk',
        pid: 1,
      },
    ];

    await rollout([restarting(fleet)], options, fleet.context());

    const events = [...stamped, ...fleet.events].map((event, seq) => ({
      ...{ schema: 1, seq, ts: '2026-11-21T09:00:00Z', run: '20261121-090000-test' },
      ...event,
    }));
    const history = replay(events);
    expect(history && playsBack(events, history, { isWanted: () => true, serial: undefined })).toEqual([]);
  });
});

/** Restarts the second container of fe1 in a process that dies then. */
async function diesAt(fleet: FakeFleet, death: Death): Promise<string> {
  const mortal = new MortalFleet(fleet, death);
  const context: RunContext = mortal.context(fleet.context());
  const ended = rollout([restarting(fleet, { only: SECOND })], options, context);
  const change = await Promise.race([mortal.death, ended.then(() => 'nothing')]);
  await fleet.clock.sleep(3_000, never);
  return change;
}

// prettier-ignore
const CHANGES = ['write', 'setWeight', 'setAdmin', 'write', 'stop', 'start', 'setWeight', 'setReadyWhenProven', 'write'];

const deaths = CHANGES.flatMap((change, at) => (['before', 'after'] as const).map((when) => ({ at, when, change })));

describe('a restart whose run was killed', () => {
  it('has nothing to change but what the deaths below are at', async () => {
    expect(await diesAt(await fleetWith(), { at: CHANGES.length, when: 'before' })).toBe('nothing');
  });

  it.each(deaths)('$when its change $at, $change, is put right by recover: it serves as it did', async (death) => {
    const fleet = await fleetWith();
    const before = await startsOf(fleet);
    expect(await diesAt(fleet, death)).toBe(death.change);

    const result = await recoverHosts({ hosts: ['fe1'] }, fleet.context());

    expect(result.end).toBe('done');
    expect(idsIn(await startsOf(fleet))).toEqual(idsIn(before));
    expect(fleet.isWhole()).toBe(true);
    expect(fleet.failures()).toEqual([]);
  });

  it('that may yet end by the stop which was begun is stopped for good, and started, by recover', async () => {
    const fleet = await fleetWith();
    const { containers } = await fleet.host('fe1');
    expect(await diesAt(fleet, { at: 4, when: 'before' })).toBe('stop');
    // The Engine was asked, and takes its time.
    const ended = fleet.clock.sleep(1_500, never).then(async () => {
      if ((await containers.inspect(SECOND))?.startedAt === before?.startedAt) await containers.stop(SECOND);
    });
    const before = await containers.inspect(SECOND);

    const result = await recoverHosts({ hosts: ['fe1'] }, fleet.context());

    await ended;
    expect(result.end).toBe('done');
    expect(stepsOf(fleet, 'fe1', SECOND)).toBe('drain withdraw rollBack check restore → unchanged');
    expect((await containers.inspect(SECOND))?.running).toBe(true);
    expect(fleet.isWhole()).toBe(true);
    expect(fleet.failures()).toEqual([]);
  });

  it.each(deaths)('$when its change $at, $change, is gone on with, and restarts nothing twice', async (death) => {
    const fleet = await fleetWith();
    const before = await startsOf(fleet);
    await diesAt(fleet, death);
    const between = await startsOf(fleet);
    const isDone = between.join() !== before.join() && death.at > 4;
    const names = new Set(['fe1 pxApp_2']);
    const isRecorded = (await fleet.host('fe1')).entries.length > 0;
    const nothing = { failed: new Set<string>(), notReached: new Set<string>(), digests: new Map<string, string>() };
    const resumption = {
      ...{ ...nothing, open: new Set<string>(), ended: new Map<string, 'updated'>() },
      updated: isRecorded ? new Set<string>() : names,
      inWork: names,
      skipFailed: false,
      hooks: { ended: new Set<string>(), unknown: [], begun: new Set<string>(), done: new Set<string>() },
    };
    const isOver = death.at === CHANGES.length - 1 && death.when === 'after';

    const result = await rollout(
      [restarting(fleet, { only: SECOND })],
      { ...options, resumption: isRecorded || isOver ? resumption : undefined },
      fleet.context(),
    );

    expect(result.end).toBe('done');
    const after = await startsOf(fleet);
    expect(idsIn(after)).toEqual(idsIn(before));
    expect(after.join() === before.join()).toBe(false);
    if (isDone) expect(after).toEqual(between);
    expect(fleet.isWhole()).toBe(true);
    expect(fleet.failures()).toEqual([]);
  });
});
