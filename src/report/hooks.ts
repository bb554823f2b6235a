/** Hooks in lines for people: as they run, as they are planned, and as they ran in the past. */
import type { RunEvent } from '../rollout/events.ts';
import type { HookHistory } from '../rollout/history.ts';
import { durationText } from '../rollout/durations.ts';
import {
  batchPoints,
  hooksIn,
  hostPoints,
  instancePoints,
  runPoints,
  type Hook,
  type HookPoint,
  type HookSubject,
} from '../rollout/hooks.ts';
import { limitsText, metricText } from '../rollout/metric.ts';
import { instancesOf, type PlayPlan } from '../rollout/plan.ts';
import { clockTime, columns, duration } from './columns.ts';
import type { Paint, Tone } from './paint.ts';

export type HookEvent = Extract<RunEvent, { readonly hook: HookSubject }>;

/** 1: with `-v` only. What is about no single host takes everybody's time: that it begins is told too. */
export function hookLines(event: HookEvent, paint: Paint): { readonly level: 0 | 1; readonly text: string }[] {
  const title = titleOf(event.hook);
  switch (event.type) {
    case 'hook-started': {
      const isShared = event.hook.container === undefined && !hostPoints.some((point) => point === event.hook.point);
      return [{ level: isShared ? 0 : 1, text: `${title}  ${paint('quiet', '…')}` }];
    }
    case 'hook-waiting': {
      const left = `${duration(Math.max(0, event.leftMs))} left`;
      return [{ level: 0, text: `${title}  ${paint('quiet', `waiting: ${event.why}, ${left}`)}` }];
    }
    case 'hook-skipped':
      return [{ level: 0, text: `${title}  ${paint('warning', `not run: ${event.why}`)}` }];
    case 'hook-ended': {
      const [tone, word] = resultWords[event.result];
      const why = event.why === '' ? '' : `: ${event.why}`;
      const time = paint('quiet', `(${duration(event.ms)})`);
      const level = event.result === 'ok' ? 1 : 0;
      return [
        { level: 0, text: `${title}  ${paint(tone, `${word}${why}`)}  ${time}` },
        ...event.output.map((line) => ({ level, text: paint('quiet', `    ${line}`) }) as const),
      ];
    }
  }
}

const resultWords: Readonly<Record<HookHistory['result'], readonly [Tone, string]>> = {
  ok: ['good', 'ok'],
  failed: ['bad', 'failed'],
  ignored: ['warning', 'failed, ignored'],
  unknown: ['bad', 'not known to have ended'],
  cut: ['warning', 'not passed yet'],
  skipped: ['warning', 'not run'],
  running: ['warning', 'begun, its end is not told'],
  brokenOff: ['warning', 'broken off'],
};

/** `fe1 pxApp_1  hook smoke (before_traffic)` */
function titleOf({ name, point, host, container }: HookSubject): string {
  const about = [host, container].filter((part) => part !== undefined).join(' ');
  return `${about === '' ? '' : `${about}  `}hook ${name} (${point})`;
}

const places: Readonly<Record<Hook['where'], string>> = {
  controller: 'controller',
  host: 'host',
  old_container: 'old container',
  new_container: 'new container',
};

/** As they come. */
const order: readonly HookPoint[] = [
  ...(['before_run', 'before_batch', 'before_host'] as const),
  ...instancePoints,
  ...(['after_host', 'after_batch', 'on_failure', 'after_run'] as const),
];

/**
 * Which hooks a play has, where they run and for how long at most: a line for each. The same of many hosts and instances
 * is told once; what differs among them, by its first.
 */
export function plannedHookLines(plan: PlayPlan): string[] {
  const hosts = plan.batches.flatMap((batch) => batch.hosts);
  const all: readonly { readonly point: HookPoint; readonly hook: Hook }[] = [
    ...hooksIn(plan.hooks, [...runPoints, ...batchPoints]),
    ...hosts.flatMap(({ hooks }) => hooksIn(hooks, hostPoints)),
    ...instancesOf(plan).flatMap(({ instance }) => hooksIn(instance.hooks, instancePoints)),
  ];
  const first = new Map(all.toReversed().map((one) => [`${one.point} ${one.hook.name}`, one]));
  const rows = order.flatMap((point) =>
    [...first.values()]
      .toReversed()
      .filter((one) => one.point === point)
      .map(({ hook }) => {
        const where = `${places[hook.where]}${oftenText(point)}`;
        return [`    ${point}`, hook.name, where, limitsOf(hook), doneBy(hook)];
      }),
  );
  return rows.length === 0 ? [] : ['  hooks:', ...columns(rows)];
}

/** The numbers that updated instances are watched by: what differs among them, by its first. */
export function plannedMetricLines(plan: PlayPlan): string[] {
  const [first] = instancesOf(plan).flatMap(({ action, instance: { monitor, revert } }) =>
    monitor?.metric && !revert && action !== 'leave' ? [{ ...monitor.metric, forMs: monitor.forMs }] : [],
  );
  if (!first) return [];
  const { where, limits, forMs } = first;
  return [
    `  monitor: each instance for ${durationText(forMs)}, ${metricText(first)} ${limitsText(limits)}, from the ${where}`,
  ];
}

function oftenText(point: HookPoint): string {
  if (runPoints.some((one) => one === point)) return ', once';
  if (batchPoints.some((one) => one === point)) return ', each batch';
  return hostPoints.some((one) => one === point) ? ', each host' : ', each instance';
}

function limitsOf({ timeoutMs, onFailure }: Hook): string {
  return `${durationText(timeoutMs)} at most${onFailure === 'ignore' ? ', may fail' : ''}`;
}

/** What is run, or what is waited for. */
function doneBy(hook: Hook): string {
  if (hook.gate) {
    const { limits, forMs } = hook.gate;
    return `until ${metricText(hook.gate)} is ${limitsText(limits)}${forMs > 0 ? ` for ${durationText(forMs)}` : ''}`;
  }
  const {
    noLog,
    spec: { command },
  } = hook;
  if (noLog) return '(not told)';
  const isText = command[0] === '/bin/sh' && command[1] === '-c' && command.length === 3;
  const [first = '', ...others] = (isText ? (command[2] ?? '') : command.join(' ')).trim().split('\n');
  return others.length === 0 ? first : `${first} …`;
}

export function pastHookLines(hooks: readonly HookHistory[], paint: Paint): string[] {
  if (hooks.length === 0) return [];
  const lines = hooks.flatMap(({ hook, startedAt, result, why, output, ms }) => {
    const [tone, word] = resultWords[result];
    const time = ms === undefined ? '' : `  ${paint('quiet', `(${duration(ms)})`)}`;
    const said = `${clockTime(startedAt)}  ${titleOf(hook)}  ${paint(tone, `${word}${why === '' ? '' : `: ${why}`}`)}${time}`;
    return [said, ...output.map((line) => paint('quiet', `            ${line}`))];
  });
  return ['', ...lines];
}
