/** Plays with more in work at once, and what is in work while they are rolled out. */
import { oneByOne, type AtOnce } from '../../src/rollout/at-once.ts';
import type { RunEvent } from '../../src/rollout/events.ts';
import type { Play } from '../../src/rollout/play.ts';
import { IMAGE, type FakeFleet } from './fake-fleet.ts';

type Over = Parameters<FakeFleet['play']>[1];

export function playOf(fleet: FakeFleet, tag: string, atOnce: Partial<AtOnce>, over: Over = {}): Play {
  const serial = over.serial ?? (atOnce.window === undefined ? [{ percent: 100 }] : [{ hosts: 1 }]);
  return { ...fleet.play(tag, { ...over, serial }), atOnce: { ...oneByOne, ...atOnce } };
}

/** What is rolled out to these hosts is another image. */
export function badOn(
  play: Play,
  hosts: readonly string[],
  containers: readonly string[] = ['pxApp_1', 'pxApp_2', 'pxApp_3'],
): Play {
  return {
    ...play,
    hosts: play.hosts.map((host) => ({
      ...host,
      instances: host.instances.map((one) =>
        hosts.includes(host.host) && containers.includes(one.container)
          ? { ...one, spec: { ...one.spec, image: `${IMAGE}:bad` } }
          : one,
      ),
    })),
  };
}

export interface InWork {
  /** The most instances of one host, of all hosts, and hosts that were in work at the same time. */
  readonly ofOneHost: number;
  readonly inAll: number;
  readonly hosts: number;
  /** The fewest usable servers that any host was seen with. */
  readonly usable: number;
}

export async function watched(
  fleet: FakeFleet,
  run: (onEvent: (event: RunEvent) => void) => Promise<unknown>,
): Promise<InWork> {
  const now = new Set<string>();
  const most = { ofOneHost: 0, inAll: 0, hosts: 0, usable: Infinity };
  fleet.clock.onAdvance(() => {
    for (const { haproxy } of fleet.hosts.values()) {
      const usable = Object.values(haproxy.weights()).filter((text) => /^[1-9]\d* ready UP$/.test(text)).length;
      most.usable = Math.min(most.usable, usable);
    }
  });
  await run((event) => {
    if (event.type === 'instance-started') now.add(`${event.subject.host} ${event.subject.name}`);
    if (event.type === 'instance-ended') now.delete(`${event.subject.host} ${event.subject.name}`);
    const hosts = [...now].map((one) => one.split(' ')[0]);
    const ofOneHost = Math.max(0, ...hosts.map((host) => hosts.filter((one) => one === host).length));
    most.ofOneHost = Math.max(most.ofOneHost, ofOneHost);
    most.inAll = Math.max(most.inAll, now.size);
    most.hosts = Math.max(most.hosts, new Set(hosts).size);
  });
  return most;
}
