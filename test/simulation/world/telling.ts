/** What the events of a controller say must be so in the world, at the moment at which it says so. */
import type { RunEvent } from '../../../src/rollout/events.ts';
import type { Controller } from './controller.ts';
import { containerOf, keyIn, keyOf, serversOf, toldAs } from './fronts.ts';
import type { SimHost } from './host.ts';
import type { World } from './world.ts';

type Event<Type extends RunEvent['type']> = Extract<RunEvent, { type: Type }>;

/** What others do this close to a change of ours may count as before or after it. */
export const CLOSE_MS = 1_000;
/** So many looks later, and a little more, a monitor must have seen what is wrong. */
const LOOKS = 2;

export function sawTold(world: World, controller: Controller, event: RunEvent): void {
  if (event.type === 'step-ended' && !event.homeward) proof(world, controller, event);
  else if (event.type === 'found') found(world, controller, event);
  else if (event.type === 'monitor-ended') watched(world, controller, event);
  else if (event.type === 'batch-started') limits(world, controller, event);
  else if (event.type === 'instance-started') {
    deadline(world, controller, event);
    atOnce(world, controller, event);
    asked(world, controller, event);
  }
}

function proof(world: World, controller: Controller, { step, subject, outcome }: Event<'step-ended'>): void {
  const { watchman } = world;
  const host = world.hosts.get(subject.host);
  const container = host?.engine.find(subject.name);
  if (!host || !container) return;
  if (step === 'check' && !container.answers && !container.isBroken && !isDisturbed(world, controller, host)) {
    watchman.violate('proven', `${subject.name} on ${subject.host} is said to be ready and does not answer`);
  }
  if (step !== 'restore' || !outcome.includes(' UP') || isDisturbed(world, controller, host)) return;
  for (const { at, slot } of serversOf(host)) {
    const name = toldAs(host, { at, path: slot.path });
    if (!outcome.includes(`${name} UP`) || containerOf(slot.line.name) !== subject.name) continue;
    const hasProven = slot.isProven || world.timeline.nowMs - slot.fellMs < CLOSE_MS;
    if (slot.isUntouched || hasProven || slot.admin !== 'ready' || isDisturbed(world, controller, at)) continue;
    watchman.violate('proven', `${keyOf(at, slot.line)} is said to be UP, and no check has passed since`);
  }
}

/** What is found, and is to be put back, is how the servers stood before anybody of ours touched them. */
function found(world: World, controller: Controller, { subject, servers }: Event<'found'>): void {
  const { watchman } = world;
  // What somebody who was frozen has seen is old, and is seen again before anything is taken.
  if (!world.hosts.has(subject.host) || world.timeline.nowMs - controller.disturbedMs < CLOSE_MS) return;
  for (const { server, weight, admin } of servers) {
    const key = keyIn(server);
    if (watchman.isClose(world.host(server.balancer.host)) || watchman.mayStand(key, { weight, admin })) continue;
    const text = `${controller.name} has found ${key} at ${weight} ${admin}, and it had ${watchman.expected(key)}`;
    watchman.violate('journal', text);
  }
}

/** A monitor that ends well has watched one that served well. */
function watched(world: World, controller: Controller, { subject, ms, outcome }: Event<'monitor-ended'>): void {
  const monitor = world.setting.monitor;
  const host = world.hosts.get(subject.host);
  const one = host?.engine.find(subject.name);
  if (!monitor || !host || !one || outcome.includes('ended early') || outcome.includes('did not come through')) return;
  const { nowMs } = world.timeline;
  const seenWithinMs = LOOKS * monitor.everyMs + CLOSE_MS;
  if (nowMs - Math.max(host.disturbedMs, controller.disturbedMs) < ms + seenWithinMs) return;
  // What has fallen over before, and serves since, was taken for well by whoever goes on with it.
  if (one.answers && one.brokeMs < nowMs - ms) return;
  const { unhealthyAfterMs, exitsAfterMs } = one.image.behaviour;
  const badAfterMs = unhealthyAfterMs ?? exitsAfterMs ?? Infinity;
  const isFallen = one.restartCount > 0 || one.status !== 'running' || (one.isBroken && !one.answers);
  if (!isFallen || nowMs - one.firstStartedMs - badAfterMs < seenWithinMs) return;
  world.watchman.violate('watched', `the monitor of ${subject.name} on ${host.name} ends well, and it has fallen over`);
}

