import { describe, expect, it } from 'vitest';
import type { Play } from '../../src/rollout/play.ts';
import { Failure } from '../../src/errors.ts';
import { drainHosts } from '../../src/runner/maintenance/drain-hosts.ts';
import type { Clock } from '../../src/runner/ports/ports.ts';
import { rollout } from '../../src/runner/rollout.ts';
import { changed } from '../support/changed.ts';
import { FakeFleet, IMAGE } from '../support/fake-fleet.ts';

const TAGS = ['v2', 'v3', 'v4'];

/** How many images were on their way at the same time, at most: on each host, and on all together. */
class Underway {
  firstMs = Infinity;
  lastMs = 0;
  readonly #clock: Clock;
  readonly #now = new Map<string, number>();
  readonly #most = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async during<T>(host: string, pull: () => Promise<T>): Promise<T> {
    this.firstMs = Math.min(this.firstMs, this.#clock.now());
    this.#count(host, 1);
    this.#count('all', 1);
    try {
      return await pull();
    } finally {
      this.lastMs = this.#clock.now();
      this.#count(host, -1);
      this.#count('all', -1);
    }
  }

  #count(whose: string, by: 1 | -1): void {
    const now = (this.#now.get(whose) ?? 0) + by;
    this.#now.set(whose, now);
    this.#most.set(whose, Math.max(now, this.#most.get(whose) ?? 0));
  }

  get most(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#most);
  }
}

/** Three containers on each host, each with an image of its own, which takes a second to get there. */
async function mostAtOnce(bounds: { readonly pullsPerHost?: number; readonly forks?: number }) {
  const fleet = await FakeFleet.up(['fe1', 'fe2']);
  for (const tag of TAGS) fleet.addImage(tag, {});
  const underway = new Underway(fleet.clock);
  const counted = changed(fleet, {
    host: async (name) => {
      const host = await fleet.host(name);
      const { containers } = host;
      const pull: typeof containers.pull = async (request) =>
        underway.during(name, async () => {
          await fleet.clock.sleep(1_000, new AbortController().signal);
          return containers.pull(request);
        });
      return changed(host, { containers: changed(containers, { pull }) });
    },
  });
  const context = { ...fleet.context(), fleet: counted, forks: bounds.forks ?? 10 };
  const options = { force: false, onPlanned: () => undefined, confirm: async () => true };
  const { end } = await rollout([differing(fleet.play('v2'))], { ...options, ...bounds }, context);
  return { end, most: underway.most, tookMs: underway.lastMs - underway.firstMs };
}

function differing(play: Play): Play {
  const hosts = play.hosts.map((host) => ({
    ...host,
    instances: host.instances.map((instance, index) => ({
      ...instance,
      spec: { ...instance.spec, image: `${IMAGE}:${TAGS[index] ?? ''}` },
    })),
  }));
  return { ...play, hosts };
}

describe('images are pulled', () => {
  // prettier-ignore
  it.each<{ how: string; bounds: Parameters<typeof mostAtOnce>[0]; most: Readonly<Record<string, number>>; tookMs: number }>([
    { how: 'one after the other on each host, on all hosts at once',   bounds: {},                            most: { fe1: 1, fe2: 1, all: 2 }, tookMs: 3_000 },
    { how: 'several at once on a host when that is asked for',         bounds: { pullsPerHost: 2 },           most: { fe1: 2, fe2: 2, all: 4 }, tookMs: 2_000 },
    { how: 'no more in all than hosts are worked on at the same time', bounds: { pullsPerHost: 3, forks: 2 }, most: { fe1: 2, fe2: 2, all: 2 }, tookMs: 3_000 },
    { how: 'on another host while what is for the same one waits',     bounds: { pullsPerHost: 1, forks: 2 }, most: { fe1: 1, fe2: 1, all: 2 }, tookMs: 3_000 },
  ])('$how', async ({ bounds, most, tookMs }) => {
    expect(await mostAtOnce(bounds)).toEqual({ end: 'done', most, tookMs });
  });
});

it('a drain that is over is put back first, which is said where an image cannot be pulled after that', async () => {
  const fleet = await FakeFleet.up(['fe1']);
  const { containers, haproxy } = await fleet.host('fe1');
  const named = { servers: ['pxApp_2'], place: { socket: undefined, container: undefined }, balancers: undefined };
  const confirm = async (): Promise<boolean> => true;
  await drainHosts(
    { hosts: ['fe1'], ...named, policy: { timeoutMs: 10_000, onTimeout: 'fail' }, note: '', confirm, forMs: 60_000 },
    fleet.context(),
  );
  await fleet.clock.sleep(120_000, new AbortController().signal);
  containers.pull = () => Promise.reject(new Failure('docker', 'Cannot pull pxapp:v2 on fe1: it is gone'));

  await expect(
    rollout([fleet.play('v2')], { force: false, onPlanned: () => undefined, confirm }, fleet.context()),
  ).rejects.toThrow(/^Cannot start: .* \(above\); nothing but what was over, or let in, was touched$/);

  expect(haproxy.weights()['pxApp_2']).toBe('20 ready UP');
});

it('a plan is refused when the tag moves while the hosts ask what it is', async () => {
  const fleet = await FakeFleet.up(['fe1', 'fe2']);
  const moving = changed(fleet, {
    host: async (name) => {
      const host = await fleet.host(name);
      const remoteImage = async () => ({ digest: `sha256:digest-of-${name}` });
      return changed(host, { containers: changed(host.containers, { remoteImage }) });
    },
  });
  const options = { force: false, onPlanned: () => undefined, confirm: async () => true };

  const ended = rollout([fleet.play('v2')], options, { ...fleet.context(), fleet: moving });

  await expect(ended).rejects.toThrow();
  expect(fleet.events.filter(({ type }) => type === 'problem')).toEqual([
    {
      ...{ type: 'problem', host: '' },
      text: `Cannot settle on what ${IMAGE}:v2 is: its registry said sha256:digest-of-fe1 to fe1 and sha256:digest-of-fe2 to fe2; begin again when its tag stays where it is`,
    },
  ]);
});
