import type { AtOnce } from '../../../src/rollout/at-once.ts';
import type { MonitorPolicy, Standing } from '../../../src/rollout/model.ts';
import type { Policy } from '../../../src/rollout/policy.ts';
import type { Ramp } from '../../../src/rollout/ramp.ts';
import { Random } from '../random.ts';
import type { SimImage } from './engine.ts';
import { homeOf, keyOf, ofHost } from './fronts.ts';
import { IMAGE, SimHost, type HostSetting } from './host.ts';
import { Timeline } from './timeline.ts';
import { Traffic } from './traffic.ts';
import { Watchman } from './watchman.ts';
import type { ServerLine } from './worker.ts';

export interface WorldSetting {
  readonly seed: number;
  readonly hosts: readonly HostSetting[];
  /** Hosts of central HAProxys, which have the servers of all containers; undefined: each host has its own. */
  readonly balancers?: readonly HostSetting[] | undefined;
  /** Hosts of a tier of HAProxys in front, which have a server for each host as a whole: all requests come by these. */
  readonly front?: readonly HostSetting[] | undefined;
  /** How `v2`, the image that is rolled out, behaves. */
  readonly next: SimImage['behaviour'];
  /** How `v1`, which runs from the beginning, behaves once it is started again; as before unless said. */
  readonly again?: SimImage['behaviour']['again'];
  readonly startsMs: number;
  /** How many old containers the playbook keeps. */
  readonly keep: number;
  /** How it watches what it has updated, and when it goes on; undefined: not at all, and by default. */
  readonly monitor?: MonitorPolicy | undefined;
  readonly policy?: Policy | undefined;
  /** How much is in work at once; undefined: one instance of each host of a batch. */
  readonly atOnce?: AtOnce | undefined;
  /** All containers of a host are replaced together: none is ever started beside one of another version. */
  readonly isTogether?: boolean | undefined;
  /** All containers of a host change over together, and back together: in the end none is of another version. */
  readonly isAsOne?: boolean | undefined;
  /** Somebody pushes a configuration in it. */
  readonly isPushed?: boolean | undefined;
  /** The algorithm of all backends is static: no weight is taken but 0 and the configured one. */
  readonly isFixed?: boolean | undefined;
  /** How weights come back; undefined: all at once. */
  readonly ramp?: Ramp | undefined;
}

/** A host that is asked to reboot does so after a second, and is back so long after that. */
const REBOOTS_AFTER_MS = 1_000;
const REBOOTS_WITHIN_MS = 2_500;

/** A fleet under load, all its containers on v1, and who watches over it. */
export class World {
  readonly timeline = new Timeline();
  readonly hosts: ReadonlyMap<string, SimHost>;
  readonly registry: ReadonlyMap<string, SimImage>;
  readonly watchman: Watchman;
  readonly setting: WorldSetting;
  isRegistryDown = false;
  /** Until then things go wrong. */
  isDisaster = true;
  /** Filled in only when somebody wants to read it. */
  readonly lines: string[] | undefined;

  private constructor(setting: WorldSetting, lines: string[] | undefined) {
    this.setting = setting;
    this.lines = lines;
    const image = (tag: string, behaviour: SimImage['behaviour']): [string, SimImage] => [
      `${IMAGE}:${tag}`,
      { id: `sha256:id-${tag}`, digests: [`sha256:digest-${tag}`], healthcheck: { intervalMs: 100 }, behaviour },
    ];
    const { startsMs: answersAfterMs, again } = setting;
    this.registry = new Map([image('v1', { answersAfterMs, ...(again && { again }) }), image('v2', setting.next)]);
    const hosts = new Map<string, SimHost>();
    for (const one of [...setting.hosts, ...balancersIn(setting)]) {
      hosts.set(one.name, new SimHost(this.timeline, one, { registry: this.registry, fleet: hosts }));
    }
    this.hosts = hosts;
    this.watchman = new Watchman(this);
  }

