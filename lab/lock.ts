import { holding } from './flock.ts';
import { labDir } from './settings.ts';

const lockFile = `${labDir}.flock`;
const withinSeconds = 120;

/** Runs `work` while no other command changes the fleet, of this process or of another. */
export async function locked<T>(work: () => Promise<T>, file = lockFile): Promise<T> {
  return await holding(file, work, withinSeconds);
}
