import pLimit from 'p-limit';
import { describe, expect, it } from 'vitest';
import { holdHosts } from '../../src/runner/hosts/held-hosts.ts';
import { FakeFleet } from '../support/fake-fleet.ts';
import { AS_CONFIGURED, AS_SET, NEW, OLD, PushStory } from '../support/push-story.ts';

/** A push that has died before so many changes of the file, of servers that do not stand as configured. */
async function diedBefore(at: number) {
  const story = await PushStory.on();
  await story.setAtRuntime();
  const file = story.file();
  file.diesAt = at;
  void story.push();
  await file.death;
  return { story, file };
}

describe('a push that dies', () => {
  it.each([1, 2, 3, 4, 5])('before its change number %i leaves what the next one brings to its end', async (at) => {
    const { story, file } = await diedBefore(at);
    const between = [file.text, await story.servers()];
    file.revive();
    (await story.fleet.host('fe1')).lock.die();

    const result = await story.push();

    expect([OLD, NEW, `passage to ${NEW}`]).toContain(between[0]);
    expect(between[1]).toEqual(AS_SET);
    expect(result.end).toBe('done');
    expect(file).toMatchObject({ text: NEW, beside: [] });
    expect(await story.servers()).toEqual(AS_SET);
    expect([...story.records]).toEqual([]);
  });

  it.each([1, 2, 3, 4, 5])('before its change number %i leaves what the next one, failing, puts back', async (at) => {
    const { story, file } = await diedBefore(at);
    file.revive();
    (await story.fleet.host('fe1')).lock.die();
    file.leavesDown = [NEW];

    const result = await story.push();

    expect(result).toMatchObject({ end: 'someFailed', hosts: [{ end: 'failed' }] });
    expect(file).toMatchObject({ text: OLD, kept: OLD, beside: [] });
    expect(await story.servers()).toEqual(AS_SET);
    expect([...story.records]).toEqual([]);
  });

  it('puts back the file that was there before one that died at its very end', async () => {
    const story = await PushStory.on();
    const file = story.file();
    Object.assign(file, { text: NEW, kept: OLD, failsToReload: [NEW] });
    story.records.set('fe1', { path: '/h.cfg', by: 'bob@laptop', run: 'dead', at: '2026', pid: 99, servers: [] });

    expect(await story.push()).toMatchObject({ hosts: [{ end: 'failed' }] });

    expect(file.text).toBe(OLD);
  });

  it('keeps every other command from the host until it is gone on with', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    (await fleet.host('fe1')).diedPushes = [
      { path: '/h.cfg', by: 'bob@laptop', run: 'dead', at: '2026', pid: 1, servers: [] },
    ];
    const context = { ...fleet.context(), limit: pLimit(1) };

    await expect(holdHosts(['fe1'], context)).rejects.toMatchObject({ code: 'locked' });
    await expect(holdHosts(['fe1'], context, 'claim')).rejects.toMatchObject({ code: 'locked' });
    const held = await holdHosts(['fe1'], { ...context, goesOnWithPushes: true });
    await held.release();

    expect(fleet.events[0]).toMatchObject({
      ...{ type: 'problem', host: 'fe1' },
      text: 'Cannot lock fe1: the push of /h.cfg by bob@laptop at 2026 (run dead) has not ended: bring it to its end with "sluice haproxy push"',
    });
  });

  it('reloads although the file is what it should be: the one that died may not have', async () => {
    const story = await PushStory.on();
    const file = story.file();
    const { pid } = await file.standings();
    Object.assign(file, { text: NEW, kept: OLD });
    story.records.set('fe1', { path: '/h.cfg', by: 'bob@laptop', run: 'dead', at: '2026', pid, servers: [] });

    const result = await story.push();

    expect(result).toMatchObject({ end: 'done', hosts: [{ end: 'updated' }] });
    expect((await file.standings()).pid).not.toBe(pid);
    expect(story.fleet.events).toContainEqual(
      expect.objectContaining({ type: 'warning', text: expect.stringContaining('The push of bob@laptop') as string }),
    );
  });

  it('sets again what its record has, in a worker that has come up since as configured', async () => {
    const story = await PushStory.on();
    await story.setAtRuntime();
    const file = story.file();
    const before = await file.standings();
    story.records.set('fe1', {
      path: '/h.cfg',
      by: 'b',
      run: 'r',
      at: '2026',
      pid: before.pid,
      servers: before.servers,
    });
    (await story.fleet.host('fe1')).haproxy.reload();
    expect(await story.servers()).toEqual(AS_CONFIGURED);

    await story.push();

    expect(await story.servers()).toEqual(AS_SET);
  });
});
