/** A host back in service at the tier in front of it, when it can serve. */
import { Failure } from '../../errors.ts';
import { floorOf, usableIn } from '../../rollout/capacity.ts';
import { count } from '../../rollout/count.ts';
import { THE_HOST } from '../../rollout/maintenance.ts';
import { serverPath, type MinUp, type Server } from '../../rollout/model.ts';
import { putBackInOrder } from './back-in-service.ts';
import type { HeldHost } from '../hosts/held-hosts.ts';
import { advice } from '../instance/entry-words.ts';
import type { RecordEntry } from '../ports/ports.ts';
import type { PutBackContext, PutBackOutcome } from './put-back-all.ts';

interface Returning {
  /** What is recorded in front. */
  readonly entries: readonly RecordEntry[];
  /** Servers of the host's own HAProxy that are left out of service, and what their backends must have without them. */
  readonly lost: readonly { readonly server: Server; readonly minUp: MinUp }[];
  /** Hosts whose HAProxys are gone for good. */
  readonly goneHosts?: readonly string[];
}

/** To what was found, unless a backend of the host has nothing to serve with: then it stays out, and recorded. */
export async function backInFront(
  held: HeldHost,
  { entries, lost, goneHosts }: Returning,
  context: PutBackContext,
): Promise<PutBackOutcome> {
  const { clock, report } = context;
  const began = clock.now();
  const short = await shortOf(lost, held);
  const outcome =
    short === undefined
      ? await putBackInOrder(held, entries, context, goneHosts)
      : { ok: false, reason: `${held.access.name} stays out of service in front, since ${short}: ${adviceOn(held)}` };
  const state = outcome.ok ? 'unchanged' : 'outOfService';
  const subject = { host: held.access.name, name: THE_HOST };
  report({ type: 'instance-ended', subject, state, ms: clock.now() - began });
  return outcome;
}

function adviceOn({ access }: HeldHost): string {
  return advice({ kind: 'front' }, access);
}

/** Why the host cannot serve all that would come, or undefined. */
export async function shortOf(lost: Returning['lost'], { reach }: HeldHost): Promise<string | undefined> {
  for (const { server, minUp } of lost) {
    try {
      const [backend] = await reach(server).balancer.backends(server.backend);
      const usable = backend ? usableIn(backend) : 0;
      const floor = Math.max(1, backend ? floorOf(minUp, backend) : 1);
      if (usable < floor)
        return `${serverPath(server)} is out and ${server.backend} has ${count(usable, 'usable server')} of ${floor}`;
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      return `it is not known whether it can serve: ${error.message}`;
    }
  }
  return undefined;
}
