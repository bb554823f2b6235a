/** Waits until a host is as it was: booted, its Engine there, its containers running and healthy. */
import { Failure } from '../../errors.ts';
import type { Container } from '../../rollout/observed.ts';
import { poll } from '../waiting/poll.ts';
import type { HostAccess } from '../ports/ports.ts';
import type { Watch } from '../waiting/watch.ts';

const LOOK_EVERY_MS = 1_000;
const STILL_UP = 'it has not gone down';

/**
 * @returns why it was not booted again, where the host goes on as it was
 * @throws Failure when it does not answer in time
 */
export async function untilBooted(
  host: HostAccess,
  { before, job, withinMs }: { readonly before: string; readonly job: string; readonly withinMs: number },
  watch: Watch,
): Promise<string | undefined> {
  const look = async (): Promise<string | undefined> => {
    const { bootId } = await host.system();
    if (bootId !== before) return undefined;
    const { state, exitCode, output } = await host.jobs.look(job, 0);
    const hasFailed = state === 'ended' && exitCode !== 0;
    return hasFailed ? `status ${exitCode ?? 'unknown'}: ${lastLine(output)}` : STILL_UP;
  };
  const { last } = await poll(
    look,
    (why) => why !== STILL_UP,
    {
      ...{ everyMs: LOOK_EVERY_MS, withinMs, signal: watch.signal },
      onWaiting: (_, leftMs) => {
        watch.waiting({ for: 'answer', why: STILL_UP, leftMs });
      },
      onTrouble: (trouble, leftMs) => {
        watch.waiting({ for: 'answer', why: trouble.message, leftMs });
      },
    },
    watch.clock,
  );
  return last;
}

/**
 * Those that ran are running again, and healthy where they can tell; what does not start by itself is started.
 *
 * @throws Failure `docker` when one is not so in time
 */
export async function untilRunning(
  host: HostAccess,
  { names, withinMs }: { readonly names: readonly string[]; readonly withinMs: number },
  watch: Watch,
): Promise<void> {
  const started = new Set<string>();
  const { done, last } = await poll(
    () => missingOn(host, names, started),
    (missing) => missing.length === 0,
    {
      ...{ everyMs: LOOK_EVERY_MS, withinMs, signal: watch.signal },
      onWaiting: (missing, leftMs) => {
        watch.waiting({ for: 'ready', health: '', why: missing.join(', '), leftMs });
      },
      onTrouble: (trouble, leftMs) => {
        watch.waiting({ for: 'answer', why: trouble.message, leftMs });
      },
    },
    watch.clock,
  );
  if (done) return;
  const why = `${last.join(', ')} after ${Math.round(withinMs / 1000)} s`;
  throw new Failure('docker', `Cannot put ${host.name} back in service: ${why}`);
}

/** What is not as it was, in words. An Engine that does not answer yet is one of them. */
async function missingOn(host: HostAccess, names: readonly string[], started: Set<string>): Promise<string[]> {
  try {
    const containers = await host.containers.list();
    const missing: string[] = [];
    for (const name of names) {
      const one = containers.find((container) => container.name === name);
      const why = one ? whyNot(one) : 'is gone';
      if (why === undefined) continue;
      missing.push(`${name} ${why}`);
      if (!one || one.running || started.has(name)) continue;
      started.add(name);
      await host.containers.start(name);
    }
    return missing;
  } catch (error) {
    if (!(error instanceof Failure) || error.code === 'locked') throw error;
    return [error.message];
  }
}

function whyNot({ running, status, health }: Container): string | undefined {
  if (!running || status !== 'running') return `is ${status}`;
  return health === 'none' || health === 'healthy' ? undefined : `is ${health}`;
}

function lastLine(output: string): string {
  return output.trimEnd().split('\n').at(-1) ?? '';
}
