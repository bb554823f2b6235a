import { describe, expect, it } from 'vitest';
import { paintFor } from '../../src/report/paint.ts';
import { linesOf } from '../../src/report/text.ts';
import { A_BUG, type Remark, type RunEvent, type Waiting } from '../../src/rollout/events.ts';
import type { AfterBatch } from '../../src/rollout/verdict.ts';
import { defaultPolicy } from '../../src/rollout/policy.ts';
import { aLockOwner, aServer } from '../support/builders.ts';

const plain = paintFor(false);
const subject = { host: 'fe1', name: 'pxApp_1' };
const server = aServer();

/** Each line as its level and its text. */
function told(event: RunEvent): string[] {
  return linesOf(event, plain).map(({ level, text }) => `${level} ${text}`);
}

const hook = { name: 'migrate', point: 'before_run', where: 'controller', play: 'Front' } as const;

type Rows = {
  readonly [Type in RunEvent['type']]: readonly [Omit<Extract<RunEvent, { type: Type }>, 'type'>, ...string[]];
};

// prettier-ignore
const rows: Rows = {
  'run-started':      [{ command: 'rollout', hosts: ['fe1', 'fe2'], by: 'ann@desk', version: '1', machine: 'desk', pid: 7 },      '0 rollout by ann@desk: 2 hosts (fe1, fe2)'],
  'host-ready':       [{ host: 'fe1', engine: '20.10', balancers: ['2.6 (/a)', '2.8 (/b)'] },            '1 fe1  Docker 20.10, HAProxy 2.6 (/a), 2.8 (/b)'],
  'rollback-started': [{ of: '20261121-0900', hosts: ['fe1', 'fe2'] },                                   '0 rolling back run 20261121-0900 on fe1, fe2'],
  'problem':          [{ host: 'fe1', text: 'no room' },                                                 '0 problem: fe1: no room'],
  'warning':          [{ host: 'fe1', text: 'little room' },                                             '0 warning: fe1: little room'],
  'lock-waiting':     [{ locks: [{ host: 'fe1', found: { state: 'live', owner: aLockOwner(), ageMs: 0 } }], leftMs: 90_000 }, '0 fe1  waiting for its lock: bob@laptop holds it, run 20261121-085900-bob ("rollout shop.yml"), since 2026-11-21T08:59:00.000Z, 90 s left'],
  'planned':          [{ plan: { name: 'x', maxFailPercentage: 0, policy: defaultPolicy, batches: [], capacity: [] } }],
  'image-pulling':    [{ host: 'fe1', image: 'a:1', current: 45_100_000, total: 110_000_000 },           '0 fe1  image a:1  pulling: 46 of 110 MB'],
  'image-loading':    [{ host: 'fe1', image: 'a:1', from: 'a.tar', current: 45_100_000, total: 110_000_000 }, '0 fe1  image a:1  loading from a.tar: 46 of 110 MB'],
  'image-pulled':     [{ host: 'fe1', image: 'a:1', digest: 'sha256:0123456789abcdef' },                 '0 fe1  image a:1 is there (0123456789ab)'],
  'hook-started':     [{ hook: { ...hook, point: 'before_run' } },                                       '0 hook migrate (before_run)  …'],
  'hook-skipped':     [{ hook: { ...hook, host: 'fe1' }, why: 'there is no old container that runs' },   '0 fe1  hook migrate (before_run)  not run: there is no old container that runs'],
  'hook-waiting':     [{ hook: { ...hook, point: 'after_batch' }, why: 'errors is 3, not below 1', value: 3, leftMs: 90_000 }, '0 hook migrate (after_batch)  waiting: errors is 3, not below 1, 90 s left'],
  'hook-ended':       [{ hook: { ...hook, host: 'fe1', container: 'pxApp_1' }, ms: 1_234, result: 'failed', why: 'ended with 3', output: ['no table'] }, '0 fe1 pxApp_1  hook migrate (before_run)  failed: ended with 3  (1.2 s)', '0     no table'],
  'batch-started':    [{ play: 'Front', number: 2, of: 3, hosts: ['fe1', 'fe2'] },                       '0 ', '0 Front, batch 2 of 3: fe1, fe2'],
  'instance-left':    [{ subject, why: 'nothing to change' },                                            '1 fe1 pxApp_1  left alone: nothing to change'],
  'instance-started': [{ subject, from: 'a:1', to: 'a:2' },                                              '1 fe1 pxApp_1  a:1 → 2'],
  'found':            [{ subject, servers: [] }],
  'step-started':     [{ subject, step: 'drain', homeward: false },                                      '1 fe1 pxApp_1  drain      …'],
  'step-waiting':     [{ subject, step: 'drain', waiting: { for: 'answer', why: 'lost', leftMs: 500 } }, '0 fe1 pxApp_1  drain      no answer, asking again: lost, 0.5 s left'],
  'step-retried':     [{ subject, step: 'replace', reason: 'connection lost' },                          '0 fe1 pxApp_1  replace    once more: connection lost'],
  'remark':           [{ subject, remark: { about: 'gone', server } },                                      '0 fe1 pxApp_1  HAProxy has no server pxapp_cluster/pxApp_1 any more: nothing to put back'],
  'ramped':           [{ subject, percent: 10, servers: [{ server, weight: 2, of: 20 }], ms: 30_000 },    '0 fe1 pxApp_1  ramp       pxapp_cluster/pxApp_1 weight 2 of 20 (10%) for 30 s'],
  'step-ended':       [{ subject, step: 'rollBack', homeward: true, ms: 1_234, outcome: 'is back' },     '0 fe1 pxApp_1  roll back  is back  (1.2 s)'],
  'step-failed':      [{ subject, step: 'check', ms: 9, reason: 'is sick', details: ['log: a', 'b'] },   '0 fe1 pxApp_1  check      failed: is sick', '0     log: a', '0     b'],
  'monitor-started':  [{ subject, forMs: 30_000 },                                                       '1 fe1 pxApp_1  monitor    watched for 30 s'],
  'monitor-ended':    [{ subject, ms: 30_000, outcome: '0 of 9 requests failed' },                       '1 fe1 pxApp_1  monitor    0 of 9 requests failed  (30 s)'],
  'monitor-failed':   [{ subject, ms: 9, reason: 'is sick', details: ['log: a'] },                       '0 fe1 pxApp_1  monitor    failed: is sick', '0     log: a'],
  'instance-ended':   [{ subject, state: 'updated', ms: 12_000 },                                        '0 fe1 pxApp_1  updated  (12 s)'],
  'host-ended':       [{ host: 'fe1', end: 'failed', reason: 'x' },                                      '1 fe1  ends: failed'],
  'batch-ended':      [{ number: 1, of: 3, then: 'stop', why: 'too many failed' },                       '0 stopping after batch 1 of 3: too many failed'],
  'config-step-started': [{ host: 'fe1', path: '/h.cfg', step: 'carryOver' }],
  'runtime-asked':    [{ host: 'fe1', text: 'set weight b/s 5' }],
  'runtime-answered': [{ host: 'fe1', text: 'set weight b/s 5', isOk: true, outcome: 'weight 1 → 5' }],
  'config-step':      [{ host: 'fe1', path: '/h.cfg', step: 'carryOver', ms: 20, isOk: true, outcome: 'as configured' }, '0 fe1 haproxy  carry over  as configured  (0.0 s)'],
  'config-waiting':   [{ host: 'fe1', path: '/h.cfg', why: 'b/s is DOWN', leftMs: 30_000 },              '0 fe1 haproxy  settle      waiting until all servers are UP: b/s is DOWN, 30 s left'],
  'host-skipped':     [{ host: 'fe2', reason: 'Cannot reach fe2: refused' },                             '0 warning: fe2 is skipped: Cannot reach fe2: refused'],
  'maintenance-planned': [{ plan: { work: { command: 'true', reboot: undefined, containers: 'keep' }, batches: [], consequences: [] } }],
  'output':           [{ subject, details: ['one', 'two'] },                                             '0 fe1 pxApp_1  | one', '0 fe1 pxApp_1  | two'],
  'hold-started':     [{ hosts: ['fe1'], ms: 1_800_000 },                                                '0 ', '0 held for 30 min 00 s, then put back; Ctrl-C puts back now'],
  'pause-started':    [{ number: 2, of: 3, ms: 600_000 },                                                '0 ', '0 waiting 10 min 00 s before batch 2 of 3'],
  'pause-ended':      [{ number: 2, of: 3, ms: 600_000 }],
  'question-asked':   [{ question: 'Go on?', answers: 'y, n' }],
  'question-answered': [{ question: 'Go on?', answer: 'yes' },                                           '0 Go on? yes'],
  'halted':           [{ why: 'it is late' },                                                            '0 no further instance begins: it is late'],
  'stop-asked':       [{ signal: 'SIGINT', times: 1 },                                                   '0 SIGINT: finishing the instances in work, then stopping (again: put back now)'],
  'run-ended':        [{ command: 'rollout', end: 'done', ms: 1, hosts: [], exitStatus: 0 }],
  'run-failed':       [{ code: 'config', reason: 'Cannot start', exitStatus: 5 }],
};

