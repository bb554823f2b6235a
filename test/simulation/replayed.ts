/**
 * The invariant `journal`: what is certain to be in the journal of a run, replayed, against the fleet.
 *
 * Judged are runs whose processes are all over, and of them the instances that no other run has changed since.
 * What the journal of a run that died says of an instance is
 * - not reached, or left: the run has changed nothing of it, as far as it has not put it back first;
 * - in work: anything may be so, but what the run has recorded on the host is what the journal says it has found;
 * - updated or unchanged: the one version or the other is there, under its name, and runs unless it fell over by
 *   itself; nothing of the run is recorded of it, none of its containers is set aside, its servers stand as they did;
 * - out of service: it is recorded, for somebody to put it right, or the run had lost its lock by then: it cannot look
 *   any more, and whoever has the host now has put right what there was;
 * - of a host that was maintained: out of service, that it is recorded; else, that nothing is and all its servers stand
 *   as they did;
 * - drained, restored: of a server, that it is recorded, or is not and stands as it did; drained says nothing where the
 *   journal could not be written any more, since what leads home is done all the same.
 * The summary of a run that came to its end in one go counts the same as the journal.
 */
import type { Subject } from '../../src/rollout/events.ts';
import { THE_HOST } from '../../src/rollout/maintenance.ts';
import type { HostHistory, InstanceHistory } from '../../src/rollout/history.ts';
import type { RecordEntry } from '../../src/runner/ports/ports.ts';
import { keptHistory } from './journals.ts';
import type { Run } from './playing.ts';
import type { Controller } from './world/controller.ts';
import { containerOf, isRecorded, keyIn, keyOf, serversOf, toldAs, type Front } from './world/fronts.ts';
import { isNew, type SimHost } from './world/host.ts';
import { pathOf } from './world/worker.ts';
import type { World } from './world/world.ts';

/** What a journal calls the image of a container that there is none of. */
const NOTHING = 'nothing';

interface Judged {
  readonly world: World;
  readonly controllers: readonly Controller[];
  readonly run: string;
  readonly host: SimHost;
  readonly one: InstanceHistory;
}

export function checkReplayed(world: World, runs: readonly Run[]): void {
  const ids = new Set(runs.map(({ controller }) => controller.run));
  for (const run of ids) {
    const own = runs.filter(({ controller }) => controller.run === run);
    const last = own.at(-1);
    if (!last || own.some((one) => !one.isOver())) continue;
    const history = keptHistory(last.controller);
    for (const known of history?.hosts ?? []) {
      const host = world.hosts.get(known.host);
      if (!host) continue;
      const controllers = own.map(({ controller }) => controller);
      for (const one of known.instances) tellWrong({ world, controllers, run, host, one });
      checkSummary(world, last, known);
    }
  }
}

function tellWrong(judged: Judged): void {
  const { world, run, host, one } = judged;
  const { subject, state } = one;
  const isHost = subject.name === THE_HOST;
  const about = isHost ? [THE_HOST, ...host.setting.containers.map(({ name }) => name)] : [containerOf(subject.name)];
  if (!about.every((name) => world.watchman.touches.isLast(run, `${host.name} ${name}`))) return;
  if (hasFinishedOthers(judged)) return;
  const wrong = isHost ? wrongHost(judged) : subject.name.includes('/') ? wrongServer(judged) : wrongInstance(judged);
  if (wrong === undefined) return;
  violateOnce(world, `run ${run}: by its journal ${subject.name} on ${host.name} is ${state}, and ${wrong}`);
}

/** It has finished what another run had changed, or begun to: which version that has come to is for that one's journal to tell. */
function hasFinishedOthers({ controllers, one: { subject } }: Judged): boolean {
  return controllers.some(({ events }) => {
    const isEnding = events.some(
      (event) =>
        event.type === 'warning' &&
        event.host === subject.host &&
        event.text.startsWith('Ending what is kept') &&
        event.text.includes(subject.name),
    );
    if (isEnding) return true;
    const begins = events.some((event) => event.type === 'run-started' && event.command.startsWith('roll'));
    const own = events.filter((event) => 'subject' in event && sameSubject(event.subject, subject));
    const first = own.find(({ type }) => type === 'step-started' || type === 'instance-started');
    return begins && first?.type === 'step-started';
  });
}

/** What somebody had drained for a time that is over, servers of the instance, it has put back before anything else. */
function hasPutBackServers({ controllers, one: { subject } }: Judged): boolean {
  return controllers.some(({ events }) =>
    events.some(
      (event) =>
        event.type === 'step-started' &&
        event.subject.host === subject.host &&
        event.subject.name.includes('/') &&
        containerOf(event.subject.name) === subject.name,
    ),
  );
}

function sameSubject(one: Subject, other: Subject): boolean {
  return one.host === other.host && one.name === other.name;
}

