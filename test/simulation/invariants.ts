import { Failure } from '../../src/errors.ts';
import type { HostEnd } from '../../src/rollout/verdict.ts';
import { backOf } from '../../src/runner/instance/work.ts';
import type { RecordEntry } from '../../src/runner/ports/ports.ts';
import type { RunResult } from '../../src/runner/run.ts';
import type { Run } from './playing.ts';
import type { Controller } from './world/controller.ts';
import { IMAGE, isNew, type SimHost } from './world/host.ts';
import { behaviourOf, type SimContainer } from './world/sim-container.ts';
import { inOtherSlot, keyIn, keyOf, serversOf } from './world/fronts.ts';
import { versionsOn } from './world/side-by-side.ts';
import { pathOf } from './world/worker.ts';
import type { Invariant } from './world/watchman.ts';
import type { World } from './world/world.ts';

/** The least that a playbook of a story waits, and a little less. */
const SLOW_MS = 1_500;

/** What must hold in every story, whatever happens in it. */
export const invariants: Readonly<Record<Invariant, string>> = {
  ends: 'A run ends by itself, and never by a bug of ours.',
  'recorded-first':
    'Nothing is taken out of service, and no container is touched, that is not in the record of its host.',
  named:
    'After a run, a server that does not stand as it did is recorded, and the run has said that its host is out of service, and not that its instance serves.',
  exact: 'After the last recover every server has its weight and state, and is UP where its container answers.',
  proven:
    'A container is said to be ready when it answers, and a server to be UP when checks have passed since it was put in service.',
  sessions:
    'No container that answers is stopped while a request is in hand or queued for it in any worker, unless sluice has said that it gives up on it.',
  requests: 'No request is sent to a container that we have stopped, or have put in service before it answered.',
  floor:
    'No drain takes a server where the floor of usable servers, as just seen, would not be kept, and none that is taken stays away, while it could be given back, from a backend that is seen to be below it.',
  'one-version': 'In the end every instance runs once, under its name, on the old version or the new.',
  'no-mix':
    'Where all containers of a host are replaced together, none is started beside one of another version; and there, and where they change over together, all are of one in the end, unless sluice has said that one cannot go back.',
  'nothing-left': 'In the end no old container is left beyond those to keep, and no record.',
  'locks-free':
    'A run that ends by itself has let go of every lock that it could, and in the end every lock is free that the last command took.',
  'one-owner': 'Whoever changes a host has had its lock since anybody else changed it.',
  'journalled-first': 'Nothing is changed by a step whose beginning is not in the journal, durably.',
  'archived-first':
    'No container is set aside, and none is created where none was, that a rollback could not take back.',
  asked: 'Nothing begins but to take back once somebody who was asked has not said yes.',
  watched: 'A monitor ends well only for a container that has not fallen over.',
  limits:
    'No batch begins once more hosts have failed than may, no instance after the deadline, and no more is in work at once than the play says.',
  'back-in-time':
    'What was drained for a time is not out any more once that is over, nor is anything kept, and restore --expired was said.',
  carried: 'What is out of service, and recorded as that, is so still once a configuration was pushed.',
  journal:
    'The journal of a run, replayed, tells the same as the fleet: of every instance that nobody else has changed since, which version serves, what is recorded, and how its servers were found; and the same as the summary.',
};

/** After a run that came to its end. */
export function checkNamed(world: World, { controller, result, before }: Run): void {
  const ended = result();
  if (ended === undefined) return;
  if (ended instanceof Error && !(ended instanceof Failure)) {
    world.watchman.violate('ends', `${controller.name} ends by a bug: ${ended.stack ?? ended.message}`);
    return;
  }
  for (const host of world.hosts.values()) {
    const end = ended instanceof Error ? undefined : ended.hosts.find((one) => one.host === host.name)?.end;
    const recorded = host.record.filter((entry) => mayBeOut({ controller, host, before, ended, end }, entry));
    for (const { key, at, text } of notStanding(world, host)) {
      // Whoever comes there is told that a push has not ended.
      if (at.pushing.record || at.haproxy.isDown || recorded.some(({ server }) => keyIn(server) === key)) continue;
      world.watchman.violate(
        'named',
        `${controller.name} says ${end ?? 'nothing'} of ${host.name}, and ${key} ${text}`,
      );
    }
  }
}

interface Ended extends Pick<Run, 'controller' | 'before'> {
  readonly host: SimHost;
  readonly ended: RunResult | Error;
  /** What it says of the host. */
  readonly end: HostEnd | undefined;
}

/** What is recorded is named, server by server, or is somebody else's to put back. */
function mayBeOut({ controller, host, before, ended, end }: Ended, entry: RecordEntry): boolean {
  if (end === 'outOfService' && !isSaidToServe(controller, host, entry)) return true;
  // Whoever has not touched anything leaves what was left.
  if (ended instanceof Error && before.get(host.name)?.includes(entry)) return true;
  if (entry.kind === 'drain' || isKept(entry)) return true;
  // What others have left is what a recover is for.
  if (controller.command === 'recover' && end === 'updated') return false;
  return ![controller.run, backOf(controller.run)].includes(entry.run);
}

