import { describe, expect, it } from 'vitest';
import type { Act } from './acts.ts';
import { inCentral } from './central.ts';
import { KeptWorld, keptStory } from './kept-story.ts';
import { Random } from './random.ts';
import type { Scenario } from './scenario.ts';

const EXPIRED: Act = { command: 'restore', by: 1, isExpired: true };
const OLD = ['pxApp_1', 'pxApp_2'];

/** The servers of the old containers, as `host server weight state`, on every HAProxy. */
function olds({ world }: KeptWorld): string[] {
  const kept = world.host('fe1').record.filter(({ slot }) => slot === 'leaving');
  return kept.map(({ server: { balancer, backend, name } }) => {
    const slot = world.host(balancer.host).haproxy.current.slots.get(`${backend}/${name}`);
    return `${name} ${slot?.weight ?? ''} ${slot?.admin ?? ''}`;
  });
}

/** A set is kept, and HAProxy is reloaded. */
async function letIn(story: Scenario = keptStory(600_000)): Promise<KeptWorld> {
  const told = await KeptWorld.of(story);
  await told.play({ command: 'rollout', by: 0 });
  expect(olds(told).every((one) => one.endsWith(' 0 maint'))).toBe(true);
  for (const host of told.world.hosts.values()) told.world.reload(host);
  await told.pass(2_000);
  expect(olds(told).every((one) => one.endsWith(' ready'))).toBe(true);
  return told;
}

describe('what is kept, and let in beside the new version by a reload', () => {
  const commands: readonly Act[] = [
    EXPIRED,
    { command: 'restore', by: 1 },
    { command: 'rollout', by: 1 },
    { command: 'drain', by: 1, server: 'other' },
    { command: 'maintain', by: 1, line: 'true' },
  ];
  it.each(commands)('is taken out again, and said so, by the next that holds its host: %j', async (act) => {
    const told = await letIn();
    const [noted, containers] = [told.noted('fe1'), told.containers('fe1')];

    const { said } = await told.play(act);

    expect(said[0]).toMatch(/^pxapp_cluster\/pxApp_1, .*pxApp_2 are in service again beside the new version/);
    expect(olds(told).every((one) => one.endsWith(' 0 maint'))).toBe(true);
    expect([told.noted('fe1'), told.containers('fe1')]).toEqual([noted, containers]);
    expect(await told.play({ command: 'switch-back', by: 2 })).toMatchObject({ outcome: { end: 'done' } });
    expect(told.containers('fe1')).toEqual(OLD.map((name) => `${name} running v1`));
    expect(told.violations()).toEqual([]);
  });

  it('is out of all central HAProxys again', async () => {
    const told = await letIn(inCentral(keptStory(600_000), new Random(3, 'central')));

    expect(await told.play(EXPIRED)).toMatchObject({ outcome: { end: 'done' } });

    expect(olds(told).length).toBeGreaterThan(2);
    expect(olds(told).every((one) => one.endsWith(' 0 maint'))).toBe(true);
    expect(told.violations()).toEqual([]);
  });

  it('stays in where one of the central HAProxys is away, and that is told', async () => {
    const told = await letIn(inCentral(keptStory(600_000), new Random(3, 'central')));
    const [away = ''] = told.world.host('fe1').record.map(({ server }) => server.balancer.host);
    told.world.host(away).isUnreachable = true;
    for (const controller of told.world.watchman.controllers) controller.cut(told.world.host(away));

    const { said } = await told.play({ command: 'restore', by: 1 });

    expect(said.join('\n')).toMatch(/are in service again beside the new version/);
    expect(said.join('\n')).toMatch(/^Cannot take out again what is kept on fe1: .* on \S+ is out of reach: /m);
    expect(olds(told).every((one) => one.endsWith(' ready'))).toBe(true);
  });

  it('stays in where a new one does not serve, and that is told', async () => {
    const told = await letIn();
    told.crash('fe1', 'pxApp_2');
    await told.pass(5_000);

    const { said } = await told.play(EXPIRED);

    expect(said).toContain('Cannot take out again what is kept on fe1: the new pxApp_2 there does not serve');
    expect(olds(told).every((one) => one.endsWith(' ready'))).toBe(true);
  });

  it('stays in where somebody has taken a new one out: nothing else would serve', async () => {
    const told = await letIn();
    const [next] = told.world.host('fe1').record.filter(({ slot }) => slot === 'next');
    const { backend = '', name = '' } = next?.server ?? {};
    const slot = told.world.host('fe1').haproxy.current.slots.get(`${backend}/${name}`);
    if (slot) slot.admin = 'maint';

    const { said } = await told.play(EXPIRED);

    expect(said).toContain(
      `Cannot take out again what is kept on fe1: ${backend}/${name}, of the new version, is not UP`,
    );
    expect(olds(told).every((one) => one.endsWith(' ready'))).toBe(true);
  });

  it('is nothing to lock a host for that is as it should be', async () => {
    const told = await KeptWorld.of(keptStory(600_000));
    await told.play({ command: 'rollout', by: 0 });

    const { outcome, said } = await told.play(EXPIRED);

    expect(said).toEqual([]);
    expect(outcome).toMatchObject({ hosts: [{ end: 'nothingToDo' }] });
  });
});
