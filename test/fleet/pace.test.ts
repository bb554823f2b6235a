import { readFileSync, writeFileSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import { labReset } from '../../lab/lab.ts';
import type { RunEvent } from '../../src/rollout/events.ts';
import { folderWith } from '../support/command-line.ts';
import { allServers, containersOf, everyHostInService, load } from '../support/fleet.ts';
import { shortPlaybook } from '../support/short-playbook.ts';
import { start } from '../support/sluice.ts';

/** As YAML has it. */
function playbook(pace: string, instances: 1 | 2): string {
  const path = shortPlaybook(folderWith({}), { instances });
  writeFileSync(path, readFileSync(path, 'utf8').replace("serial: '35%'", pace));
  return path;
}

interface Course {
  /** Batches with their hosts, and instances as they began (`+`) and ended (`-`). */
  readonly lines: readonly string[];
  /** The most instances that were in work at the same time. */
  readonly most: number;
}

function courseOf(events: readonly RunEvent[]): Course {
  const lines = events.flatMap((event) => {
    if (event.type === 'batch-started') return [event.hosts.join(' ')];
    const sign = { 'instance-started': '+', 'instance-ended': '-' }[event.type as string];
    return sign !== undefined && 'subject' in event ? [`${sign}${event.subject.host} ${event.subject.name}`] : [];
  });
  let [now, most] = [0, 0];
  for (const line of lines) {
    now += { '+': 1, '-': -1 }[line[0] ?? ''] ?? 0;
    most = Math.max(most, now);
  }
  return { lines, most };
}

/** Where in the course each of these was. */
function placesIn({ lines }: Course, wanted: RegExp): readonly number[] {
  return lines.flatMap((line, index) => (wanted.test(line) ? [index] : []));
}

describe('the pace of a rollout of the real fleet, without a failed request', () => {
  beforeEach(async () => {
    await labReset();
  });

  async function courseWith(pace: string, instances: 1 | 2): Promise<Course> {
    const traffic = load();
    const events: RunEvent[] = [];
    const zones = JSON.stringify({ zone: "{{ 'south' if inventory_hostname == 'fe2' else 'north' }}" });
    const args = ['rollout', playbook(pace, instances), '-e', 'pxapp_version=v2', '-e', zones, '--yes', '--json'];
    const ended = await start(args, { onEvent: (event) => events.push(event) }).ended;
    const report = await traffic.stop();
    expect(ended, ended.stderr).toMatchObject({ status: 0 });
    expect(report.failures).toEqual([]);
    expect(await allServers()).toEqual(everyHostInService);
    for (const host of ['fe1', 'fe2', 'fe3']) {
      expect(await containersOf(host)).toEqual([1, 2, 3].map((id) => `pxApp_${id} ${id > instances ? 'v1' : 'v2'}`));
    }
    return courseOf(events);
  }

  it('window: 2 has two hosts in work, and the third begins when the first of them has ended', async () => {
    const course = await courseWith('window: 2', 1);

    expect(course.most).toBe(2);
    const [, second] = placesIn(course, /^-/);
    expect(placesIn(course, /^\+fe3/)[0]).toBeLessThan(second ?? 0);
  });

  it('batch_by: zone has the hosts of one zone before those of the next, and throttle: 1 one instance of them all', async () => {
    const course = await courseWith('batch_by: zone\n  throttle: 1', 1);

    expect(course.most).toBe(1);
    expect(course.lines.filter((line) => !/^[+-]/.test(line))).toEqual(['fe1 fe3', 'fe2']);
    expect(course.lines.at(-1)).toBe('-fe2 pxApp_1');
  });

  it('lockstep has all hosts through with their first instance before any takes its second', async () => {
    const course = await courseWith('serial: 3\n  lockstep: true', 2);

    expect(course.most).toBe(3);
    expect(Math.max(...placesIn(course, /^-.*_1$/))).toBeLessThan(Math.min(...placesIn(course, /^\+.*_2$/)));
  });
});
