/** The HAProxy of the worker's host, where tests are about its configuration. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { haproxyProgram } from '../../lab/haproxy.ts';
import { runtime } from '../../lab/lab.ts';
import { ownHost } from './own-host.ts';

/** 2.4.0 does not know it: then a reload fails requests that are just sent on idle connections, whoever asks for it. */
export const knowsIdleClose = !/version 2\.4\.0\b/.test(
  execFileSync(haproxyProgram(process.env), ['-v'], { encoding: 'utf8' }),
);
export const IDLE_CLOSE = '    option idle-close-on-response\n';

export function fileOnHost(): string {
  return readFileSync(join(ownHost().dir, 'haproxy/haproxy.cfg'), 'utf8');
}

/** Another one after each reload. */
export async function workerPid(): Promise<string> {
  return /^Pid: (\d+)$/m.exec(await runtime(ownHost(), 'show info'))?.[1] ?? '';
}
