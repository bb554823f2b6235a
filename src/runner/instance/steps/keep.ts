import { momentText } from '../../../rollout/drained-until.ts';
import type { RecordEntry } from '../../ports/ports.ts';
import { homeward } from '../../waiting/persist.ts';
import type { Watch } from '../../waiting/watch.ts';
import { behind } from '../barrier.ts';
import { asideOf, leavingOf, type StepAction, type Work } from '../work.ts';

/**
 * The old container runs on in its slot, in maintenance, and its host has a note of until when: from here on it is not in
 * work any more, and whoever comes later has it serve again, or ends it. One write says so of all that go together, once
 * all their new ones were seen to serve. What was kept before is kept for as long as it was to be.
 */
export const keep: StepAction = async (work, watch) => {
  const { instance, container, company } = work;
  if (instance.switching?.keepMs === 0 || !container?.running) return 'nothing is to be kept';
  const isTogether = company !== undefined && company.failing === undefined;
  const names = isTogether ? company.names : [instance.container];
  const note = (): Promise<void> => homeward(() => noteKept(work, names), watch);
  const decide = async (): Promise<void> => {
    await homeward(async () => company?.lookOnceMore('released'), watch);
    await note();
  };
  await behind(
    () => leavingOf(work).barriers,
    watch,
    () => (isTogether ? company.decide('released', decide) : note()),
  );
  return `${asideOf(work)} runs on, out of traffic${untilText(work, watch)}`;
};

async function noteKept({ host, undo, identity, instance }: Work, names: readonly string[]): Promise<void> {
  const { now } = await host.system();
  const own = undo.entries.filter(
    ({ run, slot, container = '' }) => run === identity.run && slot !== undefined && names.includes(container),
  );
  const inMs = instance.switching?.keepMs ?? 0;
  const before = own.find(({ keptUntil }) => keptUntil !== undefined)?.keptUntil;
  const keptUntil = before ?? new Date(now.getTime() + inMs).toISOString();
  await undo.add(own.map((entry): RecordEntry => ({ ...entry, kind: 'kept', keptUntil })));
}

function untilText({ undo, instance, identity: { run } }: Work, { clock }: Watch): string {
  const entry = undo.entries.find((one) => one.run === run && one.container === instance.container);
  return entry?.keptUntil === undefined ? '' : `, until ${momentText(entry.keptUntil, clock.date())}`;
}
