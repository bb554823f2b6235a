/** The old containers that a `blue-green` rollout has kept on a host serve again. */
import { Failure, reasonOf } from '../../errors.ts';
import type { KeptSet } from '../../rollout/kept.ts';
import type { EndState } from '../../rollout/lifecycle.ts';
import { Company } from '../instance/company.ts';
import { advance, type AdvanceContext, type InstanceEnd } from '../instance/advance.ts';
import type { Work } from '../instance/work.ts';
import type { RecordEntry } from '../ports/ports.ts';
import { homeward } from '../waiting/persist.ts';
import { watchOf } from '../waiting/watch.ts';
import type { HeldHost } from './held-hosts.ts';
import { noted } from './noted.ts';
import type { HostOutcome } from './settle.ts';
import { byContainer, recordedWork, type RecordedWork } from './recorded-work.ts';

/**
 * All of a set at once. From the first write on it is in work, and whoever finishes it after a death goes the same way:
 * the old ones serve.
 */
export async function switchBack(
  set: KeptSet<RecordEntry>,
  held: HeldHost,
  context: AdvanceContext & {
    /** Called once they are in work: before that they may all stay as they are. */
    readonly begun?: () => void;
  },
): Promise<readonly InstanceEnd[]> {
  try {
    const works = await worksOn(set, held, context);
    const inWork = set.entries.map((entry) => ({ ...entry, kind: 'rollout' as const }));
    await noted(held, inWork, context);
    context.begun?.();
    const company = new Company(set.containers, 'switch-back');
    return await Promise.all(works.map((work) => switchOne({ ...work, life: 'switch-back', company }, context)));
  } catch (failure) {
    if (!(failure instanceof Failure)) throw failure;
    return set.containers.map((): InstanceEnd => ({ state: 'updated', failure }));
  }
}

async function switchOne(work: Work, context: AdvanceContext): Promise<InstanceEnd> {
  let end: InstanceEnd | undefined;
  try {
    end = await advance(work, context);
    return end;
  } finally {
    work.company?.ended(work.instance.container, end);
  }
}

/** How a host ends of which these were to serve again. */
export function outcomeOf(ends: readonly InstanceEnd[]): HostOutcome {
  const of = (state: EndState): number => ends.filter((end) => end.state === state).length;
  const counts = { updated: of('unchanged'), unchanged: of('updated'), outOfService: of('outOfService') };
  const end = counts.outOfService > 0 ? 'outOfService' : counts.unchanged > 0 ? 'failed' : 'updated';
  const failure = ends.find(({ state }) => state !== 'unchanged')?.failure;
  return { end, reason: failure ? reasonOf(failure) : '', counts };
}

/** @throws Failure when some of it have ended, so that what is left would serve beside another version */
function refusePart({ entries, containers }: KeptSet<RecordEntry>, { access: { name } }: HeldHost): void {
  const gone = entries.flatMap(({ endsWith = [] }) => endsWith).find((one) => !containers.includes(one));
  if (gone === undefined) return;
  const what = `Cannot have the old ${containers.join(' and ')} on ${name} serve again`;
  const how = `"sluice retire ${name}" ends the rest, and "sluice rollback" takes all of the run back`;
  throw new Failure(
    'error',
    `${what}: the old ${gone} has ended already, and they would be of another version: ${how}`,
  );
}

/** @throws Failure `docker` when one of them cannot serve again, since it is gone: then none is touched */
async function worksOn(
  set: KeptSet<RecordEntry>,
  held: HeldHost,
  { clock, report, stop }: AdvanceContext,
): Promise<readonly Work[]> {
  refusePart(set, held);
  return Promise.all(
    byContainer(set.entries).map(async (entries) => {
      const [first] = entries;
      const name = first?.container ?? '';
      const subject = { host: held.access.name, name };
      const watch = watchOf({ clock, report, subject, signal: stop.homeward, step: 'readmit' });
      const look = async (): Promise<RecordedWork | undefined> =>
        first && recordedWork(entries, first, { held, watch });
      const recorded = await homeward(look, watch);
      const isWhole = ['leaving', 'next'].every((slot) => entries.some((entry) => entry.slot === slot));
      if (recorded?.containers.isAside && isWhole) return recorded.work;
      const why = isWhole ? `${first?.aside ?? 'the old container'} is gone` : 'its record lacks one of its slots';
      throw new Failure('docker', `Cannot have the old ${name} on ${held.access.name} serve again: ${why}`);
    }),
  );
}
