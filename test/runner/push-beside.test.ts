import { describe, expect, it } from 'vitest';
import { Failure } from '../../src/errors.ts';
import { aServer } from '../support/builders.ts';
import { AS_SET, NEW, OLD, PushStory } from '../support/push-story.ts';

describe('a push beside which something happens', () => {
  it.each([
    { times: 1, records: 0, warnings: 0 },
    { times: 2, records: 1, warnings: 1 },
  ])('stays in effect when its record cannot be dropped, $times times', async ({ times, records: left, warnings }) => {
    const story = await PushStory.on();
    const records = story.recordsOf('fe1');
    let failing = times;
    const drop: typeof records.drop = async () => {
      failing -= 1;
      if (failing >= 0) throw new Failure('unreachable', 'Cannot reach fe1: the connection was lost');
      await records.drop();
    };

    const result = await story.push({ reach: () => ({ file: story.file(), records: { ...records, drop } }) });

    expect(result).toMatchObject({ end: 'done', hosts: [{ end: 'updated' }] });
    expect(story.file().text).toBe(NEW);
    expect(story.steps()).toBe('replace reload carryOver settle');
    expect(story.records.size).toBe(left);
    const told = story.fleet.events.filter(({ type }) => type === 'warning');
    expect(told).toHaveLength(warnings);
  });

  it('leaves what somebody has set since it was carried over, also when it goes back', async () => {
    const story = await PushStory.on();
    await story.setAtRuntime();
    const { haproxy } = await story.fleet.host('fe1');
    const file = story.file();
    file.leavesDown = [NEW];
    const passage = file.put.bind(file);
    file.put = async (text, state) => {
      await passage(text, state);
      // The new configuration is in effect, and its servers stand as they did.
      if (text === NEW && state === undefined) await haproxy.setWeight(aServer('pxApp_3'), 99);
    };

    expect(await story.push()).toMatchObject({ hosts: [{ end: 'failed' }] });

    expect(file.text).toBe(OLD);
    expect(await story.servers()).toEqual([...AS_SET.slice(0, 2), 'pxApp_3 99 ready UP']);
  });

  it('leaves what somebody has set in the old worker while a new one was waited for', async () => {
    const story = await PushStory.on();
    await story.setAtRuntime();
    const { haproxy } = await story.fleet.host('fe1');
    haproxy.giveAgent('pxApp_3');
    const file = story.file();
    file.failsToReload = [NEW];
    const reload = file.reload.bind(file);
    file.reload = async () => {
      if (file.text.includes(NEW)) {
        await haproxy.setWeight(aServer('pxApp_1'), 5);
        await haproxy.setAgent(aServer('pxApp_3'), false);
      }
      return reload();
    };

    expect(await story.push()).toMatchObject({ hosts: [{ end: 'failed' }] });

    expect(await story.servers()).toEqual(['pxApp_1 5 ready UP', ...AS_SET.slice(1)]);
    const silent = (await file.standings()).servers.filter((one) => one.isAgentSilent);
    expect(silent.map(({ server }) => server.name)).toEqual(['pxApp_3']);
  });

  it('has nothing to drop where it had not come to its record', async () => {
    const story = await PushStory.on();
    const drop = async (): Promise<void> => {
      throw new Failure('error', 'a newer one has been written meanwhile');
    };
    const onPlanned = (): void => void (story.file().text = 'theirs');
    const reach = () => ({ file: story.file(), records: { ...story.recordsOf('fe1'), drop } });

    expect(await story.push({ onPlanned, reach })).toMatchObject({
      hosts: [{ end: 'failed', reason: 'Cannot push /h.cfg: it has changed since' }],
    });
  });
});
