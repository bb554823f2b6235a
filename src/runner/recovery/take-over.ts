import type { LimitFunction } from 'p-limit';
import { Failure } from '../../errors.ts';
import type { HeldHost, HeldHosts } from '../hosts/held-hosts.ts';
import { isOwn as isIn } from '../instance/recorded.ts';
import { recoverHost } from './recover-hosts.ts';
import type { RunContext } from '../run.ts';

/**
 * With `--take-over`: what earlier runs have left in work on these hosts is recovered before anything else. `own`: runs
 * of which that is done unasked.
 *
 * @throws Failure `out-of-service` when a server of theirs cannot be put back
 */
export async function takeOver(
  held: HeldHosts,
  context: RunContext & { readonly limit: LimitFunction },
  own: readonly string[] = [],
): Promise<void> {
  const { takeOver: isAsked } = context.locking;
  const isOwn = ({ undo }: HeldHost): boolean => undo.entries.some((entry) => own.some((run) => isIn(entry, run)));
  const left = held.all.filter((host) => (isAsked && host.leftBy !== undefined) || isOwn(host));
  const outcomes = await Promise.all(
    left.map((host) => context.limit(async () => ({ host: host.access.name, ...(await recoverHost(host, context)) }))),
  );
  const failed = outcomes.find(({ end }) => end === 'outOfService');
  if (!failed) return;
  const text = `Cannot take ${failed.host} over: what was left in work there cannot be put back: ${failed.reason}`;
  throw new Failure('out-of-service', text);
}