/** The last that was told of its instance is that this serves, as before or as it is to. */
function isSaidToServe({ events }: Controller, { name }: SimHost, { container }: RecordEntry): boolean {
  const last = events.findLast(
    (event) =>
      (event.type === 'instance-ended' || event.type === 'step-started') &&
      event.subject.host === name &&
      event.subject.name === container,
  );
  return last?.type === 'instance-ended' && last.state !== 'outOfService';
}

/** What is kept is out, and noted as that. */
function isKept({ kind, keptUntil }: RecordEntry): boolean {
  return kind === 'kept' && keptUntil !== undefined;
}

/** When what was drained or kept for a time is to be back, or at its end. */
export function checkBack(world: World): void {
  for (const host of world.hosts.values()) {
    for (const entry of host.record) {
      const until = entry.kind === 'kept' ? entry.keptUntil : entry.until;
      if (until === undefined || isLeftToPerson(host, entry)) continue;
      world.watchman.violate(
        'back-in-time',
        `${pathOf(entry.server)} on ${host.name} is recorded until ${until} still`,
      );
    }
  }
}

/** When everybody has gone home. */
export function checkEnd(world: World): void {
  for (const host of world.hosts.values()) {
    for (const { key, text } of notStanding(world, host)) {
      if (!isLeftAt(host, key)) world.watchman.violate('exact', `${key} ${text}`);
    }
    checkSlots(world, host);
    checkUp(world, host);
    checkAgents(world, host);
    checkContainers(world, host);
    checkConfig(world, host);
    if (host.record.some((entry) => !isLeftToPerson(host, entry))) {
      world.watchman.violate('nothing-left', `${host.name} still has a record`);
    }
    const isOver = host.record.length === 0 && !world.watchman.isMixed(host);
    const versions = isOver ? versionsOn(world, host) : [];
    if (versions.length > 1) world.watchman.violate('no-mix', `${host.name} is left with ${versions.join(' and ')}`);
  }
}

/** What is recorded of the server, or kept together with it, is for a person to see to. */
function isLeftAt(host: SimHost, key: string): boolean {
  const isKeptOn = host.record.some(
    (entry) => keyIn(entry.server) === key && isKept(entry) && isLeftToPerson(host, entry),
  );
  return isHopeless(host, key) || isKeptOn;
}

/** What is kept together ends together: the others stay with the one that cannot, which is the one that is named. */
function isLeftToPerson(host: SimHost, entry: RecordEntry): boolean {
  const { kind, run } = entry;
  const together = kind === 'kept' ? host.record.filter((one) => one.kind === kind && one.run === run) : [entry];
  return together.some((one) => isHopeless(host, keyIn(one.server)) || (isKept(one) && isNowhere(host, one)));
}

/** A new configuration has no such server: what is kept beside it is all that may serve. */
function isNowhere(host: SimHost, { slot: of, server }: RecordEntry): boolean {
  const key = keyIn(server);
  return of !== 'leaving' && !serversOf(host).some(({ at, slot: { line } }) => keyOf(at, line) === key);
}

/** It is recorded, and what is behind it broke by itself, or was never there: it was told of, and a person is needed. */
function isHopeless(host: SimHost, key: string): boolean {
  const { record, engine } = host;
  // A drain knows only the server, which a new configuration may call otherwise than its container.
  const slot = serversOf(host).find(({ at, slot: { line } }) => keyOf(at, line) === key)?.slot;
  return record.some(({ kind, server, container, running }) => {
    // In front of it: it stays out with what does not serve there.
    if (kind === 'front') return keyIn(server) === key && hasLost(host);
    const behind = engine.containers.filter((one) =>
      container === undefined
        ? // A host that is maintained is back when all that ran there runs.
          (running?.includes(one.name) ?? false) || (one.port === slot?.line.port && !one.name.includes('.replaced-'))
        : one.name === container || one.name.startsWith(`${container}.`),
    );
    const isNothing = container === undefined && behind.length === 0;
    return keyIn(server) === key && (isNothing || behind.some((one) => one.isBroken || isUnwell(one)));
  });
}

function hasLost(host: SimHost): boolean {
  return host.record.some((one) => one.kind !== 'front' && isHopeless(host, keyIn(one.server)));
}

/** Started again it falls over, or takes longer than a playbook may wait: it may have been given up on, and answer now. */
function isUnwell(one: SimContainer): boolean {
  const { answersAfterMs, exitsAfterMs, unhealthyAfterMs } = behaviourOf(one);
  return one.starts > 1 && (answersAfterMs >= SLOW_MS || (exitsAfterMs ?? unhealthyAfterMs) !== undefined);
}

function isToldOfOld({ events }: Controller, { name }: SimHost): boolean {
  const isOfOld = (text: string): boolean => text.startsWith('The old container stays behind');
  return events.some((one) => one.type === 'warning' && one.host === name && isOfOld(one.text));
}

