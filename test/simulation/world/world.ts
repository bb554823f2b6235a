import type { AtOnce } from '../../../src/rollout/at-once.ts';
import type { MonitorPolicy, Standing } from '../../../src/rollout/model.ts';
import type { Policy } from '../../../src/rollout/policy.ts';
import type { Ramp } from '../../../src/rollout/ramp.ts';
import { Random } from '../random.ts';
import type { SimImage } from './engine.ts';
import { IMAGE, SimHost, trafficOf, type HostSetting } from './host.ts';
import { Timeline } from './timeline.ts';
import { pathOf } from './worker.ts';
import { Watchman } from './watchman.ts';

export interface WorldSetting {
  readonly seed: number;
  readonly hosts: readonly HostSetting[];
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
  /** How weights come back; undefined: all at once. */
  readonly ramp?: Ramp | undefined;
}

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
    this.hosts = new Map(setting.hosts.map((one) => [one.name, new SimHost(this.timeline, one, this.registry)]));
    this.watchman = new Watchman(this);
  }

  /** A world that has come to rest, its load running. */
  static async up(setting: WorldSetting, lines?: string[]): Promise<World> {
    const world = new World(setting, lines);
    await world.timeline.run(() => false, setting.startsMs + 1);
    for (const host of world.hosts.values()) {
      for (const slot of host.haproxy.current.slots.values()) {
        world.timeline.cancel(slot.flip);
        slot.isUp = host.answers(slot.line.port);
      }
      host.engine.onStopAsked = (container) => world.watchman.sawStop(host, container);
      const random = new Random(setting.seed, `traffic to ${host.name}`);
      trafficOf(host, { timeline: world.timeline, random }).begin((arrived) => world.watchman.sawLost(host, arrived));
    }
    return world;
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
  reload(host: SimHost, lines = host.haproxy.lines): void {
    if (host.haproxy.isDown) return;
    host.haproxy.reload(lines);
    host.disturb();
    this.watchman.sawConfigured(host);
  }

  /** It is stopped, or started unless it runs, or its host does not. */
  restart(host: SimHost, isStart: boolean): void {
    if (isStart && (host.isOff || !host.haproxy.isDown)) return;
    host.disturb();
    if (isStart) host.haproxy.start();
    else host.haproxy.stop();
    if (isStart) this.watchman.sawConfigured(host);
  }

  /** Every server as its HAProxy has it. */
  standings(): ReadonlyMap<string, Standing> {
    const all = [...this.hosts.values()].flatMap((host) =>
      [...host.haproxy.current.slots.values()].map((slot): [string, Standing] => [
        `${host.name} ${pathOf(slot.line)}`,
        { weight: slot.weight, admin: slot.admin },
      ]),
    );
    return new Map(all);
  }
}
