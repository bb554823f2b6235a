/** HAProxys that lose no request at a reload by which servers with nothing behind them are in service for a moment. */
import type { ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { portOf } from '../../lab/haproxy.ts';
import { inside } from '../../lab/host.ts';
import { reload, runtime } from '../../lab/lab.ts';
import { succeeds } from '../../lab/shell.ts';
import { until } from '../../lab/wait.ts';
import { changedCopy } from './changed-copy.ts';
import { LAB, WITH_RETRIES, WITH_STATES } from './haproxy-templates.ts';
import { ownHost } from './own-host.ts';

export const LOSSLESS = [
  { how: 'begins with the states that it had', haproxyTemplate: changedCopy(LAB, WITH_STATES) },
  { how: 'retries elsewhere what got no answer', haproxyTemplate: changedCopy(LAB, WITH_RETRIES) },
];

/** New containers are started and do not answer yet for longer than a reload takes. */
export const SLOWLY = { appDelayMs: 6_000 };

/** Whether what is behind pxApp_1 answers, asked as HAProxy does: Docker's proxy takes any connection by itself. */
async function answers(): Promise<boolean> {
  const ask = `exec 3<>/dev/tcp/127.0.0.1/${portOf(1)} && printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3 && read -r -t 1 <&3`;
  return succeeds('nsenter', inside(ownHost(), ['bash', '-c', ask]));
}

/**
 * Once nothing answers behind pxApp_1 any more, and before something does again.
 *
 * @throws Error when something has answered again before the new worker was there.
 */
export async function reloadUnnoticed(child: ChildProcess): Promise<void> {
  await until('pxApp_1 to answer no more', async () => !(await answers()), { withinMs: 30_000, everyMs: 20 });
  await reloadWithStates(child, async () => {
    if (await answers()) throw new Error('pxApp_1 has answered before HAProxy was reloaded');
  });
}

/**
 * As a unit does that writes the states down first. sluice stands still meanwhile: what the new worker sends to servers that
 * a run had out is not left to how soon that is noticed.
 */
export async function reloadWithStates(child: ChildProcess, then?: () => Promise<void>): Promise<void> {
  child.kill('SIGSTOP');
  const host = ownHost();
  try {
    writeFileSync(join(host.dir, 'haproxy/servers.state'), `${await runtime(host, 'show servers state')}\n`);
    await reload(host);
    await then?.();
  } finally {
    child.kill('SIGCONT');
  }
}