describe('linesOf()', () => {
  it.each(Object.entries(rows).map(([type, [event, ...lines]]) => ({ type, event, lines })))(
    'has a text for $type',
    ({ type, event, lines }) => {
      expect(told({ type, ...event } as RunEvent)).toEqual(lines);
    },
  );

  it('does not say how long a wait may take that has no limit of its own', () => {
    const waiting = { for: 'answer', why: 'lost' } as const;

    const lines = told({ type: 'step-waiting', subject, step: 'replace', waiting });

    expect(lines).toEqual(['0 fe1 pxApp_1  replace    no answer, asking again: lost']);
  });

  it('says that a run which changed nothing leaves nothing to roll back', () => {
    const started = { by: 'ann@desk', version: '1', machine: 'desk', pid: 7, hosts: [] };

    expect(told({ type: 'run-started', command: 'rollback', ...started })).toEqual(['0 rollback by ann@desk: 0 hosts']);
    expect(told({ type: 'rollback-started', of: '20261121-0900', hosts: [] })).toEqual([
      '0 run 20261121-0900 has changed nothing that could be rolled back',
    ]);
  });

  it('says why a pull begins again', () => {
    const again = 'Cannot pull a:1 on fe1: connection refused';

    expect(told({ type: 'image-pulling', host: 'fe1', image: 'a:1', current: 0, total: 0, again })).toEqual([
      '0 fe1  image a:1  once more: Cannot pull a:1 on fe1: connection refused',
    ]);
  });

  it('says "1 host", and leaves out the host of what concerns all of them', () => {
    expect(
      told({
        type: 'run-started',
        command: 'plan',
        hosts: ['fe1'],
        by: 'ann@desk',
        version: '1',
        machine: 'desk',
        pid: 7,
      }),
    ).toEqual(['0 plan by ann@desk: 1 host (fe1)']);
    expect(told({ type: 'problem', host: '', text: 'Cannot lock fe3: it is held by bob@laptop' })).toEqual([
      '0 problem: Cannot lock fe3: it is held by bob@laptop',
    ]);
  });

  // prettier-ignore
  it.each<{ number: number; then: AfterBatch; says: string[] }>([
    { number: 1, then: 'goOn',         says: [] },
    { number: 1, then: 'stop',         says: ['0 stopping after batch 1 of 3: too many failed'] },
    { number: 1, then: 'rollBack',     says: ['0 rolling back after batch 1 of 3: too many failed'] },
    { number: 3, then: 'rollBack',     says: ['0 rolling back after batch 3 of 3: too many failed'] },
    { number: 1, then: 'outOfService', says: ['0 stopping after batch 1 of 3: a server is left out of service'] },
    { number: 3, then: 'stop',         says: [] },
    { number: 3, then: 'outOfService', says: [] },
  ])('says why the next batch does not start, if there is one: $number of 3, $then', ({ number, then, says }) => {
    expect(told({ type: 'batch-ended', number, of: 3, then, why: 'too many failed' })).toEqual(says);
  });

  // prettier-ignore
  it.each([
    { times: 1, says: 'finishing the instances in work, then stopping (again: put back now)' },
    { times: 2, says: 'putting back what is in work now (again: leave everything where it is)' },
    { times: 3, says: 'leaving everything where it is' },
    { times: 9, says: 'leaving everything where it is' },
  ])('says what the signal number $times does', ({ times, says }) => {
    expect(told({ type: 'stop-asked', signal: 'SIGTERM', times })).toEqual([`0 SIGTERM: ${says}`]);
  });

  it.each([
    { times: 1, says: 'finishing the instances in work, then stopping (Ctrl-C: put back now)' },
    { times: 2, says: 'putting back what is in work now (Ctrl-C: leave everything where it is)' },
  ])('says what a bug outside of any step does, and what a person may, after $times', ({ times, says }) => {
    expect(told({ type: 'stop-asked', signal: A_BUG, times })).toEqual([`0 a bug in sluice: ${says}`]);
  });

  it.each([
    { state: 'updated' as const, says: 'updated' },
    { state: 'unchanged' as const, says: 'put back as it was' },
    { state: 'outOfService' as const, says: 'LEFT OUT OF SERVICE: a person is needed' },
  ])('says what it means that an instance is $state', ({ state, says }) => {
    expect(told({ type: 'instance-ended', subject, state, ms: 125_000 })).toEqual([
      `0 fe1 pxApp_1  ${says}  (2 min 05 s)`,
    ]);
  });

  // prettier-ignore
  it.each<{ waiting: Waiting; says: string }>([
    { waiting: { for: 'requests', server, current: 1, queued: 0, sessions: [], leftMs: 58_000 },
      says: 'waiting for 1 request in hand at pxapp_cluster/pxApp_1, 58 s left' },
    { waiting: { for: 'requests', server, current: 0, queued: 0, sessions: [], leftMs: 1_000 },
      says: 'waiting until it is certain that pxapp_cluster/pxApp_1 has no request left, 1.0 s left' },
    { waiting: { for: 'requests', server, current: 3, queued: 2, sessions: [{ source: '10.0.0.9:1', ageSeconds: 61 }, { source: '10.0.0.8:2', ageSeconds: 5 }], leftMs: 4_000 },
      says: 'waiting for 3 requests in hand and 2 queued at pxapp_cluster/pxApp_1 (10.0.0.9:1 for 61 s, 10.0.0.8:2 for 5 s), 4.0 s left' },
    { waiting: { for: 'old-worker', server, pid: 77, current: undefined, leftMs: 1_000 },
      says: "waiting for HAProxy's old worker 77 to end, 1.0 s left" },
    { waiting: { for: 'old-worker', server, pid: 77, current: 2, leftMs: 1_000 },
      says: "waiting for 2 requests in hand at pxapp_cluster/pxApp_1 in HAProxy's old worker 77, 1.0 s left" },
    { waiting: { for: 'capacity', server, usable: 1, floor: 2 },
      says: 'waiting until pxapp_cluster can spare pxApp_1: 1 other usable, min_up asks for 2' },
    { waiting: { for: 'ready', health: 'starting', why: 'refused', leftMs: 30_000 },
      says: 'waiting until it is ready: refused, 30 s left' },
    { waiting: { for: 'up', server, status: 'DOWN', lastCheck: 'L4CON', leftMs: 30_000 },
      says: 'waiting until HAProxy sees pxapp_cluster/pxApp_1 UP: DOWN, last check L4CON, 30 s left' },
    { waiting: { for: 'up', server, status: 'no check', lastCheck: '', leftMs: -20 },
      says: 'waiting until HAProxy sees pxapp_cluster/pxApp_1 UP: no check, 0.0 s left' },
  ])('says what a step waits for: $says', ({ waiting, says }) => {
    expect(told({ type: 'step-waiting', subject, step: 'soak', waiting })).toEqual([`0 fe1 pxApp_1  soak       ${says}`]);
  });

  // prettier-ignore
  it.each<{ remark: Remark; says: string }>([
    { remark: { about: 'balancer-reloaded', server, pid: 101, before: 100, isDraining: true },
      says: 'HAProxy was reloaded (process 100 → 101): pxapp_cluster/pxApp_1 is taken out again, the drain starts anew' },
    { remark: { about: 'balancer-reloaded', server, pid: 101, before: 100, isDraining: false },
      says: 'HAProxy was reloaded (process 100 → 101): pxapp_cluster/pxApp_1 is taken out again' },
    { remark: { about: 'balancer-restarted', server, pid: 12, before: 11, isDraining: true },
      says: 'HAProxy was restarted (process 11, which is gone, → 12): pxapp_cluster/pxApp_1 is taken out again, the drain starts anew' },
    { remark: { about: 'balancer-began-anew', server, pid: 12, before: 11, isDraining: true },
      says: 'HAProxy was reloaded or restarted, which of them cannot be seen (process 11 → 12): pxapp_cluster/pxApp_1 is taken out again, the drain starts anew' },
    { remark: { about: 'changed-by-another', server, weight: 7, admin: 'ready', then: 'taken out again' },
      says: 'pxapp_cluster/pxApp_1 was set to weight 7, ready, by somebody else: taken out again' },
    { remark: { about: 'moved', server, from: '127.0.0.1:8081', to: '127.0.0.1:9081' },
      says: "pxapp_cluster/pxApp_1 has another address in HAProxy's new configuration: 127.0.0.1:8081 → 127.0.0.1:9081" },
    { remark: { about: 'old-workers-unknown', server },
      says: "HAProxy's process is not to be seen on its host: whether a reload has left old workers that still serve pxapp_cluster/pxApp_1 is not known" },
    { remark: { about: 'floor', server, usable: 1, floor: 2, then: 'given back' },
      says: 'pxapp_cluster has 1 usable server, min_up asks for 2: pxapp_cluster/pxApp_1 is given back until there is capacity again' },
    { remark: { about: 'floor', server, usable: 0, floor: 1, then: 'cannot be given back' },
      says: 'pxapp_cluster has 0 usable servers, min_up asks for 1: pxapp_cluster/pxApp_1 cannot be given back before its container has proved itself' },
    { remark: { about: 'floor', server, usable: 0, floor: 1, then: 'worked on' },
      says: 'pxapp_cluster has 0 usable servers, min_up asks for 1: pxapp_cluster/pxApp_1 cannot be given back while its host is worked on' },
    { remark: { about: 'not-drained', server, sessions: 1, then: 'continue' },
      says: 'pxapp_cluster/pxApp_1 still has 1 request in hand at the drain timeout: continue' },
    { remark: { about: 'not-drained', server, sessions: 2, then: 'shutdown_sessions' },
      says: 'pxapp_cluster/pxApp_1 still has 2 requests in hand at the drain timeout: shutdown_sessions' },
    { remark: { about: 'hold-over', server, by: 'ann@ci', note: 'disk swap', until: new Date(2026, 10, 21, 14, 30).toISOString() }, says: 'pxapp_cluster/pxApp_1 was drained by ann@ci ("disk swap") until 2026-11-21 14:30:00, which is over: it is put back' },
    { remark: { about: 'held-on', server, until: new Date(2026, 10, 21, 14, 30).toISOString(), before: { by: 'ann@ci' } }, says: 'pxapp_cluster/pxApp_1 stays drained until 2026-11-21 14:30:00; before, by ann@ci, it was until somebody restores it' },
    { remark: { about: 'stays-out', server, why: 'it was in maint before' },
      says: 'pxapp_cluster/pxApp_1 stays out of service: it was in maint before' },
  ])('remarks: $says', ({ remark, says }) => {
    expect(told({ type: 'remark', subject, remark })).toEqual([`0 fe1 pxApp_1  ${says}`]);
  });

  it('says the same in colour as without', () => {
    const coloured = paintFor(true);
    const bare = (text: string): string => text.replaceAll(/\u001b\[\d+m/g, '');

    for (const [type, [event]] of Object.entries(rows)) {
      const one = { type, ...event } as RunEvent;
      expect(linesOf(one, coloured).map(({ text }) => bare(text))).toEqual(linesOf(one, plain).map(({ text }) => text));
    }
    expect(linesOf({ type: 'problem', host: '', text: 'x' }, coloured)[0]?.text).toBe('\u001b[31mproblem: x\u001b[39m');
  });
});
