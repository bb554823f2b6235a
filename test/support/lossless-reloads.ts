/** HAProxys that lose no request at a reload by which servers with nothing behind them are in service for a moment. */
import type { ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { reload, runtime } from '../../lab/lab.ts';
import { changedCopy } from './changed-copy.ts';
import { LAB, WITH_RETRIES, WITH_STATES } from './haproxy-templates.ts';
import { ownHost } from './own-host.ts';

export const LOSSLESS = [
  { how: 'begins with the states that it had', haproxyTemplate: changedCopy(LAB, WITH_STATES) },
  { how: 'retries elsewhere what got no answer', haproxyTemplate: changedCopy(LAB, WITH_RETRIES) },
];

/** New containers are started and do not answer yet for longer than a reload takes. */
export const SLOWLY = { appDelayMs: 3_000 };

/**
 * As a unit does that writes the states down first. sluice stands still meanwhile: what the new worker sends to servers that
 * a run had out is not left to how soon that is noticed.
 */
export async function reloadUnnoticed(child: ChildProcess): Promise<void> {
  child.kill('SIGSTOP');
  const host = ownHost();
  try {
    writeFileSync(join(host.dir, 'haproxy/servers.state'), `${await runtime(host, 'show servers state')}\n`);
    await reload(host);
  } finally {
    child.kill('SIGCONT');
  }
}
