import { Failure } from '../../errors.ts';
import { isUsable } from '../../rollout/capacity.ts';
import { initialState, type State } from '../../rollout/lifecycle.ts';
import { keepsContainer, sameBalancer, sameServer } from '../../rollout/model.ts';
import { advance, type AdvanceContext, type InstanceEnd } from './advance.ts';
import { foundOf } from './found.ts';
import { homeward } from '../waiting/persist.ts';
import type { RecordEntry } from '../ports/ports.ts';
import { isCommitted } from './committed.ts';
import { isReady } from './readiness.ts';
import { isUntouched, recordedContainers, recordedOf } from './recorded.ts';
import { isAsDeclared } from './steps/replace.ts';
import { isRamped, rampedTo } from './ramping.ts';
import { isDone, isRestarted } from './staying.ts';
import { findState, type ServerAccess } from './traffic.ts';
import { watchOf } from '../waiting/watch.ts';
import { bothSlots, inTheEnd, markOf, type Found, type Work } from './work.ts';

/** Takes an instance to its end, from its beginning or from where this very run has left it when it died. */
export async function goOn(work: Work, context: AdvanceContext): Promise<InstanceEnd> {
  const { clock, report, stop } = context;
  const { host, container: name } = work.instance;
  const subject = { host, name };
  const began = clock.now();
  const watch = watchOf({ clock, report, subject, signal: stop.homeward, step: 'drain' });
  try {
    await homeward(() => work.undo.settle(), watch);
    const [first] = recordedOf(work);
    return await advance(work, context, first ? await homeward(() => whereItIs(work, first), watch) : initialState);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const state = recordedOf(work).length > 0 ? 'outOfService' : 'unchanged';
    report({ type: 'instance-ended', subject, state, ms: clock.now() - began, ...markOf(work.instance) });
    return { state, failure: error };
  }
}

/**
 * The state in which an instance is gone on with. One whose new container is in service again needs only its soak, one
 * that is in service in part needs to be put back in full. Any other begins anew: all steps can be taken again from
 * wherever they broke off. How it was found is what is recorded, so that the way home leads back there from the first
 * moment on. Of a company that was committed, each goes on by itself, and never back.
 *
 * @throws Failure when neither the old container nor a new one is there
 */
async function whereItIs(work: Work, first: RecordEntry): Promise<State> {
  const recorded = recordedOf(work);
  const { instance, host } = work;
  const { old, successor } = await recordedContainers(first, host.containers);
  if (first.old && !old && !successor && !first.toNothing) {
    const why = 'its old container is gone, and there is no new one';
    throw new Failure('docker', `Cannot go on with ${instance.container} on ${host.name}: ${why}`);
  }
  const found = work.servers.map((access) => foundBefore(access, recorded));
  work.found = found.filter((one) => one !== undefined);
  work.container = old ?? (first.old ? successor : undefined);
  work.wasReady = first.old?.wasReady ?? false;
  for (const one of bothSlots(work)) await noteGone(one);
  if (keepsContainer(instance)) return howFarDone(work, found);
  if (isCommitted(work.undo.entries, work.identity.run) && (successor || first.toNothing)) {
    work.newServes = true;
    work.company?.leave(instance.container);
    return 'finishing';
  }
  const left = work.leaving && (await howFarLeft(work, work.leaving));
  if (!successor) return left && left !== 'untouched' ? 'readmitting' : 'redraining';
  const now = await Promise.all(found.map((one) => one && inTheEnd(one)).map(standingOf));
  if (left && left !== 'untouched') {
    work.started = { at: successor.startedAt, restarts: successor.restartCount };
    // Either the new one serves, or its predecessor has to again.
    if (now.some((one) => one === 'away')) return 'readmitting';
    // What has become of the old one's servers is not our doing then: it is let go of once the ramp has ended.
    if (left === 'begun' && isRamped(work) && now.some((one) => one === 'inService')) {
      work.rampedTo = await rampedTo(work);
      return 'ramping';
    }
    work.newServes = old === undefined;
    return left === 'ended' ? 'vacating' : 'releasing';
  }
  if (!['none', 'healthy'].includes(successor.health)) return 'retaking';
  if (now.every((one) => one === 'away') || !(await isAsDeclared(successor, work))) return 'retaking';
  work.started = { at: successor.startedAt, restarts: successor.restartCount };
  if (now.every((one) => one === 'asFound')) return 'soaking';
  work.rampedTo = await rampedTo(work);
  // Taking out again what serves already may be more than its backend can spare.
  return (await isReady(successor, instance, host)) ? backIn(now, work) : 'retaking';
}

/** A ramp goes on where all servers are in service; else they are put back first, to the step they had got to. */
function backIn(now: readonly unknown[], work: Work): State {
  return isRamped(work) && work.rampedTo > 0 && !now.includes('away') ? 'ramping' : 'restoring';
}

/** What is done already to a container that stays is not done again: it proves itself, in service where it is. */
async function howFarDone(work: Work, found: readonly (Found | undefined)[]): Promise<State> {
  const { instance, host } = work;
  const now = await host.containers.inspect(instance.container);
  if (!now || !(instance.strategy === 'run' ? isDone(work) : isRestarted(now, work))) return 'redraining';
  const standing = await Promise.all(found.map(standingOf));
  if (standing.every((one) => one === 'away') || !(await isReady(now, instance, host))) return 'retaking';
  work.started = { at: now.startedAt, restarts: now.restartCount };
  if (standing.every((one) => one === 'asFound')) return 'soaking';
  work.rampedTo = await rampedTo(work);
  return backIn(standing, work);
}

/** What has been done in the slot to be left, of which what is recorded is taken over. */
async function howFarLeft(work: Work, leaving: Work): Promise<'untouched' | 'begun' | 'ended'> {
  const recorded = recordedOf(leaving);
  const found = leaving.servers.map((access) => foundBefore(access, recorded));
  leaving.found = found.filter((one) => one !== undefined);
  leaving.container = work.container;
  leaving.wasReady = work.wasReady;
  const now = await Promise.all(leaving.found.map(standingOf));
  const runs = await isUntouched(leaving);
  leaving.isTouched = !runs || now.some((one) => one !== 'asFound');
  if (!runs) return 'ended';
  return leaving.isTouched ? 'begun' : 'untouched';
}

/** Of a server that is recorded, and that a new configuration calls otherwise or has not, nothing can be put back any more. */
async function noteGone(work: Work): Promise<void> {
  const { servers } = work;
  const others = recordedOf(work).filter(({ server }) => !servers.some((one) => sameServer(one.server, server)));
  for (const { server } of others) {
    const beside = servers.find((one) => sameBalancer(one.server.balancer, server.balancer));
    if (!beside || (await findState({ ...beside, server }))) continue;
    work.alsoRecorded = [...(work.alsoRecorded ?? []), server];
  }
}

function foundBefore(access: ServerAccess, recorded: readonly RecordEntry[]): Found | undefined {
  const entry = recorded.find(({ server }) => sameServer(server, access.server));
  return entry && foundOf(entry, access);
}

/** As it was found; in service, with another weight, or with its agent-check, which comes last, still silent; or neither. */
async function standingOf(found: Found | undefined): Promise<'asFound' | 'inService' | 'away'> {
  const now = found && (await findState(found.access));
  if (!now) return 'away';
  const { weight, admin, agent } = found;
  const isThere = now.weight === weight && now.admin === admin && (admin !== 'ready' || now.isUp);
  if (isThere && (now.hasAgent || !agent)) return 'asFound';
  return isThere || isUsable(now) ? 'inService' : 'away';
}
