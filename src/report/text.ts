import { A_BUG, type RunEvent, type Subject } from '../rollout/events.ts';
import { isHaproxyEvent, type HaproxyEvent } from '../rollout/haproxy-events.ts';
import { imageChange } from '../rollout/image-change.ts';
import type { Step } from '../rollout/lifecycle.ts';
import type { FoundLock } from '../rollout/lock.ts';
import { THE_HOST } from '../rollout/maintenance.ts';
import { serverPath } from '../rollout/model.ts';
import { count } from '../rollout/count.ts';
import { duration, shortDigest } from './columns.ts';
import { haproxyLines } from './haproxy-events.ts';
import { hookLines, type HookEvent } from './hooks.ts';
import type { Paint, Tone } from './paint.ts';
import { remarkText } from './remark-text.ts';
import { stayedWords } from './stayed-words.ts';
import { left, waitingText } from './waiting-text.ts';

/** How much a line matters: 0 always, 1 with `-v`. */
export interface Line {
  readonly level: 0 | 1;
  readonly text: string;
}

export const stepWords: Readonly<Record<Step, string>> = {
  drain: 'drain',
  stop: 'stop',
  replace: 'replace',
  start: 'start',
  restart: 'restart',
  run: 'run',
  check: 'check',
  restore: 'restore',
  ramp: 'ramp',
  soak: 'soak',
  release: 'release',
  vacate: 'vacate',
  commit: 'commit',
  keep: 'keep',
  retire: 'retire',
  readmit: 'readmit',
  withdraw: 'withdraw',
  discard: 'discard',
  rollBack: 'roll back',
  halt: 'halt',
  command: 'command',
  reboot: 'reboot',
  comeBack: 'come back',
};

const STEP_WIDTH = Math.max(...Object.values(stepWords).map((word) => word.length));

const monitorWord = 'monitor'.padEnd(STEP_WIDTH);
const rampWord = stepWords.ramp.padEnd(STEP_WIDTH);

type SubjectEvent = Extract<RunEvent, { readonly subject: Subject }>;
type FleetEvent = Exclude<RunEvent, SubjectEvent | HookEvent | HaproxyEvent>;

/** One event as the lines an operator reads. No `default`s: a new event does not compile until it has its line. */
export function linesOf(event: RunEvent, paint: Paint): Line[] {
  if ('hook' in event) return hookLines(event, paint);
  if (isHaproxyEvent(event)) return haproxyLines(event, paint).map(always);
  return 'subject' in event ? subjectLines(event, paint) : fleetLines(event, paint);
}

function fleetLines(event: FleetEvent, paint: Paint): Line[] {
  switch (event.type) {
    case 'run-started':
      return [always(startText(event))];
    case 'rollback-started':
      return [always(rollingBackText(event, paint))];
    case 'host-ready':
      return [verbose(`${event.host}  Docker ${event.engine}, HAProxy ${event.balancers.join(', ')}`)];
    case 'problem':
    case 'warning':
      return [always(findingText(event, paint))];
    case 'lock-waiting': {
      const line = (found: FoundLock): string => `waiting for its lock: ${holderText(found)}, ${left(event)}`;
      return event.locks.map(({ host, found }) => always(paint('quiet', `${host}  ${line(found)}`)));
    }
    case 'image-pulling':
    case 'image-loading':
      return [always(pullingText(event, paint))];
    case 'image-pulled':
      return [always(`${event.host}  image ${event.image} is there (${shortDigest(event.digest)})`)];
    case 'batch-started':
      return [always(''), always(paint('strong', batchTitle(event)))];
    case 'batch-ended':
      return batchEndLines(event, paint);
    case 'host-skipped':
      return [always(paint('warning', `warning: ${event.host} is skipped: ${event.reason}`))];
    case 'pause-started':
      return [always(''), always(`waiting ${duration(event.ms)} before batch ${event.number} of ${event.of}`)];
    case 'hold-started':
      return [always(''), always(`held for ${duration(event.ms)}, then put back; Ctrl-C puts back now`)];
    case 'question-answered':
      return [always(`${event.question} ${event.answer}`)];
    case 'halted':
      return [always(paint('warning', `no further instance begins: ${event.why}`))];
    case 'host-ended':
      return [verbose(`${event.host}  ends: ${event.end}`)];
    case 'stop-asked':
      return [always(paint('warning', stopText(event.signal, event.times)))];
    case 'maintenance-planned':
    case 'pause-ended':
    case 'question-asked':
    case 'planned':
    case 'run-ended':
    case 'run-failed':
      // A question stands at the prompt; the plan and the summary are tables of their own (plan.ts, summary.ts); a failure is the last line on stderr.
      return [];
  }
}

