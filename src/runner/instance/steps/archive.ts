import { Failure } from '../../../errors.ts';
import type { Container } from '../../../rollout/observed.ts';
import type { Work } from '../work.ts';

/**
 * Saves how the old container was created, or that there was none, in the host's archive, while it still bears its
 * name and has its own restart policy: `sluice rollback` makes it again from that when it is gone. A rollback itself
 * is never rolled back and saves nothing.
 */
export async function archiveFound({ instance, host, identity, container: old, wasReady }: Work): Promise<void> {
  if (instance.revert) return;
  const { archive, containers } = host;
  const { reference, id, digests } = old?.image ?? { reference: '', id: '', digests: [] };
  const slot = (instance.leaving ?? instance.other)?.name;
  const snapshot = old && (await containers.snapshot(old.name));
  const how = {
    ...(slot !== undefined && { slot }),
    ...(old && servesUnready(old, wasReady) && { isUnready: true as const }),
  };
  const found = snapshot === undefined ? undefined : { image: { reference, id, digests }, snapshot, ...how };
  await archive.save(identity.run, instance.container, found);
}

/** One whose healthcheck has not passed was not asked for the `ready` of the run. */
function servesUnready({ running, health }: Container, wasReady: boolean): boolean {
  return running && !wasReady && (health === 'none' || health === 'healthy');
}

/** Notes which container was made, so that a rollback can tell whether it is still that one. */
export async function archiveMade({ instance, host, identity }: Work): Promise<void> {
  if (instance.revert) return;
  const made = await host.containers.inspect(instance.container);
  if (made) await host.archive.noteMade(identity.run, instance.container, made.id);
}

/** How to make the container that a run has found. */
export async function snapshotFor({ instance: { container, revert }, host }: Work): Promise<string> {
  const archived = revert && (await host.archive.load(revert.run, container));
  if (archived?.old) return archived.old.snapshot;
  const why = `the archive on the host has nothing of it from run ${revert?.run ?? ''}`;
  throw new Failure('error', `Cannot make ${container} on ${host.name} as it was: ${why}`);
}
