/** What a `blue-green` rollout has kept is out of traffic until its end, also after a reload of HAProxy. */
import { Failure, reasonOf } from '../../errors.ts';
import { keptSets, letIn, letInText, type KeptSet } from '../../rollout/kept.ts';
import { isUsable } from '../../rollout/capacity.ts';
import { serverPath } from '../../rollout/model.ts';
import type { ServerState } from '../../rollout/observed.ts';
import type { HeldHost } from '../hosts/held-hosts.ts';
import { beforeActing } from '../instance/before-acting.ts';
import { quiesce } from '../instance/quiesce.ts';
import { findState } from '../instance/traffic.ts';
import { leavingOf, type Work } from '../instance/work.ts';
import type { RecordEntry } from '../ports/ports.ts';
import type { RunContext } from '../run.ts';
import { watchOf } from '../waiting/watch.ts';
import { keptWorks, newServersOf, type Reach } from './kept-works.ts';

/**
 * Takes out again what has been let in beside the new version: both answer, so that nothing fails by it, but two versions
 * serve. A set of which one new container does not serve, or an HAProxy is away, stays in, and what does not come out is
 * told of: neither is in anybody's way.
 *
 * @returns whether anything was taken out
 * @throws Failure `interrupted` when it is to stop
 */
export async function keepOut(held: HeldHost, context: RunContext): Promise<boolean> {
  const { access, reach, undo } = held;
  const host = access.name;
  const warn = (text: string): void => {
    context.report({ type: 'warning', host, text });
  };
  let isTouched = false;
  for (const set of keptSets(undo.entries)) {
    try {
      const inside = await letInOf(withoutAway(set, held), reach);
      if (inside.length === 0) continue;
      warn(letInText(inside));
      const works = await whatComesOut(set, held, context);
      if (typeof works === 'string') {
        warn(works);
        continue;
      }
      const isInside = ({ instance }: Work): boolean => inside.some((one) => one.container === instance.container);
      const settled = await Promise.allSettled(works.filter(isInside).map((work) => takeOut(work, context)));
      isTouched ||= settled.some(({ status }) => status === 'fulfilled');
      const failed = settled.find((one) => one.status === 'rejected');
      if (failed) throw failed.reason;
    } catch (error) {
      if (!(error instanceof Failure) || error.code === 'interrupted') throw error;
      warn(`Cannot take out again what is kept on ${host}: ${error.message}`);
    }
  }
  return isTouched;
}

/** The work on each of the old containers, or why they stay in. */
async function whatComesOut(
  set: KeptSet<RecordEntry>,
  held: HeldHost,
  context: RunContext,
): Promise<readonly Work[] | string> {
  const works = await keptWorks(set, held, { context, what: 'take out again' });
  if (typeof works === 'string') return works;
  // One that gets no requests at one HAProxy: those to the old one would have nowhere to go.
  const idle = (await newServersOf(set, held.reach)).find(({ state }) => !state || !isUsable(state));
  if (!idle) return works;
  const server = serverPath(idle.server);
  return `Cannot take out again what is kept on ${held.access.name}: ${server}, of the new version, is not UP`;
}

/** What there is of it at the HAProxys that are not away. */
function withoutAway(set: KeptSet<RecordEntry>, { lacks }: HeldHost): KeptSet<RecordEntry> {
  return { ...set, entries: set.entries.filter(({ server }) => !lacks(server)) };
}

/** By the servers as their HAProxys have them now. */
export async function letInOf(set: KeptSet<RecordEntry>, reach: Reach): Promise<readonly RecordEntry[]> {
  const old = set.entries.filter(({ slot }) => slot === 'leaving');
  const states = await Promise.all(old.map(async ({ server }) => findState(await reach(server))));
  return letIn(
    set,
    states.filter((state): state is ServerState => state !== undefined),
  );
}

/** Its drain is that of the playbook that has kept it; nothing is stopped after it. */
async function takeOut(work: Work, { clock, report, journal, stop }: RunContext): Promise<void> {
  const { host, container: name, drain } = work.instance;
  const subject = { host, name };
  const began = clock.now();
  const step = { subject, step: 'release' as const };
  report({ type: 'step-started', ...step, homeward: false });
  try {
    await beforeActing(journal, false);
    const watch = watchOf({ clock, report, signal: stop.beforeNext, ...step });
    await quiesce(leavingOf(work).found, drain, watch);
    const outcome = 'the old container runs on, out of traffic again';
    report({ type: 'step-ended', ...step, homeward: false, ms: clock.now() - began, outcome });
  } catch (error) {
    report({ type: 'step-failed', ...step, ms: clock.now() - began, reason: reasonOf(error), details: [] });
    throw error;
  } finally {
    // The new one is in service all the while.
    report({ type: 'instance-ended', subject, state: 'updated', ms: clock.now() - began, kept: 'ending' });
  }
}
