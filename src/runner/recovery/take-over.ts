import type { LimitFunction } from 'p-limit';
import { Failure, reasonOf } from '../../errors.ts';
import type { HeldHost, HeldHosts } from '../hosts/held-hosts.ts';
import type { HostOutcome } from '../hosts/settle.ts';
import { isOwn as isIn } from '../instance/recorded.ts';
import { recoverHost } from './recover-hosts.ts';
import type { RunContext } from '../run.ts';

/**
 * With `--take-over`: what earlier runs have left in work on these hosts is recovered before anything else. `own`: runs
 * of which that is done unasked. A host on which that breaks off is out of service as far as anybody knows.
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
  // Whoever calls lets go of the hosts afterwards: none is still worked on then.
  const settled = await Promise.allSettled(left.map((host) => context.limit(() => recoverHost(host, context))));
  const failed = left.flatMap(({ access: { name } }, index) => {
    const reason = whyFailed(settled[index]);
    return reason === undefined ? [] : [{ name, reason }];
  });
  const [first] = failed;
  if (!first) return;
  const names = failed.map(({ name }) => name).join(', ');
  const why = failed.length === 1 ? first.reason : failed.map(({ name, reason }) => `${name}: ${reason}`).join('; ');
  const text = `Cannot take ${names} over: what was left in work there cannot be put back: ${why}`;
  throw new Failure('out-of-service', text);
}

function whyFailed(outcome: PromiseSettledResult<HostOutcome> | undefined): string | undefined {
  if (outcome?.status !== 'rejected') return outcome?.value.end === 'outOfService' ? outcome.value.reason : undefined;
  if (!(outcome.reason instanceof Failure)) throw outcome.reason;
  return reasonOf(outcome.reason);
}
