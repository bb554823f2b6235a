import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jsonLine } from '../../src/report/json.ts';
import type { HostSummary, RunEvent } from '../../src/rollout/events.ts';
import { build, commandLine, folderWith } from '../support/command-line.ts';
import type { Ended } from '../support/sluice.ts';

const files = {
  // Nothing listens on port 1.
  'hosts.ini': 'fe1 ansible_host=127.0.0.1 ansible_port=1\n[all:vars]\nansible_ssh_private_key_file=nosuch\n',
  'fine.yml':
    '- name: x\n  hosts: all\n  balancer: { backend: b }\n  apps:\n    - name: app\n' +
    '      container: { image: "registry.lab/a:{{ version }}" }\n      ready: { http: http://127.0.0.1/ }\n',
};

/** No process has this number: the largest that Linux gives is below. */
const NOBODY = 2 ** 22 + 1;

const subject = { host: 'fe1', name: 'pxApp_1' };
const start = {
  ...{ type: 'run-started', command: 'rollout', hosts: ['fe1', 'fe2'], by: 'ann@desk', version: '0.1.0' },
  ...{ machine: hostname(), pid: NOBODY },
} satisfies RunEvent;
const begun: RunEvent = { type: 'instance-started', subject, from: 'registry/app:v1', to: 'registry/app:v2' };
const drains: RunEvent = { type: 'step-started', subject, step: 'drain', homeward: false };
const drained: RunEvent = {
  ...{ type: 'step-ended', subject, step: 'drain', homeward: false, ms: 800, outcome: 'b/pxApp_1 weight 10 → 0' },
};
const replaces: RunEvent = { type: 'step-started', subject, step: 'replace', homeward: false };
const hosts: readonly HostSummary[] = [];
const ended = { type: 'run-ended', command: 'rollout', end: 'done', ms: 1, hosts, exitStatus: 0 } satisfies RunEvent;

let cwd = '';
let states = 0;
beforeAll(() => {
  build();
  cwd = folderWith(files);
});
afterAll(() => {
  rmSync(cwd, { recursive: true });
});

/** A state folder with these runs in it, an event every second. */
function stateWith(runs: Readonly<Record<string, readonly RunEvent[]>>): string {
  const state = join(cwd, `state-${(states += 1)}`);
  mkdirSync(join(state, 'runs'), { recursive: true });
  for (const [run, events] of Object.entries(runs)) {
    const lines = events.map((event, index) =>
      jsonLine(event, { seq: index + 1, at: new Date(Date.UTC(2026, 10, 21, 9, 0, index)), run }),
    );
    writeFileSync(join(state, 'runs', `${run}.jsonl`), lines.map((line) => `${line}\n`).join(''));
  }
  return state;
}

async function sluice(state: string, ...args: readonly string[]): Promise<Ended> {
  return commandLine(args, { cwd, env: { SLUICE_STATE: state, TZ: 'UTC' } });
}

