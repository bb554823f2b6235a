import type { HostSummary } from '../rollout/events.ts';
import type { HostEnd, RunEnd } from '../rollout/verdict.ts';
import { columns, duration } from './columns.ts';
import type { Paint, Tone } from './paint.ts';
import { onlyWords, stayedIn } from './stayed-words.ts';

/** The commands that end with a summary. */
export type SummaryCommand =
  'rollout' | 'rollback' | 'drain' | 'restore' | 'switch-back' | 'retire' | 'recover' | 'maintain' | 'haproxy push';

const doneWords: Readonly<Record<SummaryCommand, string>> = {
  rollout: 'updated',
  rollback: 'rolled back',
  drain: 'drained',
  restore: 'restored',
  'switch-back': 'switched back',
  retire: 'ended',
  recover: 'recovered',
  'haproxy push': 'pushed',
  maintain: 'maintained',
};

export const hostEndWords: Readonly<Record<HostEnd, readonly [Tone, string]>> = {
  updated: ['good', 'ok'],
  nothingToDo: ['quiet', 'nothing to do'],
  failed: ['bad', 'failed, put back'],
  outOfService: ['bad', 'OUT OF SERVICE'],
  interrupted: ['warning', 'interrupted'],
  notReached: ['warning', 'not reached'],
  unreachable: ['warning', 'unreachable'],
  rolledBack: ['warning', 'rolled back'],
};

/** A column that is 0 everywhere is left out, but for the first, whose title is what the command does. */
const countColumns: readonly { readonly title?: string; readonly of: (host: HostSummary) => number }[] = [
  { of: ({ updated }) => updated },
  { title: 'LEFT ALONE', of: ({ left }) => left },
  { title: 'PUT BACK', of: ({ unchanged }) => unchanged },
  { title: 'OUT OF SERVICE', of: ({ outOfService }) => outOfService },
  { title: 'NOT REACHED', of: ({ notReached }) => notReached },
];

/** The table at the end of a run: a row per host, and the first reason where something failed. */
export function summaryText(hosts: readonly HostSummary[], command: SummaryCommand, paint: Paint): string[] {
  if (hosts.length === 0) return [];
  const shown = countColumns.filter(({ of }, index) => index === 0 || hosts.some((host) => of(host) > 0));
  const hasPlays = hosts.some(({ play }) => play !== undefined);
  const header = [
    'HOST',
    ...(hasPlays ? ['PLAY'] : []),
    'RESULT',
    ...shown.map(({ title }) => title ?? doneWordFor(hosts, command).toUpperCase()),
    'TIME',
  ];
  const rows = hosts.map((host) => [
    host.host,
    ...(hasPlays ? [host.play ?? ''] : []),
    hostEndWords[host.end][1],
    ...shown.map(({ of }) => String(of(host))),
    host.ms === 0 ? '' : duration(host.ms),
  ]);
  const [title = '', ...lines] = columns([header, ...rows]);
  const table = hosts.map(({ end }, index) => paint(hostEndWords[end][0], lines[index] ?? ''));
  const reasons = hosts
    .filter(({ reason }) => reason !== '')
    .map(({ host, reason }) => paint('bad', `${host}: ${reason}`));
  return ['', paint('strong', title), ...table, ...reasons];
}

/** What the command does; where all containers stayed, what was done to them. */
function doneWordFor(hosts: readonly HostSummary[], command: SummaryCommand): string {
  const all = updatedIn(hosts);
  const what = (['restart', 'run'] as const).find((only) => all > 0 && stayedIn(hosts, only) === all);
  return what ? onlyWords[what] : doneWords[command];
}

function doneText(hosts: readonly HostSummary[], command: SummaryCommand): string {
  const all = updatedIn(hosts);
  const word = doneWordFor(hosts, command);
  if (word !== doneWords[command]) return `${all} ${word}`;
  const others = (['restart', 'run'] as const).map((only) => [stayedIn(hosts, only), onlyWords[only]] as const);
  const replaced = others.reduce((left, [number]) => left - number, all);
  return [[replaced, word] as const, ...others.filter(([number]) => number > 0)]
    .map(([number, how]) => `${number} ${how}`)
    .join(', ');
}

function updatedIn(hosts: readonly HostSummary[]): number {
  return hosts.reduce((sum, { updated }) => sum + updated, 0);
}

export interface Verdict {
  readonly end: RunEnd;
  /** Why the run itself went no further. */
  readonly why?: string | undefined;
  /** The hook after it that has failed, and how, where nothing else has. */
  readonly hook?: string | undefined;
  readonly hosts: readonly HostSummary[];
}

/** The last line: what all of it came to. */
export function verdictText(
  { end, why = '', hook, hosts }: Verdict,
  command: SummaryCommand,
  { run, ms }: { readonly run: string; readonly ms: number },
): string {
  const time = duration(ms);
  const verdicts: Readonly<Record<RunEnd, string>> = {
    done: updatedIn(hosts) === 0 ? `nothing to do in ${time}` : `${doneText(hosts, command)} in ${time}`,
    someFailed:
      hook === undefined
        ? `some hosts failed in ${time}; what failed was put back`
        : `${doneText(hosts, command)} in ${time}, but the ${hook}`,
    stopped: `stopped after ${time}: ${why}; ${afterStop(hosts, command, run)}`,
    outOfService:
      command === 'haproxy push' ? STUCK : `a server is left out of service after ${time}: ${wayBackFrom(command)}`,
    interrupted: `interrupted after ${time}; what was in work is finished or put back`,
    unreachable: `${doneText(hosts, command)} in ${time}; some hosts could not be reached and were left out`,
  };
  return `${command}: ${verdicts[end]}`;
}

/** A `restore` that has not put all back may have met what another command puts back. */
function wayBackFrom(command: SummaryCommand): string {
  if (command === 'restore') return '"sluice status" says what puts it back';
  return `see "sluice status", then "sluice ${command === 'drain' ? 'restore' : 'recover'}"`;
}

const STUCK = 'an HAProxy is left in between: see above, then push again, which begins with what was left';

function goingOnText(command: SummaryCommand, run: string): string {
  if (command === 'rollout') return `; "sluice resume ${run}" goes on`;
  return command === 'rollback' ? '; the same command goes on' : '';
}

function afterStop(hosts: readonly HostSummary[], command: SummaryCommand, run: string): string {
  if (hosts.some(({ end }) => end === 'rolledBack')) {
    const isAllBack = hosts.every((host) => host.updated === stayedIn([host], 'restart') + stayedIn([host], 'run'));
    return isAllBack ? 'what was updated is rolled back' : 'part of what was updated could not be rolled back';
  }
  const failed = hosts.some(({ end }) => end === 'failed') ? 'what failed was put back, ' : '';
  return `${failed}the hosts not reached are as they were${goingOnText(command, run)}`;
}
