/** The floor of a backend, `min_up`: whether it can spare what is to be taken, and keeps it while that is away. */
import { Failure } from '../../errors.ts';
import { floorOf, isOf, isUsable, usableIn } from '../../rollout/capacity.ts';
import { count } from '../../rollout/count.ts';
import { serverPath, type MinUp, type Server } from '../../rollout/model.ts';
import type { Remark } from '../../rollout/events.ts';
import type { DrainClock } from './quiesce.ts';
import type { Sight } from './sight.ts';
import type { ServerAccess } from './traffic.ts';
import type { Watch } from '../waiting/watch.ts';
import type { Found } from './work.ts';

/** How often the floor is looked at while servers are away. */
const EVERY_MS = 200;

/** A backend has, or would have, less than its floor. */
export interface Shortage {
  readonly server: Server;
  readonly usable: number;
  readonly floor: number;
}

/** What is away, or about to be, as it was found, and what its backends must have without it. */
export interface Floor {
  /** Of which it is taken. */
  readonly host: string;
  readonly away: () => readonly Found[];
  readonly minUp: MinUp;
}

class BelowFloor extends Error {
  readonly shortage: Shortage;

  constructor(shortage: Shortage) {
    super(`${shortage.server.backend} is below its floor`);
    this.shortage = shortage;
  }
}

interface Taking {
  readonly take: () => Promise<void>;
  /** `alsoLook` is to be done at every look. */
  readonly untilQuiet: (alsoLook: () => Promise<void>) => Promise<void>;
  readonly giveBack: (shortage: Shortage) => Promise<void>;
}

/**
 * Takes what its backends can spare, and waits until nothing is in hand: when others bring one of them below its floor
 * meanwhile it is given back at once, and taken anew when there is capacity again. All that within the drain timeout.
 */
export async function takeAboveFloor(floor: Floor, taking: Taking, clock: DrainClock, watch: Watch): Promise<void> {
  for (;;) {
    await taking.take();
    const alsoLook = floorWatch(floor, watch, (shortage) => {
      throw new BelowFloor(shortage);
    });
    try {
      await taking.untilQuiet(alsoLook);
      return;
    } catch (error) {
      if (!(error instanceof BelowFloor)) throw error;
      const { shortage } = error;
      watch.remark({ about: 'floor', ...shortage, then: 'given back' });
      await taking.giveBack(shortage);
      if (clock.leftMs() === 0) throw cannotSpare(floor.host, shortage);
    }
  }
}

/** To be called again and again: says once when a backend is below its floor, and nothing can be given back. */
export function floorTeller(
  floor: Floor,
  watch: Watch,
  then: Extract<Remark, { about: 'floor' }>['then'] = 'cannot be given back',
): () => Promise<void> {
  let isTold = false;
  return floorWatch(floor, watch, (shortage) => {
    if (!isTold) watch.remark({ about: 'floor', ...shortage, then });
    isTold = true;
  });
}

function floorWatch(floor: Floor, { clock }: Watch, onShort: (shortage: Shortage) => void): () => Promise<void> {
  let nextAt = clock.now() + EVERY_MS;
  return async () => {
    if (clock.now() < nextAt) return;
    nextAt = clock.now() + EVERY_MS;
    const shortage = await belowFloor(floor);
    if (shortage) onShort(shortage);
  };
}

export function cannotSpare(host: string, { server, usable, floor }: Shortage): Failure {
  const why = `it would leave ${count(usable, 'usable server')} in ${server.backend}, and min_up asks for ${floor}`;
  return new Failure('haproxy', `Cannot take ${serverPath(server)} out of service on ${host}: ${why}`);
}

/** What would be missing if the servers that are usable now were taken. */
export function shortageWithout(sights: readonly Sight[], minUp: MinUp): Shortage | undefined {
  for (const { access, backend } of sights) {
    const { server } = access;
    const names = sights.filter((one) => isOf(backend, one.access.server)).map((one) => one.access.server.name);
    const own = backend.servers.filter((state) => names.includes(state.server.name) && isUsable(state));
    if (own.length === 0) continue;
    const [usable, floor] = [usableIn(backend) - own.length, floorOf(minUp, backend)];
    if (usable < floor) return { server, usable, floor };
  }
  return undefined;
}

/** What is missing now, of backends that ours would be usable in. */
export async function belowFloor({ away, minUp }: Floor): Promise<Shortage | undefined> {
  const useful = away().filter(({ wasUp, admin, weight }) => wasUp && admin === 'ready' && weight > 0);
  for (const { access } of useful) {
    const shortage = await shortageOf(access, minUp);
    if (shortage) return shortage;
  }
  return undefined;
}

async function shortageOf({ server, balancer }: ServerAccess, minUp: MinUp): Promise<Shortage | undefined> {
  const [backend] = await balancer.backends(server.backend);
  const own = backend?.servers.find((state) => state.server.name === server.name);
  if (!backend || !own || own.isBackup) return undefined;
  const [usable, floor] = [usableIn(backend), floorOf(minUp, backend)];
  return usable < floor ? { server, usable, floor } : undefined;
}