  /** A world that has come to rest, its load running. */
  static async up(setting: WorldSetting, lines?: string[]): Promise<World> {
    const world = new World(setting, lines);
    await world.timeline.run(() => false, setting.startsMs + 1);
    for (const host of world.hosts.values()) {
      for (const slot of host.haproxy.current.slots.values()) {
        world.timeline.cancel(slot.flip);
        slot.isUp = homeOf(host, slot.line.name).answers(slot.line.port);
      }
      host.engine.onStopAsked = (container) => world.watchman.requests.sawStop(host, container);
      host.onReboot = () => {
        world.timeline.after(REBOOTS_AFTER_MS, () => world.reboot(host, REBOOTS_WITHIN_MS));
      };
    }
    world.#beginTraffic();
    return world;
  }

  #beginTraffic(): void {
    const { seed, front } = this.setting;
    const asked = front ? front.map(({ name }) => this.host(name)) : [...this.hosts.values()];
    for (const host of asked) {
      if (host.setting.servers.length === 0) continue;
      const random = new Random(seed, `traffic to ${host.name}`);
      new Traffic(this.timeline, random, {
        lost: (at, lost) => this.watchman.requests.sawLost(at, lost),
        nowhere: (home, sent) => this.watchman.requests.sawNowhere(home, sent),
      }).begin(host);
    }
  }

  host(name: string): SimHost {
    const host = this.hosts.get(name);
    if (!host) throw new Error(`there is no host ${name}`);
    return host;
  }

  tell(say: () => string): void {
    this.lines?.push(`${(this.timeline.nowMs / 1000).toFixed(3).padStart(9)}  ${say()}`);
  }

  /** A reload brings back the configured weights; what is recorded is still to be put back. */
  reload(host: SimHost, config = host.haproxy.config): void {
    if (host.haproxy.isDown) return;
    host.haproxy.write(config);
    host.disturb();
    if (host.haproxy.reload()) this.watchman.sawConfigured(host);
  }

  /** A reload by sluice itself, which carries over what was set. */
  pushed(host: SimHost): void {
    const before = host.haproxy.current;
    if (host.haproxy.reload()) this.watchman.sawPushed(host, before);
  }

  /** It is stopped, or started unless it runs, or its host does not. */
  restart(host: SimHost, isStart: boolean): void {
    if (isStart && (host.isOff || !host.haproxy.isDown)) return;
    host.disturb();
    host.hanging.lose('haproxy');
    if (isStart) host.haproxy.start();
    else host.haproxy.stop();
    if (isStart) this.watchman.sawConfigured(host);
  }

  /** It goes down, and comes up again after a while. */
  reboot(host: SimHost, ms: number): void {
    if (host.isOff) return;
    this.tell(() => `-- ${host.name} goes down`);
    this.watchman.sawGoingDown(host);
    for (const controller of this.watchman.controllers) controller.cut(host);
    host.powerOff();
    this.timeline.after(ms, () => {
      if (host.isOff) this.tell(() => `-- ${host.name} is up`);
      this.powerOn(host);
    });
  }

  powerOn(host: SimHost): void {
    if (!host.isOff) return;
    host.powerOn();
    this.watchman.sawConfigured(host);
  }

  /** Every server as its HAProxy has it. */
  standings(): ReadonlyMap<string, Standing> {
    const all = [...this.hosts.values()].flatMap((host) =>
      [...host.haproxy.current.slots.values()].map((slot): [string, Standing] => [
        keyOf(host, slot.line),
        { weight: slot.weight, admin: slot.admin },
      ]),
    );
    return new Map(all);
  }
}

/** Without servers of hosts that a story does without. */
function balancersIn({ hosts, balancers = [], front = [] }: WorldSetting): readonly HostSetting[] {
  const isThere = ({ name }: ServerLine): boolean =>
    !name.includes(':') || hosts.some((host) => name.startsWith(ofHost(host.name, '')));
  return [...balancers, ...front].map((one) => ({ ...one, servers: one.servers.filter(isThere) }));
}
