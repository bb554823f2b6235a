/** What is recorded of HAProxys that cannot be had while the rest is brought back. */
import { Failure, isOutOfReach } from '../../errors.ts';
import type { Report } from '../../rollout/events.ts';
import { serverPath } from '../../rollout/model.ts';
import type { HeldHost } from '../hosts/held-hosts.ts';
import { advice } from '../instance/entry-words.ts';
import { servesWell } from '../instance/serves-well.ts';
import type { Work } from '../instance/work.ts';
import type { RecordEntry } from '../ports/ports.ts';

/** One that cannot be reached, or that the inventory does not have any more, may be gone for good. */
export function mayBeGone(failure: Failure): boolean {
  return isOutOfReach(failure) || failure.code === 'config';
}

/** Those whose HAProxys are held, those whose are not, and of these those on hosts that are gone for good. */
export function parted(entries: readonly RecordEntry[], { lacks }: HeldHost, goneHosts: readonly string[] = []) {
  const near = entries.filter(({ server }) => !lacks(server));
  const others = entries.filter((entry) => !near.includes(entry));
  const gone = others.filter(({ server }) => goneHosts.includes(server.balancer.host));
  return { near, far: others.filter((entry) => !gone.includes(entry)), gone };
}

/** Forgets what is recorded of HAProxys that are gone for good: nobody could put it back. */
export async function forget(gone: readonly RecordEntry[], { access, undo }: HeldHost, report: Report): Promise<void> {
  if (gone.length === 0) return;
  await undo.drop(gone.map(({ server }) => server));
  for (const { server, standing } of gone) {
    const where = `${serverPath(server)} on ${server.balancer.host}`;
    const text = `Forgot ${where}, as asked: weight ${standing.weight}, ${standing.admin} was to be put back`;
    report({ type: 'warning', host: access.name, text });
  }
}

/** With two slots, why the new container has to go on: an HAProxy that cannot be had may have it in service, alone. */
export function mayServeEither(far: readonly RecordEntry[], held: HeldHost): Failure | undefined {
  const entry = far.find(({ slot }) => slot === 'next');
  return entry && mayServe(entry, held);
}

/** Why a new container goes on that serves well: an HAProxy that cannot be reached may send it requests. */
export async function mayServeOn(
  work: Work,
  far: readonly RecordEntry[],
  held: HeldHost,
): Promise<Failure | undefined> {
  const isAway = (lack: Failure | undefined): boolean => lack !== undefined && isOutOfReach(lack);
  const away = far.find(({ server, letIn }) => letIn && isAway(held.lacks(server)));
  return away && !work.leaving && (await servesWell(work)) ? mayServe(away, held) : undefined;
}

function mayServe({ server, container = '' }: RecordEntry, { access, lacks }: HeldHost): Failure {
  const where = `${serverPath(server)} on ${server.balancer.host}`;
  const why = `${where} may send it requests, and ${lacks(server)?.message ?? ''}`;
  return new Failure('haproxy', `Cannot take out the new container of ${container} on ${access.name}: ${why}`);
}

/**
 * What is recorded could not be cleared: nothing is left to undo by it.
 *
 * @throws whatever else than a failure it was
 */
export function tellRecordStays(error: unknown, first: RecordEntry, { access }: HeldHost, report: Report): void {
  if (!(error instanceof Failure)) throw error;
  const text = `The undo record stays behind: ${error.message}: ${advice(first, access)}`;
  report({ type: 'warning', host: access.name, text });
}

/** Says of each what stays recorded, and where; why the first does. */
export function tellLeftBehind(
  far: readonly RecordEntry[],
  { access, lacks }: HeldHost,
  report: Report,
): string | undefined {
  const whys = far.map((entry) => {
    const { server } = entry;
    const where = `${serverPath(server)} on ${server.balancer.host}`;
    const why = lacks(server)?.message ?? '';
    const text = `The record of ${where} stays behind: ${why}: when it is back, ${advice(entry, access)}`;
    report({ type: 'warning', host: access.name, text });
    return `Cannot put back ${where}: ${why}`;
  });
  return whys[0];
}
