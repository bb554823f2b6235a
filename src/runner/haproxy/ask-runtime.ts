/** `sluice haproxy exec`: one command for each HAProxy; what may change something is sent while the hosts are held. */
import pLimit from 'p-limit';
import { Failure } from '../../errors.ts';
import { byHand } from './by-hand.ts';
import { whileHeld } from './held-for-runtime.ts';
import type { RunContext } from '../run.ts';

export interface RuntimeAnswer {
  readonly host: string;
  readonly answer: string;
  readonly failure: Failure | undefined;
}

export interface RuntimeRequest {
  readonly hosts: readonly string[];
  /** The command, where it may change something. */
  readonly changing: string | undefined;
  readonly ask: (host: string) => Promise<string>;
}

export async function askRuntime(
  { hosts, changing, ask }: RuntimeRequest,
  context: RunContext,
): Promise<readonly RuntimeAnswer[]> {
  const askAll = (askOne: (host: string) => Promise<string>): Promise<readonly RuntimeAnswer[]> =>
    Promise.all(
      hosts.map(async (host) => {
        try {
          return { host, answer: await askOne(host), failure: undefined };
        } catch (failure) {
          if (!(failure instanceof Failure)) throw failure;
          return { host, answer: '', failure };
        }
      }),
    );
  if (changing === undefined) return askAll(ask);
  return whileHeld(hosts, { context, limit: pLimit(context.forks), isMeant: () => true }, (held) =>
    askAll((host) =>
      byHand({ host, text: changing }, context, async () => {
        await held.host(host).keep();
        return ask(host);
      }),
    ),
  );
}
