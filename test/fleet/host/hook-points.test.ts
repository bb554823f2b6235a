import { readFileSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { docker } from '../../../lab/lab.ts';
import { imageOf } from '../../../lab/settings.ts';
import type { RunEvent, Stamp } from '../../../src/rollout/events.ts';
import {
  batchPoints,
  hookVariables,
  hostPoints,
  instancePoints,
  placesAt,
  runPoints,
  type HookPlace,
  type HookPoint,
} from '../../../src/rollout/hooks.ts';
import { folderWith } from '../../support/command-line.ts';
import { containersOf } from '../../support/fleet.ts';
import { loadOwn, own, ownHost, resetOwn } from '../../support/own-host.ts';
import { inSlots, ownServers } from '../../support/own-slots.ts';
import { start } from '../../support/sluice.ts';

const VARIABLES = Object.keys(hookVariables) as (keyof typeof hookVariables)[];

/** On the controller in the folder of the playbook, on the host in the user's home. */
const FILES: Readonly<Record<HookPlace, string>> = {
  controller: 'told',
  host: 'told',
  old_container: '/tmp/told',
  new_container: '/tmp/told',
};
const ON_HOST = join(ownHost().dir, 'root', FILES.host);

/** Adds a line with where it is and what it is told; in a container, which may be gone later, it says all lines that are there. */
function hookAt(where: HookPlace): Readonly<Record<string, string>> {
  const isInContainer = where.endsWith('_container');
  const seen = isInContainer ? '$(cat /app/VERSION)' : '$(uname -n)';
  const told = VARIABLES.map((name) => `${name}=\${${name}-unset}`).join('|');
  const file = FILES[where];
  const command = `printf '%s\\n' "${seen}|${told}" >> ${file}${isInContainer ? `; cat ${file}` : ''}`;
  return { name: where, where, command };
}

function hooksAt(points: readonly HookPoint[]): string {
  return `hooks: ${JSON.stringify(Object.fromEntries(points.map((point) => [point, placesAt[point].map(hookAt)])))}\n`;
}

/** The example for two of the three containers, with a hook at every point and place; start-first has an old container at all of them. */
function playbook(): string {
  const changes = [
    ['instances: 3', 'instances: 2'],
    ['  strategy:', `  ${hooksAt([...runPoints, ...batchPoints, ...hostPoints])}  strategy:`],
    ['      server:', `      ${hooksAt(instancePoints)}      server:`],
  ] as const;
  const text = changes.reduce(
    (all, [from, to]) => {
      expect(all.split(from)).toHaveLength(2);
      return all.replace(from, () => to);
    },
    readFileSync('playbooks/start-first.yml', 'utf8'),
  );
  return join(folderWith({ 'hooked.yml': text }), 'hooked.yml');
}

interface Run {
  readonly status: number | null;
  readonly stderr: string;
  readonly events: readonly (RunEvent & Stamp)[];
  /** What it is called in what hooks are told, who it is by, and what is rolled out. */
  readonly run: string;
  readonly by: string;
  readonly version: string;
  readonly onController: string;
}

async function rollout(version: string): Promise<Run> {
  const path = playbook();
  const args = ['rollout', path, '-e', `pxapp_version=${version}`, '--limit', own, '--yes', '--json'];
  const { status, stdout, stderr } = await start(args).ended;
  const lines = stdout.split('\n').filter((line) => line !== '');
  const events = lines.map((line) => JSON.parse(line) as RunEvent & Stamp);
  const started = events.find((event) => event.type === 'run-started');
  const onController = join(dirname(path), FILES.controller);
  return { status, stderr, events, run: started?.run ?? '', by: started?.by ?? '', version, onController };
}

/** One time that hooks of a point are run: for which container, and after what. */
type Moment = readonly [
  point: HookPoint,
  about?: { readonly container?: string; readonly result?: string; readonly reason?: string },
];

/** The line of the hook there. */
function lineOf([point, { container, result, reason } = {}]: Moment, where: HookPlace, run: Run): string {
  const isOfRun = runPoints.some((one) => one === point);
  const isOfNoHost = isOfRun || batchPoints.some((one) => one === point);
  const batch = isOfRun ? undefined : '1';
  const values: Readonly<Record<keyof typeof hookVariables, string | undefined>> = {
    SLUICE_RUN: run.run,
    SLUICE_BY: run.by,
    SLUICE_HOOK: where,
    SLUICE_POINT: point,
    SLUICE_PLAY: 'Front ends',
    SLUICE_HOSTS: own,
    SLUICE_BATCH: batch,
    SLUICE_BATCHES: batch,
    SLUICE_HOST: isOfNoHost && where === 'controller' ? undefined : own,
    SLUICE_CONTAINER: container,
    SLUICE_SLOT: container && 'b',
    SLUICE_IMAGE_OLD: container && imageOf('v1'),
    SLUICE_IMAGE_NEW: container && imageOf(run.version),
    SLUICE_RESULT: result,
    SLUICE_REASON: reason,
  };
  const seen = { controller: hostname(), host: own, old_container: 'v1', new_container: run.version }[where];
  return [seen, ...VARIABLES.map((name) => `${name}=${values[name] ?? 'unset'}`)].join('|');
}

function linesOf(moments: readonly Moment[], where: HookPlace, run: Run): readonly string[] {
  return moments.filter(([point]) => placesAt[point].includes(where)).map((moment) => lineOf(moment, where, run));
}

function told(text: string): readonly string[] {
  return text.trimEnd().split('\n');
}

/** What is in the file of a container that is there. */
async function inContainer(name: string): Promise<readonly string[]> {
  return told(await docker(ownHost(), 'exec', name, 'cat', FILES.new_container));
}

/** Every hook that has come, in its order: `before_batch host ok`, `before_traffic new_container pxApp_1 ok`. */
function course({ events }: Run): readonly string[] {
  return events.flatMap((event) => {
    if (event.type !== 'hook-ended' && event.type !== 'hook-skipped') return [];
    const { point, where, container } = event.hook;
    const end = event.type === 'hook-skipped' ? `not run: ${event.why}` : `${event.result}${event.why}`;
    return [[point, where, ...(container === undefined ? [] : [container]), end].join(' ')];
  });
}

/** The same of these moments, when all have gone well. */
function courseOf(moments: readonly Moment[]): readonly string[] {
  return moments.flatMap(([point, { container } = {}]) =>
    placesAt[point].map((where) => [point, where, ...(container === undefined ? [] : [container]), 'ok'].join(' ')),
  );
}

describe('a hook at every point and place of a real host', () => {
  beforeEach(async () => {
    rmSync(ON_HOST, { force: true });
    await resetOwn({ haproxyTemplate: 'haproxy/slots.cfg.example' });
  });
  afterAll(async () => {
    rmSync(ON_HOST, { force: true });
    await resetOwn();
  });

  it('is run in its order, there, and told all that the documentation says', async () => {
    const traffic = loadOwn();

    const run = await rollout('v2');

    const report = await traffic.stop();
    expect(run.status, run.stderr).toBe(0);
    const updated = { result: 'updated', reason: '' };
    const around = (container: string): readonly Moment[] => [
      ['before_instance', { container }],
      ['before_traffic', { container }],
      ['after_instance', { container, ...updated }],
    ];
    const moments: readonly Moment[] = [
      ['before_run'],
      ['before_batch'],
      ['before_host'],
      ...around('pxApp_1'),
      ...around('pxApp_2'),
      ['after_host', updated],
      ['after_batch', updated],
      ['after_run', { result: 'done', reason: '' }],
    ];
    expect(course(run), run.stderr).toEqual(courseOf(moments));
    expect(told(readFileSync(run.onController, 'utf8'))).toEqual(linesOf(moments, 'controller', run));
    expect(told(readFileSync(ON_HOST, 'utf8'))).toEqual(linesOf(moments, 'host', run));
    for (const container of ['pxApp_1', 'pxApp_2']) {
      const last = run.events.findLast(
        (event) =>
          event.type === 'hook-ended' && event.hook.where === 'old_container' && event.hook.container === container,
      );
      expect(last).toMatchObject({ output: linesOf(around(container), 'old_container', run) });
      expect(await inContainer(container)).toEqual(linesOf(around(container), 'new_container', run));
    }
    expect(report.failures).toEqual([]);
    expect(await ownServers()).toEqual(inSlots('b', 'b', 'a'));
    expect(await containersOf(own)).toEqual(['pxApp_1 v2', 'pxApp_2 v2', 'pxApp_3 v1']);
  });

  it('is told why when the new container is bad, on_failure once and before after_run', async () => {
    const traffic = loadOwn();

    const run = await rollout('exits');

    const report = await traffic.stop();
    expect(run.status, run.stderr).toBe(2);
    const reason = run.events.find((event) => event.type === 'step-failed')?.reason ?? '';
    expect(reason).toMatch(/^pxApp_1 on fe\d \(registry\.lab:5000\/pxapp:exits\) (exited|is restarting|is exited)/);
    const failed = { result: 'someFailed', reason: 'more hosts failed than max_fail_percentage allows' };
    const after: Moment = ['after_instance', { container: 'pxApp_1', result: 'unchanged', reason }];
    const before: readonly Moment[] = [
      ['before_run'],
      ['before_batch'],
      ['before_host'],
      ['before_instance', { container: 'pxApp_1' }],
    ];
    const end: readonly Moment[] = [
      ['after_host', { result: 'failed', reason }],
      ['after_batch', { result: 'failed', reason: `${own}: ${reason}` }],
      ['on_failure', failed],
      ['after_run', failed],
    ];
    expect(course(run), run.stderr).toEqual([
      ...courseOf(before),
      'after_instance controller pxApp_1 ok',
      'after_instance host pxApp_1 ok',
      'after_instance new_container pxApp_1 not run: there is no new container that runs',
      ...courseOf(end),
    ]);
    const moments = [...before, after, ...end];
    expect(told(readFileSync(run.onController, 'utf8'))).toEqual(linesOf(moments, 'controller', run));
    expect(told(readFileSync(ON_HOST, 'utf8'))).toEqual(linesOf(moments, 'host', run));
    expect(await inContainer('pxApp_1')).toEqual(linesOf(before, 'old_container', run));
    expect(report.failures).toEqual([]);
    expect(await ownServers()).toEqual(inSlots('a'));
  });
});
