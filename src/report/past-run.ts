/** One past run in full: what happened, per host and instance, and what to do if it left something behind. */
import type { Invocation } from '../rollout/events.ts';
import {
  instancesIn,
  type HostHistory,
  type InstanceHistory,
  type InstanceState,
  type RunHistory,
  type StepHistory,
} from '../rollout/history.ts';
import { isGoingBack, toTakeBack } from '../rollout/going-back.ts';
import { imageChange } from '../rollout/image-change.ts';
import { onlyOf, type Only } from '../rollout/model.ts';
import { clockTime, columns, duration, localTime, shortDigest } from './columns.ts';
import { pastHookLines } from './hooks.ts';
import { msOf, resultOf, type PastRun } from './history.ts';
import type { Paint, Tone } from './paint.ts';
import { hostEndWords } from './summary.ts';
import { remarkText } from './remark-text.ts';
import { stayedWords } from './stayed-words.ts';
import { stepWords } from './text.ts';

export interface ShownRun extends PastRun {
  /** The last line of its journal was cut short. */
  readonly isTorn: boolean;
  /** Later runs that worked on a host where it has left something. */
  readonly later: readonly PastRun[];
}

const stateWords: Readonly<Record<InstanceState, readonly [Tone, string]>> = {
  updated: ['good', 'updated'],
  unchanged: ['warning', 'put back as it was'],
  outOfService: ['bad', 'LEFT OUT OF SERVICE'],
  left: ['quiet', 'left alone: nothing to change'],
  notReached: ['warning', 'not reached'],
  inWork: ['bad', 'IN WORK'],
  drained: ['good', 'drained'],
  restored: ['good', 'put back'],
};

export function pastRunText(shown: ShownRun, paint: Paint): string[] {
  const { history } = shown;
  return [
    ...headLines(shown, paint),
    ...history.hosts.flatMap((host) => hostLines(host, paint)),
    ...pastHookLines(history.hooks, paint),
    ...noteLines(history, paint),
    ...nextLines(shown, paint),
  ];
}

function headLines(shown: ShownRun, paint: Paint): string[] {
  const { run, command, by, version, startedAt, lastStartedAt, machine, pid, outcome, invocation } = shown.history;
  const [tone, result] = resultOf(shown);
  const resumed = lastStartedAt === startedAt ? [] : [['gone on with', localTime(lastStartedAt)]];
  const facts = columns([
    ['started', `${localTime(startedAt)} by ${by}, process ${pid} on ${machine}, sluice ${version}`],
    ...resumed,
    [outcome ? 'ended' : 'last told', `${localTime(shown.history.lastAt)}, after ${duration(msOf(shown.history))}`],
    ['result', result],
    ...(outcome?.type === 'run-failed' ? [['reason', outcome.reason]] : []),
    ...(invocation ? invocationRows(invocation) : []),
  ]);
  const lines = facts.map((line) => (line.startsWith('result ') ? paint(tone, `  ${line}`) : `  ${line}`));
  return [paint('strong', `${command} ${run}`), ...lines];
}

function invocationRows(asked: Invocation): string[][] {
  const { playbook, inventory, limit, tags, skipTags, extraVars, hiddenVars, forks, force, loads = [] } = asked;
  const options = [
    ...(limit === undefined ? [] : [`--limit '${limit}'`]),
    ...tags.map((tag) => `--tags ${tag}`),
    ...skipTags.map((tag) => `--skip-tags ${tag}`),
    ...(force ? ['--force'] : []),
    `--forks ${forks}`,
  ];
  const vars = Object.entries(extraVars).map(([name, value]) => `${name}=${valueText(value)}`);
  const hidden = hiddenVars.length === 0 ? [] : [`(not kept: ${hiddenVars.join(', ')})`];
  return [
    ['playbook', playbook],
    ['inventory', inventory.join(', ')],
    ['options', options.join(' ')],
    ...loads.map(({ reference, id, from }) => ['loaded', `${reference} (${shortDigest(id)}) from ${from}`]),
    ...(vars.length + hidden.length === 0 ? [] : [['extra vars', [...vars, ...hidden].join(' ')]]),
  ];
}

function valueText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function hostLines({ host, end, reason, instances }: HostHistory, paint: Paint): string[] {
  const [tone, word] = end === undefined ? (['plain', ''] as const) : hostEndWords[end];
  const title = [paint('strong', host), ...(word === '' ? [] : [paint(tone, word)])].join('  ');
  const why = reason === '' ? [] : [paint('bad', `  ${reason}`)];
  return ['', title, ...why, ...instances.flatMap((one) => instanceLines(one, paint))];
}

