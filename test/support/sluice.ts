import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Host } from '../../lab/host.ts';
import type { RunEvent } from '../../src/rollout/events.ts';

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

export interface RunOptions {
  /** Told of every event, with `--json` among the arguments. */
  readonly onEvent?: (event: RunEvent, child: ChildProcess) => void;
  readonly env?: Readonly<Record<string, string>>;
  /** The host of the lab to start it from, with its network; this machine unless said. */
  readonly from?: Host;
}

/** Commands that take no inventory: they know their hosts, or reach none. */
const NEED_NONE = ['resume', 'history', 'show'];

/** Starts the real command line, as built, with the lab's inventory unless the command has one of its own. */
export function start(args: readonly string[], { onEvent, env = {}, from }: RunOptions = {}): Running {
  const place = from ? ['nsenter', `--net=${from.namespaces.net}`] : [];
  const inventory = NEED_NONE.includes(args[0] ?? '') ? [] : ['-i', 'inventory/lab.ini'];
  const end = args.includes('--') ? args.indexOf('--') : args.length;
  const [program = '', ...words] = [...place, 'bin/sluice', ...args.slice(0, end), ...inventory, ...args.slice(end)];
  const child = spawn(program, words, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1', ...env },
  });
  let stdout = '';
  let stderr = '';
  let unread = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    const lines = (unread + text).split('\n');
    unread = lines.pop() ?? '';
    if (onEvent) for (const line of lines) onEvent(JSON.parse(line) as RunEvent, child);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = once(child, 'close').then(([status]): Ended => ({ status: status as number | null, stdout, stderr }));
  return { child, ended };
}

export async function sluice(...args: readonly string[]): Promise<Ended> {
  return start(args).ended;
}

/** `rollout` of the example playbook to `version`, without asking. */
export function rolloutTo(version: string, ...more: readonly string[]): readonly string[] {
  return ['rollout', 'playbooks/pxapp.yml', '-e', `pxapp_version=${version}`, '--yes', ...more];
}
