import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { docker } from '../../../lab/lab.ts';
import type { RunEvent } from '../../../src/rollout/events.ts';
import { inSlot, PLAYBOOK, rollout, servers } from '../../support/blue-green.ts';
import { folderWith } from '../../support/command-line.ts';
import { containersOf, containersOn } from '../../support/fleet.ts';
import { UNFORGIVING_SLOTS } from '../../support/haproxy-templates.ts';
import { loadOwn, own, ownHost, resetOwn } from '../../support/own-host.ts';
import { resetOwnSlots } from '../../support/own-slots.ts';
import { sampleUsable } from '../../support/sampled.ts';
import { sluice, type Ended } from '../../support/sluice.ts';

/** The same with lines of it changed. */
function changed(name: string, ...changes: readonly (readonly [string, string])[]): string {
  const text = changes.reduce((before, [from, to]) => before.replace(from, to), readFileSync(PLAYBOOK, 'utf8'));
  return join(folderWith({ [name]: text }), name);
}

const BRIEFLY = changed('briefly.yml', ['keep: 10m', 'keep: 1s']);
const IN_TURN = changed('in-turn.yml', ['switch: together', 'switch: pair-by-pair']);

async function names(): Promise<string[]> {
  const listed = await docker(ownHost(), 'ps', '--format', '{{.Names}}');
  return listed
    .split('\n')
    .filter((name) => name.startsWith('pxApp_'))
    .map((name) => name.replace(/\.replaced-.*/, ', kept'));
}

/** In which order new containers were let in, and old ones let go of. */
function switches({ stdout }: Ended): readonly string[] {
  const events = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as RunEvent);
  return events.flatMap((event) =>
    event.type === 'step-ended' && ['restore', 'release'].includes(event.step) ? [event.step] : [],
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
});
