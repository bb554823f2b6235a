import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { docker, reload } from '../../../lab/lab.ts';
import type { RunEvent } from '../../../src/rollout/events.ts';
import { atStep } from '../../support/at-step.ts';
import { folderWith } from '../../support/command-line.ts';
import { containersOf, containersOn, serversOf } from '../../support/fleet.ts';
import { SLOTS, UNFORGIVING_SLOTS, UNFORGIVING_SLOTS_WITH_STATES } from '../../support/haproxy-templates.ts';
import { reloadWithStates } from '../../support/lossless-reloads.ts';
import { loadOwn, own, ownHost, resetOwn } from '../../support/own-host.ts';
import { resetOwnSlots } from '../../support/own-slots.ts';
import { sampleUsable } from '../../support/sampled.ts';
import { sluice, type Ended } from '../../support/sluice.ts';

const PLAYBOOK = 'playbooks/blue-green.yml';

/** The same with lines of it changed. */
function changed(name: string, ...changes: readonly (readonly [string, string])[]): string {
  const text = changes.reduce((before, [from, to]) => before.replace(from, to), readFileSync(PLAYBOOK, 'utf8'));
  return join(folderWith({ [name]: text }), name);
}

const BRIEFLY = changed('briefly.yml', ['keep: 10m', 'keep: 1s']);
const IN_TURN = changed('in-turn.yml', ['switch: together', 'switch: pair-by-pair']);

/** Every server as `name weight admin-bits health`: the containers in slot `which` serve; the others are kept, or gone. */
function inSlot(which: 'a' | 'b', others: 'kept' | 'gone'): string[] {
  const other = which === 'a' ? 'b' : 'a';
  return [10, 20, 30]
    .flatMap((weight, index) => [
      `pxApp_${index + 1}${which} ${weight} 0 UP`,
      others === 'gone' ? `pxApp_${index + 1}${other} ${weight} 0 DOWN` : `pxApp_${index + 1}${other} 0 1 DOWN`,
    ])
    .toSorted();
}

async function servers(): Promise<string[]> {
  return (await serversOf(own)).toSorted();
}

async function names(): Promise<string[]> {
  const listed = await docker(ownHost(), 'ps', '--format', '{{.Names}}');
  return listed
    .split('\n')
    .filter((name) => name.startsWith('pxApp_'))
    .map((name) => name.replace(/\.replaced-.*/, ', kept'));
}

function rollout(playbook: string, version: string): readonly string[] {
  return ['rollout', playbook, '-e', `pxapp_version=${version}`, '--limit', own, '--yes'];
}

/** In which order new containers were let in, and old ones let go of. */
function switches({ stdout }: Ended): readonly string[] {
  const events = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as RunEvent);
  return events.flatMap((event) =>
    event.type === 'step-started' && ['restore', 'release'].includes(event.step) ? [event.step] : [],
  );
}