function rollingBackText({ of, hosts }: Extract<RunEvent, { type: 'rollback-started' }>, paint: Paint): string {
  if (hosts.length === 0) return `run ${of} has changed nothing that could be rolled back`;
  return paint('strong', `rolling back run ${of} on ${hosts.join(', ')}`);
}

function startText({ command, by, hosts }: Extract<RunEvent, { type: 'run-started' }>): string {
  const named = hosts.length === 0 ? '' : ` (${hosts.join(', ')})`;
  return `${command} by ${by}: ${count(hosts.length, 'host')}${named}`;
}

function batchTitle({ play, number, of, group, hosts }: Extract<RunEvent, { type: 'batch-started' }>): string {
  return `${play}, batch ${number} of ${of}${group === undefined ? '' : `, ${group}`}: ${hosts.join(', ')}`;
}

function findingText({ type, host, text }: Extract<RunEvent, { type: 'problem' | 'warning' }>, paint: Paint): string {
  return paint(type === 'problem' ? 'bad' : 'warning', `${type}: ${where(host)}${text}`);
}

function pullingText(event: Extract<RunEvent, { type: 'image-pulling' | 'image-loading' }>, paint: Paint): string {
  const { host, image, current, total, again } = event;
  if (again !== undefined) return `${host}  image ${image}  ${paint('warning', `once more: ${again}`)}`;
  const megabytes = (bytes: number): number => Math.ceil(bytes / 1_000_000);
  const how = event.type === 'image-loading' ? `loading from ${event.from}` : 'pulling';
  return `${host}  image ${image}  ${paint('quiet', `${how}: ${megabytes(current)} of ${megabytes(total)} MB`)}`;
}

function batchEndLines(event: Extract<RunEvent, { type: 'batch-ended' }>, paint: Paint): Line[] {
  const { then, why, number, of } = event;
  if (event.isNotBegun || then === 'goOn' || (then !== 'rollBack' && number === of)) return [];
  const what = then === 'rollBack' ? 'rolling back' : 'stopping';
  const cause = then === 'outOfService' ? 'a server is left out of service' : why;
  return [always(paint('bad', `${what} after batch ${number} of ${of}: ${cause}`))];
}

function subjectLines(event: SubjectEvent, paint: Paint): Line[] {
  switch (event.type) {
    case 'instance-left':
      return [verbose(`${about(event.subject)}  left alone: ${event.why}`)];
    case 'instance-started':
      return [
        verbose(
          `${about(event.subject)}  ${event.only ? `${event.only}: ${event.from} stays` : imageChange(event.from, event.to)}`,
        ),
      ];
    case 'found':
      // The plan, or the line of the drain, has it.
      return [];
    case 'step-started':
      return [verbose(stepLine(event, paint('quiet', '…')))];
    case 'step-waiting':
      return [always(stepLine(event, paint('quiet', waitingText(event.waiting))))];
    case 'step-retried':
      return [always(stepLine(event, paint('warning', `once more: ${event.reason}`)))];
    case 'remark':
      return [always(paint('warning', `${about(event.subject)}  ${remarkText(event.remark)}`))];
    case 'ramped':
      return [always(`${about(event.subject)}  ${rampWord}  ${rampedText(event)}`)];
    case 'output':
      return event.details.map((line) => always(`${about(event.subject)}  ${paint('quiet', `| ${line}`)}`));
    case 'step-ended':
      return [always(stepLine(event, `${event.outcome}  ${paint('quiet', `(${duration(event.ms)})`)}`))];
    case 'step-failed':
      return [
        always(stepLine(event, paint('bad', `failed: ${event.reason}`))),
        ...event.details.map((detail) => always(paint('quiet', `    ${detail}`))),
      ];
    case 'monitor-started':
      return [verbose(`${about(event.subject)}  ${monitorWord}  watched for ${duration(event.forMs)}`)];
    case 'monitor-ended':
      return [
        verbose(
          `${about(event.subject)}  ${monitorWord}  ${event.outcome}  ${paint('quiet', `(${duration(event.ms)})`)}`,
        ),
      ];
    case 'monitor-failed':
      return [
        always(`${about(event.subject)}  ${monitorWord}  ${paint('bad', `failed: ${event.reason}`)}`),
        ...event.details.map((detail) => always(paint('quiet', `    ${detail}`))),
      ];
    case 'instance-ended': {
      const time = paint('quiet', `(${duration(event.ms)})`);
      return [always(`${about(event.subject)}  ${paint(...endWordsOf(event))}  ${time}`)];
    }
  }
}

