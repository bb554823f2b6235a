import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { labReset } from '../../lab/lab.ts';
import type { RunEvent } from '../../src/rollout/events.ts';
import { folderWith } from '../support/command-line.ts';
import { allServers, containersOf, containersOn, everyHostInService, load } from '../support/fleet.ts';
import { start } from '../support/sluice.ts';
import { Terminal } from '../support/terminal.ts';

const HOSTS = ['fe1', 'fe2', 'fe3'];
/** A batch has three containers, each with its ramp, on a machine that may have much else to do. */
const A_BATCH_MS = 240_000;

type Change = readonly [from: string, to: string];

/** The example with steps, soak and watch of a second each. */
function playbookWith(...more: readonly Change[]): string {
  const changes: readonly Change[] = [
    ['every: 30s', 'every: 1s'],
    ['soak: 10s', 'soak: 1s'],
    ['for: 5m', 'for: 1s'],
    ...more,
  ];
  const text = changes.reduce(
    (all, [from, to]) => {
      expect(all).toContain(from);
      return all.replace(from, to);
    },
    readFileSync('playbooks/canary.yml', 'utf8'),
  );
  return join(folderWith({ 'canary.yml': text }), 'canary.yml');
}

async function containers(): Promise<readonly (readonly string[])[]> {
  return Promise.all(HOSTS.map(containersOf));
}

/** What each host runs. */
function on(...versions: readonly string[]): readonly (readonly string[])[] {
  return versions.map(containersOn);
}

describe('the canary of the example, over the real fleet', () => {
  let terminal: Terminal | undefined;

  beforeEach(async () => {
    await labReset();
  });
  afterEach(() => {
    terminal?.hangUp();
  });

  it('goes on to the next batch when somebody at a terminal says so, and no further when they do not', async () => {
    const traffic = load();
    const inventory = '-i inventory/lab.ini';
    terminal = new Terminal(`NO_COLOR=1 bin/sluice rollout ${playbookWith()} -e pxapp_version=v2 ${inventory}`);
    await terminal.shows('Go on? [y/N]');
    terminal.type('y\r');

    await terminal.shows('Front ends: begin batch 2 of 3?', A_BATCH_MS);
    const afterFirst = await containers();
    terminal.type('y\r');
    await terminal.shows('Front ends: begin batch 3 of 3?', A_BATCH_MS);
    const afterSecond = await containers();
    terminal.type('n\r');
    const status = await terminal.ended;

    const report = await traffic.stop();
    const { screen } = terminal;
    expect(afterFirst, screen).toEqual(on('v2', 'v1', 'v1'));
    expect(afterSecond, screen).toEqual(on('v2', 'v2', 'v1'));
    expect(status, screen).toBe(8);
    expect(await containers(), screen).toEqual(on('v2', 'v2', 'v1'));
    expect(await allServers()).toEqual(everyHostInService);
    expect(report.failures).toEqual([]);
    expect(report.requests).toBeGreaterThan(500);
    for (const batch of ['1 of 3: fe1', '2 of 3: fe2']) expect(screen).toContain(`Front ends, batch ${batch}\n`);
    expect(screen).not.toContain('Front ends, batch 3 of 3');
    for (const host of ['fe1', 'fe2']) {
      for (const [index, weights] of [
        ['1', '5'],
        ['2', '10'],
        ['3', '15'],
      ].entries()) {
        const server = `pxApp_${index + 1}`;
        const [first, second] = weights.map((weight) => `pxapp_cluster/${server} weight ${weight} of `);
        expect(screen).toMatch(
          new RegExp(`${host} ${server} +ramp +${first}.*10%[^]*${host} ${server} +ramp +${second}.*50%`),
        );
        expect(screen).toMatch(new RegExp(`${host} ${server} +soak +stayed UP`));
      }
    }
    expect(screen).toContain('no further instance begins: the operator did not let the next batch begin');
    expect(screen).toMatch(/^fe3 +not reached/m);
  });

  it('waits between its batches as long as it is told to where there is no terminal', async () => {
    const playbook = playbookWith(['pause: ask', 'pause: 2s'], ['instances: 3', 'instances: 1']);
    const traffic = load();
    const events: RunEvent[] = [];

    const args = ['rollout', playbook, '-e', 'pxapp_version=v2', '--yes', '--json'];
    const ended = await start(args, { onEvent: (event) => events.push(event) }).ended;

    const report = await traffic.stop();
    expect(ended.status, ended.stderr).toBe(0);
    const course = events.flatMap((event) => {
      if (event.type === 'batch-started') return [`${event.number} of ${event.of} begins: ${event.hosts.join(' ')}`];
      if (event.type === 'batch-ended') return [`${event.number} has ended: ${event.then}`];
      if (event.type === 'pause-started') return [`${event.ms} ms before ${event.number}`];
      return event.type === 'pause-ended' ? [`over before ${event.number}`] : [];
    });
    const pauseBefore = (number: number): readonly string[] => [`2000 ms before ${number}`, `over before ${number}`];
    expect(course).toEqual([
      ...['1 of 3 begins: fe1', '1 has ended: goOn', ...pauseBefore(2)],
      ...['2 of 3 begins: fe2', '2 has ended: goOn', ...pauseBefore(3)],
      ...['3 of 3 begins: fe3', '3 has ended: goOn'],
    ]);
    const pauses = events.flatMap((event) => (event.type === 'pause-ended' ? [event.ms] : []));
    expect(Math.min(...pauses)).toBeGreaterThan(1_990);
    expect(report.failures).toEqual([]);
    expect(await allServers()).toEqual(everyHostInService);
    expect(await containers()).toEqual(HOSTS.map(() => ['pxApp_1 v2', 'pxApp_2 v1', 'pxApp_3 v1']));
  });
});