describe.concurrent('sluice history', () => {
  it('has a line for each run, the latest first, without an inventory', async () => {
    const state = stateWith({
      '20261121-090000-aaaa': [start, ended],
      '20261121-090001-bbbb': [
        start,
        { type: 'host-ended', host: 'fe1', end: 'failed', reason: 'x' },
        { ...ended, end: 'someFailed', exitStatus: 2 },
      ],
      '20261121-090002-cccc': [start, begun, drains],
      '20261121-090003-dddd': [{ ...start, pid: process.pid }, begun],
      '20261121-090004-eeee': [{ ...start, machine: 'elsewhere' }],
      '20261121-090005-ffff': [start, { type: 'run-failed', code: 'error', reason: 'x', exitStatus: 1 }],
      '20261121-090006-0000': [],
    });

    const { status, stdout, stderr } = await sluice(state, 'history');

    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => line.replaceAll(/ {2,}/g, '|')),
    ).toEqual([
      'RUN|STARTED|COMMAND|BY|WHAT|RESULT|TIME',
      '20261121-090005-ffff|2026-11-21 09:00:00|rollout|ann@desk|fe1, fe2|refused|1.0 s',
      '20261121-090004-eeee|2026-11-21 09:00:00|rollout|ann@desk|fe1, fe2|not ended, on elsewhere|0.0 s',
      '20261121-090003-dddd|2026-11-21 09:00:00|rollout|ann@desk|fe1, fe2|died|1.0 s',
      '20261121-090002-cccc|2026-11-21 09:00:00|rollout|ann@desk|fe1, fe2|died|2.0 s',
      '20261121-090001-bbbb|2026-11-21 09:00:00|rollout|ann@desk|fe1, fe2|1 failed|2.0 s',
      '20261121-090000-aaaa|2026-11-21 09:00:00|rollout|ann@desk|fe1, fe2|done|1.0 s',
    ]);
  });

  it('has at most as many as asked for, as JSON if asked for', async () => {
    const state = stateWith({ '20261121-1': [start, ended], '20261121-2': [start, ended], '20261121-3': [start] });

    const { status, stdout } = await sluice(state, 'history', '-n', '2', '--json');

    expect(status).toBe(0);
    const rows = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
    expect(rows).toMatchObject([
      { schema: 1, type: 'run', run: '20261121-3', fate: 'died', hosts: [{ host: 'fe1' }, { host: 'fe2' }] },
      { schema: 1, type: 'run', run: '20261121-2', fate: 'ended', result: 'done', exitStatus: 0 },
    ]);
  });

  it('says that there is none yet', async () => {
    const state = stateWith({});

    expect(await sluice(state, 'history')).toEqual({
      ...{ status: 0, stdout: '', stderr: `There is no journal of a run in ${join(state, 'runs')}\n` },
    });
  });

  it('shows the others when one cannot be read, and ends with 1', async () => {
    const state = stateWith({ '20261121-1': [start, ended], '20261121-2': [start] });
    writeFileSync(join(state, 'runs', '20261121-2.jsonl'), 'no JSON\n');

    const { status, stdout, stderr } = await sluice(state, 'history');

    expect(status).toBe(1);
    expect(stdout).toContain('20261121-1');
    expect(stderr).toMatch(/^Cannot read the journal: \S+20261121-2\.jsonl:1: /);
  });

  it('refuses a number that is none', async () => {
    expect(await sluice(cwd, 'history', '-n', '0')).toMatchObject({
      ...{ status: 5, stderr: 'Cannot use --number 0: it must be a whole number above 0\n' },
    });
  });
});

describe.concurrent('sluice show', () => {
  it('tells what a run that died did, what it was at, and what to do', async () => {
    const state = stateWith({
      '20261121-090000-aaaa': [start, begun, drains, drained, replaces],
      '20261121-090100-bbbb': [{ ...start, command: 'recover' }, { ...drains, homeward: true }, ended],
    });

    const { status, stdout } = await sluice(state, 'show', '20261121-090000');

    expect(status).toBe(0);
    expect(stdout.trimEnd().split('\n')).toEqual([
      'rollout 20261121-090000-aaaa',
      `  started    2026-11-21 09:00:00 by ann@desk, process ${NOBODY} on ${hostname()}, sluice 0.1.0`,
      '  last told  2026-11-21 09:00:04, after 4.0 s',
      '  result     died',
      '',
      'fe1',
      '  pxApp_1  IN WORK  registry/app:v1 → v2',
      '    09:00:02  drain      b/pxApp_1 weight 10 → 0  (0.8 s)',
      '    09:00:04  replace    begun, its end is not told',
      '',
      'fe2',
      '',
      'Its journal ends here, and its process is gone: it died, or it could not write its journal any more and has gone home by itself.',
      'Since then: recover 20261121-090100-bbbb, done.',
      'What to do:',
      '  sluice resume 20261121-090000-aaaa   goes on where it was',
      '  sluice recover fe1   brings back into service what was in work',
    ]);
  });

  it('tells of a run that failed: when, why, and how long it took', async () => {
    const reason = 'pxApp_1 on fe1 exited';
    const state = stateWith({
      '20261121-090000-aaaa': [
        start,
        { type: 'warning', host: 'fe2', text: 'was DOWN before' },
        begun,
        { type: 'step-started', subject, step: 'check', homeward: false },
        { type: 'step-failed', subject, step: 'check', ms: 1_200, reason, details: ['log: no database'] },
        { type: 'instance-ended', subject, state: 'unchanged', ms: 2_000 },
        { type: 'host-ended', host: 'fe1', end: 'failed', reason },
        { ...ended, end: 'stopped', exitStatus: 8 },
      ],
    });

    const { stdout } = await sluice(state, 'show', 'last');

    expect(stdout.trimEnd().split('\n').slice(3)).toEqual([
      '  result   1 failed',
      '',
      'fe1  failed, put back',
      `  ${reason}`,
      '  pxApp_1  put back as it was  registry/app:v1 → v2  (3.0 s)',
      `    09:00:03  check      failed: ${reason}  (1.2 s)`,
      '              log: no database',
      '',
      'fe2',
      '',
      '09:00:01  warning: fe2: was DOWN before',
    ]);
  });

  it('prints it all as JSON', async () => {
    const state = stateWith({ '20261121-090000-aaaa': [start, begun, drains] });

    const { stdout } = await sluice(state, 'show', 'last', '--json');

    expect(JSON.parse(stdout)).toMatchObject({
      ...{ schema: 1, type: 'run-history', run: '20261121-090000-aaaa', fate: 'died', isTorn: false },
      hosts: [{ host: 'fe1', instances: [{ state: 'inWork', steps: [{ step: 'drain', result: 'running' }] }] }, {}],
    });
  });

  // prettier-ignore
  it.each<{ why: string; runs: Record<string, readonly RunEvent[]>; args: string[]; says: RegExp }>([
    { why: 'an unknown run',     runs: { '20261121-1': [start] },                        args: ['show', '2025'], says: /^Cannot find run 2025: no journal in \S+ has that name; see "sluice history"$/ },
    { why: 'an ambiguous one',   runs: { '20261121-1': [start], '20261121-2': [start] }, args: ['show', '2026'], says: /^Cannot tell which run 2026 is: 20261121-2, 20261121-1$/ },
    { why: 'the last of none',   runs: {},                                               args: ['show', 'last'], says: /^Cannot find run last: there is no journal in / },
    { why: 'a run not said',     runs: {},                                               args: ['show'],         says: /^Cannot read the command line: / },
  ])('ends with 5 for $why', async ({ runs, args, says }) => {
    const { status, stdout, stderr } = await sluice(stateWith(runs), ...args);

    expect({ status, stdout }).toEqual({ status: 5, stdout: '' });
    expect(stderr.trimEnd()).toMatch(says);
  });
});