type InstanceEnded = Extract<RunEvent, { type: 'instance-ended' }>;

function endWordsOf({ state, isRevert, only, kept, subject }: InstanceEnded): [Tone, string] {
  if (kept) return keptEndWords[kept][state];
  if (subject.name === THE_HOST && state !== 'outOfService') {
    return state === 'updated' ? ['good', 'maintained'] : ['warning', 'in service again'];
  }
  if (isRevert && state === 'updated') return ['good', 'rolled back'];
  return (only ? stayedWords(only)[state] : undefined) ?? endWords[state];
}

const keptEndWords: Readonly<Record<NonNullable<InstanceEnded['kept']>, typeof endWords>> = {
  'switch-back': {
    updated: ['warning', 'kept on: the new one serves'],
    unchanged: ['good', 'the old one serves again'],
    outOfService: ['bad', 'LEFT OUT OF SERVICE: a person is needed'],
  },
  ending: {
    updated: ['good', 'the old one is ended'],
    unchanged: ['warning', 'kept on'],
    outOfService: ['bad', 'KEPT ON: a person is needed'],
  },
};

const endWords: Readonly<Record<InstanceEnded['state'], [Tone, string]>> = {
  updated: ['good', 'updated'],
  unchanged: ['warning', 'put back as it was'],
  outOfService: ['bad', 'LEFT OUT OF SERVICE: a person is needed'],
};

function rampedText({ percent, servers, ms }: Extract<RunEvent, { type: 'ramped' }>): string {
  const weights = servers.map(({ server, weight, of }) => `${serverPath(server)} weight ${weight} of ${of}`);
  return `${weights.join(', ')} (${percent}%) for ${duration(ms)}`;
}

function holderText({ state, owner }: FoundLock): string {
  if (!owner) return 'somebody holds it';
  const { by, run, reason, since } = owner;
  const why = reason === '' ? '' : ` ("${reason}")`;
  return state === 'held' ? `${by} holds it on purpose${why}` : `${by} holds it, run ${run}${why}, since ${since}`;
}

function stopText(signal: string, times: number): string {
  const isBug = signal === A_BUG;
  const again = isBug ? 'Ctrl-C' : 'again';
  const what = [
    `finishing the instances in work, then stopping (${again}: put back now)`,
    `putting back what is in work now (${again}: leave everything where it is)`,
    'leaving everything where it is',
  ];
  return `${isBug ? 'a bug in sluice' : signal}: ${what[Math.min(times, what.length) - 1] ?? ''}`;
}

function stepLine({ subject, step }: { readonly subject: Subject; readonly step: Step }, text: string): string {
  return `${about(subject)}  ${stepWords[step].padEnd(STEP_WIDTH)}  ${text}`;
}

function about({ host, name }: Subject): string {
  return `${host} ${name}`;
}

function where(host: string): string {
  return host === '' ? '' : `${host}: `;
}

function always(text: string): Line {
  return { level: 0, text };
}

function verbose(text: string): Line {
  return { level: 1, text };
}