/** No batch begins once more hosts of the run have failed than may, unless somebody who was asked lets it. */
function limits(
  world: World,
  { events, name, command, answers }: Controller,
  { number }: Event<'batch-started'>,
): void {
  const most = world.setting.policy?.maxFailures;
  if (
    !most ||
    !('hosts' in most) ||
    answers.includes('go on') ||
    command === 'rollback' ||
    command === 'maintain' ||
    events.some(({ type }) => type === 'rollback-started')
  )
    return;
  const failed = events.filter((one) => one.type === 'host-ended' && one.end === 'failed').length;
  if (failed > most.hosts) {
    world.watchman.violate(
      'limits',
      `${name} begins batch ${number}: ${failed} hosts have failed, and ${most.hosts} may`,
    );
  }
}

/** No instance begins after the run's deadline, but to take back what has been done. */
function deadline(world: World, controller: Controller, { subject }: Event<'instance-started'>): void {
  const deadlineMs = world.setting.policy?.runDeadlineMs;
  const { events, toldMs, command, name } = controller;
  if (deadlineMs === undefined || command === 'rollback' || events.some(({ type }) => type === 'rollback-started')) {
    return;
  }
  const firstBatch = events.findIndex(({ type }) => type === 'batch-started');
  const ms = world.timeline.nowMs - (toldMs[firstBatch] ?? world.timeline.nowMs);
  if (ms > deadlineMs) {
    world.watchman.violate('limits', `${name} begins ${subject.name} on ${subject.host} after its deadline`);
  }
}

/** No more is in work at once than the play says, but what is taken back. */
function atOnce(world: World, { events, name, command }: Controller, { isRevert }: Event<'instance-started'>): void {
  const most = world.setting.atOnce;
  if (!most || isRevert || (command !== 'rollout' && command !== 'resume')) return;
  const inWork = new Map<string, string>();
  for (const event of events) {
    if (event.type !== 'instance-started' && event.type !== 'instance-ended') continue;
    const key = `${event.subject.host} ${event.subject.name}`;
    if (event.type === 'instance-ended') inWork.delete(key);
    else if (!event.isRevert) inWork.set(key, event.subject.host);
  }
  const hosts = [...inWork.values()];
  const ofOne = Math.max(...hosts.map((host) => hosts.filter((one) => one === host).length));
  const has = `${inWork.size} instances in work, ${ofOne} of one host, on ${new Set(hosts).size} hosts`;
  const { perHost, inAll = Infinity, window = Infinity } = most;
  if (ofOne <= perHost && inWork.size <= inAll && new Set(hosts).size <= window) return;
  world.watchman.violate('limits', `${name} has ${has}, and the play says ${JSON.stringify(most)}`);
}

/** Nothing begins but to take back once somebody who was asked has not said yes. */
function asked(world: World, { answers, name, command }: Controller, event: Event<'instance-started'>): void {
  const no = answers.find((answer) => ['no', 'stop', 'roll back', 'nothing'].includes(answer));
  if (no === undefined || event.isRevert || command === 'rollback') return;
  const { subject } = event;
  world.watchman.violate('asked', `${name} begins ${subject.name} on ${subject.host}, and the answer was "${no}"`);
}

function isDisturbed(world: World, controller: Controller, host: SimHost): boolean {
  return world.timeline.nowMs - Math.max(host.disturbedMs, controller.disturbedMs) < CLOSE_MS;
}
