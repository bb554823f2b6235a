import type { ContainerDetails } from '../lab/engine.ts';
import { engine } from '../lab/engine.ts';
import { serverStates } from '../lab/haproxy.ts';
import { docker, hosts, labReset, labUp } from '../lab/lab.ts';
import { isLeftBehind } from '../lab/owner.ts';
import { imageOf, savedSettings } from '../lab/settings.ts';
import { until } from '../lab/wait.ts';

/** One server and the container behind it. */
export interface Sight {
  readonly name: string;
  readonly image: string;
  /** The START_DELAY_MS it was created with. */
  readonly startDelay: string;
  readonly weight: number;
  readonly isServing: boolean;
}

const size = { hosts: 3, apps: 3 };

/** Brings the lab up if it is down or was left behind, gives `work` a new fleet on v1, and leaves the lab as `bin/lab reset` does. */
export async function withNewFleet<T>(appDelayMs: number, work: () => Promise<T>): Promise<T> {
  const saved = savedSettings();
  const before = saved && !isLeftBehind(saved.owner) ? saved : await labUp(size, { forRun: true });
  await labReset({ ...size, appDelayMs, version: 'v1' });
  try {
    return await work();
  } finally {
    await labReset({ hosts: before.hosts, apps: before.apps });
  }
}

export async function lookAtFleet(): Promise<readonly Sight[]> {
  const sights = hosts().map(async (host): Promise<Sight[]> => {
    const servers = await serverStates(host);
    return await Promise.all(
      servers.map(async ({ name, weight, operation, admin }) => {
        const answer = await engine(host, `/containers/${name}/json`);
        const { Config, State } = JSON.parse(answer) as ContainerDetails;
        const startDelay = Config.Env.find((line) => line.startsWith('START_DELAY_MS=')) ?? '';
        const isServing = State.Health?.Status === 'healthy' && operation === 2 && admin === 0;
        return { name: `${host.name}/${name}`, image: Config.Image, startDelay, weight, isServing };
      }),
    );
  });
  return (await Promise.all(sights)).flat();
}

/** Waits until all serve, for a contender that does not, and answers how they stand. */
export async function settledFleet(): Promise<readonly Sight[]> {
  let sights: readonly Sight[] = [];
  const areServing = async (): Promise<boolean | string> => {
    sights = await lookAtFleet();
    const missing = sights.filter(({ isServing }) => !isServing).map(({ name }) => name);
    return missing.length === 0 || missing.join(', ');
  };
  await until('all servers to serve', areServing, { withinMs: 60_000, everyMs: 100 });
  return sights;
}

/** @throws Error when a container is not the new version, has lost its delay, or when an old one was left behind. */
export async function demandUpdated(after: readonly Sight[], version: string, appDelayMs: number): Promise<void> {
  const wrong = after.filter(
    ({ image, startDelay }) => image !== imageOf(version) || startDelay !== `START_DELAY_MS=${appDelayMs}`,
  );
  const [first] = wrong;
  if (first !== undefined) throw new Error(`${first.name} ran ${first.image} with ${first.startDelay} afterwards`);
  for (const host of hosts()) {
    const ids = (await docker(host, 'ps', '-aq')).trim().split('\n');
    if (ids.length !== size.apps) throw new Error(`${host.name} had ${ids.length} containers afterwards`);
  }
}