describe.concurrent('the journal', () => {
  const rollout = ['rollout', 'fine.yml', '-i', 'hosts.ini', '--yes', '-e', 'version=1 db_password=hush'];

  it('has what a rollout was asked for, without secrets, and how it ended', async () => {
    const state = join(cwd, 'of-a-rollout');

    const { status } = await sluice(state, ...rollout, '--limit', 'fe1');

    expect(status).toBe(4);
    const [name = ''] = readdirSync(join(state, 'runs'));
    const text = readFileSync(join(state, 'runs', name), 'utf8');
    expect(text).not.toContain('hush');
    const events = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(events.map(({ type, seq }) => [type, seq])).toEqual([
      ['run-started', 1],
      ['problem', 2],
      ['run-failed', 3],
    ]);
    expect(events[0]).toMatchObject({
      ...{
        run: name.replace('.jsonl', ''),
        machine: hostname(),
        fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown,
      },
      invocation: {
        ...{ inventory: [join(cwd, 'hosts.ini')], playbook: join(cwd, 'fine.yml'), limit: 'fe1', forks: 32 },
        ...{ extraVars: { version: '1' }, hiddenVars: ['db_password'], tags: [], skipTags: [], force: false },
      },
    });
    expect((await sluice(state, 'history')).stdout).toMatch(/rollout +\S+ +fine\.yml: fe1 +refused/);
    expect((await sluice(state, 'show', 'last')).stdout).toContain('extra vars  version=1 (not kept: db_password)');
  });

  it('is not kept of a look', async () => {
    const state = join(cwd, 'of-a-look');

    await sluice(state, 'plan', 'fine.yml', '-i', 'hosts.ini', '-e', 'version=1');
    await sluice(state, ...rollout, '--check');
    await sluice(state, 'status', '-i', 'hosts.ini');

    expect(existsSync(state)).toBe(false);
  });

  it('must be there before a host is reached', async () => {
    const { status, stderr } = await sluice(join(cwd, 'hosts.ini'), ...rollout);

    expect(status).toBe(1);
    expect(stderr).toMatch(
      /^Cannot write the journal \S+: a part of the path is no folder \(make room, or name another folder in \$SLUICE_STATE\)$/m,
    );
    expect(stderr).not.toContain('Cannot reach');
  });
});
