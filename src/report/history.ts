/** The list of past runs, and one of them in full. */
import { isGoingBack } from '../rollout/going-back.ts';
import type { RunHistory } from '../rollout/history.ts';
import type { RunEnd } from '../rollout/verdict.ts';
import { count } from '../rollout/count.ts';
import { columns, duration, localTime } from './columns.ts';
import type { Paint, Tone } from './paint.ts';

/** `died`: its end was not told and its process is gone. `elsewhere`: nor was it, and its machine is another one. */
export type Fate = 'ended' | 'running' | 'died' | 'elsewhere';

export interface PastRun {
  readonly history: RunHistory;
  readonly fate: Fate;
}

const HOSTS_SHOWN = 4;

/** A line for each run. */
export function historyText(runs: readonly PastRun[], paint: Paint): string[] {
  const header = ['RUN', 'STARTED', 'COMMAND', 'BY', 'WHAT', 'RESULT', 'TIME'];
  const results = runs.map(resultOf);
  const rows = runs.map(({ history }, index) => [
    ...[history.run, localTime(history.startedAt), history.command, history.by, whatOf(history)],
    ...[results[index]?.[1] ?? '', duration(msOf(history))],
  ]);
  const [title = '', ...lines] = columns([header, ...rows]);
  return [paint('strong', title), ...lines.map((line, index) => paint(results[index]?.[0] ?? 'plain', line))];
}

/** From its start to the last that is known of it. */
export function msOf({ startedAt, lastAt }: RunHistory): number {
  return Date.parse(lastAt) - Date.parse(startedAt);
}

function whatOf({ invocation, hosts }: RunHistory): string {
  const names = hosts.map(({ host }) => host);
  const more = names.length - HOSTS_SHOWN;
  const shown = more > 0 ? `${names.slice(0, HOSTS_SHOWN).join(', ')} and ${more} more` : names.join(', ');
  return invocation ? `${invocation.playbook.split('/').at(-1) ?? ''}: ${shown}` : shown;
}

const endWords: Readonly<Record<RunEnd, readonly [Tone, (history: RunHistory) => string]>> = {
  done: ['plain', () => 'done'],
  someFailed: ['bad', failures],
  stopped: ['bad', (history) => (failed(history) === 0 ? 'stopped' : failures(history))],
  outOfService: [
    'bad',
    ({ hosts }) => `${count(hosts.filter(({ end }) => end === 'outOfService').length, 'host')} OUT OF SERVICE`,
  ],
  interrupted: ['warning', () => 'interrupted'],
  unreachable: ['warning', ({ hosts }) => `${hosts.filter(({ end }) => end === 'unreachable').length} unreachable`],
};

function failures(history: RunHistory): string {
  return `${failed(history)} failed`;
}

function failed({ hosts }: RunHistory): number {
  return hosts.filter(({ end }) => end === 'failed').length;
}

/** What it came to, in a word or two. */
export function resultOf({ history, fate }: PastRun): readonly [Tone, string] {
  const { outcome, machine } = history;
  if (outcome?.type === 'run-ended') {
    const [tone, text] = endWords[outcome.end];
    return [tone, text(history)];
  }
  if (outcome) {
    const words: Readonly<Record<string, string>> = { bug: 'a bug', interrupted: 'interrupted', locked: 'locked' };
    return ['warning', words[outcome.code] ?? 'refused'];
  }
  if (fate === 'running') return ['good', 'running'];
  const back = isGoingBack(history) ? ' on its way back' : '';
  return ['bad', fate === 'died' ? `died${back}` : `not ended${back}, on ${machine}`];
}
