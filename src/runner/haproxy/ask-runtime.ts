/** `sluice haproxy exec`: one command for each HAProxy; what may change something is sent while the hosts are held. */
import pLimit from 'p-limit';
import { Failure } from '../../errors.ts';
import { whileHeld } from './held-for-runtime.ts';
import type { RunContext } from '../run.ts';

export interface RuntimeAnswer {
  readonly host: string;
  readonly answer: string;
  readonly failure: Failure | undefined;
}

export interface RuntimeRequest {
  readonly hosts: readonly string[];
  readonly changes: boolean;
  readonly ask: (host: string) => Promise<string>;
}

export async function askRuntime(
  { hosts, changes, ask }: RuntimeRequest,
  context: RunContext,
): Promise<readonly RuntimeAnswer[]> {
  const askAll = (keep: (host: string) => Promise<void>): Promise<readonly RuntimeAnswer[]> =>
    Promise.all(
      hosts.map(async (host) => {
        try {
          await keep(host);
          return { host, answer: await ask(host), failure: undefined };
        } catch (failure) {
          if (!(failure instanceof Failure)) throw failure;
          return { host, answer: '', failure };
        }
      }),
    );
  if (!changes) return askAll(async () => undefined);
  return whileHeld(hosts, { context, limit: pLimit(context.forks), isMeant: () => true }, (held) =>
    askAll((host) => held.host(host).keep()),
  );
}
