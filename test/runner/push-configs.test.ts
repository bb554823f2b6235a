import pLimit from 'p-limit';
import { describe, expect, it } from 'vitest';
import { Failure } from '../../src/errors.ts';
import { holdHosts } from '../../src/runner/hosts/held-hosts.ts';
import { aRecordEntry, aServer } from '../support/builders.ts';
import type { FakeConfigFile } from '../support/fake-config-file.ts';
import { aConfig, AS_SET, NEW, OLD, PushStory } from '../support/push-story.ts';

describe('pushConfigs()', () => {
  it('replaces the file, reloads, and leaves what was set at runtime, agent-checks too', async () => {
    const story = await PushStory.on();
    await story.setAtRuntime();
    const { haproxy } = await story.fleet.host('fe1');
    haproxy.giveAgent('pxApp_3');
    await haproxy.setAgent(aServer('pxApp_3'), false);

    const result = await story.push();

    expect(result).toMatchObject({ end: 'done', hosts: [{ host: 'fe1', end: 'updated', updated: 1 }] });
    expect(story.file()).toMatchObject({ text: NEW, kept: OLD, beside: [] });
    expect(await story.servers()).toEqual(AS_SET);
    expect((await story.file().standings()).servers.filter((one) => one.isAgentSilent).length).toBe(1);
    expect(story.steps()).toBe('replace reload carryOver settle');
    expect([...story.records]).toEqual([]);
    expect((await story.fleet.host('fe1')).lock.isFree).toBe(true);
  });

  it('gives servers as configured the weights of the new configuration', async () => {
    const story = await PushStory.on();
    story.file().weightsWith = { pxApp_1: 50, pxApp_2: 60 };
    await (await story.fleet.host('fe1')).haproxy.setWeight(aServer('pxApp_2'), 3);

    await story.push();

    expect(await story.servers()).toEqual(['pxApp_1 50 ready UP', 'pxApp_2 3 ready UP', 'pxApp_3 30 ready UP']);
  });

  it('does nothing, and does not ask, where nothing differs', async () => {
    const story = await PushStory.on();
    story.file().text = NEW;

    const result = await story.push();

    expect(result).toMatchObject({ end: 'done', hosts: [{ end: 'nothingToDo' }] });
    expect([story.asked, story.steps()]).toEqual([0, '']);
  });

  it('takes each step once that is in the journal, and the way back without', async () => {
    const story = await PushStory.on();
    const isDue = (): boolean =>
      story.fleet.events.some((event) => event.type === 'config-step-started' && event.step === 'reload');
    const settled = async (): Promise<void> => {
      if (isDue()) throw new Failure('error', 'the disk is full');
    };

    const result = await story.push({}, { journal: { settled } });

    expect(result).toMatchObject({ hosts: [{ end: 'failed', reason: 'the disk is full' }] });
    expect(story.file()).toMatchObject({ text: OLD, beside: [] });
    expect(story.steps()).toBe('replace reload! putBack replace reload carryOver settle');
  });

  it('touches nothing, and records nothing, when the journal cannot be written any more', async () => {
    const story = await PushStory.on();
    const journal = { settled: () => Promise.reject(new Failure('error', 'the disk is full')) };

    const result = await story.push({}, { journal });

    expect(result).toMatchObject({ hosts: [{ end: 'failed', reason: 'the disk is full' }] });
    expect(story.file()).toMatchObject({ text: OLD, kept: undefined, beside: [] });
    expect([[...story.records], story.steps()]).toEqual([[], '']);
  });

  it('touches nothing when it is not confirmed', async () => {
    const story = await PushStory.on();

    await expect(story.push({ confirm: async () => false })).rejects.toThrow('Nothing was changed');

    expect(story.file()).toMatchObject({ text: OLD, kept: undefined, beside: [] });
  });

  it.each([
    {
      what: 'HAProxy refuses it',
      arrange: (file: FakeConfigFile) => (file.refuses = 'line 3: what?'),
      says: 'HAProxy refuses the configuration /h.cfg: line 3: what?',
    },
    {
      what: 'it could not bind',
      arrange: (file: FakeConfigFile) => (file.taken = [':81']),
      says: 'HAProxy could not bind :81, where somebody else listens: the reload would fail',
    },
    {
      what: 'there is no way to reload',
      arrange: (file: FakeConfigFile) => (file.noWay = new Failure('haproxy', 'Cannot reload')),
      says: 'Cannot reload',
    },
  ])('touches no host when on one of them $what', async ({ arrange, says }) => {
    const story = await PushStory.on(['fe1', 'fe2']);
    arrange(story.file('fe2'));

    await expect(story.push()).rejects.toThrow('nothing was touched');

    expect(story.problems()).toEqual([says]);
    expect(['fe1', 'fe2'].map((host) => story.file(host).text)).toEqual([OLD, OLD]);
  });

  it.each(['rollout', 'maintain'] as const)('refuses where a %s that died has left a server in work', async (kind) => {
    const story = await PushStory.on();
    const { record } = await story.fleet.host('fe1');
    await record.write([aRecordEntry({ kind, server: aServer('pxApp_2') })]);

    await expect(story.push()).rejects.toThrow('nothing was touched');
    expect(story.problems()).toEqual([expect.stringMatching(/pxApp_2 was left in work by .*"sluice recover fe1"/)]);
  });

  it('refuses while a run has the host', async () => {
    const story = await PushStory.on();
    const others = { ...story.fleet.context(), identity: { run: 'other', by: 'bob@laptop' }, limit: pLimit(1) };
    const held = await holdHosts(['fe1'], others);
    await expect(story.push()).rejects.toMatchObject({ code: 'locked' });

    await held.release();
    expect(story.file().text).toBe(OLD);
  });

  it('leaves a server out that was drained on purpose', async () => {
    const story = await PushStory.on();
    const { record, haproxy } = await story.fleet.host('fe1');
    await haproxy.setWeight(aServer('pxApp_2'), 0);
    await haproxy.setAdmin(aServer('pxApp_2'), 'maint');
    await record.write([aRecordEntry({ kind: 'drain', server: aServer('pxApp_2') })]);

    expect(await story.push()).toMatchObject({ end: 'done' });

    expect(await story.servers()).toContain('pxApp_2 0 maint UP');
  });

  it.each([
    {
      what: 'the reload fails',
      arrange: (file: FakeConfigFile) => (file.failsToReload = [NEW]),
      steps: 'replace reload! putBack replace reload carryOver settle',
    },
    {
      what: 'the file cannot be written',
      arrange: (file: FakeConfigFile) => (file.failsToPut = true),
      steps: 'replace! putBack replace reload carryOver settle',
    },
    {
      what: 'a server does not come UP again',
      arrange: (file: FakeConfigFile) => (file.leavesDown = [NEW]),
      steps: 'replace reload carryOver settle! putBack replace reload carryOver settle',
    },
  ])('puts the old file back when $what, and stops before the next host', async ({ arrange, steps }) => {
    const story = await PushStory.on(['fe1', 'fe2']);
    await story.setAtRuntime();
    arrange(story.file());

    const result = await story.push();

    expect(result).toMatchObject({
      end: 'stopped',
      hosts: [
        { host: 'fe1', end: 'failed', unchanged: 1 },
        { host: 'fe2', end: 'notReached' },
      ],
    });
    expect(story.steps()).toBe(steps);
    expect(story.file()).toMatchObject({ text: OLD, beside: [] });
    expect(await story.servers()).toEqual(AS_SET);
    expect(story.file('fe2').text).toBe(OLD);
    expect([...story.records]).toEqual([]);
  });

  it('leaves the old worker be when not even the old file can be loaded again', async () => {
    const story = await PushStory.on();
    await story.setAtRuntime();
    story.file().failsToReload = [NEW, OLD];

    const result = await story.push();

    expect(result).toMatchObject({ end: 'someFailed', hosts: [{ end: 'failed' }] });
    expect(result.hosts[0]?.reason).toMatch(/the old file is back, but: Cannot reload/);
    expect(story.file().text).toBe(OLD);
    expect(await story.servers()).toEqual(AS_SET);
  });

  it.each(['backUp', 'write'] as const)(
    'leaves no record when it fails before the file is replaced: %s',
    async (what) => {
      const story = await PushStory.on();
      const records = story.recordsOf('fe1');
      const full = async (): Promise<void> => {
        throw new Failure('haproxy', 'no space left');
      };
      const write: typeof records.write = async (record) => {
        await records.write(record);
        await full();
      };
      if (what === 'backUp') story.file().backUp = full;
      const reach = () => ({ file: story.file(), records: { ...records, ...(what === 'write' && { write }) } });

      expect(await story.push({ reach })).toMatchObject({ hosts: [{ end: 'failed', reason: 'no space left' }] });

      expect([...story.records]).toEqual([]);
      expect(story.file().text).toBe(OLD);
    },
  );

  it('does not know what is in effect when the way back fails after its reload', async () => {
    const story = await PushStory.on();
    await story.setAtRuntime();
    const { haproxy } = await story.fleet.host('fe1');
    Object.assign(story.file(), { failsToReload: [NEW], noPassage: true });
    haproxy.setAdmin = async () => {
      throw new Failure('haproxy', 'Cannot set it');
    };

    const result = await story.push();

    expect(result).toMatchObject({ end: 'outOfService', hosts: [{ end: 'outOfService' }] });
    expect(story.records.get('fe1')?.servers.map(({ server }) => server.name)).toEqual(['pxApp_1', 'pxApp_2']);
  });

  it.each([
    { times: 2 as const, end: 'interrupted', text: OLD, records: 0 },
    { times: 3 as const, end: 'outOfService', text: `passage to ${NEW}`, records: 1 },
  ])('when asked to stop $times times while it waits for the new worker ends $end', async ({ times, end, ...left }) => {
    const story = await PushStory.on();
    await story.setAtRuntime();
    const file = story.file();
    const reload = file.reload.bind(file);
    let reloads = 0;
    file.reload = async () => {
      reloads += 1;
      return reloads === 1 ? { ok: true, how: 'in vain' } : reload();
    };
    const context = story.fleet.context((event) => {
      if (event.type === 'config-step' && event.step === 'replace') story.fleet.stop(times);
    });

    const result = await story.push({}, context);

    expect(result).toMatchObject({ hosts: [{ end }] });
    expect([file.text, story.records.size]).toEqual([left.text, left.records]);
    expect(file.beside).toEqual(left.records === 0 ? [] : ['state']);
    expect(await story.servers()).toEqual(AS_SET);
  });

  it('works batch by batch, several hosts at a time where that is said', async () => {
    const story = await PushStory.on(['fe1', 'fe2', 'fe3']);
    story.file('fe2').failsToReload = [NEW];

    const { hosts } = await story.push({ serial: [{ hosts: 2 }] });

    expect(hosts.map(({ host, end }) => `${host} ${end}`)).toEqual(['fe1 updated', 'fe2 failed', 'fe3 notReached']);
  });

  it('goes by the batches of each play, not by those of the first', async () => {
    const story = await PushStory.on(['fe1', 'fe2', 'lb1', 'lb2']);
    story.file('lb1').failsToReload = [NEW];
    const several = [{ hosts: 2 }] as const;
    const configs = [
      ...['fe1', 'fe2'].map((host) => aConfig(host, { serial: several })),
      ...['lb1', 'lb2'].map((host) => aConfig(host)),
    ];

    const { hosts } = await story.push({ configs });

    const ends = ['fe1 updated', 'fe2 updated', 'lb1 failed', 'lb2 notReached'];
    expect(hosts.map(({ host, end }) => `${host} ${end}`)).toEqual(ends);
  });

  it('reads a file that has changed since it was looked at, and leaves it alone', async () => {
    const story = await PushStory.on();
    const confirm = async (): Promise<boolean> => {
      story.file().text = 'by somebody\n';
      return true;
    };

    const { hosts } = await story.push({ confirm });

    expect(hosts).toMatchObject([{ end: 'failed', reason: 'Cannot push /h.cfg: it has changed since' }]);
    expect(story.file().text).toBe('by somebody\n');
  });
});