/** Of the servers of its containers, wherever their HAProxys are. */
function notStanding(world: World, host: SimHost): { key: string; at: SimHost; text: string }[] {
  return serversOf(host).flatMap(({ at, slot }) => {
    const key = keyOf(at, slot.line);
    if (world.watchman.mayStand(key, slot)) return [];
    return [{ key, at, text: `has ${slot.weight} ${slot.admin} and had ${world.watchman.expected(key)}` }];
  });
}

function checkSlots(world: World, host: SimHost): void {
  for (const { at, slot } of serversOf(host)) {
    const { backend, name } = slot.line;
    const other = at.haproxy.current.slots.get(pathOf({ backend, name: inOtherSlot(name) }));
    const key = keyOf(at, slot.line);
    if (!other || isLeftAt(host, key) || isLeftAt(host, keyOf(at, other.line))) continue;
    if (world.watchman.mayStandBoth(key, slot, other)) continue;
    const has = `${slot.weight} ${slot.admin}, and its other slot ${other.weight} ${other.admin}`;
    world.watchman.violate('exact', `${key} has ${has}, and they had ${world.watchman.expected(key)}`);
  }
}

function checkUp(world: World, host: SimHost): void {
  for (const { at, slot } of serversOf(host)) {
    const { line, isUp, admin } = slot;
    // One that starts again and again answers now and then.
    const isFlapping = (host.engine.at(line.port)?.restartCount ?? 0) > 0;
    if (isUp || admin === 'maint' || !host.answers(line.port) || isFlapping) continue;
    world.watchman.violate('exact', `${keyOf(at, line)} is DOWN, and its container answers`);
  }
}

function checkAgents(world: World, host: SimHost): void {
  for (const { at, slot } of serversOf(host)) {
    const key = keyOf(at, slot.line);
    if (slot.hasAgent === (slot.line.hasAgent ?? false) || isLeftAt(host, key)) continue;
    if (world.watchman.isForgotten(key)) continue;
    world.watchman.violate('exact', `${key}: its agent-check is silent, and was not`);
  }
}

function checkContainers(world: World, host: SimHost): void {
  const report = (invariant: Invariant, text: string): void => world.watchman.violate(invariant, text);
  const names = new Set(host.setting.containers.map(({ name }) => name));
  for (const { name, status, isBroken, answers, reference, port, restart } of host.engine.containers) {
    if (names.has(name)) {
      const setting = host.setting.containers.find((one) => one.name === name);
      const isAsSet = setting && [setting.port, setting.otherPort].includes(port) && restart.name === setting.restart;
      if (!isAsSet) report('one-version', `${name} on ${host.name} has other settings than it had`);
      if (![`${IMAGE}:v1`, `${IMAGE}:v2`].includes(reference)) report('one-version', `${name} runs ${reference}`);
      if (status === 'running' && !answers && !isBroken) report('one-version', `${name} on ${host.name} never answers`);
      const isToRun = !isBroken && !isLeftBeside(host, name);
      if (status !== 'running' && isToRun) report('one-version', `${name} on ${host.name} is ${status}`);
      names.delete(name);
    } else if (status === 'running' && !isLeftInWork(host, name)) report('one-version', `${name} runs on ${host.name}`);
  }
  for (const name of names) {
    if (!isNew(host, name)) report('one-version', `${name} on ${host.name} is gone`);
  }
  checkLeft(world, host);
}

/** It was told of as out of service: what it is behind is recorded, and broke by itself. */
function isLeftInWork(host: SimHost, name: string): boolean {
  return host.record.some((entry) => entry.aside === name && isLeftToPerson(host, entry));
}

/** It went home when the process died, and the one that is to serve again has broken by itself since: that is told. */
function isLeftBeside(host: SimHost, name: string): boolean {
  return host.record.some(
    (entry) => entry.container === name && entry.aside !== undefined && isLeftToPerson(host, entry),
  );
}

/** Its file is whole, and what its worker began with, and nothing of a push is left. */
function checkConfig({ watchman }: World, { name, haproxy, pushing }: SimHost): void {
  const { config, runsWith, state } = haproxy;
  if (pushing.record) watchman.violate('nothing-left', `${name} has the record of a push`);
  if (state) watchman.violate('nothing-left', `the state of servers stands beside the configuration of ${name}`);
  if (config.isPassage) watchman.violate('nothing-left', `the configuration of ${name} is a passage still`);
  const [written, inEffect] = [config, runsWith].map((one) => JSON.stringify({ ...one, isPassage: undefined }));
  if (written === inEffect) return;
  watchman.violate('exact', `HAProxy on ${name} runs with ${inEffect ?? ''}, and its file has ${written ?? ''}`);
}

function checkLeft(world: World, host: SimHost): void {
  for (const { name } of host.setting.containers) {
    const old = host.engine.containers.filter(
      (one) => one.name.startsWith(`${name}.`) && !isLeftInWork(host, one.name),
    );
    const isSaid = world.watchman.controllers.some((controller) => isToldOfOld(controller, host));
    if (old.length <= world.setting.keep || isSaid) continue;
    world.watchman.violate('nothing-left', `${old.map((one) => one.name).join(', ')} on ${host.name}`);
  }
}
