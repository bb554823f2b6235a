import type { TimedFault } from './faults.ts';
import type { SimHost } from './world/host.ts';
import { meddling } from './meddling.ts';
import type { World } from './world/world.ts';

/** What happens to hosts by itself, and how it ends. */
export const strike = { at, end };

function at(world: World, { kind, host: number, which, ms }: TimedFault): void {
  const host = [...world.hosts.values()].at(number);
  // Nothing more happens to a host that is off.
  if (!host || host.isOff) return;
  world.tell(() => `-- ${host.name}: ${kind}${ms > 0 ? `, ${ms} ms` : ''}`);
  host.disturb();
  const later = (over: () => void): void => {
    world.timeline.after(ms, () => {
      if (!world.isDisaster) return;
      world.tell(() => `-- ${host.name}: ${kind} is over`);
      host.disturb();
      over();
    });
  };
  switch (kind) {
    case 'unreachable':
      for (const controller of world.watchman.controllers) controller.cut(host);
      host.isUnreachable = true;
      later(() => (host.isUnreachable = false));
      return;
    case 'engineDown':
      host.hanging.lose('docker');
      host.engine.isDown = true;
      later(() => (host.engine.isDown = host.engine.isOff));
      return;
    case 'engineRestart':
      host.hanging.lose('docker');
      host.engine.powerOff();
      later(() => {
        if (!host.isOff) host.engine.powerOn();
      });
      return;
    case 'engineHangs':
      hang(host, 'docker', later);
      return;
    case 'haproxyHangs':
      hang(host, 'haproxy', later);
      return;
    case 'reload':
      world.reload(host);
      return;
    case 'restart':
      world.restart(host, false);
      world.timeline.after(50, () => {
        if (world.isDisaster) world.restart(host, true);
      });
      return;
    case 'haproxyDown':
      world.restart(host, false);
      later(() => world.restart(host, true));
      return;
    case 'crash':
      crash(host, which);
      return;
    case 'reboot':
      for (const controller of world.watchman.controllers) controller.cut(host);
      host.powerOff();
      later(() => {
        world.powerOn(host);
      });
      return;
    case 'otherFails':
      setFailing(host, true);
      later(() => setFailing(host, false));
      return;
    case 'weight':
      meddling.weigh(world, host, which);
      return;
    case 'meddle':
      meddling.meddle(world, host, which);
      return;
    case 'agent':
      meddling.speak(world, host, which);
      return;
    case 'agents':
      talk(world, host, { untilMs: world.timeline.nowMs + ms, round: 0 });
      return;
    case 'reconfigure':
      meddling.reconfigure(world, host, which);
      return;
    case 'registryDown':
      world.isRegistryDown = true;
      later(() => (world.isRegistryDown = false));
      return;
    case 'kill':
    case 'freeze':
    case 'signal':
    case 'journal':
      throw new Error(`${kind} happens to a controller`);
  }
}

/** All is well again, as far as nobody has to do anything for it. */
function end(world: World): void {
  world.isDisaster = false;
  world.isRegistryDown = false;
  world.tell(() => '-- the disasters are over');
  for (const host of world.hosts.values()) {
    host.isUnreachable = false;
    host.disturb();
    for (const service of HANGING) host.hanging.end(service);
    world.powerOn(host);
    if (host.haproxy.isDown) world.restart(host, true);
    if (host.engine.isDown) host.engine.powerOn();
    setFailing(host, false);
  }
}

const HANGING = ['docker', 'haproxy'] as const;

function hang({ hanging }: SimHost, service: (typeof HANGING)[number], later: (over: () => void) => void): void {
  hanging.begin(service);
  later(() => {
    hanging.end(service);
  });
}

const AGENTS_EVERY_MS = 250;

function talk(world: World, host: SimHost, said: { readonly untilMs: number; readonly round: number }): void {
  if (!world.isDisaster || world.timeline.nowMs >= said.untilMs) return;
  meddling.speakAll(world, host, said.round);
  world.timeline.after(AGENTS_EVERY_MS, () => {
    talk(world, host, { ...said, round: said.round + 1 });
  });
}

function crash(host: SimHost, which: number): void {
  const one = host.engine.containers[which % host.engine.containers.length];
  if (one) host.engine.crash(one.name);
}

function setFailing(host: SimHost, isFailing: boolean): void {
  const others = host.setting.servers.filter(({ name }) => name === 'other');
  for (const { port } of others) {
    if (isFailing) host.failing.add(port);
    else host.failing.delete(port);
    host.haproxy.checkAgain((line) => line.port === port);
  }
}