function wrongInstance(judged: Judged): string | undefined {
  const { world, run, host, one } = judged;
  const { subject, state } = one;
  switch (state) {
    case 'notReached':
    case 'left':
      if (one.steps.length > 0 || hasPutBackServers(judged)) return undefined;
      if (world.watchman.touches.has(run, `${host.name} ${subject.name}`)) return 'the run has changed it';
      return state === 'left' ? wrongVersion(judged, one.to) : undefined;
    case 'inWork':
      return wrongRecord(judged);
    case 'updated':
    case 'unchanged':
      return wrongEnd(judged);
    case 'outOfService':
      if (recordedOf(judged).length > 0) return wrongRecord(judged);
      return one.steps.some(({ text }) => text.includes('the lock is not ours any more'))
        ? undefined
        : 'nothing is recorded of it';
    case 'drained':
    case 'restored':
      return 'it is no server';
  }
}

/** Of a host that was maintained, or taken out in front: what is recorded, and how all of its servers stand. */
function wrongHost(judged: Judged): string | undefined {
  const { world, host, one, controllers } = judged;
  const entries = host.record.filter(({ kind }) => kind === 'maintain' || kind === 'front');
  const last = controllers.at(-1);
  if (!last?.hasEnded || last.journal.isBroken) return wrongRecord(judged, entries);
  if (one.state === 'outOfService') {
    const isLost = one.steps.some(({ text }) => text.includes('the lock is not ours any more'));
    return entries.length > 0 || isLost ? undefined : 'nothing is recorded of it';
  }
  if (isRecordSaid(judged)) return undefined;
  return entries.length > 0 ? 'it is recorded still' : notStanding(world, serversOf(host).filter(isNotRecorded));
}

function isNotRecorded({ at, slot }: Front): boolean {
  return !isRecorded(at, slot.line);
}

function wrongServer(judged: Judged): string | undefined {
  const { world, run, host, one, controllers } = judged;
  const { subject, state, found } = one;
  if (state === 'drained' && controllers.at(-1)?.journal.isBroken === true) return undefined;
  const named = ({ balancer, ...server }: RecordEntry['server']): string =>
    toldAs(host, { at: world.host(balancer.host), path: pathOf(server) });
  const entry = host.record.find(({ server }) => named(server) === subject.name);
  if (state === 'drained') {
    if (!entry) return 'nothing is recorded of it';
    const seen = found?.servers.find(({ server }) => keyIn(server) === keyIn(entry.server));
    return seen && !isAlike(entry, seen) ? 'something else is recorded of it than was found' : undefined;
  }
  if (isRecordSaid(judged)) return undefined;
  const isIts = ({ at, slot: { path } }: Front): boolean => toldAs(host, { at, path }) === subject.name;
  // What is recorded of the whole host is for the whole host to tell.
  if (entry?.kind === 'maintain') return undefined;
  if (state === 'restored' && entry) {
    // The records go together, once all that were put back with it are.
    return controllers.at(-1)?.hasEnded ? 'it is recorded still' : undefined;
  }
  if (state === 'restored') return notStanding(world, serversOf(host).filter(isIts));
  const isLeft = state === 'notReached' && controllers.at(-1)?.hasEnded && entry?.run === run;
  return isLeft ? 'it is recorded, and not drained' : undefined;
}

function wrongRecord(judged: Judged, recorded = recordedOf(judged)): string | undefined {
  const { host, one, controllers } = judged;
  const { found } = one;
  // Told of, and died before it could be recorded anew: then the record says what was found before.
  const told = controllers
    .at(-1)
    ?.events.findLast((event) => 'subject' in event && sameSubject(event.subject, one.subject));
  if (told?.type === 'found') return undefined;
  for (const entry of recorded) {
    // What it had taken over of another run is that one's to tell.
    if (!entry.run.startsWith(judged.run)) continue;
    if (!found) return 'it is recorded, and nobody has told how it was found';
    const seen = toldOf(judged, entry.server).findLast((told) => isAlike(entry, told));
    // One that is gone had been retired: its successor is what was found when the run went on.
    const isThere = host.engine.containers.some(({ id }) => id === entry.old?.id);
    if (!seen || (isThere && entry.old?.id !== found.old?.id)) {
      return `something else is recorded of ${pathOf(entry.server)} than was found`;
    }
  }
  return undefined;
}

/** How a server was found by what is last told, and told before: a run may die before it has recorded that. */
function toldOf({ controllers, one: { subject } }: Judged, of: RecordEntry['server']) {
  const told = controllers.flatMap(({ earlier, events }) => [...earlier.events, ...events]);
  const founds = told.flatMap((event) =>
    event.type === 'found' && sameSubject(event.subject, subject) ? event.servers : [],
  );
  return founds.filter(({ server }) => keyIn(server) === keyIn(of)).slice(-2);
}

