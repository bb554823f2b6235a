import type { LimitFunction } from 'p-limit';
import { Failure } from '../../errors.ts';
import type { HeldHosts } from '../hosts/held-hosts.ts';
import { recoverHost } from './recover-hosts.ts';
import type { RunContext } from '../run.ts';

/**
 * With `--take-over`: what earlier runs have left in work on these hosts is recovered before anything else.
 *
 * @throws Failure `out-of-service` when a server of theirs cannot be put back
 */
export async function takeOver(
  held: HeldHosts,
  context: RunContext & { readonly limit: LimitFunction },
): Promise<void> {
  if (!context.locking.takeOver) return;
  const left = held.all.filter(({ leftBy }) => leftBy !== undefined);
  const outcomes = await Promise.all(
    left.map((host) => context.limit(async () => ({ host: host.access.name, ...(await recoverHost(host, context)) }))),
  );
  const failed = outcomes.find(({ end }) => end === 'outOfService');
  if (!failed) return;
  const text = `Cannot take ${failed.host} over: what was left in work there cannot be put back: ${failed.reason}`;
  throw new Failure('out-of-service', text);
}