function instanceLines(instance: InstanceHistory, paint: Paint): string[] {
  const { subject, from, to, startedAt, endedAt, steps, remarks } = instance;
  const took =
    startedAt !== undefined && endedAt !== undefined
      ? `  ${paint('quiet', `(${duration(Date.parse(endedAt) - Date.parse(startedAt))})`)}`
      : '';
  const images = to === undefined ? '' : `  ${onlyIn(instance) ? to : imageChange(from ?? 'nothing', to)}`;
  const told = [
    ...steps.map((step) => ({ at: step.startedAt, lines: stepLines(step, paint) })),
    ...remarks.map(({ at, remark }) => ({ at, lines: [paint('warning', remarkText(remark))] })),
  ].toSorted((one, other) => Date.parse(one.at) - Date.parse(other.at));
  return [
    `  ${subject.name}  ${paint(...wordsOf(instance))}${images}${took}`,
    ...told.flatMap(({ at, lines }) =>
      lines.map((line, index) => `    ${index === 0 ? clockTime(at) : ' '.repeat(8)}  ${line}`),
    ),
  ];
}

function onlyIn({ plan }: InstanceHistory): Only | undefined {
  return plan && onlyOf(plan.instance);
}

function wordsOf(instance: InstanceHistory): readonly [Tone, string] {
  const { state } = instance;
  const only = onlyIn(instance);
  return (only ? stayedWords(only)[state] : undefined) ?? stateWords[state];
}

const STEP_WIDTH = Math.max(...Object.values(stepWords).map((word) => word.length));

function stepLines({ step, result, text, details, ms }: StepHistory, paint: Paint): string[] {
  const name = stepWords[step].padEnd(STEP_WIDTH);
  const time = ms === undefined ? '' : `  ${paint('quiet', `(${duration(ms)})`)}`;
  switch (result) {
    case 'ok':
      return [`${name}  ${text}${time}`];
    case 'failed':
      return [`${name}  ${paint('bad', `failed: ${text}`)}${time}`, ...details.map((line) => paint('quiet', line))];
    case 'running':
    case 'brokenOff':
      return [`${name}  ${paint('warning', result === 'running' ? 'begun, its end is not told' : 'broken off')}`];
  }
}

const noteTones: Readonly<Record<RunHistory['notes'][number]['kind'], Tone>> = {
  problem: 'bad',
  warning: 'warning',
  stop: 'warning',
  change: 'quiet',
};

function noteLines({ notes }: RunHistory, paint: Paint): string[] {
  if (notes.length === 0) return [];
  const lines = notes.map(({ at, kind, host, text }) => {
    const words = kind === 'stop' ? `stopped by ${text}` : `${kind}: ${host === '' ? '' : `${host}: `}${text}`;
    return `${clockTime(at)}  ${paint(noteTones[kind], words)}`;
  });
  return ['', ...lines];
}

/** What a person may do about what it has left behind. */
function nextLines({ history, fate, isTorn, later }: ShownRun, paint: Paint): string[] {
  const torn = isTorn ? ['The last line of its journal was cut short and is left out.'] : [];
  const open = openHosts(history);
  const isGone = fate === 'died' || fate === 'elsewhere';
  const isBack = isGoingBack(history);
  if (fate === 'running' || (open.length === 0 && !isGone && !isBack)) return torn;
  const gone = fate === 'died' ? [ENDS_HERE] : [];
  const away =
    fate === 'elsewhere' ? [`Its end was not told; whether it still runs is known on ${history.machine}.`] : [];
  const since = later.map((run) => {
    const [, result] = resultOf(run);
    return `Since then: ${run.history.command} ${run.history.run}, ${result}.`;
  });
  const back = isBack
    ? [`It was taking back what it had updated; so many are still to be taken back: ${toTakeBack(history)}.`]
    : [];
  return [
    '',
    ...[...torn, ...gone, ...away, ...back, ...since].map((line) => paint('warning', line)),
    ...advice(history, open),
  ];
}

/** One that could not be written any more, as on a full disk, looks like that of a run that was killed. */
const ENDS_HERE =
  'Its journal ends here, and its process is gone: it died, or it could not write its journal any more and has gone home by itself.';

/** Hosts where something is in work, or out of service. */
export function openHosts(history: RunHistory): readonly string[] {
  const open = instancesIn(history).filter(({ state }) => state === 'inWork' || state === 'outOfService');
  return [...new Set(open.map(({ subject }) => subject.host))];
}

function advice(history: RunHistory, open: readonly string[]): string[] {
  const { command } = history;
  if (command === 'haproxy push') return ['Push again: that begins with what was left.'];
  if (open.length === 0) return ['Nothing was in work.', ...resuming(history)];
  const hosts = open.join(',');
  const byHand = command === 'drain' || command === 'restore';
  const back = byHand
    ? `sluice restore ${hosts}   puts back what was taken out`
    : `sluice recover ${hosts}   brings back into service what was in work`;
  return ['What to do:', ...resuming(history), `  ${back}`];
}

function resuming(history: RunHistory): string[] {
  const how = isGoingBack(history) ? 'takes back the rest' : 'goes on where it was';
  return history.command === 'rollout' ? [`  sluice resume ${history.run}   ${how}`] : [];
}