function wrongEnd(judged: Judged): string | undefined {
  const { world, run, host, one } = judged;
  const { subject, state, from, to, found } = one;
  const container = host.engine.find(subject.name);
  const wrong = wrongVersion(judged, state === 'updated' ? to : from);
  if (!container || wrong !== undefined) return wrong;
  // A maintenance has stopped it, and knows that it ran.
  const isMaintained = host.record.some(({ running }) => running?.includes(subject.name));
  const ran = (state === 'updated' || found?.old?.running !== false) && !isMaintained;
  if (container.status !== 'running' && ran && !container.isBroken) return `it is ${container.status}`;
  if (isRecordSaid(judged)) return undefined;
  const recorded = recordedOf(judged);
  if (recorded.some(({ kind }) => kind !== 'kept')) return isGoingBack(judged) ? undefined : 'it is recorded still';
  if (recorded.length > 0) return undefined;
  const aside = host.engine.containers.find(({ name }) => name.startsWith(`${subject.name}.replaced-${run}`));
  if (aside && world.setting.keep === 0) return `${aside.name} is there still`;
  const isIts = ({ at, slot: { line } }: Front): boolean =>
    containerOf(line.name) === subject.name && !isRecorded(at, line);
  return notStanding(world, serversOf(host).filter(isIts));
}

/** It has warned that its record, or something else of it, could not be removed. */
function isRecordSaid({ controllers, host }: Judged): boolean {
  return controllers.some(({ events }) =>
    events.some((event) => event.type === 'warning' && event.host === host.name && event.text.includes('stays behind')),
  );
}

/** It had begun to take back what it has updated, and died when that was recorded, before the first of it was told. */
function isGoingBack({ controllers, one: { state } }: Judged): boolean {
  const last = controllers.at(-1);
  return state === 'updated' && last?.hasEnded === false && last.events.some(({ type }) => type === 'rollback-started');
}

function wrongVersion({ host, one }: Judged, wanted: string | undefined): string | undefined {
  const container = host.engine.find(one.subject.name);
  if (wanted === NOTHING) return container && 'it is there';
  if (!container) return wanted === undefined && isNew(host, one.subject.name) ? undefined : 'it is gone';
  if (wanted === undefined || container.reference === wanted) return undefined;
  return `it runs ${container.reference}, not ${wanted}`;
}

/** What is recorded of the instance, also by a run that this one has taken over or recovered. */
function recordedOf({ host, one }: Judged): readonly RecordEntry[] {
  return host.record.filter(({ container }) => container === one.subject.name);
}

function isAlike({ standing }: RecordEntry, seen: { readonly weight: number; readonly admin: string }): boolean {
  return standing.weight === seen.weight && standing.admin === seen.admin;
}

/** Of the first of them that does not stand as it did. */
function notStanding({ watchman }: World, servers: readonly Front[]): string | undefined {
  // A push that has not ended tells of itself.
  const isOut = ({ at, slot }: Front): boolean =>
    !at.haproxy.isDown && !at.pushing.record && !watchman.mayStand(keyOf(at, slot.line), slot);
  const out = servers.find(isOut);
  if (!out) return undefined;
  const { at, slot } = out;
  return `${keyOf(at, slot.line)} has ${slot.weight} ${slot.admin} and had ${watchman.expected(keyOf(at, slot.line))}`;
}

/** What the run has told of a host in the end is what its journal comes to. */
function checkSummary(world: World, { controller, result, act }: Run, { host, instances }: HostHistory): void {
  const ended = result();
  if (ended === undefined || ended instanceof Error || controller.journal.kept < controller.events.length) return;
  // One for each play.
  const summaries = ended.hosts.filter((one) => one.host === host);
  if (summaries.length === 0 || !['rollout', 'rollback'].includes(act.command)) return;
  // What it took over is in its journal, and not in its summary; what it skipped was not even planned.
  if (act.takeOver || summaries.some(({ end }) => end === 'unreachable')) return;
  const own = instances.filter(({ subject: { name } }) => name !== THE_HOST && !name.includes('/'));
  const counted = (state: InstanceHistory['state']): number => own.filter((one) => one.state === state).length;
  const states = ['updated', 'left', 'unchanged', 'outOfService', 'notReached'] as const;
  const summed = (state: (typeof states)[number]): number => summaries.reduce((sum, one) => sum + one[state], 0);
  const odd = states.filter((state) => summed(state) !== counted(state));
  if (odd.length === 0) return;
  const texts = odd.map((state) => `${state} ${summed(state)}, by its journal ${counted(state)}`);
  violateOnce(world, `run ${controller.run} sums up ${host} as ${texts.join('; ')}`);
}

function violateOnce({ watchman }: World, text: string): void {
  if (!watchman.violations.some((one) => one.text === text)) watchman.violate('journal', text);
}
