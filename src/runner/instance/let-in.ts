/**
 * Whether an HAProxy on another host than the container may send requests to the new one. Recorded, since whoever
 * recovers the host may not reach that HAProxy.
 */
import { Failure } from '../../errors.ts';
import { sameServer, type Server } from '../../rollout/model.ts';
import { recordedOf } from './recorded.ts';
import type { Work } from './work.ts';

/** Before the first of them is told to: what is begun there may take place without an answer. */
export async function noteLetIn(work: Work): Promise<void> {
  await work.undo.add(() => {
    const isNew = recordedOf(work).filter(
      ({ server, only, letIn }) => server.balancer.host !== work.host.name && !only && !letIn,
    );
    return isNew.map((entry) => ({ ...entry, letIn: true as const }));
  });
}

/** All behind a barrier that is in maintenance. Where it cannot be written, whoever recovers is only more careful than need be. */
export async function noteKeptOut(work: Work): Promise<void> {
  try {
    await work.undo.add(() => {
      const isOut = recordedOf(work).filter(({ server, letIn }) => letIn && isClosed(server, work.barriers));
      return isOut.map((entry) => ({ ...entry, letIn: undefined }));
    });
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
  }
}

/** What is not recorded is not known, and may. */
export function mayLetIn(server: Server, work: Work): boolean {
  if (isClosed(server, work.barriers)) return false;
  const entry = recordedOf(work).find((one) => sameServer(one.server, server));
  return entry?.letIn ?? entry === undefined;
}

function isClosed(server: Server, barriers: Work['barriers']): boolean {
  return barriers.some((one) => sameServer(one.server, server) && one.isClosed && !one.isLowered);
}
