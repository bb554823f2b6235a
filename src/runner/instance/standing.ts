import type { Standing } from '../../rollout/model.ts';
import type { Clock } from '../ports/ports.ts';
import { findState, weightAgain, type ServerAccess } from './traffic.ts';

/** How long what was seen may be relied on, in milliseconds: a process that was frozen meanwhile looks again. */
const FRESH_FOR_MS = 1_000;
const LOOKS_AT_MOST = 3;

interface Stood extends Standing {
  readonly access: ServerAccess;
}

/**
 * Last of all, before the record of these servers goes: a reload since they were put back has brought back the
 * configured weight; as long as the record says another one, that is put back. Any other weight is somebody's wish.
 */
export async function keepStanding(servers: readonly Stood[], clock: Clock): Promise<void> {
  for (let looks = 0; looks < LOOKS_AT_MOST; looks += 1) {
    const began = clock.now();
    for (const server of servers) await keepWeight(server);
    if (clock.now() - began <= FRESH_FOR_MS) return;
  }
}

async function keepWeight({ access, weight, admin }: Stood): Promise<void> {
  if (admin !== 'ready') return;
  const now = await findState(access);
  if (!now || now.weight === weight || now.weight !== now.initialWeight) return;
  const again = await weightAgain(access, weight, now);
  if (now.weight !== again) await access.balancer.setWeight(access.server, again);
}