describe('blue-green on a real host', () => {
  beforeEach(async () => {
    await resetOwnSlots(UNFORGIVING_SLOTS);
  });
  afterAll(async () => {
    await resetOwn();
  });

  it('switches to the new set and back to the kept one, never with fewer usable servers than before, and fails no request', async () => {
    const traffic = loadOwn();
    const least = sampleUsable(ownHost());

    const planned = await sluice('plan', PLAYBOOK, '-e', 'pxapp_version=v2', '--limit', own);
    const out = await sluice(...rollout(PLAYBOOK, 'v2'), '--json');
    const switched = await servers();
    const running = await names();
    const status = await sluice('status', own);
    const again = await sluice(...rollout(PLAYBOOK, 'v2'));
    const refused = await sluice(...rollout(PLAYBOOK, 'v1'));
    const back = await sluice('switch-back', own);

    const fewest = await least();
    const report = await traffic.stop();
    expect(planned.stdout).toMatch(/blue-green: all new containers of a host are started and proven first/);
    expect(planned.stdout).toMatch(/pxapp_cluster +3 of 6 usable now +3 at the worst moment/);
    expect(out, out.stderr).toMatchObject({ status: 0 });
    expect(switches(out)).toEqual([...Array<string>(3).fill('restore'), ...Array<string>(3).fill('release')]);
    expect(switched).toEqual(inSlot('b', 'kept'));
    expect(running.toSorted()).toEqual([1, 2, 3].flatMap((id) => [`pxApp_${id}`, `pxApp_${id}, kept`]).toSorted());
    expect(status.stdout).toMatch(/the old pxApp_1, pxApp_2 and pxApp_3 are kept until .* "sluice switch-back/);
    expect(again, again.stderr).toMatchObject({ status: 0 });
    expect(refused).toMatchObject({ status: 1 });
    expect(refused.stderr).toMatch(/are kept until .*, and this would change pxApp_1: "sluice switch-back/);
    expect(back, back.stderr).toMatchObject({ status: 0 });
    expect(await servers()).toEqual(inSlot('a', 'gone'));
    expect(await containersOf(own)).toEqual(containersOn('v1'));
    expect(report.failures).toEqual([]);
    expect(fewest).toBe(3);
  });

  it('ends what is kept when its time is over, or when it is told to, and the next run goes to the other slots', async () => {
    const traffic = loadOwn();
    const least = sampleUsable(ownHost());

    const out = await sluice(...rollout(BRIEFLY, 'v2'));
    const kept = await servers();
    await expect.poll(async () => (await sluice('restore', '--expired', '--limit', own)).stdout).toMatch(/restored/);
    const ended = await servers();
    const endedOn = await containersOf(own);
    const on = await sluice(...rollout(IN_TURN, 'v1'), '--json');
    const retired = await sluice('retire', own);

    const fewest = await least();
    const report = await traffic.stop();
    expect(out, out.stderr).toMatchObject({ status: 0 });
    expect(kept).toEqual(inSlot('b', 'kept'));
    expect(ended).toEqual(inSlot('b', 'gone'));
    expect(endedOn).toEqual(containersOn('v2'));
    expect(on, on.stderr).toMatchObject({ status: 0 });
    expect(switches(on)).toEqual(Array<string[]>(3).fill(['restore', 'release']).flat());
    expect(retired, retired.stderr).toMatchObject({ status: 0 });
    expect(await servers()).toEqual(inSlot('a', 'gone'));
    expect(await containersOf(own)).toEqual(containersOn('v1'));
    expect(report.failures).toEqual([]);
    expect(fewest).toBe(3);
  });

  it('touches nothing of the old set when a new container is bad', async () => {
    const traffic = loadOwn();
    const least = sampleUsable(ownHost());

    const bad = await sluice(...rollout(PLAYBOOK, 'exits'));

    const fewest = await least();
    const report = await traffic.stop();
    expect(bad.status, bad.stderr).toBe(2);
    expect(bad.stderr).not.toMatch(/ release /);
    expect(await servers()).toEqual(inSlot('a', 'gone'));
    expect(await containersOf(own)).toEqual(containersOn('v1'));
    expect(report.failures).toEqual([]);
    expect(fewest).toBe(3);
  });

  it.each(['check', 'release', 'keep'] as const)(
    'has the old set serve, by recover, when it was killed in %s',
    async (step) => {
      const traffic = loadOwn();

      await atStep(rollout(PLAYBOOK, 'v2'), step, (child) => child.kill('SIGKILL'));
      const recovered = await sluice('recover', own);
      const back = await sluice('switch-back', own);

      const report = await traffic.stop();
      expect(recovered, recovered.stderr).toMatchObject({ status: 0 });
      expect(back, back.stderr).toMatchObject({ status: 0 });
      expect(await servers()).toEqual(inSlot('a', 'gone'));
      expect(await containersOf(own)).toEqual(containersOn('v1'));
      expect(report.failures).toEqual([]);
    },
  );

  it('is switched back by recover when the switch back was killed', async () => {
    const traffic = loadOwn();

    const out = await sluice(...rollout(PLAYBOOK, 'v2'));
    await atStep(['switch-back', own], 'withdraw', (child) => child.kill('SIGKILL'));
    const recovered = await sluice('recover', own);

    const report = await traffic.stop();
    expect(out, out.stderr).toMatchObject({ status: 0 });
    expect(recovered, recovered.stderr).toMatchObject({ status: 0 });
    expect(await servers()).toEqual(inSlot('a', 'gone'));
    expect(await containersOf(own)).toEqual(containersOn('v1'));
    expect(report.failures).toEqual([]);
  });
});

// Until it has checked them, its worker sends to the free slots, too: only an HAProxy that tries elsewhere loses nothing.
describe('blue-green on a real host, by an HAProxy that tries again what failed', () => {
  beforeEach(async () => {
    await resetOwnSlots(SLOTS);
  });
  afterAll(async () => {
    await resetOwn();
  });

  it.each(['check', 'release'] as const)('goes on when HAProxy is reloaded in %s', async (step) => {
    const traffic = loadOwn();

    // It stands still meanwhile: a reload that comes to its end after the run lets in again what is kept.
    const ended = await atStep(rollout(PLAYBOOK, 'v2'), step, async (child) => {
      child.kill('SIGSTOP');
      await reload(ownHost()).finally(() => child.kill('SIGCONT'));
    });

    const report = await traffic.stop();
    expect(ended.status, ended.stdout).toBe(0);
    expect(await servers()).toEqual(inSlot('b', 'kept'));
    expect(report.failures).toEqual([]);
  });

  it('takes the kept set out again that a reload has let in, and says so before', async () => {
    const traffic = loadOwn();

    const out = await sluice(...rollout(PLAYBOOK, 'v2'));
    await reload(ownHost());
    const both = await servers();
    const status = await sluice('status', own);
    const restored = await sluice('restore', own, '--expired');
    const outAgain = await servers();
    const again = await sluice('restore', own, '--expired');
    const back = await sluice('switch-back', own);

    const report = await traffic.stop();
    expect(out, out.stderr).toMatchObject({ status: 0 });
    expect(both.filter((line) => line.endsWith(' 0 UP'))).toHaveLength(6);
    expect(status.stdout).toMatch(/pxApp_1a, \S+\/pxApp_2a, \S+\/pxApp_3a are in service again beside the new version/);
    expect(restored, restored.stderr).toMatchObject({ status: 0 });
    expect(restored.stderr).toMatch(/pxApp_1 .*out of traffic again/);
    expect(outAgain).toEqual(inSlot('b', 'kept'));
    expect(again.stdout).toMatch(/nothing to do/);
    expect(back, back.stderr).toMatchObject({ status: 0 });
    expect(await servers()).toEqual(inSlot('a', 'gone'));
    expect(report.failures).toEqual([]);
  });
});

describe('blue-green on a real host, by an HAProxy that begins with the states that it had', () => {
  beforeEach(async () => {
    await resetOwnSlots(UNFORGIVING_SLOTS_WITH_STATES);
  });
  afterAll(async () => {
    await resetOwn();
  });

  it.each(['check', 'release'] as const)('goes on when it is reloaded in %s, and no request fails', async (step) => {
    const traffic = loadOwn();
    const least = sampleUsable(ownHost());

    const ended = await atStep(rollout(PLAYBOOK, 'v2'), step, reloadWithStates);

    const [fewest, report] = [await least(), await traffic.stop()];
    expect(ended.status, ended.stdout).toBe(0);
    expect(await servers()).toEqual(inSlot('b', 'kept'));
    expect(report.failures).toEqual([]);
    expect(fewest).toBe(3);
  });
});
